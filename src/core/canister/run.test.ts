/**
 * Runs of whole entry points: what is kept, what is undone, what is charged, and that instances are never noticed.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { canisterModule } from "../../../test/support/ic0-wat.ts";
import { FakeView, testLimits } from "../../../test/support/fake-view.ts";
import { newPool, NO_ARG, replied, replyBytes, TestCanister, trapReason, trapText } from "../../../test/support/run-canister.ts";
import { nextEpoch } from "../../base/epoch.ts";
import { nodePlatform } from "../../host/platform-node.ts";
import type { WasmEngine } from "../wasm/engine.ts";
import { InstancePool } from "./instances.ts";
import { HostFailure } from "./run-context.ts";
import { commit, commitOverlay, detach, discard } from "./outcome.ts";
import { methodKind, run } from "./run.ts";
import type { EntryPoint } from "./types.ts";

/** Answers with a 32-bit counter in a global and one in memory, after adding one to both. */
const COUNTER = canisterModule(`
  (global $g (mut i32) (i32.const 0))
  (global $wide (mut i64) (i64.const 5))
  (func $bump
    (global.set $g (i32.add (global.get $g) (i32.const 1)))
    (global.set $wide (i64.mul (global.get $wide) (i64.const 5)))
    (i32.store (i32.const 8192) (i32.add (i32.load (i32.const 8192)) (i32.const 1))))
  (func $answer
    (i32.store (i32.const 0) (global.get $g))
    (i32.store (i32.const 4) (i32.load (i32.const 8192)))
    (call $msg_reply_data_append (i32.const 0) (i32.const 8))
    (call $msg_reply))
  (func (export "canister_update bump") (call $bump) (call $answer))
  (func (export "canister_query bump_in_query") (call $bump) (call $answer))
  (func (export "canister_composite_query bump_composite") (call $bump) (call $answer))
  (func (export "canister_query read") (call $answer))
  (func (export "canister_update bump_and_trap") (call $bump) (unreachable))
  (func (export "canister_update bump_and_call_trap") (call $bump) (call $trap (i32.const 0) (i32.const 0)))
  (func (export "canister_update grow") (drop (memory.grow (i32.const 3))) (i32.store (i32.const 200000) (i32.const 7)) (call $answer))
  (func (export "canister_update grow_and_trap") (drop (memory.grow (i32.const 3))) (i32.store (i32.const 200000) (i32.const 7)) (unreachable))
  (func (export "canister_update peek") (drop (i32.load (i32.const 200000))) (call $answer))
  (func (export "canister_update nothing"))
  (func (export "canister_update spin") (call $bump) (loop $l (br $l)))`);

/** Global and memory counter. */
function counters(bytes: Uint8Array): [number, number] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return [view.getUint32(0, true), view.getUint32(4, true)];
}

const update = (method: string): EntryPoint => ({ kind: "update", method, arg: NO_ARG });

test("an update's memory and globals are kept, a query's are not [canister-interface#entry-points]", () => {
  const canister = new TestCanister(COUNTER);
  expect(counters(replyBytes(canister.update("bump")))).toEqual([1, 1]);
  expect(counters(replyBytes(canister.query("bump_in_query")))).toEqual([2, 2]);
  expect(counters(replyBytes(canister.query("read")))).toEqual([1, 1]);
  expect(counters(replyBytes(canister.update("bump")))).toEqual([2, 2]);
});

test("nothing of a trap is kept, and it is charged exactly [canister-interface#entry-points]", () => {
  const canister = new TestCanister(COUNTER);
  canister.update("bump");
  const before = canister.digest();
  const trapped = canister.update("bump_and_trap");
  expect(trapReason(trapped)).toBe("IC0502: Canister trapped: unreachable");
  // Function entry 1, call 5, unreachable 1; in bump: entry 1 and twelve instructions that weigh 18; then one dirty page.
  expect(trapped.instructions).toBe(7 + bumpInstructions() + 1000);
  expect(trapped.dirtyHeapPages).toBe(1);
  expect(canister.digest()).toBe(before);
  const called = canister.update("bump_and_call_trap");
  expect(trapReason(called)).toBe("IC0503: Canister called `ic0.trap` with message: ''");
  expect(canister.digest()).toBe(before);
  expect(counters(replyBytes(canister.query("read")))).toEqual([1, 1]);
});

