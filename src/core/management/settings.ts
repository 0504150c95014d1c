/**
 * Canister settings: from Candid, within their bounds, checked against the subnet and the balance, and applied whole.
 *
 * Source: interface spec, "IC method create_canister" (settings); management-canister.md 2.1 (bounds, order of checks).
 * Replica: `rs/execution_environment/src/canister_settings.rs`, `canister_manager.rs`, `validate_and_update_canister_settings` (c7c5005).
 */
import { compare } from "../../base/bytes.ts";
import { U128_MAX, U64_MAX } from "../../base/integers.ts";
import { encodeUtf8, utf8Length } from "../../base/utf8.ts";
import { logCapacityBytes, logMemoryLimit } from "../canister/log.ts";
import { feesOf } from "../cycles/fees.ts";
import { freezingThresholdCycles, idleUse } from "../cycles/freezing.ts";
import { reservationCycles, reservationRefusal, saturation, threadMemoryBytes } from "../cycles/reservation.ts";
import type { CanisterSettings, CanisterState, Visibility } from "../state/canister.ts";
import type { PrincipalId } from "../state/ids.ts";
import type { Limits } from "../state/limits.ts";
import { memoryUsageBytes, withAllocation } from "../state/memory-usage.ts";
import type { SubnetState } from "../state/network-state.ts";
import { comparePrincipals } from "../state/principal.ts";
import type { UserError } from "../state/rejects.ts";
import { idOf, principalOf, type Decoded, type Opt, type SettingsValue, type VisibilityValue } from "./candid.ts";
import * as errors from "./resource-errors.ts";

/** Seconds, 30 days. Source: interface spec, "IC method create_canister". */
const DEFAULT_FREEZING_THRESHOLD_SECONDS = 2_592_000n;
/** Replica: `rs/config/src/subnet_config.rs`, `DEFAULT_RESERVED_BALANCE_LIMIT`. */
const DEFAULT_RESERVED_CYCLES_LIMIT = 5_000_000_000_000n;
/** 3 GiB. Replica: `rs/config/src/execution_environment.rs`, `DEFAULT_WASM_MEMORY_LIMIT`; the specification says 0. */
const DEFAULT_WASM_MEMORY_LIMIT = 3_221_225_472n;
/** Source: management-canister.md 2.1. The threshold's bound is newer than the replica's snapshot (interface spec 0.64). */
const MAX_WASM_MEMORY_LIMIT = 1n << 48n;
const MAX_ENVIRONMENT_VARIABLES = 20;
const MAX_ENVIRONMENT_NAME_BYTES = 128;
const MAX_ENVIRONMENT_VALUE_BYTES = 128;
/** Replica: `MAX_AGGREGATE_LOG_MEMORY_LIMIT`, 2 MiB. */
const MAX_LOG_MEMORY_LIMIT = 2n << 20n;

/** The settings named in a call; others stay as they are. */
export type SettingsChange = Partial<CanisterSettings>;

export function defaultSettings(controllers: readonly PrincipalId[]): CanisterSettings {
  return {
    controllers,
    computeAllocation: 0,
    memoryAllocation: 0n,
    freezingThresholdSeconds: DEFAULT_FREEZING_THRESHOLD_SECONDS,
    reservedCyclesLimit: DEFAULT_RESERVED_CYCLES_LIMIT,
    minimumIncomingCanisterCallCycles: 0n,
    wasmMemoryLimit: DEFAULT_WASM_MEMORY_LIMIT,
    wasmMemoryThreshold: 0n,
    logVisibility: { kind: "controllers" },
    snapshotVisibility: { kind: "controllers" },
    statusVisibility: { kind: "controllers" },
    environmentVariables: [],
  };
}

