/**
 * Attached cycles: what is not accepted comes back, whatever happens to the call; and none are made or lost beyond what the rules burn.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { fromHex } from "../../src/base/bytes.ts";
import type { CanisterId, MessageId } from "../../src/core/state/ids.ts";
import { allCycles } from "../support/all-cycles.ts";
import { Scenario } from "../support/scenario.ts";

/**
 * `go`: argument is callee (10 bytes), cycles (u64), timeout (u32, 0 for none), method. Calls it and replies when answered.
 * The methods called: `all` accepts everything, `half` half, `none` nothing, `fail` accepts everything and traps, `sulk` accepts and does not reply.
 */
const TRADER = `(module
  (import "ic0" "msg_arg_data_size" (func $arg_size (result i32)))
  (import "ic0" "msg_arg_data_copy" (func $arg_copy (param i32 i32 i32)))
  (import "ic0" "call_new" (func $call_new (param i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "ic0" "call_cycles_add128" (func $add (param i64 i64)))
  (import "ic0" "call_with_best_effort_response" (func $best_effort (param i32)))
  (import "ic0" "call_perform" (func $call_perform (result i32)))
  (import "ic0" "msg_cycles_available" (func $available (result i64)))
  (import "ic0" "msg_cycles_accept" (func $accept (param i64) (result i64)))
  (import "ic0" "msg_reply" (func $reply))
  (memory 1) (table 1 funcref) (elem (i32.const 0) $answered)
  (func $answered (param i32) (call $reply))
  (func (export "canister_update go")
    (call $arg_copy (i32.const 0) (i32.const 0) (call $arg_size))
    (call $call_new (i32.const 0) (i32.const 10) (i32.const 22) (i32.sub (call $arg_size) (i32.const 22))
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $add (i64.const 0) (i64.load (i32.const 10)))
    (if (i32.load (i32.const 18)) (then (call $best_effort (i32.load (i32.const 18)))))
    (if (call $call_perform) (then (call $reply))))
  (func (export "canister_update all") (drop (call $accept (i64.const -1))) (call $reply))
  (func (export "canister_update half") (drop (call $accept (i64.shr_u (call $available) (i64.const 1)))) (call $reply))
  (func (export "canister_update none") (call $reply))
  (func (export "canister_update fail") (drop (call $accept (i64.const -1))) unreachable)
  (func (export "canister_update sulk") (drop (call $accept (i64.const -1)))))`;

function go(callee: CanisterId, cycles: bigint, method: string, timeoutSeconds = 0): Uint8Array {
  const head = new Uint8Array(22);
  head.set(fromHex(callee));
  const view = new DataView(head.buffer);
  view.setBigUint64(10, cycles, true);
  view.setUint32(18, timeoutSeconds, true);
  return new Uint8Array([...head, ...new TextEncoder().encode(method)]);
}

const APPLICATION = { kind: "application" as const, name: "application" };
const ATTACHED = 1_000_000_000n;

/** What the callee gained by a call with ATTACHED cycles, its own execution aside. */
function gained(method: string): bigint {
  const scene = new Scenario();
  const [caller, callee] = [scene.install(TRADER), scene.install(TRADER)];
  const before = scene.canister(callee);
  const [balance, instructions] = [before.balanceCycles, before.consumed.instructions];
  scene.call(caller, "go", go(callee, ATTACHED, method));
  const after = scene.canister(callee);
  return after.balanceCycles - balance + (after.consumed.instructions - instructions);
}

test("a callee has what it accepted; the rest is the caller's again [message-execution-properties#property-10]", () => {
  expect(gained("all")).toBe(ATTACHED);
  expect(gained("half")).toBe(ATTACHED / 2n);
  expect(gained("none")).toBe(0n);
});

test("a trap gives back what was accepted; a method that returns without replying keeps it [canister-interface#system-api-cycles]", () => {
  expect(gained("fail")).toBe(0n);
  expect(gained("sulk")).toBe(ATTACHED);
});

test("a call that cannot be delivered refunds everything [message-execution-properties#property-10]", () => {
  const scene = new Scenario();
  const caller = scene.install(TRADER);
  const before = allCycles(scene.net.state);
  const balance = scene.canister(caller).balanceCycles;
  scene.call(caller, "go", go("ffffffffffe0ffff0101" as CanisterId, ATTACHED, "all"));
  expect(balance - scene.canister(caller).balanceCycles).toBeLessThan(ATTACHED);
  expect(allCycles(scene.net.state)).toBe(before);
});

const call = fc.record({
  from: fc.nat(3),
  to: fc.nat(4), // the last one does not exist
  cycles: fc.bigInt({ min: 0n, max: 10n ** 13n }),
  method: fc.constantFrom("all", "half", "none", "fail", "sulk", "missing"),
  timeoutSeconds: fc.constantFrom(0, 0, 1, 5, 300),
  rounds: fc.nat(3),
});

test("no cycle is made or lost, in the middle of random calls on two subnets and after them [abstract-behavior#cycle-bookkeeping-and-resource-consumption]", () => {
  fc.assert(
    fc.property(fc.array(call, { minLength: 1, maxLength: 12 }), fc.integer(), (calls, seed) => {
      const scene = new Scenario({ subnets: [APPLICATION, APPLICATION], latency: "mainnet", seed: BigInt(seed) });
      const canisters = [0, 0, 1, 1].map((subnet) => scene.install(TRADER, { subnet, cycles: 200_000_000_000_000n }));
      const everybody = [...canisters, "ffffffffffe0ffff0101" as CanisterId];
      const total = allCycles(scene.net.state);
      const submitted: MessageId[] = [];
      for (const { from, to, cycles, method, timeoutSeconds, rounds } of calls) {
        submitted.push(scene.submit(canisters[from]!, "go", go(everybody[to]!, cycles, method, timeoutSeconds)).messageId);
        scene.rounds(rounds);
        expect(allCycles(scene.net.state)).toBe(total);
      }
      for (const id of submitted) scene.await(id);
      scene.rounds(12);
      expect(allCycles(scene.net.state)).toBe(total);
    }),
    { numRuns: 30 },
  );
});