/** What `$bump` costs besides its `call`: entry 1; get 2, const 1, add 1, set 2; get 2, const 1, mul 1, set 2; const 1, const 1, load 1, const 1, add 1, store 1. */
function bumpInstructions(): number {
  return 1 + 6 + 6 + 6;
}

test("an empty method costs one instruction and answers nothing", () => {
  const outcome = new TestCanister(COUNTER).update("nothing");
  expect(outcome.result).toEqual({ kind: "none" });
  expect(outcome.instructions).toBe(1);
  expect(outcome.slices).toBe(1);
});

test("an endless loop stops at the limit, and the state is as before [replica: instruction limits]", () => {
  const canister = new TestCanister(COUNTER);
  canister.limits = testLimits({ instructions: 1_000_000, sliceInstructions: 1_000_000 });
  const before = canister.digest();
  const outcome = canister.update("spin");
  expect(trapReason(outcome)).toBe("IC0522: Canister exceeded the limit of 1000000 instructions for single message execution.");
  expect(outcome.instructions).toBe(1_000_000);
  expect(canister.digest()).toBe(before);
  expect(counters(replyBytes(canister.update("bump")))).toEqual([1, 1]);
});

test("a callback's text names the whole message's limit", () => {
  const canister = new TestCanister(COUNTER);
  canister.limits = testLimits({ instructions: 950_000, sliceInstructions: 950_000, reportedInstructions: 1_000_000 });
  expect(trapReason(canister.update("spin"))).toContain("the limit of 1000000 instructions");
});

test("an execution that is sliced says how many rounds it takes, and costs the same", () => {
  const module = canisterModule(`(func (export "canister_update work") (local $i i32)
      (loop $l (br_if $l (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100000)))))`);
  const whole = new TestCanister(module).update("work");
  const canister = new TestCanister(module);
  canister.limits = testLimits({ instructions: 10_000_000, sliceInstructions: 300_000 });
  const sliced = canister.update("work");
  expect(sliced.instructions).toBe(whole.instructions);
  expect(sliced.slices).toBe(Math.ceil(whole.instructions / 300_000));
  expect(sliced.pausedSlices).toHaveLength(sliced.slices - 1);
  for (const slice of sliced.pausedSlices) expect(Math.abs(slice - 300_000)).toBeLessThan(100);
  expect(whole.pausedSlices).toEqual([]);
});

test("one operation may overrun its slice by less than another slice", () => {
  const module = canisterModule(`(memory 40)
    (func (export "canister_update fill") (memory.fill (i32.const 0) (i32.const 1) (i32.const 1500000)) (memory.fill (i32.const 0) (i32.const 2) (i32.const 1000)))
    (func (export "canister_update too_much") (memory.fill (i32.const 0) (i32.const 1) (i32.const 2500000)))`);
  const canister = new TestCanister(module);
  canister.limits = testLimits({ instructions: 100_000_000, sliceInstructions: 1_000_000 });
  const overrun = canister.update("fill");
  expect(overrun.result.kind).toBe("none");
  // The second slice begins with what the first took beyond its limit.
  expect(overrun.slices).toBe(2);
  const failed = canister.update("too_much");
  const { instructions } = failed;
  expect(trapReason(failed)).toBe(
    `IC0522: Canister attempted to perform a large memory operation that used ${instructions} instructions and exceeded the slice limit 1000000.`,
  );
  expect(instructions).toBeGreaterThan(2_500_000);
});

