/** Snapshots, restoring, forks, and what makes two runs the same. */
import { expect, test } from "vitest";
import type { Cannery } from "../../src/index.ts";
import { network, program, refusal } from "../support/network.ts";

interface Counter {
  get(): Promise<bigint>;
  inc(): Promise<bigint>;
  add(amount: bigint): Promise<bigint>;
}

test("a snapshot is come back to: state, time, trace, names and ids of calls", async () => {
  const net = await network();
  const counter = await net.install<Counter>(program("counter"));
  await counter.actor.inc();
  const snapshot = net.snapshot();
  const before = { digest: net.digest(), time: net.time, round: net.round, drawing: net.draw() };
  const firstId = counter.submit("inc").id;
  await net.settle();
  await net.advanceTime({ hours: 1 });
  net.name(counter.id, "renamed");
  expect(net.digest()).not.toBe(before.digest);

  net.restore(snapshot);
  expect({ digest: net.digest(), time: net.time, round: net.round, drawing: net.draw() }).toEqual(before);
  expect(counter.name).toBe("counter");
  expect(counter.submit("inc").id).toBe(firstId);
  expect(await counter.actor.get()).toBe(1n);
  await net.settle();
  expect(await counter.actor.get()).toBe(2n);

  net.restore(snapshot); // as often as one likes
  expect(await counter.actor.inc()).toBe(2n);
});

test("a fork goes on apart, and so does its original", async () => {
  const net = await network();
  const counter = await net.install<Counter>(program("counter"));
  await counter.actor.inc();
  const fork = net.fork();
  const theirs = fork.canister<Counter>(counter.id);
  expect(theirs.name).toBe("counter");
  expect(fork.digest()).toBe(net.digest());
  expect(await theirs.actor.add(10n)).toBe(11n);
  expect(await counter.actor.inc()).toBe(2n);
  expect(await theirs.actor.get()).toBe(11n);
  expect(net.draw({ values: true })).not.toContain("add(10)");
});

test("calls under way: what a snapshot holds goes on after it is restored, later calls are given up", async () => {
  const net = await network();
  const counter = await net.install<Counter>(program("counter"));
  net.manual();
  const early = counter.actor.add(1n);
  const snapshot = net.snapshot();
  const late = counter.actor.add(10n);
  const refused = refusal(late);
  net.restore(snapshot);
  expect(await refused).toMatchObject({ code: "network-restored" });
  await net.tick();
  expect(await early).toBe(1n);

  net.restore(snapshot); // its call is answered again, and nobody is told twice
  await net.tick();
  expect(await counter.actor.get()).toBe(1n);
});

test("promises of calls stay with the network they were made in", async () => {
  const net = await network();
  const counter = await net.install<Counter>(program("counter"));
  const call = counter.actor.inc();
  const fork = net.fork();
  expect(await call).toBe(1n);
  await fork.settle(); // the message is there too, and runs
  expect(await fork.canister<Counter>(counter.id).actor.get()).toBe(1n);
});

test("the same seed and inputs give the same digest, another seed another one", async () => {
  const run = async (seed: number): Promise<string> => {
    const net = await network({ seed, application: 2, latency: "mainnet" });
    await parallelCalls(net);
    return net.digest();
  };
  const first = await run(1);
  expect(await run(1)).toBe(first);
  expect(await run(2)).not.toBe(first);
});

test("a fork replays like its original", async () => {
  const net = await network({ application: 2, latency: "mainnet" });
  const fork = net.fork();
  await parallelCalls(net);
  await parallelCalls(fork);
  expect(fork.digest()).toBe(net.digest());
  expect(fork.trace.toJsonLines()).toBe(net.trace.toJsonLines());
});

async function parallelCalls(net: Cannery): Promise<void> {
  const callee = await net.install(program("parallel-calls-callee"), { subnet: net.subnets[1]! });
  const caller = await net.install<{ parallel(callee: unknown, n: bigint): Promise<unknown> }>(program("parallel-calls-caller"));
  await caller.actor.parallel(callee.id, 20n);
  await net.settle();
}
