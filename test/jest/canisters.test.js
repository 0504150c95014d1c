/** A user's tests in Jest, in CommonJS: nothing of Cannery's own tooling is here. */
const { readFileSync } = require("node:fs");
const { join, dirname } = require("node:path");
const { CanneryError, costOf, explore, matchers, prepare, rejectOf } = require("cannery/testing");

expect.extend(matchers);

const counterFile = join(dirname(require.resolve("cannery/package.json")), "generated/motoko/counter.wasm.gz");
const LEDGER = `service : {
  transfer : (principal, nat) -> (nat);
  balance_of : (principal) -> (nat) query;
  trap : () -> ();
}`;

const fresh = prepare(
  async (net) => {
    const counter = await net.install(counterFile, { name: "counter" });
    const ledger = await net.mock(
      LEDGER,
      {
        transfer: async (to, amount, context) =>
          amount > 10n ? context.reject("too much") : (await context.call(to, "transfer", [to, amount]), amount),
        balance_of: () => 7n,
        trap: () => {
          throw new TypeError("a bug in the handler");
        },
      },
      { name: "ledger" },
    );
    return { counter, ledger };
  },
  { print: false },
);

test.each([1, 2, 3])("each test begins with the network of the setup (%i)", async () => {
  const { counter, net } = await fresh();
  expect(await counter.actor.get()).toBe(0n);
  await Promise.all([counter.actor.inc(), counter.actor.inc()]);
  expect(await counter.actor.get()).toBe(2n);
  expect(net.draw()).toContain("inc");
});

test("modules as bytes of this realm, and as Buffers of node", async () => {
  const { net } = await fresh();
  const buffer = readFileSync(counterFile);
  for (const bytes of [buffer, Uint8Array.from(buffer)]) {
    const counter = await net.install(bytes);
    expect(await counter.actor.get()).toBe(0n);
  }
});

test("mocks: queries, rejects, traps, and what they received", async () => {
  const { ledger } = await fresh();
  expect(await ledger.actor.balance_of(ledger.id)).toBe(7n);
  await expect(ledger.actor.transfer(ledger.id, 11n)).toReject({ message: "too much", rejectCode: 4 });
  await expect(ledger.actor.trap()).toTrap("a bug in the handler");
  expect(ledger).toHaveReceived("transfer", expect.anything(), 11n);
  expect(ledger).not.toHaveReceived("transfer", expect.anything(), 12n);
});

test("refusals are errors of this realm's kind, known by their code", async () => {
  const { counter, net } = await fresh();
  const error = await rejectOf(net.canister("ryjl3-tyaaa-aaaaa-aaaba-cai").call("nothing"));
  expect(error.rejectCode).toBe(3);
  expect(error).toBeInstanceOf(CanneryError);
  await expect(net.install("nowhere.wasm")).rejects.toMatchObject({ code: "no-such-file" });
  await expect(counter.actor.set("not a number")).rejects.toThrow();
});

test("endless recursion and other traps of the engine are traps here too", async () => {
  const { net } = await fresh();
  const section = (id, ...bytes) => [id, bytes.length, ...bytes];
  const named = (text, index) => [text.length, ...Buffer.from(text), 0, index];
  const module = Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 1, 0x60, 0, 0),
    ...section(3, 2, 0, 0),
    ...section(7, 2, ...named("canister_update loop", 0), ...named("canister_update fall", 1)),
    // Two functions without locals: (call 0), which calls itself and then does nothing more, and (unreachable).
    ...section(10, 2, 5, 0, 0x10, 0, 0x01, 0x0b, 3, 0, 0x00, 0x0b),
  ]);
  const canister = await net.install(module);
  await expect(canister.call("loop")).toTrap(/stack|call/i);
  await expect(canister.call("fall")).toTrap("unreachable");
});

test("costs, balances and exploration", async () => {
  const { counter, net } = await fresh();
  const cost = await costOf(net, counter, () => counter.actor.inc());
  expect(cost).toCostAtMost({ instructions: 1_000_000, cycles: 1_000_000_000n });
  expect(counter).toHaveBalance({ atLeast: 1n });
  const explored = await explore(
    async ({ counter }) => {
      await Promise.all([counter.actor.inc(), counter.actor.inc()]);
      if ((await counter.actor.get()) !== 2n) throw new Error("lost");
    },
    { setup: async (net) => ({ counter: await net.install(counterFile) }), runs: 20, weather: "calm" },
  ).run();
  expect(explored.counterexample).toBeNull();
});
