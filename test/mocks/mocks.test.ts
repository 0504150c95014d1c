/**
 * Mock canisters: functions of the test that answer as canisters of the network.
 */
import { describe, expect, test, vi } from "vitest";
import type { ActorMethod } from "@icp-sdk/core/agent";
import type { PrincipalId } from "../../src/core/state/ids.ts";
import { Cannery, explore, type Canister, type Mock, type MockContext } from "../../src/index.ts";
import { Network } from "../../src/core/network.ts";
import type { Input } from "../../src/core/inputs.ts";
import { nodeHost } from "../../src/host/node-host.ts";
import { EMPTY_CANDID } from "../../src/network/module-interface.ts";
import { principalId } from "../../src/network/principals.ts";
import { append, appendArgument, appendReject, call, program, puppet, send } from "../support/puppet.ts";

const LEDGER = `service : {
  transfer : (to : principal, amount : nat) -> (variant { ok : nat; err : text });
  balance_of : (principal) -> (nat) query;
  ping : () -> ();
  both : (nat, text) -> (nat, text);
}`;

interface Ledger {
  transfer: ActorMethod<[{ toText(): string }, bigint], { ok: bigint } | { err: string }>;
  balance_of: ActorMethod<[{ toText(): string }], bigint>;
  ping: ActorMethod<[], undefined>;
  both: ActorMethod<[bigint, string], [bigint, string]>;
}

const original = Network.prototype.step;
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A puppet that calls a method of the mock and says what came of it. */
function asking(mock: { readonly id: { toText(): string } }, method: string, arg: Uint8Array, cycles = 0n): Uint8Array {
  return call(principalId(mock.id.toText()) as PrincipalId, {
    method,
    arg,
    cycles,
    onReply: program(append("+"), appendArgument, send),
    onReject: program(append("-"), appendReject, send),
  });
}

async function network() {
  const net = await Cannery.create({ checkInvariants: true });
  return { net, shop: await net.install(puppet(), { name: "shop" }) };
}