/** Bounds of single fields, in the order in which the platform looks at them. */
export function settingsFromCandid(value: SettingsValue): Decoded<SettingsChange> {
  const outOfRange =
    beyond(value.compute_allocation, 100n, "ComputeAllocation expected to be in the range [0..100]") ??
    beyond(value.memory_allocation, U64_MAX, "MemoryAllocation expected to be in the range [0..2^64-1]") ??
    beyond(value.freezing_threshold, U64_MAX, "Freezing threshold expected to be in the range of [0..2^64-1]") ??
    beyond(value.reserved_cycles_limit, U128_MAX, "Reserved cycles limit expected to be in the range of [0..2^128-1]") ??
    // Ours: newer than the replica's snapshot, which has no such setting and no text for it.
    beyond(
      value.minimum_incoming_canister_call_cycles,
      U128_MAX,
      "Minimum incoming canister call cycles expected to be in the range of [0..2^128-1]",
    ) ??
    beyond(value.log_memory_limit, U64_MAX, "Log memory limit expected to be in the range of [0..2^64-1]") ??
    // Replica: the bound is 2^48, the text says 2^64-1.
    beyond(value.wasm_memory_limit, MAX_WASM_MEMORY_LIMIT, "Wasm memory limit expected to be in the range of [0..2^64-1]") ??
    beyond(value.wasm_memory_threshold, MAX_WASM_MEMORY_LIMIT, "Wasm memory threshold expected to be in the range of [0..2^64-1]");
  if (outOfRange !== null) return { kind: "error", error: outOfRange };

  const variables = value.environment_variables[0];
  if (variables !== undefined && new Set(variables.map(({ name }) => name)).size !== variables.length) {
    return { kind: "error", error: errors.duplicateEnvironmentVariables() };
  }
  const change: SettingsChange = {
    ...field("controllers", value.controllers, (list) => [...new Set(list.map(idOf))].sort(comparePrincipals)),
    ...field("computeAllocation", value.compute_allocation, Number),
    ...field("memoryAllocation", value.memory_allocation, same),
    ...field("freezingThresholdSeconds", value.freezing_threshold, same),
    ...field("reservedCyclesLimit", value.reserved_cycles_limit, same),
    ...field("minimumIncomingCanisterCallCycles", value.minimum_incoming_canister_call_cycles, same),
    ...field("wasmMemoryLimit", value.wasm_memory_limit, same),
    ...field("wasmMemoryThreshold", value.wasm_memory_threshold, same),
    ...field("logVisibility", value.log_visibility, visibilityFromCandid),
    ...field("snapshotVisibility", value.snapshot_visibility, visibilityFromCandid),
    ...field("statusVisibility", value.status_visibility, visibilityFromCandid),
    ...field("logMemoryLimit", value.log_memory_limit, same),
    ...field("environmentVariables", value.environment_variables, (list) => [...list].sort(byName)),
  };
  return { kind: "value", value: change };
}

function beyond(given: Opt<bigint>, max: bigint, text: string): UserError | null {
  return given[0] !== undefined && given[0] > max ? errors.settingOutOfRange(`${text}, got ${groupDigits(given[0])}`) : null;
}

/** Rust's Candid library prints a `nat` with underscores between thousands. */
function groupDigits(value: bigint): string {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, "_");
}

function field<K extends string, A, B>(name: K, given: Opt<A>, convert: (value: A) => B): Partial<Record<K, B>> {
  return given.length === 0 ? {} : ({ [name]: convert(given[0]) } as Record<K, B>);
}

function same<T>(value: T): T {
  return value;
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return compare(encodeUtf8(a.name), encodeUtf8(b.name));
}

function visibilityFromCandid(value: VisibilityValue): Visibility {
  if ("public" in value) return { kind: "public" };
  if ("controllers" in value) return { kind: "controllers" };
  return { kind: "allowedViewers", viewers: value.allowed_viewers.map(idOf) };
}

export function visibilityToCandid(visibility: Visibility): VisibilityValue {
  switch (visibility.kind) {
    case "public":
      return { public: null };
    case "controllers":
      return { controllers: null };
    case "allowedViewers":
      return { allowed_viewers: visibility.viewers.map(principalOf) };
  }
}

/** What applying checked settings needs to know. */
export interface CheckedSettings {
  readonly settings: CanisterSettings;
  /** Moves from the main to the reserved balance. */
  readonly reservationCycles: bigint;
}

/**
 * Checks a change against the canister, its balance and the subnet; nothing is written. The canister of a creation is not yet one of the subnet.
 */
