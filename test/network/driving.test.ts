/** Who runs the rounds, and when: turns, manual rounds, time, settling. */
import { afterEach, expect, test, vi } from "vitest";
import type { Cannery, Schedule } from "../../src/index.ts";
import { network, program, refusal } from "../support/network.ts";
import { timerModule } from "../support/timer-module.ts";
import { wat } from "../support/wat.ts";

interface Counter {
  get(): Promise<bigint>;
  inc(): Promise<bigint>;
}
interface Caller {
  sequential(callee: unknown, n: bigint): Promise<{ succeeded: bigint }>;
  parallel(callee: unknown, n: bigint): Promise<{ succeeded: bigint }>;
  parallelBounded(callee: unknown, n: bigint): Promise<{ succeeded: bigint; rejected: [string, bigint][] }>;
}

afterEach(() => {
  vi.useRealTimers();
});

test("calls started together meet in one round, calls awaited one by one do not", async () => {
  const net = await network();
  const counter = await net.install<Counter>(program("counter"));
  const before = net.round;
  expect(await Promise.all([counter.actor.inc(), counter.actor.inc(), counter.actor.inc()])).toEqual([1n, 2n, 3n]);
  expect(net.round - before).toBe(1);
  for (let i = 0; i < 3; i++) await counter.actor.inc();
  expect(net.round - before).toBe(4);
});

test("whoever was answered goes on before the next round", async () => {
  const net = await network();
  const counter = await net.install<Counter>(program("counter"));
  const rounds: number[] = [];
  const chain = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      await counter.actor.inc();
      rounds.push(net.round);
    }
  };
  await Promise.all([chain(), chain()]);
  expect(rounds.map((round) => round - rounds[0]!)).toEqual([0, 0, 1, 1, 2, 2]);
});

test("fake timers do not stop the network", async () => {
  const net = await network();
  const counter = await net.install<Counter>(program("counter"));
  vi.useFakeTimers();
  expect(await counter.actor.inc()).toBe(1n);
});

test("a loop of queries lets what is under way go on", async () => {
  const net = await network({ application: 2, latency: "mainnet" });
  const callee = await net.install<{ ping(): Promise<void>; pings(): Promise<bigint> }>(program("parallel-calls-callee"), {
    subnet: net.subnets[1]!,
  });
  const caller = await net.install<Caller>(program("parallel-calls-caller"));
  const call = caller.submit("parallel", callee.id, 3n);
  let asked = 0;
  while ((await callee.actor.pings()) < 3n) asked++;
  expect(asked).toBeGreaterThan(0);
  expect(await call).toMatchObject({ succeeded: 3n });
});

test("manual rounds: nothing happens but by tick", async () => {
  const net = await network();
  const counter = await net.install<Counter>(program("counter"));
  net.manual();
  const round = net.round;
  const call = counter.actor.inc();
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve)); // the driver takes one
  expect(net.round).toBe(round);
  expect(await counter.actor.get()).toBe(0n); // queries need no round
  await net.tick();
  expect(await call).toBe(1n);
  await net.tick(3);
  expect(net.round).toBe(round + 4);
  net.manual(false);
  expect(await counter.actor.inc()).toBe(2n);
});

test("time goes forward as asked, and each round takes what the latency profile says", async () => {
  const net = await network({ latency: "mainnet", timeNanos: 1_700_000_000_000_000_000n });
  expect(net.time).toBe(1_700_000_000_000_000_000n);
  const counter = await net.install<Counter>(program("counter"));
  const start = net.time;
  await counter.actor.inc();
  expect(net.time - start).toBe(1_000_000_000n);
  await net.advanceTime({ days: 1, seconds: 0.5 });
  expect(net.time - start).toBe(86_401_500_000_000n);
  await net.setTime({ getTime: () => 1_800_000_000_000 });
  expect(net.time).toBe(1_800_000_000_000_000_000n);
  expect(await refusal(net.setTime(5n))).toMatchObject({ code: "bad-time" });
  expect(await refusal(net.advanceTime({ seconds: -1 }))).toMatchObject({ code: "bad-duration" });
});

test("settle takes time to each timer: all that was refused is sent again until it succeeded", async () => {
  const net = await network();
  const callee = await net.install<{ pings(): Promise<bigint> }>(program("parallel-calls-callee"));
  const caller = await net.install<{
    callAll(callee: unknown, n: bigint): Promise<unknown>;
    progress(): Promise<{ succeeded: bigint; waves: bigint }>;
  }>(program("retry-from-timer-caller"));
  const start = net.time;
  caller.submit("callAll", callee.id, 1200n);
  await net.settle();
  expect(await callee.actor.pings()).toBe(1200n);
  expect(await caller.actor.progress()).toMatchObject({ succeeded: 1200n, waves: 3n });
  expect(net.time - start).toBeGreaterThanOrEqual(2_000_000_000n); // two timers of a second
  expect(net.time - start).toBeLessThan(3_000_000_000n);
});

test("settle goes no further than ten virtual minutes ahead, and heartbeats do not count", async () => {
  const net = await network();
  await net.install(timerModule({ firstSeconds: 599, everySeconds: 0 }));
  await net.install(timerModule({ firstSeconds: 3600, everySeconds: 0 }));
  await net.install(wat('(module (func (export "canister_heartbeat")))'));
  const start = net.time;
  await net.settle();
  expect(executed(net, "globalTimer")).toBe(1);
  expect(net.time - start).toBeLessThan(600_000_000_000n);
  await net.advanceTime({ minutes: 55 });
  await net.settle();
  expect(executed(net, "globalTimer")).toBe(2);
});