test("growth is kept with the message, and undone with it [canister-interface#entry-points]", () => {
  const canister = new TestCanister(COUNTER);
  canister.update("bump");
  const trapped = canister.update("grow_and_trap");
  expect(trapped.result.kind).toBe("trap");
  expect(canister.state.heapBytes).toBe(65_536);
  // A load past the old end must trap, although the memory of the instance that trapped reached there.
  expect(trapReason(canister.update("peek"))).toBe("IC0502: Canister trapped: heap out of bounds");
  const grown = canister.update("grow");
  expect(grown.heapBytes).toBe(4 * 65_536);
  expect(canister.state.heapBytes).toBe(4 * 65_536);
  expect([...canister.heap(200_000, 1)]).toEqual([7]);
  expect(canister.update("peek").result.kind).toBe("reply");
});

test("growth beyond the module's maximum is -1; the view decides on the rest", () => {
  const module = canisterModule(`(memory 1 3)
    (func (export "canister_update by") (local $n i32)
      (call $msg_arg_data_copy (i32.const 0) (i32.const 0) (i32.const 4))
      (i32.store (i32.const 4) (memory.grow (i32.load (i32.const 0))))
      (call $msg_reply_data_append (i32.const 4) (i32.const 4)) (call $msg_reply))`);
  const by = (pages: number): Uint8Array => Uint8Array.of(pages, 0, 0, 0);
  const canister = new TestCanister(module);
  const asked: string[] = [];
  canister.view = { asked };
  expect([...replyBytes(canister.update("by", by(3)))]).toEqual([255, 255, 255, 255]);
  expect(asked).toEqual([]);
  expect([...replyBytes(canister.update("by", by(1)))]).toEqual([1, 0, 0, 0]);
  expect([...replyBytes(canister.update("by", by(0)))]).toEqual([2, 0, 0, 0]);
  expect(asked).toEqual(["heap 65536+65536", "heap 131072+0"]);
  canister.view = { heapAnswer: () => ({ kind: "trap", error: { code: 532, description: "no cycles" } }) };
  const refused = canister.update("by", by(1));
  expect(refused.result).toEqual({ kind: "trap", error: { code: 532, description: "no cycles" } });
  canister.view = { heapAnswer: () => ({ kind: "refuse" }) };
  expect([...replyBytes(canister.update("by", by(1)))]).toEqual([255, 255, 255, 255]);
  expect(canister.state.heapBytes).toBe(131_072);
});

test("growth beyond what Cannery has traps with a text that says so", () => {
  const module = canisterModule(`(func (export "canister_update grow") (drop (memory.grow (i32.const 65530))))`);
  expect(trapText(new TestCanister(module).update("grow"))).toContain("Cannery holds heaps of up to 4293918720 bytes");
});

test("old Motoko modules are refused the pages kept for their upgrade", () => {
  const module = canisterModule(`(func (export "canister_update __motoko_async_helper") (drop (memory.grow (i32.const 65530))))`);
  expect(trapReason(new TestCanister(module).update("__motoko_async_helper"))).toBe(
    "IC0507: Canister tried to allocate pages reserved for upgrading older versions of Motoko.",
  );
});

test("a page written back to what it was is not dirty, nor is a new page of zeros", () => {
  const module = canisterModule(`(memory 8) (data (i32.const 4096) "abcd")
    (func (export "canister_update same") (i32.store (i32.const 4096) (i32.const 0x64636261)) (i32.store (i32.const 20000) (i32.const 0)))
    (func (export "canister_update other") (i32.store8 (i32.const 4096) (i32.const 120)))
    (func (export "canister_update across") (i64.store (i32.const 4092) (i64.const -1)))
    (func (export "canister_update back_to_zero") (i32.store8 (i32.const 4096) (i32.const 0)) (i32.store8 (i32.const 4097) (i32.const 0)) (i32.store16 (i32.const 4098) (i32.const 0)))
    (func (export "canister_query q") (i32.store8 (i32.const 4096) (i32.const 120)))`);
  const canister = new TestCanister(module);
  const base = canister.digest();
  expect(canister.update("same").dirtyHeapPages).toBe(0);
  expect(canister.digest()).toBe(base);
  expect(canister.update("other").dirtyHeapPages).toBe(1);
  expect(canister.update("other").dirtyHeapPages).toBe(0);
  // Only the first page is marked by a store that crosses into the next one.
  expect(canister.update("across").dirtyHeapPages).toBe(2);
  expect([...canister.heap(4092, 8)]).toEqual([255, 255, 255, 255, 255, 255, 255, 255]);
  const query = canister.query("q");
  expect(query.dirtyHeapPages).toBe(0);
  expect(query.instructions).toBeLessThan(100);
  canister.update("back_to_zero");
  expect(canister.state.heap.page(1)).toBeUndefined();
});