export function checkSettings(
  subnet: SubnetState,
  limits: Limits,
  canister: CanisterState,
  change: SettingsChange,
): Decoded<CheckedSettings> {
  const old = canister.settings;
  const settings = merged(old, change);
  const refuse = (error: UserError): Decoded<CheckedSettings> => ({ kind: "error", error });

  const environmentError = checkEnvironment(change.environmentVariables ?? []);
  if (environmentError !== null) return refuse(environmentError);

  const usageBytes = memoryUsageBytes(canister);
  const oldBytes = withAllocation(old.memoryAllocation, usageBytes);
  const newBytes = withAllocation(settings.memoryAllocation, usageBytes);
  const threadBytes = threadMemoryBytes(limits, subnet.memoryUsageBytes);
  const availableBytes = BigInt(Math.max(0, threadBytes)) + oldBytes;
  if (newBytes > availableBytes) return refuse(errors.subnetMemoryOversubscribed(newBytes, availableBytes));

  if (change.computeAllocation !== undefined) {
    const available = availableComputePercent(subnet, limits, canister);
    if (change.computeAllocation > available) return refuse(errors.subnetComputeOversubscribed(change.computeAllocation, available));
  }

  const fees = feesOf(subnet.config);
  const threshold = freezingThresholdCycles(fees, settings, idleUse(canister), canister.reservedCycles);
  const balance = canister.balanceCycles;
  if (balance < threshold) {
    // Only growth is refused: a freezing threshold that freezes the canister is always accepted.
    if (settings.computeAllocation > old.computeAllocation) {
      return refuse(errors.cannotAffordComputeAllocation(settings.computeAllocation, threshold - balance));
    }
    if (settings.memoryAllocation > old.memoryAllocation) {
      return refuse(errors.cannotAffordMemoryAllocation(settings.memoryAllocation, threshold - balance));
    }
  }

  const grownBytes = newBytes > oldBytes ? Number(newBytes - oldBytes) : 0;
  const reserve = reservationCycles(fees, saturation(limits, threadBytes), grownBytes);
  const limit = settings.reservedCyclesLimit;
  if (canister.reservedCycles > limit) return refuse(errors.reservedLimitTooLow(limit, canister.reservedCycles));
  const refusal = reservationRefusal(reserve, { balanceCycles: balance, reservedCycles: canister.reservedCycles, limitCycles: limit });
  if (refusal !== null) {
    return refuse(
      refusal.kind === "limit"
        ? errors.reservedLimitExceededByAllocation(settings.memoryAllocation, limit, refusal.requestedCycles - limit)
        : errors.cannotAffordMemoryAllocation(settings.memoryAllocation, reserve - balance),
    );
  }
  if (change.logMemoryLimit !== undefined && change.logMemoryLimit > MAX_LOG_MEMORY_LIMIT) {
    return refuse(errors.logMemoryLimitTooHigh(change.logMemoryLimit, MAX_LOG_MEMORY_LIMIT));
  }
  return { kind: "value", value: { settings, reservationCycles: reserve } };
}

/** Writes what `checkSettings` let through. */
export function applySettings(canister: CanisterState, checked: CheckedSettings): void {
  canister.settings = checked.settings;
  canister.balanceCycles -= checked.reservationCycles;
  canister.reservedCycles += checked.reservationCycles;
  canister.log.shrinkTo(logCapacityBytes(canister.settings));
}

function merged(old: CanisterSettings, change: SettingsChange): CanisterSettings {
  const asked = change.logMemoryLimit;
  return { ...old, ...change, ...(asked === undefined ? {} : { logMemoryLimit: logMemoryLimit(asked) }) };
}

function checkEnvironment(variables: CanisterSettings["environmentVariables"]): UserError | null {
  if (variables.length > MAX_ENVIRONMENT_VARIABLES) return errors.tooManyEnvironmentVariables(variables.length, MAX_ENVIRONMENT_VARIABLES);
  for (const { name, value } of variables) {
    if (utf8Length(name) > MAX_ENVIRONMENT_NAME_BYTES) return errors.environmentVariableTooLong("name", name, MAX_ENVIRONMENT_NAME_BYTES);
    if (utf8Length(value) > MAX_ENVIRONMENT_VALUE_BYTES)
      return errors.environmentVariableTooLong("value", value, MAX_ENVIRONMENT_VALUE_BYTES);
  }
  return null;
}

/**
 * Half of all threads but one can be allocated, and one percent stays free. Replica: `rs/config/src/execution_environment.rs` and
 * `rs/execution_environment/src/lib.rs`, `compute_capacity`. Asked for so rarely that the sum over the canisters is not kept.
 */
function availableComputePercent(subnet: SubnetState, limits: Limits, canister: CanisterState): number {
  const capacity = Math.floor(((limits.executionThreads - 1) * 100 * 50) / 100);
  let used = 0;
  for (const other of subnet.canisters.values()) used += other.settings.computeAllocation;
  return Math.max(0, Math.max(0, capacity - used) - 1) + canister.settings.computeAllocation;
}
