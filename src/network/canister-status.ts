/**
 * The answer of `canister_status` as a test reads it.
 *
 * Source: interface spec, "IC method canister_status"; management-canister.md 2.3.
 */
import { IDL } from "@icp-sdk/core/candid";
import type { Principal } from "@icp-sdk/core/principal";
import { RESULT } from "../core/management/candid-types.ts";

/** What `canister_status` tells, in the types of JavaScript. */
export interface CanisterStatus {
  /** A stopping canister still has open calls. */
  readonly status: "running" | "stopping" | "stopped";
  /** Counts changes of the canister. */
  readonly version: bigint;
  readonly controllers: readonly Principal[];
  /** SHA-256 of the module as it was uploaded; `null` when empty. */
  readonly moduleHash: Uint8Array | null;
  /** Bytes. */
  readonly memorySize: bigint;
  /** Balance, without what is reserved. */
  readonly cycles: bigint;
  /** Set aside for storage already taken; only storage and compute are paid from it. */
  readonly reservedCycles: bigint;
  /** Of storage and allocations alone. */
  readonly idleCyclesBurnedPerDay: bigint;
  /** For so long the balance must pay for what it holds, or it is frozen. */
  readonly freezingThresholdSeconds: bigint;
  /** By name. */
  readonly environmentVariables: Readonly<Record<string, string>>;
  /** Everything the platform answers, as Candid. */
  readonly raw: Readonly<Record<string, unknown>>;
}

interface RawStatus extends Readonly<Record<string, unknown>> {
  readonly status: Readonly<Record<string, null>>;
  readonly version: bigint;
  readonly settings: {
    readonly controllers: readonly Principal[];
    readonly freezing_threshold: bigint;
    readonly environment_variables: readonly { readonly name: string; readonly value: string }[];
  };
  readonly module_hash: readonly [] | readonly [Uint8Array];
  readonly memory_size: bigint;
  readonly cycles: bigint;
  readonly reserved_cycles: bigint;
  readonly idle_cycles_burned_per_day: bigint;
}

export function decodeStatus(bytes: Uint8Array): CanisterStatus {
  const raw = IDL.decode(RESULT.canister_status, bytes)[0] as unknown as RawStatus;
  return {
    status: Object.keys(raw.status)[0] as CanisterStatus["status"],
    version: raw.version,
    controllers: raw.settings.controllers,
    moduleHash: raw.module_hash[0] ?? null,
    memorySize: raw.memory_size,
    cycles: raw.cycles,
    reservedCycles: raw.reserved_cycles,
    idleCyclesBurnedPerDay: raw.idle_cycles_burned_per_day,
    freezingThresholdSeconds: raw.settings.freezing_threshold,
    environmentVariables: Object.fromEntries(raw.settings.environment_variables.map(({ name, value }) => [name, value])),
    raw,
  };
}