test("a dirty heap page costs 1,000 instructions, in wasm64 4,000, and never more than the limit", () => {
  const body = (bits: 32 | 64): string =>
    `(func (export "canister_update w") (i32.store (i${bits}.const 4096) (i32.const 1)) (i32.store (i${bits}.const 9000) (i32.const 1)))`;
  const narrow = new TestCanister(canisterModule(body(32))).update("w");
  expect(narrow.instructions).toBe(1 + 2 * 3 + 2 * 1000);
  const wide = new TestCanister(canisterModule(body(64), 64)).update("w");
  expect(wide.instructions).toBe(1 + 2 * 4 + 2 * 4000);
  const canister = new TestCanister(canisterModule(body(32)));
  canister.limits = testLimits({ instructions: 1500, sliceInstructions: 1500 });
  const capped = canister.update("w");
  expect(capped.result.kind).toBe("none");
  expect(capped.instructions).toBe(1500);
});

test("an outcome that is detached leaves the state alone, can be run on, and is committed later", () => {
  const canister = new TestCanister(COUNTER);
  canister.update("bump");
  const before = canister.digest();
  const overlay = detach(canister.start({ kind: "compositeQuery", method: "bump_composite", arg: NO_ARG }));
  expect(canister.digest()).toBe(before);
  // A nested call to the same canister starts from the committed state, a callback of the same context from the overlay.
  expect(counters(replyBytes(canister.query("read")))).toEqual([1, 1]);
  const again = run(canister.pool, overlay.state, update("bump"), () => new FakeView(), testLimits());
  expect(counters(replyBytes(again))).toEqual([3, 3]);
  commit(again);
  expect(counters(replyBytes(canister.query("read")))).toEqual([1, 1]);
  expect(commitOverlay(canister.state, overlay)).toEqual({ heapPages: 2, stablePages: 0 });
  expect(counters(replyBytes(canister.query("read")))).toEqual([3, 3]);
});

test("an overlay of a trap is its base; one whose base has changed cannot be committed", () => {
  const canister = new TestCanister(COUNTER);
  const before = canister.digest();
  const overlay = detach(canister.start(update("bump_and_trap")));
  commitOverlay(canister.state, overlay);
  expect(canister.digest()).toBe(before);
  const stale = detach(canister.start(update("bump")));
  canister.update("bump");
  expect(() => commitOverlay(canister.state, stale)).toThrow("has not changed");
});

test("an outcome is settled exactly once, and only what may be kept is committed", () => {
  const canister = new TestCanister(COUNTER);
  const outcome = canister.start(update("bump"));
  discard(outcome);
  expect(() => commit(outcome)).toThrow("exactly once");
  expect(() => commit(canister.start(update("bump_and_trap")))).toThrow("nothing of a trap");
  expect(() => commit(canister.start({ kind: "query", method: "read", arg: NO_ARG }))).toThrow("nothing of a query");
});

