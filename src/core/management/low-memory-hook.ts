/**
 * When `canister_on_low_wasm_memory` is due: the heap has come within the threshold of its limit. It runs once each time.
 *
 * Source: interface spec, "On Low Wasm Memory". Replica: `rs/replicated_state/src/canister_state/system_state/task_queue.rs` (c7c5005),
 * where a limit of 0 is taken literally.
 */
import type { CanisterSettings, CanisterState } from "../state/canister.ts";

/** `wasm_memory_threshold > wasm_memory_limit - heap size`, without the subtraction. */
export function isWasmMemoryLow(settings: CanisterSettings, heapBytes: number): boolean {
  return settings.wasmMemoryLimit < BigInt(heapBytes) + settings.wasmMemoryThreshold;
}

/** The status after the settings or the heap changed. */
function nextHookStatus(status: CanisterState["lowMemoryHook"], low: boolean): CanisterState["lowMemoryHook"] {
  if (!low) return "notSatisfied";
  return status === "notSatisfied" ? "ready" : status;
}

/** After a management call or an execution that may have changed heap, limit or threshold. `canister` must be for writing. */
export function updateLowMemoryHook(canister: CanisterState): void {
  const low = isWasmMemoryLow(canister.settings, canister.execution === null ? 0 : canister.execution.heapBytes);
  canister.lowMemoryHook = nextHookStatus(canister.lowMemoryHook, low);
}
