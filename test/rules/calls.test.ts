import { expect, test } from "vitest";
import { fromHex } from "../../src/base/bytes.ts";
import { Scenario } from "../support/scenario.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Answers `hello`, sulks, and traps. */
const CALLEE = `(module
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "trap" (func $trap (param i32 i32)))
  (memory 1)
  (data (i32.const 0) "hello")
  (func (export "canister_update greet") (call $append (i32.const 0) (i32.const 5)) (call $reply))
  (func (export "canister_query look") (call $append (i32.const 0) (i32.const 5)) (call $reply))
  (func (export "canister_update sulk"))
  (func (export "canister_update fail") (call $trap (i32.const 0) (i32.const 5))))`;

/** \`go\`: calls the method named in its argument (10 bytes of canister id first) and passes the answer on. */
const CALLER = `(module
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "msg_arg_data_size" (func $arg_size (result i32)))
  (import "ic0" "msg_arg_data_copy" (func $arg_copy (param i32 i32 i32)))
  (import "ic0" "msg_reject_msg_size" (func $reject_size (result i32)))
  (import "ic0" "msg_reject_msg_copy" (func $reject_copy (param i32 i32 i32)))
  (import "ic0" "call_new" (func $call_new (param i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "ic0" "call_perform" (func $call_perform (result i32)))
  (memory 1)
  (table 2 funcref)
  (elem (i32.const 0) $on_reply $on_reject)
  (func $on_reply (param i32)
    (call $arg_copy (i32.const 100) (i32.const 0) (call $arg_size))
    (call $append (i32.const 100) (call $arg_size)) (call $reply))
  (func $on_reject (param i32)
    (call $reject_copy (i32.const 100) (i32.const 0) (call $reject_size))
    (call $append (i32.const 100) (call $reject_size)) (call $reply))
  (func (export "canister_update go")
    (call $arg_copy (i32.const 0) (i32.const 0) (call $arg_size))
    (call $call_new (i32.const 0) (i32.const 10) (i32.const 10) (i32.sub (call $arg_size) (i32.const 10))
      (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0))
    (if (call $call_perform) (then unreachable))))`;

function go(callee: string, method: string): Uint8Array {
  return new Uint8Array([...fromHex(callee), ...new TextEncoder().encode(method)]);
}

test("an update answers its caller in the round of its block [abstract-behavior#rule-message-execution]", () => {
  const scene = new Scenario();
  const callee = scene.install(CALLEE);
  const end = scene.call(callee, "greet");
  expect(end.kind === "replied" && text(end.data)).toBe("hello");
});

test("a call within a subnet and its answer take one round [abstract-behavior#callback-invocation]", () => {
  const scene = new Scenario();
  const callee = scene.install(CALLEE);
  const caller = scene.install(CALLER);
  const before = scene.net.state.round;
  const end = scene.call(caller, "go", go(callee, "greet"));
  expect(end.kind === "replied" && text(end.data)).toBe("hello");
  expect(scene.net.state.round - before).toBe(1);
});

test("a call to another subnet takes a round each way [replica: rounds that messages take]", () => {
  const application = { kind: "application" as const, name: "application" };
  const scene = new Scenario({ subnets: [application, application] });
  const callee = scene.install(CALLEE, { subnet: 1 });
  const caller = scene.install(CALLER);
  const before = scene.net.state.round;
  const end = scene.call(caller, "go", go(callee, "greet"));
  expect(end.kind === "replied" && text(end.data)).toBe("hello");
  expect(scene.net.state.round - before).toBe(3);
});

test("a method that returns without replying is answered for [abstract-behavior#rule-starvation]", () => {
  const scene = new Scenario();
  const callee = scene.install(CALLEE);
  const caller = scene.install(CALLER);
  const end = scene.call(caller, "go", go(callee, "sulk"));
  expect(end.kind === "replied" && text(end.data)).toBe("No response");
  expect(scene.call(callee, "sulk")).toMatchObject({ kind: "rejected", errorCode: 506 });
});

test("a trap reaches a calling canister with its code, and a user without [https-interface#reject-codes]", () => {
  const scene = new Scenario();
  const callee = scene.install(CALLEE);
  const caller = scene.install(CALLER);
  const end = scene.call(caller, "go", go(callee, "fail"));
  expect(end.kind === "replied" && text(end.data)).toMatch(
    /^IC0503: Error from Canister .*: Canister called `ic0.trap` with message: 'hello'/,
  );
  expect(scene.call(callee, "fail")).toMatchObject({ kind: "rejected", errorCode: 503 });
});

test("a canister that does not exist rejects with code 3, on a later round [abstract-behavior#request-rejection]", () => {
  const scene = new Scenario();
  const caller = scene.install(CALLER);
  const end = scene.call(caller, "go", go("ffffffffffe0ffff0101", "greet"));
  expect(end.kind === "replied" && text(end.data)).toMatch(/^Canister .* not found$/);
});

test("a fork goes on like its original, and a snapshot never changes", () => {
  const scene = new Scenario();
  const callee = scene.install(CALLEE);
  const caller = scene.install(CALLER);
  const start = scene.net.digest();
  const snapshot = scene.net.snapshot();
  const other = scene.net.fork();
  expect(other.digest()).toBe(start);
  scene.call(caller, "go", go(callee, "greet"));
  const end = scene.net.digest();
  expect(end).not.toBe(start);
  expect(other.digest()).toBe(start);
  scene.net.restore(snapshot);
  expect(scene.net.digest()).toBe(start);
});

test("a query sees the state and leaves no trace [abstract-behavior#query-call]", () => {
  const scene = new Scenario();
  const callee = scene.install(CALLEE);
  const before = scene.net.digest();
  const answer = scene.query(callee, "look");
  expect(answer.kind === "replied" && text(answer.data)).toBe("hello");
  expect(scene.net.digest()).toBe(before);
});
