/**
 * `canister_status`: everything about a canister that those who may see it may see.
 *
 * Source: interface spec, "IC method canister_status"; management-canister.md 2.3 (with the fields beyond the published interface).
 */
import { fromHex } from "../../base/bytes.ts";
import { logCapacityBytes } from "../canister/log.ts";
import { feesOf } from "../cycles/fees.ts";
import { idleCyclesPerDay, idleUse } from "../cycles/freezing.ts";
import type { CanisterState } from "../state/canister.ts";
import { MANAGEMENT_CANISTER, type PrincipalId } from "../state/ids.ts";
import { memoryMetrics, memoryUsageBytes } from "../state/memory-usage.ts";
import type { SubnetState } from "../state/network-state.ts";
import type { UserError } from "../state/rejects.ts";
import { mayView, requireControllerOrAdmin } from "./access.ts";
import { reply } from "./call.ts";
import { encodeResult, opt, principalOf } from "./candid.ts";
import { reading } from "./method.ts";
import { visibilityToCandid } from "./settings.ts";

export const canisterStatus = reading("canister_id", requireStatusAccess, ({ subnet, call }, canister) =>
  reply(call, encodeCanisterStatus(subnet, canister)),
);

/** The canister itself, its controllers, admins of the subnet, and whom `status_visibility` admits. */
export function requireStatusAccess(canister: CanisterState, caller: PrincipalId, subnet: SubnetState): UserError | null {
  if (caller === canister.id || mayView(canister, canister.settings.statusVisibility, caller)) return null;
  return requireControllerOrAdmin(canister, caller, subnet);
}

/** The first byte of the legacy `balance` entry names the token: cycles. */
const CYCLES_TOKEN = Uint8Array.of(0);

export function encodeCanisterStatus(subnet: SubnetState, canister: CanisterState): Uint8Array {
  const { settings, queryStats } = canister;
  const metrics = memoryMetrics(canister);
  const controllers = settings.controllers.map(principalOf);
  // A canister without controllers is shown with the management canister's id in the field that knows only one. Replica: `SystemState::controller`.
  const controller = controllers[0] ?? principalOf(MANAGEMENT_CANISTER);
  return encodeResult("canister_status", {
    status: { [canister.status.kind]: null },
    ready_for_migration: isReadyForMigration(subnet, canister),
    version: BigInt(canister.version),
    controller,
    settings: {
      controller,
      controllers,
      compute_allocation: BigInt(settings.computeAllocation),
      memory_allocation: settings.memoryAllocation,
      freezing_threshold: settings.freezingThresholdSeconds,
      reserved_cycles_limit: settings.reservedCyclesLimit,
      minimum_incoming_canister_call_cycles: settings.minimumIncomingCanisterCallCycles,
      wasm_memory_limit: settings.wasmMemoryLimit,
      wasm_memory_threshold: settings.wasmMemoryThreshold,
      log_visibility: visibilityToCandid(settings.logVisibility),
      snapshot_visibility: visibilityToCandid(settings.snapshotVisibility),
      status_visibility: visibilityToCandid(settings.statusVisibility),
      log_memory_limit: BigInt(logCapacityBytes(settings)),
      environment_variables: [...settings.environmentVariables],
    },
    module_hash: opt(canister.execution === null ? null : fromHex(canister.execution.module.hash)),
    memory_size: BigInt(memoryUsageBytes(canister)),
    memory_metrics: {
      wasm_memory_size: BigInt(metrics.wasmMemory),
      stable_memory_size: BigInt(metrics.stableMemory),
      global_memory_size: BigInt(metrics.globalMemory),
      wasm_binary_size: BigInt(metrics.wasmBinary),
      custom_sections_size: BigInt(metrics.customSections),
      canister_history_size: BigInt(metrics.canisterHistory),
      wasm_chunk_store_size: BigInt(metrics.wasmChunkStore),
      snapshots_size: BigInt(metrics.snapshots),
      log_memory_store_size: 0n,
    },
    cycles: canister.balanceCycles,
    balance: [[CYCLES_TOKEN, canister.balanceCycles]],
    freezing_threshold: settings.freezingThresholdSeconds,
    reserved_cycles: canister.reservedCycles,
    idle_cycles_burned_per_day: idleCyclesPerDay(feesOf(subnet.config), settings, idleUse(canister)),
    query_stats: {
      num_calls_total: BigInt(queryStats.calls),
      num_instructions_total: BigInt(queryStats.instructions),
      request_payload_bytes_total: BigInt(queryStats.requestBytes),
      response_payload_bytes_total: BigInt(queryStats.responseBytes),
    },
  });
}

/** Stopped, without queued messages, and with no guaranteed answer of this canister on its way in a stream. */
function isReadyForMigration(subnet: SubnetState, canister: CanisterState): boolean {
  if (canister.status.kind !== "stopped" || canister.queues.hasInput || canister.queues.hasOutput) return false;
  for (const stream of subnet.streams.values()) {
    for (const message of stream) {
      if (message.kind === "response" && message.respondent === canister.id && message.deadline === 0) return false;
    }
  }
  return true;
}
