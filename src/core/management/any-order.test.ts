/**
 * Laws of management calls in any order: the subnet's sets and totals stay true, a refused call changes nothing but charges, cycles only go where
 * they are counted, and the same calls give the same state again.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ALICE, BOB, encode, idArg, ManagementWorld, principal, settings, text } from "../../../test/support/management-world.ts";
import { about, dataArg, loadArg, metadataArg, takeArg } from "../../../test/support/snapshots.ts";
import { compileWat, importLine } from "../../../test/support/ic0-wat.ts";
import { checkInvariants } from "../invariants.ts";
import type { CanisterState } from "../state/canister.ts";
import type { CanisterId } from "../state/ids.ts";
import { completeStop, isReadyToStop } from "./stop-canister.ts";

const MODULES = [
  compileWat("(module (memory 1))"),
  compileWat(`(module ${importLine("global_timer_set")} (memory 3)
    (func (export "canister_heartbeat")) (func (export "canister_init") (drop (call $global_timer_set (i64.const 99))))
    (func (export "canister_pre_upgrade") (unreachable)))`),
  compileWat(`(module ${importLine("stable64_grow")} (func (export "canister_post_upgrade") (drop (call $stable64_grow (i64.const 2)))))`),
  new Uint8Array(9),
];
const MODES = [{ install: null }, { reinstall: null }, { upgrade: [] }];

const step = fc.record({
  method: fc.constantFrom(
    "create",
    "install_code",
    "install_code",
    "uninstall_code",
    "start_canister",
    "stop_canister",
    "delete_canister",
    "update_settings",
    "upload_chunk",
    "clear_chunk_store",
    "provisional_top_up_canister",
    "take_canister_snapshot",
    "load_canister_snapshot",
    "delete_canister_snapshot",
    "upload_canister_snapshot_metadata",
    "upload_canister_snapshot_data",
    "settle",
  ),
  on: fc.nat(4),
  by: fc.constantFrom(ALICE, ALICE, ALICE, BOB),
  a: fc.nat(3),
  b: fc.nat(2),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function perform(net: ManagementWorld, { method, on, by, a, b }: Step): string {
  const ids = [...net.subnet().canisters.keys()];
  if (method === "create" || ids.length === 0) return net.create({ sender: by });
  const id = ids[on % ids.length];
  const target = { canister_id: principal(id) };
  const version = { sender_canister_version: [] };
  const call = (arg: Uint8Array): string => text(net.call(method, arg, { sender: by }));
  switch (method) {
    case "install_code":
      return text(net.install(id, MODULES[a], { mode: MODES[b], sender: by }));
    case "uninstall_code":
      return call(encode("uninstall_code", { ...target, ...version }));
    case "update_settings": {
      const change = [
        { memory_allocation: BigInt(a) << 20n },
        { wasm_memory_limit: BigInt(a) << 16n },
        { controllers: [principal(ALICE)] },
      ][b];
      return call(encode("update_settings", { ...target, settings: settings(change), ...version }));
    }
    case "upload_chunk":
      return call(encode("upload_chunk", { ...target, chunk: Uint8Array.of(a, b) }));
    case "provisional_top_up_canister":
      return call(encode("provisional_top_up_canister", { ...target, amount: BigInt(a) }));
    case "take_canister_snapshot":
      return call(takeArg(id, { uninstall: a === 3, ...(b === 2 ? { replace: snapshotOf(net, id, a) } : {}) }));
    case "load_canister_snapshot":
      return call(loadArg(id, snapshotOf(net, b === 2 ? ids[a % ids.length] : id, a)));
    case "delete_canister_snapshot":
      return call(encode("delete_canister_snapshot", about(id, snapshotOf(net, id, a))));
    case "upload_canister_snapshot_metadata":
      return call(metadataArg(id, { wasm_module_size: BigInt(MODULES[0].length), wasm_memory_size: 65_536n }));
    case "upload_canister_snapshot_data": {
      const part = [{ wasm_module: { offset: 0n } }, { wasm_memory: { offset: 5n } }, { wasm_chunk: null }][b];
      return call(dataArg(id, snapshotOf(net, id, a), part, MODULES[0]));
    }
    case "settle": {
      const canister = net.canister(id);
      if (!isReadyToStop(canister)) return "nothing to settle";
      return String(completeStop(net.world, net.subnet(), canister).length);
    }
    default:
      return call(idArg(id));
  }
}

function snapshotOf(net: ManagementWorld, id: CanisterId, index: number): string {
  const all = [...net.canister(id).snapshots.list.keys()];
  return all[index % all.length] ?? "00000000000000ff" + id;
}

/** What a refused call may not change: everything but balance, log and the debits. */
function essence(canister: CanisterState): unknown {
  const { execution, settings, status, version, history, certifiedData, globalTimerNanos, chunkStore, snapshots } = canister;
  const code = execution === null ? null : [execution.module.hash, execution.heap.stamp, execution.stable.stamp, execution.globalsStamp];
  return { code, settings, status, version, history, certifiedData, globalTimerNanos, chunks: [...chunkStore.keys()], snapshots };
}

test("sets and totals stay true, refusals change nothing, and it happens again alike", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const run = (): string[] => {
        const net = new ManagementWorld();
        return steps.map((step) => {
          const before = new Map([...net.subnet().canisters.entries()].map(([id, canister]) => [id, essence(canister)]));
          const outcome = perform(net, step);
          checkInvariants(net.world.state);
          if (/^IC\d{4}/.test(outcome)) {
            const after = new Map([...net.subnet().canisters.entries()].map(([id, canister]) => [id, essence(canister)]));
            expect(after).toEqual(before);
          }
          return outcome;
        });
      };
      expect(run()).toEqual(run());
    }),
    { numRuns: 40 },
  );
});