test("entry points that are missing [canister-interface#entry-points]", () => {
  const canister = new TestCanister(COUNTER);
  for (const entry of [
    { kind: "start" },
    { kind: "init", arg: NO_ARG },
    { kind: "postUpgrade", arg: NO_ARG },
    { kind: "preUpgrade" },
  ] as const) {
    const outcome = canister.execute(entry);
    expect([outcome.result.kind, outcome.instructions]).toEqual(["none", 0]);
  }
  expect(trapReason(canister.update("read"))).toBe("IC0536: Canister has no update method 'read'.");
  expect(trapReason(canister.query("bump"))).toBe("IC0536: Canister has no query method 'bump'.");
  expect(trapReason(canister.execute({ kind: "heartbeat" }))).toBe("IC0536: Canister has no system method 'canister_heartbeat'.");
  expect(methodKind(canister.state, "bump_composite")).toBe("composite_query");
  expect(methodKind(canister.state, "none")).toBeNull();
  // Under composite-query rules both kinds run.
  expect(canister.execute({ kind: "compositeQuery", method: "read", arg: NO_ARG }).result.kind).toBe("reply");
  expect(canister.execute({ kind: "compositeQuery", method: "bump_composite", arg: NO_ARG }).result.kind).toBe("reply");
});

test("data segments are the initial heap, passive segments are whole again in each message, and start runs when asked", () => {
  const module = canisterModule(`(memory 1) (data (i32.const 100) "active") (data $p "passive") (global $started (mut i32) (i32.const 0))
    (func $s (global.set $started (i32.const 49))) (start $s)
    (func (export "canister_update use")
      (memory.init $p (i32.const 200) (i32.const 0) (i32.const 7)) (data.drop $p)
      (i32.store8 (i32.const 207) (global.get $started))
      (call $msg_reply_data_append (i32.const 200) (i32.const 8)) (call $msg_reply))`);
  const canister = new TestCanister(module);
  expect(Buffer.from(canister.heap(100, 6)).toString()).toBe("active");
  expect(replied(canister.update("use"))).toBe("passive\0");
  canister.execute({ kind: "start" });
  expect(replied(canister.update("use"))).toBe("passive1");
});

test("traps have the platform's kinds [replica: kinds of traps]", () => {
  const module = canisterModule(`(table 3 funcref) (elem (i32.const 0) $other) (type $t (func)) (type $f (func (param i32) (result i32)))
    (func $other (type $f) (local.get 0))
    (func $deep (param i64 i64) (call $deep (local.get 1) (local.get 0)) (drop (i64.add (local.get 0) (local.get 1))))
    (func (export "canister_update load") (drop (i32.load (i32.const 65533))))
    (func (export "canister_update copy") (memory.copy (i32.const 0) (i32.const 65530) (i32.const 100)))
    (func (export "canister_update unreachable") (unreachable))
    (func (export "canister_update div0") (drop (i32.div_u (i32.const 1) (i32.const 0))))
    (func (export "canister_update rem0") (drop (i64.rem_s (i64.const 1) (i64.const 0))))
    (func (export "canister_update overflow") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
    (func (export "canister_update trunc") (drop (i32.trunc_f64_s (f64.const nan))))
    (func (export "canister_update deep") (call $deep (i64.const 0) (i64.const 1)))
    (func (export "canister_update outside") (call_indirect (type $t) (i32.const 3)))
    (func (export "canister_update null") (call_indirect (type $t) (i32.const 2)))
    (func (export "canister_update signature") (call_indirect (type $t) (i32.const 0)))`);
  const expected: Record<string, string> = {
    load: "IC0502: Canister trapped: heap out of bounds",
    copy: "IC0502: Canister trapped: heap out of bounds",
    unreachable: "IC0502: Canister trapped: unreachable",
    div0: "IC0502: Canister trapped: integer division by 0",
    rem0: "IC0502: Canister trapped: integer division by 0",
    overflow: "IC0502: Canister trapped: unknown",
    trunc: "IC0502: Canister trapped: unknown",
    deep: "IC0502: Canister trapped: stack overflow",
    outside: "IC0502: Canister trapped: table out of bounds",
    null: "IC0502: Canister trapped: unknown",
    signature: "IC0504: Canister violated contract: function invocation does not match its signature",
  };
  const canister = new TestCanister(module);
  for (const [method, reason] of Object.entries(expected)) expect(trapReason(canister.update(method)), method).toBe(reason);
});