test("a budget ends settling, with who waits for whom", async () => {
  const net = await network();
  await net.install(timerModule({ firstSeconds: 60, everySeconds: 60 }), { name: "clock" });
  const inTime = await refusal(net.settle({ budget: { time: { minutes: 30 } } }));
  expect(inTime).toMatchObject({ code: "not-settled" });
  expect(inTime.message).toBe(
    "the network does not settle: after 1800 virtual seconds there is still something to do.\n  clock has a timer due in 60 s",
  );
  expect((await refusal(net.settle({ budget: { rounds: 5 } }))).message).toContain("after 5 rounds");
});

test("a timer of a stopped canister is not waited for, and runs when the canister starts again", async () => {
  const net = await network();
  const clock = await net.install(timerModule({ firstSeconds: 60, everySeconds: 0 }));
  await clock.stop();
  await net.settle();
  expect(executed(net, "globalTimer")).toBe(0);
  await clock.start();
  await net.settle();
  expect(executed(net, "globalTimer")).toBe(1);
});

test("a lost answer of a bounded-wait call: time goes to its deadline, as nothing else can answer the user", async () => {
  const schedule: Schedule = { ordinary: false, choose: (choice) => (choice.kind === "loseResponse" ? 1 : 0) };
  const net = await network({ application: 2, schedule });
  const callee = await net.install(program("parallel-calls-callee"), { subnet: net.subnets[1]! });
  const caller = await net.install<Caller>(program("parallel-calls-caller"));
  const start = net.time;
  expect(await caller.actor.parallelBounded(callee.id, 2n)).toEqual({ succeeded: 0n, rejected: [["system_unknown", 2n]] });
  expect(net.time - start).toBeGreaterThanOrEqual(60_000_000_000n);
  expect(net.deviations().map(({ kind, nth }) => [kind, nth])).toEqual([["loseResponse", 0], ["loseResponse", 1]]); // prettier-ignore
});

test.each([1, 5])(
  "what is due on subnets that are slower, by %i round(s), happens when their rounds come: deadlines and timers",
  async (late) => {
    /** Rounds not made so far; they begin when something is due. */
    let slow = 0;
    let dueAt = 0n;
    const schedule: Schedule = {
      ordinary: false,
      injects: true,
      choose: (choice) => {
        if (choice.kind === "subnetRound") return net.time >= dueAt && slow++ < 2 * late ? 1 : 0;
        return choice.kind === "loseResponse" ? 1 : 0;
      },
    };
    const net = await network({ application: 2, schedule });
    const [near, far] = net.subnets;
    dueAt = net.time + 3_600_000_000_000n;
    const callee = await net.install(program("parallel-calls-callee"), { subnet: far! });
    const caller = await net.install<Caller>(program("parallel-calls-caller"), { subnet: near! });
    dueAt = net.time + 60_000_000_000n;
    expect(await caller.actor.parallelBounded(callee.id, 1n)).toEqual({ succeeded: 0n, rejected: [["system_unknown", 1n]] });
    expect(slow).toBeGreaterThan(2 * late);

    await net.install(timerModule({ firstSeconds: 60, everySeconds: 0 }));
    dueAt = net.time + 60_000_000_000n;
    slow = 0;
    await net.settle();
    expect(executed(net, "globalTimer")).toBe(1);
    expect(slow).toBeGreaterThan(2 * late);
  },
);

test("a call without an answer is given up after a number of rounds, with who waits for whom", async () => {
  const net = await network({ callBudgetRounds: 500 });
  const loop = await net.install(callsItselfForever(), { name: "loop" });
  const error = await refusal(loop.call("run", loop.id.toUint8Array(), { sender: net.identity("alice") }));
  expect(error).toMatchObject({ code: "no-answer" });
  expect(error.message).toBe(
    "the call of run stays without an answer: there was none within 500 rounds.\n  loop.run (called by alice) waits for loop.next",
  );
});

test("an instant network settles at once when there is nothing to do", async () => {
  const net = await network();
  const round = net.round;
  await net.settle();
  expect(net.round).toBe(round);
});

function executed(net: Cannery, entry: string): number {
  return net.trace.events.filter((event) => event.kind === "executed" && event.entry === entry).length;
}

/** Keeps the id in the argument of `run`, and calls `next` of it again and again. */
function callsItselfForever(): Uint8Array {
  return wat(`(module
    (import "ic0" "msg_arg_data_size" (func $size (result i32)))
    (import "ic0" "msg_arg_data_copy" (func $copy (param i32 i32 i32)))
    (import "ic0" "msg_reply" (func $reply))
    (import "ic0" "call_new" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "ic0" "call_perform" (func $perform (result i32)))
    (memory 1)
    (table funcref (elem $again))
    (data (i32.const 100) "next")
    (func $again (param i32)
      (call $call (i32.const 0) (i32.const 10) (i32.const 100) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
      (drop (call $perform)))
    (func (export "canister_update next") (call $reply))
    (func (export "canister_update run")
      (call $copy (i32.const 0) (i32.const 0) (call $size))
      (call $again (i32.const 0))))`);
}