describe("a handler", () => {
  test("answers with a value, or with a promise of one", async () => {
    const { net } = await network();
    const ledger = await net.mock<Ledger>(LEDGER, {
      transfer: (_to, amount) => ({ ok: amount + 1n }),
      ping: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return undefined;
      },
      both: (n, t) => [n, t],
    });
    expect(await ledger.actor.transfer(ledger.id, 41n)).toEqual({ ok: 42n });
    expect(await ledger.actor.ping()).toBeUndefined();
    expect(await ledger.actor.both(1n, "a")).toEqual([1n, "a"]);
    expect(ledger.calls.map(({ method, args, outcome }) => [method, args.length, outcome.kind])).toEqual([
      ["transfer", 2, "replied"],
      ["ping", 0, "replied"],
      ["both", 2, "replied"],
    ]);
    expect(ledger.callsOf("transfer")[0]!.caller.toText()).toBe("2vxsx-fae");
  });

  test("rejects, traps, or fails by an error of its own", async () => {
    const { net, shop } = await network();
    const ledger = await net.mock(LEDGER, { ping: (context: MockContext) => context.reject("closed") }, { name: "ledger" });
    const ping = async (): Promise<string> => {
      const reply = await shop.call("run", asking(ledger, "ping", EMPTY_CANDID));
      return `${reply[1]} ${text(reply.slice(2))}`;
    };
    expect(await ping()).toBe("4 closed");
    ledger.on({ ping: (context: MockContext) => context.trap("broken") });
    expect(await ping()).toMatch(/^5 .*broken/);
    ledger.on({
      ping: () => {
        throw new TypeError("not a function");
      },
    });
    expect(await ping()).toMatch(/^5 .*not a function/);
    ledger.on({ ping: () => Promise.reject(new Error("later")) });
    expect(await ping()).toMatch(/^5 .*later/);
    expect(ledger.calls.map(({ outcome }) => outcome)).toMatchObject([
      { kind: "rejected", message: "closed" },
      { kind: "trapped", message: "broken" },
      { kind: "trapped", message: "not a function" },
      { kind: "trapped", message: "later" },
    ]);
    await expect(ledger.actor.both!(1n, "a")).rejects.toThrow(/the mock ledger has no handler for both: give it to net.mock/);
    ledger.on({ both: () => 7 });
    await expect(ledger.actor.both!(1n, "a")).rejects.toThrow(/the result of ledger.both takes/);
  });

  test("accepts cycles; the rest goes back", async () => {
    const { net, shop } = await network();
    const ledger = await net.mock(LEDGER, {
      ping(context: MockContext) {
        expect(context.available).toBe(1_000_000_000_000n);
        expect(context.accept(300_000_000_000n)).toBe(300_000_000_000n);
        expect(context.available).toBe(700_000_000_000n);
      },
    });
    const [before, own] = [shop.balance(), ledger.balance()];
    await shop.call("run", asking(ledger, "ping", EMPTY_CANDID, 1_000_000_000_000n));
    expect(before - shop.balance()).toBeGreaterThan(300_000_000_000n);
    expect(before - shop.balance()).toBeLessThan(301_000_000_000n);
    expect(ledger.balance() - own).toBeGreaterThan(299_000_000_000n);
    expect(ledger.calls).toMatchObject([{ cycles: 1_000_000_000_000n, accepted: 300_000_000_000n }]);
  });

  test("calls other canisters, one after the other and together", async () => {
    const { net } = await network();
    const a = await net.mock(LEDGER, { both: (n: bigint, t: string) => [n * 2n, `${t}!`] }, { name: "a" });
    const b = await net.mock(LEDGER, { both: (_n: bigint, _t: string, context: MockContext) => context.reject("no") }, { name: "b" });
    const c = await net.mock<Ledger>(LEDGER, {
      async transfer(_to, amount, context) {
        const [first] = (await context.call(a, "both", [amount, "x"])) as [bigint];
        const [second, third] = await Promise.allSettled([context.call(a, "both", [first, "y"]), context.call(b, "both", [first, "z"])]);
        expect(second).toMatchObject({ status: "fulfilled", value: [amount * 4n, "y!"] });
        expect(third).toMatchObject({ status: "rejected", reason: { rejectCode: 4, rejectMessage: "no", method: "both" } });
        return { ok: first };
      },
    });
    expect(await c.actor.transfer(a.id, 5n)).toEqual({ ok: 10n });
    expect(a.calls).toHaveLength(2);
    expect(a.calls[0]!.caller.toText()).toBe(c.id.toText());
  });

  test("calls that do not leave are told of at once", async () => {
    const { net } = await network();
    const slow = await net.mock(LEDGER, { ping: (context: MockContext) => context.stall() });
    const c = await net.mock<Ledger>(LEDGER, {
      async both(count, what, context) {
        const calls = Array.from({ length: Number(count) }, () => context.call(slow, "ping"));
        if (what === "all") await Promise.all(calls);
        await expect(calls.at(-1)).rejects.toMatchObject({ rejectCode: 2 });
        return [0n, "told"];
      },
    });
    void c.submit("both", 500n, "all");
    expect(await c.actor.both(1n, "one")).toEqual([0n, "told"]);
    expect(slow.calls).toHaveLength(500);
  });
});

