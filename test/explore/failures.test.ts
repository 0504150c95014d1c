/**
 * What a run can fail with, each told in words; and what a body does that cannot be explored.
 */
import { HttpAgent } from "@icp-sdk/core/agent";
import { expect, test } from "vitest";
import { explore, replay, type Counterexample, type ExploreOptions, type Given } from "../../src/index.ts";
import { append, argument, call, note, passOn, program, reply, send, setHook, setTimer, time, plus, trap } from "../universal/program.ts";
import { puppet, type Puppet } from "./puppets.ts";

interface Pair {
  readonly a: Puppet;
  readonly b: Puppet;
}

const setup = async (net: Parameters<typeof puppet>[0]): Promise<Pair> => ({
  a: await puppet(net, { name: "a" }),
  b: await puppet(net, { name: "b" }),
});

async function failing(body: (given: Given<Pair>) => Promise<unknown>, options: ExploreOptions<Pair> = {}): Promise<Counterexample> {
  const { counterexample } = await explore<Pair>({ setup, body, runs: 200, ...options }).run();
  expect(counterexample, "a failure").not.toBe(null);
  return counterexample!;
}

const bounded = { timeout: 5 };

test("an invariant that throws: its own words", async () => {
  const { failure, text } = await failing(({ a }) => a.run(note("x")), {
    invariants: {
      "never x": ({ a }) => {
        if (a.journal === "x") throw new Error("there is an x");
      },
    },
  });
  expect(failure).toMatchObject({ kind: "invariant", name: "never x", message: "there is an x" });
  expect(text).toContain("It fails on the ordinary schedule");
});

test("an invariant that changes something is refused", async () => {
  const { failure } = await failing(({ a }) => a.run(reply()), {
    invariants: { look: ({ a }) => void a.canister.look["run"]!() },
  });
  expect(failure.message).toMatch(/no Candid description/u);
});

test("a body that throws", async () => {
  const { failure } = await failing(async ({ a, b }) => {
    if ((await a.calls(b, { arg: reply("yes") })) !== "+yes") throw new Error("it said no");
  });
  expect(failure).toMatchObject({ kind: "body", message: "it said no" });
});

test("a condition at rest, after all that was under way, timers of the next minute included", async () => {
  const seen: string[] = [];
  const { failure } = await failing(
    async ({ net }) => {
      const c = await puppet(net, { name: "c", hooks: ["global_timer"] });
      await c.run(program(setHook("global_timer", note("t")), setTimer(plus(time, 30_000_000_000n)), reply()));
      seen.push(c.journal);
      (net as { c?: Puppet }).c = c;
    },
    { eventually: { "no timer": ({ net }) => (net as unknown as { c: Puppet }).c.journal === "" }, weather: "calm" },
  );
  expect(failure).toMatchObject({ kind: "eventually", name: "no timer" });
  expect(seen[0]).toBe("");
});

test("whoever waits for ever is told", async () => {
  const { failure } = await failing(
    async ({ a, b, net }) => {
      net.faults.unlawful.loseResponse({ to: b.canister });
      void a.canister.call("run", call(b.id, { arg: reply(), ...passOn })).catch(() => undefined);
    },
    { weather: "calm" },
  );
  expect(failure).toMatchObject({ kind: "answers" });
  expect(failure.message).toMatch(/a\.run .* waits for b\.run/u);
});

test("a callback that traps on a reject nobody thought of; where it is expected it is no failure", async () => {
  const body = ({ a, b }: Pair) =>
    a.run(call(b.id, { arg: reply("ok"), onReply: program(append(argument), send), onReject: trap("unthinkable"), onCleanup: note("c") }));
  const { failure, deviations } = await failing(body);
  expect(failure).toMatchObject({ kind: "callbackTrap" });
  expect(failure.message).toMatch(/a, in the callback of run \(cleanup ran\).*unthinkable/su);
  expect(deviations).toHaveLength(1);
  const allowed = await explore<Pair>({ setup, body, runs: 50, builtIn: { callbackTraps: false } }).run();
  expect(allowed.counterexample).toBe(null);
});

test("a body that waits for something outside is given up, and says so", async () => {
  const { failure } = await failing(() => new Promise(() => undefined), { patience: { millis: 50 } });
  expect(failure).toMatchObject({ kind: "endless" });
  expect(failure.message).toMatch(/not in the network/u);
});

test("a body that never ends is stopped, says so, and its run replays; the next one is not kept up", async () => {
  const body = async ({ a }: Pair): Promise<void> => {
    for (;;) await a.canister.call("run", reply()).catch(() => undefined);
  };
  const { failure, run } = await failing(body, { steps: 60 });
  expect(failure).toMatchObject({ kind: "endless", message: expect.stringContaining("after 60 calls, queries and rounds") as string });
  expect(replay(JSON.parse(JSON.stringify(run))).net.digest()).toBe(run.digest);
});

