/**
 * Settings, status and install modes between the names of `@dfinity/pic` and Candid.
 */
import { IDL } from "@icp-sdk/core/candid";
import type { Principal } from "@icp-sdk/core/principal";
import { RESULT } from "../core/management/candid-types.ts";
import { opt, type InstallModeValue, type SettingsValue, type VisibilityValue } from "../core/management/candid.ts";
import type { CanisterInstallModeUpgradeOptions, CanisterSettings, CanisterStatusResult, Visibility } from "./types.ts";

export function settingsValue(settings: CanisterSettings): SettingsValue {
  return {
    controllers: opt(settings.controllers ?? null),
    compute_allocation: opt(settings.computeAllocation ?? null),
    memory_allocation: opt(settings.memoryAllocation ?? null),
    freezing_threshold: opt(settings.freezingThreshold ?? null),
    reserved_cycles_limit: opt(settings.reservedCyclesLimit ?? null),
    minimum_incoming_canister_call_cycles: [],
    wasm_memory_limit: opt(settings.wasmMemoryLimit ?? null),
    wasm_memory_threshold: opt(settings.wasmMemoryThreshold ?? null),
    log_visibility: opt(visibilityValue(settings.logVisibility)),
    snapshot_visibility: opt(visibilityValue(settings.snapshotVisibility)),
    status_visibility: [],
    log_memory_limit: opt(settings.logMemoryLimit ?? null),
    environment_variables: opt(settings.environmentVariables ?? null),
  };
}

function visibilityValue(visibility: Visibility | undefined): VisibilityValue | null {
  if (visibility === undefined) return null;
  return "allowedViewers" in visibility ? { allowed_viewers: visibility.allowedViewers } : visibility;
}

export function upgradeMode(options: CanisterInstallModeUpgradeOptions | undefined): InstallModeValue {
  return { upgrade: opt(options ?? null) };
}

interface RawStatus {
  readonly status: CanisterStatusResult["status"];
  readonly settings: {
    readonly controllers: Principal[];
    readonly compute_allocation: bigint;
    readonly memory_allocation: bigint;
    readonly freezing_threshold: bigint;
    readonly reserved_cycles_limit: bigint;
    readonly log_visibility: VisibilityValue;
    readonly wasm_memory_limit: bigint;
    readonly wasm_memory_threshold: bigint;
    readonly environment_variables: { name: string; value: string }[];
  };
  readonly module_hash: [] | [Uint8Array];
  readonly memory_size: bigint;
  readonly cycles: bigint;
  readonly reserved_cycles: bigint;
  readonly idle_cycles_burned_per_day: bigint;
  readonly query_stats: {
    readonly num_calls_total: bigint;
    readonly num_instructions_total: bigint;
    readonly request_payload_bytes_total: bigint;
    readonly response_payload_bytes_total: bigint;
  };
}

export function statusOf(reply: Uint8Array): CanisterStatusResult {
  const [raw] = IDL.decode(RESULT.canister_status, reply) as unknown as [RawStatus];
  const { settings, query_stats: stats } = raw;
  const visibility = settings.log_visibility;
  return {
    status: raw.status,
    settings: {
      controllers: settings.controllers,
      computeAllocation: settings.compute_allocation,
      memoryAllocation: settings.memory_allocation,
      freezingThreshold: settings.freezing_threshold,
      reservedCyclesLimit: settings.reserved_cycles_limit,
      logVisibility: "allowed_viewers" in visibility ? { allowedViewers: visibility.allowed_viewers } : visibility,
      wasmMemoryLimit: settings.wasm_memory_limit,
      wasmMemoryThreshold: settings.wasm_memory_threshold,
      environmentVariables: settings.environment_variables,
    },
    moduleHash: raw.module_hash[0] ?? null,
    memorySize: raw.memory_size,
    cycles: raw.cycles,
    reservedCycles: raw.reserved_cycles,
    idleCyclesBurnedPerDay: raw.idle_cycles_burned_per_day,
    queryStats: {
      numCallsTotal: stats.num_calls_total,
      numInstructionsTotal: stats.num_instructions_total,
      requestPayloadBytesTotal: stats.request_payload_bytes_total,
      responsePayloadBytesTotal: stats.response_payload_bytes_total,
    },
  };
}