describe("queries", () => {
  test("are answered at once by values: of users, and of composite queries", async () => {
    const { net, shop } = await network();
    const ledger = await net.mock<Ledger>(LEDGER, { balance_of: (_who, context) => (context.isQuery ? 7n : 8n) });
    const digest = net.digest();
    expect(await ledger.actor.balance_of(ledger.id)).toBe(7n);
    const arg = new Uint8Array([68, 73, 68, 76, 0, 1, 104, 1, 0]);
    expect([...(await shop.query("ask", asking(ledger, "balance_of", arg))).slice(-1)]).toEqual([7]);
    expect([...(await shop.call("run", asking(ledger, "balance_of", arg))).slice(-1)]).toEqual([8]);
    expect(digest).toHaveLength(64);
    expect(ledger.calls.map(({ isQuery }) => isQuery)).toEqual([true, true, false]);
    ledger.forgetCalls();
    expect(ledger.calls).toEqual([]);
  });

  test("have no time for promises and calls", async () => {
    const { net } = await network();
    const ledger = await net.mock<Ledger>(LEDGER, { balance_of: () => Promise.resolve(1n) }, { name: "ledger" });
    await expect(ledger.actor.balance_of(ledger.id)).rejects.toThrow(
      /the handler of ledger.balance_of gave a promise, and a query is answered at once/,
    );
    ledger.on({ balance_of: (_who, context) => context.stall() });
    await expect(ledger.actor.balance_of(ledger.id)).rejects.toThrow(/it cannot stall/);
  });
});

describe("a mock is a canister", () => {
  test("at an id of one's choice, stopped and started, restored and forked", async () => {
    const net = await Cannery.create({ nns: true });
    const id = "ryjl3-tyaaa-aaaaa-aaaba-cai";
    const icp = await net.mock<Ledger>(LEDGER, { ping: () => undefined }, { id, name: "icp" });
    expect(icp.id.toText()).toBe(id);
    const before = net.snapshot();
    await icp.actor.ping();
    const fork = net.fork();
    await icp.stop();
    await expect(icp.actor.ping()).rejects.toMatchObject({ errorCode: "IC0508" });
    expect(icp.calls).toHaveLength(1);
    net.restore(before);
    expect(icp.calls).toHaveLength(0);
    await fork.canister(id).actor.ping!();
    expect(fork.mockAt(id).calls).toHaveLength(2);
    expect(icp.calls).toHaveLength(0);
  });

  test("its handlers are asked again in a network that was put back to while they were at work", async () => {
    const { net } = await network();
    let open!: (value: undefined) => void;
    const gate = new Promise<undefined>((resolve) => (open = resolve));
    const handler = vi.fn(() => gate);
    const ledger = await net.mock(LEDGER, { ping: handler }, { name: "ledger" });
    net.manual();
    const call = ledger.submit("ping");
    await net.tick(2);
    const snapshot = net.snapshot();
    net.restore(snapshot);
    net.manual(false);
    open(undefined);
    expect(await call).toBeUndefined();
    expect(handler).toHaveBeenCalledTimes(2);
    expect(ledger.calls).toHaveLength(2);
  });

  test("its deadlines pass while it stalls", async () => {
    const { net } = await network();
    const slow = await net.mock(LEDGER, { ping: (context: MockContext) => context.stall() }, { name: "slow" });
    const c = await net.mock(LEDGER, {
      ping: async (context: MockContext) => {
        await expect(context.call(slow, "ping", [], { timeoutSeconds: 20 })).rejects.toMatchObject({ rejectCode: 6 });
      },
    });
    const start = net.time;
    await c.actor.ping!();
    expect(net.time - start).toBeGreaterThan(20_000_000_000n);
    expect(slow.calls[0]!.outcome.kind).toBe("stalled");
    await net.settle(); // nobody waits for it any more
    void slow.submit("ping");
    await expect(net.settle()).rejects.toThrow(/slow\.ping \(called by user\) is a mock, and its handler has not answered/);
  });

  test("a run with mocks repeats to the same digest, whatever its handlers wait for", async () => {
    const run = async (turns: number): Promise<string> => {
      const { net, shop } = await network();
      const a = await net.mock(LEDGER, {
        ping: async () => {
          for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
        },
      });
      await Promise.all([1, 2, 3].map(() => shop.call("run", asking(a, "ping", EMPTY_CANDID))));
      return net.digest();
    };
    expect(await run(0)).toBe(await run(1));
    expect(await run(0)).toBe(await run(5));
  });
});