test("a body that tries again for ever after its run has ended does not keep the next one up", async () => {
  const { failure } = await failing(
    async ({ a }) => {
      for (let i = 0; i < 50; i++) await a.canister.call("run", note("x")).catch(() => undefined);
    },
    { invariants: { "never x": ({ a }) => a.journal === "" } },
  );
  expect(failure.name).toBe("never x");
});

test("a body that keeps something from run to run is told so", async () => {
  let runs = 0;
  const exploration = explore<Pair>({
    setup,
    body: () => {
      if (++runs === 5) throw new Error("the fifth");
    },
  });
  await expect(exploration.run()).rejects.toMatchObject({ code: "not-repeatable" });
});

test("a setup that fails, and options that cannot be, are refused", async () => {
  await expect(explore({ setup: () => Promise.reject(new Error("no module")), body: () => undefined })).rejects.toThrow("no module");
  await expect(explore({ body: () => undefined, seed: -1 })).rejects.toMatchObject({ code: "bad-options" });
  await expect(explore({ body: ({ pick }) => pick("nothing", []), runs: 3 })).rejects.toThrow(/nothing to pick/u);
});

test("stormy weather: every invariant of Cannery's own holds, no cycle is lost, every call is answered", async () => {
  const result = await explore({
    weather: "stormy",
    strategy: "random",
    runs: 150,
    network: { application: 2, checkInvariants: true, latency: "mainnet" },
    setup: async (net) => ({
      a: await puppet(net, { name: "a" }),
      b: await puppet(net, { name: "b" }),
      far: await puppet(net, { name: "far", subnet: 1 }),
    }),
    body: async ({ a, b, far }) => {
      const call3 = (one: Puppet, two: Puppet, three: Puppet) =>
        one.calls(two, {
          arg: program(
            note("1"),
            call(three.id, { arg: program(note("2"), reply()), cycles: 500n, ...bounded, onReply: reply("in"), onReject: reply("un") }),
          ),
          cycles: 1_000n,
        });
      await Promise.all([
        call3(a, b, far),
        call3(far, a, b),
        a.calls(far, { arg: program(note("3"), reply()), cycles: 9n, ...bounded }),
        b.calls(b, { arg: note("4") }),
      ]);
    },
  }).run();
  expect(result.counterexample?.text ?? null).toBe(null);
  expect(result.orders).toBeGreaterThan(100);
});

test("shards do the runs of one exploration between them; progress is told", async () => {
  const exploration = explore<Pair>({ setup, body: ({ a, b }) => a.calls(b, { arg: reply() }), runs: 40 });
  const told: number[] = [];
  const runs = await Promise.all(
    [0, 1, 2].map(async (index) => (await exploration.run({ shard: { index, count: 3 }, onProgress: ({ runs }) => told.push(runs) })).runs),
  );
  // Each also makes the ordinary run.
  expect(runs).toEqual([15, 14, 14]);
  expect(told).toHaveLength(43);
  expect((await exploration.run({ saturation: 5, runs: 10_000 })).ended).toBe("saturation");
  expect((await exploration.run({ time: { millis: 1 }, runs: 10_000 })).ended).toBe("time");
});

test("what a body has begun beside where it fails goes on in no later run", async () => {
  let run = 0;
  const strays: number[] = [];
  const { counterexample } = await explore({
    setup: async (net) => ({ one: await puppet(net, { name: "one" }) }),
    body: async ({ net, one }) => {
      const mine = ++run;
      void (async () => {
        for (let i = 0; i < 10; i++) {
          await one.run(program(note("a"), reply())).catch(() => undefined);
          await net.tick();
          if (mine !== run) strays.push(mine);
        }
      })();
      await net.tick(2);
      throw new Error("no");
    },
  }).run({ runs: 5 });
  expect(counterexample?.failure.message).toBe("no");
  expect(run).toBeGreaterThan(1);
  expect(strays).toEqual([]);
});

test("nor does an agent that a body has left behind keep the next run from beginning", async () => {
  const { counterexample, runs } = await explore({
    setup: async (net) => ({ one: await puppet(net, { name: "one" }) }),
    body: async ({ net, one }) => {
      const agent = await HttpAgent.create({ fetch: net.fetch, host: "http://localhost", rootKey: net.rootKey });
      const asks = () => agent.call(one.canister.id, { methodName: "run", arg: program(note("a"), reply()) }).catch(() => undefined);
      void (async () => {
        for (let i = 0; i < 3; i++) await asks();
      })();
      await net.tick(2);
      throw new Error("no");
    },
  }).run({ runs: 5 });
  expect([counterexample?.failure.message, runs]).toEqual(["no", 1]);
});
