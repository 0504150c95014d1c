/**
 * Exhaustive search of small systems: every order that there is, each situation once, and a verdict that holds for all of them.
 */
import { expect, test } from "vitest";
import { explore, told } from "../../src/index.ts";
import { call, note, program, reply } from "../universal/program.ts";
import { withdrawals } from "./bank.ts";
import { puppet, type Puppet } from "./puppets.ts";

/** So many canisters that each send one message to the same one, which notes whose it was. */
function race(senders: number, subnets: number, allowed: (journal: string) => boolean = () => true) {
  const seen = new Set<string>();
  const exploration = explore({
    strategy: "exhaustive",
    weather: "calm",
    bound: Infinity,
    runs: 20_000,
    network: { application: subnets },
    setup: async (net) => {
      const all: Puppet[] = [];
      for (let i = 0; i < senders; i++) all.push(await puppet(net, { name: `s${i}`, subnet: i % subnets }));
      return { all, goal: await puppet(net, { name: "goal" }) };
    },
    body: async ({ all, goal }) => {
      await Promise.all(all.map((one, i) => one.run(call(goal.id, { arg: program(note(`${i}`), reply()), onReply: reply() }))));
    },
    invariants: { "the order is one of those allowed": ({ goal }) => allowed(goal.journal) },
    eventually: { seen: ({ goal }) => void seen.add(goal.journal) },
  });
  return { exploration, seen };
}

test.each([
  [2, 1, 2],
  [3, 1, 6],
  [2, 2, 2],
])("all orders of %i messages from %i subnet(s): %i", async (senders, subnets, orders) => {
  const { exploration, seen } = race(senders, subnets);
  const result = await exploration.run();
  expect(result).toMatchObject({ counterexample: null, ended: "everything" });
  expect([seen.size, result.orders]).toEqual([orders, orders]);
  expect(told(result)).toContain("everything was searched");
  // Situations that come to the same are searched once: of two messages there are more than a thousand schedules.
  expect(result.pruned).toBeGreaterThan(10);
  if (senders === 2) expect(result.runs).toBeLessThan(300);
});

test("the one order in twenty-four that breaks it is found, and shrunk", async () => {
  const { exploration } = race(4, 1, (order) => order !== "3102");
  const { counterexample } = await exploration.run({ bound: 4 });
  expect(counterexample!.failure.kind).toBe("invariant");
  expect(counterexample!.deviations.length).toBeLessThanOrEqual(4);
});

test("no schedule of at most two deviations breaks the guarded bank; the unguarded one breaks", async () => {
  const guarded = await withdrawals("withdraw").run({ strategy: "exhaustive", bound: 2, runs: 3_000 });
  expect(guarded).toMatchObject({ counterexample: null, ended: "everything" });
  const unguarded = await withdrawals("withdrawUnsafe").run({ strategy: "exhaustive", bound: 2, runs: 3_000 });
  expect(unguarded.counterexample!.deviations).toHaveLength(1);
});
