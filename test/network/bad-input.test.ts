import { expect, test } from "vitest";
import { loadGenerated } from "../../examples/modules.ts";
import { Cannery } from "../../src/index.ts";
import { compileWat } from "../support/ic0-wat.ts";

/** Runs what must be refused; the state is the same after it. */
async function refused(net: Cannery, attempt: () => Promise<unknown>): Promise<Record<string, unknown>> {
  const before = statesOf(net);
  const error = await attempt().then(
    () => null,
    (reason: unknown) => reason as Record<string, unknown>,
  );
  if (error === null) throw new Error("this should have been refused");
  expect(statesOf(net)).toEqual(before);
  return error;
}

/** Code, memory and calls of every canister: all that a refusal must leave as it was. (Fees and the ingress history are not state of a canister's code.) */
function statesOf(net: Cannery): unknown {
  return [...net.state.subnets.values()].flatMap((subnet) =>
    [...subnet.canisters.values()].map((canister) => ({
      id: canister.id,
      module: canister.execution?.module.hash ?? null,
      heap: canister.execution === null ? null : [canister.execution.heapBytes, [...canister.execution.heap.digest(sha)]],
      stable: canister.execution?.stableBytes ?? null,
      open: [canister.callContexts.size, canister.callbacks.size],
      status: canister.status.kind,
    })),
  );
}

function sha(bytes: Uint8Array): Uint8Array {
  let hash = 2166136261;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 16777619);
  return Uint8Array.of(hash, hash >> 8, hash >> 16, hash >> 24);
}

const counter = loadGenerated("counter");

