/**
 * The schedule seam: every order and every permitted outcome is a choice, and a run is repeated from the choices that were not ordinary.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { loadGenerated } from "../../examples/modules.ts";
import { Prng } from "../../src/base/prng.ts";
import { ReplaySchedule } from "../../src/core/schedule/recorder.ts";
import type { Choice, Schedule } from "../../src/core/schedule/schedule.ts";
import { Cannery } from "../../src/index.ts";
import { nodeHost } from "../../src/host/node-host.ts";

class Random implements Schedule {
  readonly ordinary = false;
  readonly asked = new Map<Choice["kind"], number>();
  private readonly prng: Prng;

  constructor(seed: number) {
    this.prng = Prng.fromSeed(BigInt(seed));
  }

  choose(choice: Choice, options: number): number {
    this.asked.set(choice.kind, (this.asked.get(choice.kind) ?? 0) + 1);
    return this.prng.ratio(1, 4) ? this.prng.below(options) : 0;
  }
}

/** Two shops on one subnet and a ledger on another, several users at once. */
async function market(schedule: Schedule | undefined, dropInstances = false) {
  const net = await Cannery.create({ application: 2, latency: "mainnet", seed: 3n, print: false, checkInvariants: true, schedule });
  const [left, right] = net.subnets;
  const ledger = await net.install(loadGenerated("reentrancy-ledger"), { subnet: right });
  const bank = await net.install(loadGenerated("reentrancy-bank"), { subnet: left, args: [ledger.id] });
  const callee = await net.install(loadGenerated("parallel-calls-callee"), { subnet: right });
  const caller = await net.install(loadGenerated("parallel-calls-caller"), { subnet: left });
  const users = ["alice", "bob", "carol"].map((name) => bank.as(net.identity(name)).actor);
  await Promise.allSettled(users.map((user) => user.deposit(100n)));
  if (dropInstances) nodeHost().environment.pool.dropAll();
  const results = await Promise.allSettled([
    ...users.flatMap((user) => [user.withdraw(60n), user.withdrawUnsafe(60n)]),
    caller.actor.parallel(callee.id, 5n),
    caller.actor.parallelBounded(callee.id, 5n),
  ]);
  if (dropInstances) nodeHost().environment.pool.dropAll();
  await net.settle();
  return { net, results, digest: net.digest() };
}

test("the ordinary schedule deviates from nothing", async () => {
  const { net } = await market(undefined);
  expect(net.deviations()).toEqual([]);
});

test("other schedules give other runs, lawful ones: every call is answered and every invariant holds [abstract-behavior#invariants]", async () => {
  const ordinary = (await market(undefined)).digest;
  const digests = new Set<string>();
  const asked = new Set<string>();
  for (let seed = 1; seed <= 6; seed++) {
    const schedule = new Random(seed);
    digests.add((await market(schedule)).digest);
    for (const kind of schedule.asked.keys()) asked.add(kind);
  }
  expect(digests.has(ordinary)).toBe(false);
  expect(digests.size).toBe(6);
  expect([...asked].sort()).toEqual(["canister", "hop", "ingress", "loseResponse", "message", "rejectRequest"]);
});

test("a run is repeated from its deviations alone", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), async (seed) => {
      const first = await market(new Random(seed));
      const replay = new ReplaySchedule(first.net.deviations());
      const second = await market(replay);
      expect(second.digest).toBe(first.digest);
      expect(replay.unused).toEqual([]);
    }),
    { numRuns: 8 },
  );
});

test("whether Wasm instances are kept or dropped in between is not observable", async () => {
  expect((await market(undefined, true)).digest).toBe((await market(undefined, false)).digest);
  expect((await market(new Random(9), true)).digest).toBe((await market(new Random(9), false)).digest);
});

test("a fork goes on like its original; a snapshot can be gone back to, again and again", async () => {
  const net = await Cannery.create({ application: 2, seed: 3n, print: false, checkInvariants: true });
  const [left, right] = net.subnets;
  const callee = await net.install(loadGenerated("parallel-calls-callee"), { subnet: right });
  const caller = await net.install(loadGenerated("parallel-calls-caller"), { subnet: left });
  const snapshot = net.snapshot();
  const start = net.digest();
  const fork = net.fork();
  await caller.actor.parallel(callee.id, 20n);
  const end = net.digest();
  expect(fork.digest()).toBe(start);
  await fork.canister(caller.id).actor.parallel(callee.id, 20n);
  expect(fork.digest()).toBe(end);
  for (let i = 0; i < 2; i++) {
    net.restore(snapshot);
    expect(net.digest()).toBe(start);
    await caller.actor.parallel(callee.id, 20n);
    expect(net.digest()).toBe(end);
  }
});