test("callbacks: wrong table entries fail without using an instruction [canister-interface#callbacks]", () => {
  const module = canisterModule(`(table 4 funcref) (elem (i32.const 0) $ok $wrong)
    (func $ok (param i32) (i32.store (i32.const 0) (local.get 0)) (call $msg_reply_data_append (i32.const 0) (i32.const 4)) (call $msg_reply))
    (func $wrong)
    (func (export "canister_update u"))`);
  const canister = new TestCanister(module);
  const callback = (functionIndex: number, envHi = 0): EntryPoint => ({
    kind: "replyCallback",
    closure: { functionIndex, envLo: 77, envHi },
    data: NO_ARG,
    composite: false,
  });
  expect([...replyBytes(canister.execute(callback(0)))]).toEqual([77, 0, 0, 0]);
  const failing: [EntryPoint, string][] = [
    [callback(1), "IC0504: Canister violated contract: function invocation does not match its signature"],
    [callback(2), "IC0504: Canister violated contract: unexpected null function reference"],
    [callback(4), "IC0513: Canister requested to invoke a non-existent Wasm function 4 from table 0"],
    [callback(0xffff_ffff), "IC0513: Canister requested to invoke a non-existent Wasm function 4294967295 from table 0"],
    [callback(0, 1), "IC0504: Canister violated contract: error converting additional value 4294967373 to u32"],
  ];
  for (const [entry, reason] of failing) {
    const outcome = canister.execute(entry);
    expect(trapReason(outcome)).toBe(reason);
    expect(outcome.instructions).toBe(0);
  }
  const without = new TestCanister(canisterModule(`(func (export "canister_update u"))`));
  expect(trapReason(without.execute(callback(0)))).toBe("IC0504: Canister violated contract: table not found");
});

test("callbacks of wasm64 modules get their whole environment [canister-interface#callbacks]", () => {
  const module = canisterModule(
    `(table 1 funcref) (elem (i32.const 0) $ok)
    (func $ok (param i64) (i64.store (i64.const 0) (local.get 0)) (call $msg_reply_data_append (i64.const 0) (i64.const 8)) (call $msg_reply))
    (func (export "canister_update u"))`,
    64,
  );
  const closure = { functionIndex: 0, envLo: 0x89abcdef, envHi: 0xf1234567 };
  const outcome = new TestCanister(module).execute({ kind: "replyCallback", closure, data: NO_ARG, composite: false });
  expect(Buffer.from(replyBytes(outcome)).toString("hex")).toBe("efcdab89674523f1");
});

test("copies go their own ways, and one instance serves them all", () => {
  const canister = new TestCanister(COUNTER);
  canister.update("bump");
  const other = new TestCanister(COUNTER, canister.pool);
  other.state = canister.state.copy(nextEpoch());
  canister.state = canister.state.copy(nextEpoch());
  for (let i = 0; i < 3; i++) other.update("bump");
  canister.update("bump");
  expect(counters(replyBytes(canister.query("read")))).toEqual([2, 2]);
  expect(counters(replyBytes(other.query("read")))).toEqual([4, 4]);
  expect(canister.pool.size).toBe(1);
});

test("many canisters of a module share few instances and their initial pages", () => {
  const pool = newPool({ instances: 3 });
  const canisters = Array.from({ length: 50 }, () => new TestCanister(COUNTER, pool));
  for (let round = 1; round <= 3; round++) {
    canisters.forEach((canister, i) => {
      if (i % round === 0) canister.update("bump");
    });
  }
  canisters.forEach((canister, i) => {
    const bumps = [1, 2, 3].filter((round) => i % round === 0).length;
    expect(counters(replyBytes(canister.query("read")))).toEqual([bumps, bumps]);
  });
  expect(pool.size).toBe(3);
  expect(canisters[1].state.heap.pageCount).toBe(2);
});