test("a module that is cut short", async () => {
  const net = await Cannery.create();
  const canister = await net.createCanister();
  const error = await refused(net, () => canister.install(counter.slice(0, 5000)));
  expect(error).toMatchObject({ errorCode: "IC0505", rejectCode: 5 });
  expect(error.rejectMessage).toMatch(/^Error from Canister \S+: Canister's Wasm module is not valid: /);
});

test("bytes that are no Wasm", async () => {
  const net = await Cannery.create();
  const canister = await net.createCanister();
  const error = await refused(net, () => canister.install(new TextEncoder().encode("#!/bin/sh: this is not Wasm")));
  expect(String(error.message)).toMatch(/not (a )?Wasm|unsupported canister module format/);
});

const forbidden: readonly (readonly [string, string, RegExp])[] = [
  [
    "an import from elsewhere",
    `(module (import "env" "f" (func)))`,
    /Module imports function 'f' from 'env' that is not exported by the runtime/,
  ],
  [
    "an ic0 import with another signature",
    `(module (import "ic0" "time" (func (result i32))))`,
    /invalid function signature|invalid import section/,
  ],
  [
    "an update that takes a parameter",
    `(module (func (export "canister_update go") (param i32)))`,
    /Expected input params \[\] for 'canister_update go'/,
  ],
  [
    "an unknown canister_ export",
    `(module (func (export "canister_frobnicate")))`,
    /Exporting reserved function 'canister_frobnicate' with "canister_" prefix/,
  ],
  [
    "the same method as update and query",
    `(module (func $f) (export "canister_update go" (func $f)) (export "canister_query go" (func $f)))`,
    /Duplicate function 'go' exported multiple times/,
  ],
  [
    "table.set",
    `(module (table 1 funcref) (func (export "canister_update go") (table.set 0 (i32.const 0) (ref.null func))))`,
    /unsupported instruction table.set/,
  ],
];

for (const [what, text, expected] of forbidden) {
  test(`a module with ${what}`, async () => {
    const net = await Cannery.create();
    const canister = await net.createCanister();
    const error = await refused(net, () => canister.install(compileWat(text)));
    expect(error.errorCode).toBe("IC0505");
    expect(error.rejectMessage).toMatch(expected);
  });
}

test("an upgrade to a bad module leaves the canister as it was", async () => {
  const net = await Cannery.create();
  const canister = await net.install(counter);
  await canister.actor.inc();
  await refused(net, () => canister.upgrade(counter.slice(0, 5000)));
  expect(await canister.actor.get()).toBe(1n);
});

test("a Candid argument of the wrong type never leaves the test: the error names method, type and value", async () => {
  const net = await Cannery.create();
  const canister = await net.install(counter);
  const error = await refused(net, () => canister.actor.add("three"));
  expect(error.code).toBe("candid-argument");
  expect(String(error.message)).toMatch(/add/);
  expect(String(error.message)).toMatch(/nat/);
  expect(String(error.message)).toMatch(/three/);
});

test("bytes that are no Candid trap in the canister, with its words", async () => {
  const net = await Cannery.create();
  const canister = await net.install(counter);
  const error = await refused(net, () => canister.call("add", new TextEncoder().encode("nonsense")));
  expect(error).toMatchObject({ errorCode: "IC0503", rejectCode: 5 });
});

test("a method that does not exist: the actor lists those there are, the platform says IC0536", async () => {
  const net = await Cannery.create();
  const canister = await net.install(counter);
  const error = await refused(net, async () => canister.actor.decrement());
  expect(String(error.message)).toMatch(/decrement[\s\S]*inc/);
  const raw = await refused(net, () => canister.call("decrement"));
  expect(raw).toMatchObject({ errorCode: "IC0536", rejectCode: 5 });
  expect(raw.rejectMessage).toMatch(/^Error from Canister \S+: Canister has no update method 'decrement'\./);
});

test("a canister that does not exist", async () => {
  const net = await Cannery.create();
  const error = await refused(net, () => net.canister("lxzze-o7777-77777-aaaaa-cai").call("inc"));
  expect(error).toMatchObject({ errorCode: "IC0301", rejectCode: 3, rejectMessage: "Canister lxzze-o7777-77777-aaaaa-cai not found" });
});

test("a canister that is stopped", async () => {
  const net = await Cannery.create();
  const canister = await net.install(counter);
  await canister.stop();
  const error = await refused(net, () => canister.actor.inc());
  expect(error).toMatchObject({ errorCode: "IC0508", rejectCode: 5, rejectMessage: `Canister ${canister.id.toText()} is stopped` });
});

test("a canister that has no module", async () => {
  const net = await Cannery.create();
  const canister = await net.createCanister();
  const error = await refused(net, () => canister.call("inc"));
  expect(error).toMatchObject({ errorCode: "IC0537", rejectCode: 5 });
});

/** Calls itself 501 times; replies how many were refused by call_perform. */
const SELF_CALLER = `(module
  (import "ic0" "canister_self_size" (func $self_size (result i32)))
  (import "ic0" "canister_self_copy" (func $self_copy (param i32 i32 i32)))
  (import "ic0" "call_new" (func $call_new (param i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "ic0" "call_perform" (func $call_perform (result i32)))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "msg_reply" (func $reply))
  (memory 1) (data (i32.const 100) "nop") (table 1 funcref) (elem (i32.const 0) $nothing)
  (func $nothing (param i32))
  (func (export "canister_update nop") (call $reply))
  (func (export "canister_update fill") (local $left i32)
    (call $self_copy (i32.const 0) (i32.const 0) (call $self_size))
    (local.set $left (i32.const 501))
    (loop $next
      (call $call_new (i32.const 0) (call $self_size) (i32.const 100) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
      (if (i32.eq (call $call_perform) (i32.const 2)) (then (i32.store8 (i32.const 200) (i32.add (i32.load8_u (i32.const 200)) (i32.const 1)))))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (call $append (i32.const 200) (i32.const 1)) (call $reply)))`;

test("a call to itself while full is refused by call_perform", async () => {
  const net = await Cannery.create();
  const canister = await net.install(compileWat(SELF_CALLER));
  expect([...(await canister.call("fill"))]).toEqual([1]);
  await net.settle();
});

const LOOP = `(module (memory 1) (func (export "canister_update spin") (i32.store (i32.const 0) (i32.const 7)) (loop (br 0)))
  (func (export "canister_query look") (loop (br 0))))`;

test("an endless loop is stopped at the limit, its writes are undone, and the process goes on", async () => {
  const net = await Cannery.create({ limits: { messageInstructions: 50_000_000, queryInstructions: 10_000_000 } });
  const canister = await net.install(compileWat(LOOP));
  const update = await refused(net, () => canister.call("spin"));
  expect(update).toMatchObject({ errorCode: "IC0522", rejectCode: 5 });
  expect(update.rejectMessage).toContain("Canister exceeded the limit of 50000000 instructions for single message execution.");
  const query = await refused(net, () => canister.query("look"));
  expect(query).toMatchObject({ errorCode: "IC0522" });
  const other = await net.install(counter);
  expect(await other.actor.inc()).toBe(1n);
});
