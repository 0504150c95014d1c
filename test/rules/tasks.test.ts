/**
 * What runs without being called: heartbeats, timers, the cleanup of a callback; and executions that take several rounds.
 */
import { expect, test } from "vitest";
import { fromHex } from "../../src/base/bytes.ts";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { ReplaySchedule } from "../../src/core/schedule/recorder.ts";
import { Scenario } from "../support/scenario.ts";

/** Counters in memory, read by queries: 0 heartbeats, 4 timers, 8 updates. */
const TICKER = (timer: string): string => `(module
  (import "ic0" "global_timer_set" (func $set (param i64) (result i64)))
  (import "ic0" "time" (func $time (result i64)))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "msg_reply" (func $reply))
  (memory 1)
  (func $count (param $at i32) (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (i32.const 1))))
  (func (export "canister_heartbeat") (call $count (i32.const 0)))
  (func (export "canister_global_timer") ${timer})
  (func (export "canister_update arm") (call $count (i32.const 8))
    (drop (call $set (i64.add (call $time) (i64.const 5000000000)))) (call $reply))
  (func (export "canister_query counts") (call $append (i32.const 0) (i32.const 12)) (call $reply)))`;

function counts(scene: Scenario, id: CanisterId): number[] {
  const answer = scene.query(id, "counts");
  if (answer.kind !== "replied") throw new Error("counts is answered");
  return [...new Int32Array(answer.data.slice().buffer)];
}

function at(scene: Scenario, seconds: bigint): void {
  scene.net.step({ kind: "time", timeNanos: scene.net.state.timeNanos + seconds * 1_000_000_000n });
  scene.rounds();
}

test("a heartbeat runs once a round, also when nothing else happens [canister-interface#heartbeat]", () => {
  const scene = new Scenario();
  const id = scene.install(TICKER("(call $count (i32.const 4))"));
  const [before] = counts(scene, id);
  scene.rounds(5);
  expect(counts(scene, id)[0]).toBe(before! + 5);
});

test("a timer fires once, in the first round at or after its time [canister-interface#global-timer]", () => {
  const scene = new Scenario();
  const id = scene.install(TICKER("(call $count (i32.const 4))"));
  scene.call(id, "arm");
  at(scene, 4n);
  expect(counts(scene, id)[1]).toBe(0);
  at(scene, 1n);
  expect(counts(scene, id)[1]).toBe(1);
  at(scene, 100n);
  expect(counts(scene, id)[1]).toBe(1);
});

test("a timer whose handler traps stays inactive: its state is undone, its setting is not [canister-interface#global-timer]", () => {
  const scene = new Scenario();
  const id = scene.install(TICKER("(call $count (i32.const 4)) unreachable"));
  scene.call(id, "arm");
  at(scene, 6n);
  expect(counts(scene, id)[1]).toBe(0);
  expect(scene.canister(id).globalTimerNanos).toBe(0n);
  const traps = scene.executed().filter((event) => event.entry === "globalTimer");
  expect(traps).toHaveLength(1);
  expect(traps[0]!.result.kind).toBe("trap");
});

/** `go` with 10 bytes of callee: writes 1, calls `nop` there; the callback writes 2 and traps; the cleanup writes 4 beside it. */
const CLEANER = (cleanup: string): string => `(module
  (import "ic0" "msg_arg_data_copy" (func $arg_copy (param i32 i32 i32)))
  (import "ic0" "call_new" (func $call_new (param i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "ic0" "call_on_cleanup" (func $on_cleanup (param i32 i32)))
  (import "ic0" "call_perform" (func $call_perform (result i32)))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "msg_reply" (func $reply))
  (memory 1) (data (i32.const 100) "nop") (table 2 funcref) (elem (i32.const 0) $callback $cleanup)
  (func $callback (param i32) (i32.store8 (i32.const 200) (i32.const 2)) unreachable)
  (func $cleanup (param i32) (i32.store8 (i32.const 201) (i32.const 4)) ${cleanup})
  (func (export "canister_update nop") (call $reply))
  (func (export "canister_update go")
    (i32.store8 (i32.const 200) (i32.const 1))
    (call $arg_copy (i32.const 0) (i32.const 0) (i32.const 10))
    (call $call_new (i32.const 0) (i32.const 10) (i32.const 100) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $on_cleanup (i32.const 1) (i32.const 0))
    (drop (call $call_perform)))
  (func (export "canister_query look") (call $append (i32.const 200) (i32.const 2)) (call $reply)))`;