test("the pool keeps within its bytes", () => {
  const pool = newPool({ bytes: 200_000 });
  const canisters = Array.from({ length: 9 }, () => new TestCanister(COUNTER, pool));
  for (const canister of canisters) canister.update("bump");
  expect(pool.size).toBeLessThanOrEqual(3);
  for (const canister of canisters) expect(counters(replyBytes(canister.update("bump")))).toEqual([2, 2]);
});

/** Methods that write memory, globals and stable memory in many ways, by two bytes of argument. */
const SCRIBBLER = canisterModule(`(memory 2 20) (data (i32.const 70000) "initial")
  (global $g (mut i32) (i32.const 1)) (global $f (mut f64) (f64.const 0.5))
  (func $args (result i32) (call $msg_arg_data_copy (i32.const 0) (i32.const 0) (i32.const 4)) (i32.load (i32.const 0)))
  (func $write (local $a i32)
    (local.set $a (call $args))
    (i32.store (i32.rem_u (i32.mul (local.get $a) (i32.const 977)) (i32.const 131000)) (global.get $g))
    (i64.store (i32.const 8190) (i64.extend_i32_u (local.get $a)))
    (global.set $g (i32.add (global.get $g) (local.get $a)))
    (global.set $f (f64.mul (global.get $f) (f64.const 1.5)))
    (i32.store (i32.const 12) (global.get $g)))
  (func $stable (local $a i32)
    (local.set $a (call $args))
    (if (i64.eqz (call $stable64_size)) (then (drop (call $stable64_grow (i64.const 1)))))
    (call $stable64_write (i64.extend_i32_u (i32.rem_u (i32.mul (local.get $a) (i32.const 1021)) (i32.const 65000))) (i64.const 8190) (i64.const 20))
    (call $stable64_read (i64.const 9000) (i64.const 0) (i64.const 300)))
  (func $clear (memory.fill (i32.const 4096) (i32.const 0) (i32.const 60000)))
  (func (export "canister_update write") (call $write))
  (func (export "canister_update stable") (call $write) (call $stable))
  (func (export "canister_update clear") (call $clear))
  (func (export "canister_update grow") (drop (memory.grow (i32.const 1))) (i32.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8)) (call $args)))
  (func (export "canister_update grow_trap") (call $write) (drop (memory.grow (i32.const 1))) (i32.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8)) (i32.const 5)) (unreachable))
  (func (export "canister_update trap") (call $write) (call $stable) (unreachable))
  (func (export "canister_query query") (call $write) (call $stable) (drop (memory.grow (i32.const 1))))`);

interface Action {
  readonly canister: number;
  readonly method: "write" | "stable" | "clear" | "grow" | "grow_trap" | "trap" | "query";
  readonly arg: number;
  /** What happens before it. */
  readonly before: "nothing" | "drop instances" | "fork";
}

const action: fc.Arbitrary<Action> = fc.record({
  canister: fc.nat({ max: 2 }),
  method: fc.constantFrom("write", "stable", "clear", "grow", "grow_trap", "trap", "query"),
  arg: fc.nat({ max: 10_000 }),
  before: fc.constantFrom("nothing", "nothing", "drop instances", "fork"),
});

interface Pooling {
  readonly instances: number;
  readonly drops: boolean;
  readonly forks: boolean;
  readonly sharesMemoryFrom?: number;
}

/** Runs the actions; returns every outcome and digest. */
function play(actions: readonly Action[], { sharesMemoryFrom = Infinity, ...how }: Pooling): string[] {
  const pool = new InstancePool({ ...nodePlatform.engine, sharesMemoryFrom }, { instances: how.instances });
  const canisters = [0, 1, 2].map(() => new TestCanister(SCRIBBLER, pool));
  const seen: string[] = [];
  for (const { canister: index, method, arg, before } of actions) {
    const canister = canisters[index];
    if (before === "drop instances" && how.drops) pool.dropAll();
    if (before === "fork" && how.forks) {
      // The other timeline goes on a little, and is forgotten.
      const branch = new TestCanister(SCRIBBLER, pool);
      branch.state = canister.state.copy(nextEpoch());
      canister.state = canister.state.copy(nextEpoch());
      branch.update("stable", Uint8Array.of(arg & 255, arg >> 8, 0, 0));
      branch.update("clear");
    }
    const bytes = Uint8Array.of(arg & 255, arg >> 8, 0, 0);
    const outcome = method === "query" ? canister.query(method, bytes) : canister.update(method, bytes);
    seen.push(`${outcome.result.kind} ${outcome.instructions} ${outcome.dirtyHeapPages} ${outcome.dirtyStablePages} ${canister.digest()}`);
  }
  return seen;
}