test("a run repeats from its inputs alone, without the handlers", async () => {
  const inputs: Input[] = [];
  const step = vi.spyOn(Network.prototype, "step").mockImplementation(function (this: Network, input) {
    inputs.push(input);
    return original.call(this, input);
  });
  const net = await Cannery.create({ seed: 3 });
  const a = await net.mock(LEDGER, { both: (n: bigint, t: string) => [n, t] });
  const b = await net.mock<Ledger>(LEDGER, { transfer: async (_to, n, context) => ({ ok: (await context.call(a, "both", [n, ""]))[0] }) });
  await Promise.all([1n, 2n, 3n].map((n) => b.actor.transfer(a.id, n)));
  step.mockRestore();
  const config = { seed: 3n, subnets: [{ kind: "application", name: "application" }], latency: "instant" } as const;
  const again = Network.genesis(config, nodeHost().environment);
  for (const input of inputs) again.step(input);
  expect(inputs.map(({ kind }) => kind)).toContain("mock");
  expect(again.digest()).toBe(net.digest());
});

test("drawings show the calls, and not how a mock asks", async () => {
  const { net, shop } = await network();
  const ledger = await net.mock(LEDGER, { ping: () => undefined }, { name: "ledger" });
  await shop.call("run", asking(ledger, "ping", EMPTY_CANDID));
  const drawing = net.draw();
  expect(drawing).toContain("ping");
  expect(drawing).not.toContain("cannery_mock");
});

test("exploration finds what slow mocks bring about, and its deviations repeat it", async () => {
  interface Made {
    readonly shop: Canister;
    readonly ledger: Mock<Ledger>;
  }
  const exploration = explore<Made>(
    async ({ shop, ledger }) => {
      const ask = asking(ledger, "ping", EMPTY_CANDID);
      await Promise.all([shop.call("run", ask), shop.call("run", ask)]);
      const ends = ledger.calls.map(({ ended }) => ended!);
      if (ends[0]! > ends[1]!) throw new Error("the second ended first");
    },
    {
      builtIn: { cycles: false },
      setup: async (net) => {
        const slow = await net.mock(LEDGER, { ping: () => undefined });
        const ledger = await net.mock<Ledger>(LEDGER, { ping: (context) => context.call(slow, "ping") });
        return { shop: await net.install(puppet()), ledger };
      },
    },
  );
  const { counterexample } = await exploration.run({ runs: 400 });
  expect(counterexample?.failure.message).toContain("the second ended first");
  await expect(exploration.regress(counterexample!.deviations)).rejects.toThrow("the second ended first");
});

describe("refusals", () => {
  test("of a handler for a method that is not there, and of what is no description", async () => {
    const { net } = await network();
    await expect(net.mock(LEDGER, { pong: () => undefined })).rejects.toThrow(
      /has no method "pong" in its Candid description; it has transfer, /,
    );
    await expect(net.mock(puppet(), {})).rejects.toThrow(/a mock needs a Candid description, and the module carries none/);
    await expect(net.mock("nothing.did", {})).rejects.toThrow(/there is no file/);
  });

  test("`cannery_mock` is a method for mocks only", async () => {
    const { shop } = await network();
    const ask = call("" as PrincipalId, {
      method: "cannery_mock",
      arg: new Uint8Array(),
      onReply: program(append("+"), send),
      onReject: program(append("-"), appendReject, send),
    });
    expect(text(await shop.call("run", ask))).toContain("Management canister has no method 'cannery_mock'");
  });

  test("of a handler that does nothing, by name", async () => {
    const net = await Cannery.create({ mockPatience: 100 });
    const ledger = await net.mock(LEDGER, { ping: () => new Promise(() => undefined) }, { name: "ledger" });
    await expect(ledger.actor.ping!()).rejects.toThrow(/the handler of the mock ledger\.ping has done nothing for 0.1 s/);
    void ledger.submit("ping");
    await expect(net.settle()).rejects.toThrow(/handler of a mock has done nothing for some seconds/);
  });
});