function cleaned(cleanup: string) {
  const scene = new Scenario();
  const id = scene.install(CLEANER(cleanup));
  const end = scene.call(id, "go", fromHex(id));
  const answer = scene.query(id, "look");
  return { end, bytes: answer.kind === "replied" ? [...answer.data] : [] };
}

test("after a trap in a callback the cleanup runs on the state before it, and its changes are kept [canister-interface#callbacks]", () => {
  const { end, bytes } = cleaned("");
  expect(end).toMatchObject({ kind: "rejected", errorCode: 502 });
  expect(bytes).toEqual([1, 4]);
});

test("a cleanup that traps too changes nothing, and both errors are told [canister-interface#callbacks]", () => {
  const { end, bytes } = cleaned("unreachable");
  expect(end).toMatchObject({ kind: "rejected", errorCode: 502 });
  expect(end.kind === "rejected" && end.message).toContain("call_on_cleanup also failed:");
  expect(bytes).toEqual([1, 0]);
});

const LONG = `(module
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (memory 1)
  (func (export "canister_update work") (local $left i32)
    (i32.store8 (i32.const 0) (i32.const 1))
    (local.set $left (i32.const 1000000))
    (loop $next (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (call $reply))
  (func (export "canister_update short") (call $append (i32.const 0) (i32.const 1)) (call $reply))
  (func (export "canister_query look") (call $append (i32.const 0) (i32.const 1)) (call $reply)))`;

/** 6 M instructions in slices of 1 M. */
const SLICED = { sliceInstructions: 1_000_000, installCodeSliceInstructions: 1_000_000, roundInstructions: 2_000_000 };

test("a long message ends in the round in which the replica would end it; until then others see the old state [replica: time slicing]", () => {
  const scene = new Scenario({ limits: SLICED });
  const id = scene.install(LONG);
  const { messageId } = scene.submit(id, "work");
  const short = scene.submit(id, "short").messageId;
  const seen: number[] = [];
  for (let round = 0; round < 8; round++) {
    scene.rounds();
    const answer = scene.query(id, "look");
    if (answer.kind === "replied") seen.push(answer.data[0]!);
  }
  expect(seen).toEqual([0, 0, 0, 0, 0, 0, 1, 1]); // 6.0 M instructions and a few: seven slices
  expect(scene.status(messageId)).toMatchObject({ kind: "replied" });
  expect(scene.status(short)).toMatchObject({ kind: "replied", data: Uint8Array.of(1) }); // it waited its turn
});

test("a fork in the middle of a long message goes on like its original", () => {
  const scene = new Scenario({ limits: SLICED });
  const id = scene.install(LONG);
  scene.submit(id, "work");
  scene.rounds(3);
  const fork = scene.net.fork();
  scene.rounds(6);
  for (let i = 0; i < 6; i++) fork.step({ kind: "round", subnets: null });
  expect(fork.digest()).toBe(scene.net.digest());
});

test("replaying no deviations is the ordinary run", () => {
  const run = (scene: Scenario): string => {
    const id = scene.install(CLEANER(""));
    scene.call(id, "go", fromHex(id));
    return scene.net.digest();
  };
  expect(run(new Scenario({}, { schedule: new ReplaySchedule([]) }))).toBe(run(new Scenario()));
});