test("dropping instances, sharing them or their memory, and forking in between cannot be noticed", () => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 1, maxLength: 25 }), (actions) => {
      const plain = play(actions, { instances: 100, drops: false, forks: false });
      expect(play(actions, { instances: 1, drops: false, forks: false })).toEqual(plain);
      expect(play(actions, { instances: 3, drops: true, forks: true })).toEqual(plain);
      // From the first growth on.
      expect(play(actions, { instances: 3, drops: true, forks: true, sharesMemoryFrom: 3 * 65536 })).toEqual(plain);
    }),
    { numRuns: 60 },
  );
});

test("when the host's stack ends first, the run stops with advice and is no trap of the canister", () => {
  const module =
    canisterModule(`(func $deep (param i64) (result i64) (i64.add (call $deep (i64.add (local.get 0) (i64.const 1))) (local.get 0)))
    (func (export "canister_update deep") (drop (call $deep (i64.const 0)))) (func (export "canister_update fine"))`);
  const canister = new TestCanister(module);
  canister.limits = testLimits({ stackBytes: 2 ** 30 });
  const before = canister.digest();
  expect(() => canister.update("deep")).toThrow(HostFailure);
  expect(() => canister.update("deep")).toThrow("larger stack");
  expect(canister.pool.size).toBe(0);
  expect(canister.digest()).toBe(before);
  expect(canister.update("fine").result.kind).toBe("none");
});

test("when the host has no memory to give, the run stops: -1 would be another answer than the platform's", () => {
  const poor: WasmEngine = {
    ...nodePlatform.engine,
    instantiate(module, imports) {
      const instance = nodePlatform.engine.instantiate(module, imports);
      return {
        ...instance,
        memory: {
          get buffer() {
            return instance.memory.buffer;
          },
          indexOfOne: (from, end) => instance.memory.indexOfOne(from, end),
          equals: (at, other, from, length) => instance.memory.equals(at, other, from, length),
          grow: () => -1,
        },
      };
    },
  };
  const canister = new TestCanister(COUNTER, new InstancePool(poor));
  expect(() => canister.update("grow")).toThrow("could not give a canister 196608 more bytes");
  expect(canister.pool.size).toBe(0);
  expect(counters(replyBytes(canister.update("bump")))).toEqual([1, 1]);
});

test("an exception that is not the canister's goes through, and its instance is given up", () => {
  const canister = new TestCanister(canisterModule(`(func (export "canister_update u") (drop (call $time)))`));
  const view = new FakeView();
  Object.defineProperty(view, "timeNanos", {
    get() {
      throw new Error("a bug of ours");
    },
  });
  expect(() => run(canister.pool, canister.state, update("u"), () => view, testLimits())).toThrow("a bug of ours");
  expect(canister.pool.size).toBe(0);
  expect(canister.update("u").result.kind).toBe("none");
});

test("an instance whose outcome is not settled serves nobody else", () => {
  const canister = new TestCanister(COUNTER, newPool({ instances: 1 }));
  const pending = canister.start(update("bump"));
  canister.pool.dropAll();
  const other = new TestCanister(COUNTER, canister.pool);
  expect(counters(replyBytes(other.update("bump")))).toEqual([1, 1]);
  commit(pending);
  expect(counters(replyBytes(canister.query("read")))).toEqual([1, 1]);
});
