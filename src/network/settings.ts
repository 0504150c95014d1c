/**
 * Canister settings as a test writes them, and as Candid.
 *
 * Source: interface spec, "IC method create_canister" (settings); management-canister.md 2.1.
 */
import type { Principal } from "@icp-sdk/core/principal";
import { CanneryError } from "../base/cannery-error.ts";
import type { SettingsValue, VisibilityValue } from "../core/management/candid.ts";
import { principalId, principalOf, principalText, type PrincipalLike } from "./principals.ts";

/** Who may see something; the controllers always may. */
export type Visibility = "controllers" | "public" | readonly PrincipalLike[];

/** What is left out keeps its value, or gets the platform's default when a canister is created. */
export interface CanisterSettings {
  /** Replaces all of them; ten at most. */
  readonly controllers?: readonly PrincipalLike[];
  /** Percent. */
  readonly computeAllocation?: number;
  /** Bytes; 0 is best effort. */
  readonly memoryAllocation?: number | bigint;
  /** For so long the balance must pay for what the canister holds, or it is frozen. */
  readonly freezingThresholdSeconds?: number | bigint;
  /** Cycles. */
  readonly reservedCyclesLimit?: bigint;
  /** Cycles. */
  readonly minimumIncomingCanisterCallCycles?: bigint;
  /** Bytes; 0 is no limit. */
  readonly wasmMemoryLimit?: number | bigint;
  /** Bytes of heap left under which `on_low_wasm_memory` runs; 0 never. */
  readonly wasmMemoryThreshold?: number | bigint;
  /** Bytes of its newest log that are kept: 4,096 at first, 2 MiB at most. */
  readonly logMemoryLimit?: number | bigint;
  /** Who may read its log. */
  readonly logVisibility?: Visibility;
  /** Who may read its snapshots. */
  readonly snapshotVisibility?: Visibility;
  /** Who may ask for its status. */
  readonly statusVisibility?: Visibility;
  /** Replaces all variables. A principal or a canister stands for the text of its id. */
  readonly environmentVariables?: Environment;
}

/** Environment variables by name. A principal or a canister stands for the text of its id. */
export type Environment = Readonly<Record<string, string | Principal | { readonly id: Principal }>>;

export function settingsValue(settings: CanisterSettings): SettingsValue {
  for (const name of Object.keys(settings)) {
    if (!NAMES.has(name))
      throw new CanneryError("bad-settings", `there is no canister setting ${JSON.stringify(name)}; there are ${[...NAMES].join(", ")}`);
  }
  return {
    controllers: opt(settings.controllers, (controllers) => controllers.map((one) => principalOf(principalId(one)))),
    compute_allocation: opt(settings.computeAllocation, natural),
    memory_allocation: opt(settings.memoryAllocation, natural),
    freezing_threshold: opt(settings.freezingThresholdSeconds, natural),
    reserved_cycles_limit: opt(settings.reservedCyclesLimit, natural),
    minimum_incoming_canister_call_cycles: opt(settings.minimumIncomingCanisterCallCycles, natural),
    wasm_memory_limit: opt(settings.wasmMemoryLimit, natural),
    wasm_memory_threshold: opt(settings.wasmMemoryThreshold, natural),
    log_visibility: opt(settings.logVisibility, visibility),
    snapshot_visibility: opt(settings.snapshotVisibility, visibility),
    status_visibility: opt(settings.statusVisibility, visibility),
    log_memory_limit: opt(settings.logMemoryLimit, natural),
    environment_variables: opt(settings.environmentVariables, (variables) => environmentList(variables)),
  };
}

const NAMES: ReadonlySet<string> = new Set([
  "controllers",
  "computeAllocation",
  "memoryAllocation",
  "freezingThresholdSeconds",
  "reservedCyclesLimit",
  "minimumIncomingCanisterCallCycles",
  "wasmMemoryLimit",
  "wasmMemoryThreshold",
  "logMemoryLimit",
  "logVisibility",
  "snapshotVisibility",
  "statusVisibility",
  "environmentVariables",
] satisfies (keyof CanisterSettings)[]);

function environmentList(variables: Environment): { name: string; value: string }[] {
  return Object.entries(variables).map(([name, value]) => ({
    name,
    value: typeof value === "string" ? value : principalText(principalId(value)),
  }));
}

function opt<T, R>(value: T | undefined, convert: (value: T) => R): [] | [R] {
  return value === undefined ? [] : [convert(value)];
}

function natural(value: number | bigint): bigint {
  if (typeof value === "bigint" ? value >= 0n : Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw new CanneryError("bad-settings", `a canister setting is a whole number, not below zero; got ${value}`);
}

function visibility(value: Visibility): VisibilityValue {
  if (value === "controllers") return { controllers: null };
  if (value === "public") return { public: null };
  return { allowed_viewers: value.map((one) => principalOf(principalId(one))) };
}
