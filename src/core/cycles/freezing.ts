/**
 * The freezing threshold: what a canister must keep to go on storing what it has. Spending that would cut into it is refused,
 * so that a canister stops working long before it is uninstalled.
 *
 * Source: cycles.md 4; interface spec, "Freezing threshold" (abstract behavior, `freezing_limit`).
 * Replica: `rs/cycles_account_manager/src/cycles_account_manager.rs` (c7c5005).
 */
import type { CanisterSettings, CanisterState } from "../state/canister.ts";
import type { CanisterId } from "../state/ids.ts";
import { memoryUsageBytes } from "../state/memory-usage.ts";
import { principalText } from "../state/principal.ts";
import { ErrorCode, type UserError } from "../state/rejects.ts";
import { computePerDay, SECONDS_PER_DAY, storagePerDay, type Fees } from "./fees.ts";

/** What costs cycles while a canister does nothing. */
export interface IdleUse {
  /** Memory of the canister, bytes (`memoryUsageBytes`); its allocation counts where that is larger. */
  readonly memoryBytes: number;
  /** Message memory, guaranteed-response and best-effort, bytes. */
  readonly messageBytes: number;
}

/** Rates of the three charges, in cycles per day. */
export interface IdleRates {
  readonly memory: bigint;
  readonly messageMemory: bigint;
  readonly compute: bigint;
}

/** A payment that would cut into the threshold. */
export interface Shortfall {
  readonly availableCycles: bigint;
  readonly requestedCycles: bigint;
  readonly thresholdCycles: bigint;
}

/** The canister's use as it stands. */
export function idleUse(canister: CanisterState): IdleUse {
  return { memoryBytes: memoryUsageBytes(canister), messageBytes: messageMemoryBytes(canister) };
}

/** Bytes of message memory that this canister pays for. */
export function messageMemoryBytes(canister: CanisterState): number {
  return canister.queues.guaranteedMemoryBytes + canister.queues.bestEffortMemoryBytes;
}

export function idleRates(fees: Fees, settings: CanisterSettings, use: IdleUse): IdleRates {
  return {
    memory: storagePerDay(fees, allocated(settings, use.memoryBytes)),
    messageMemory: storagePerDay(fees, use.messageBytes),
    compute: computePerDay(fees, settings.computeAllocation),
  };
}

/** `idle_cycles_burned_per_day` of canister_status. */
export function idleCyclesPerDay(fees: Fees, settings: CanisterSettings, use: IdleUse): bigint {
  const { memory, messageMemory, compute } = idleRates(fees, settings, use);
  return memory + messageMemory + compute;
}

/** The balance that must remain. The reserved balance pays for storage first, so it lowers the threshold. */
export function freezingThresholdCycles(fees: Fees, settings: CanisterSettings, use: IdleUse, reservedCycles: bigint): bigint {
  const threshold = (idleCyclesPerDay(fees, settings, use) * settings.freezingThresholdSeconds) / SECONDS_PER_DAY;
  return threshold > reservedCycles ? threshold - reservedCycles : 0n;
}

/** Balance above the threshold; never negative. */
export function liquidBalanceCycles(balanceCycles: bigint, thresholdCycles: bigint): bigint {
  return balanceCycles > thresholdCycles ? balanceCycles - thresholdCycles : 0n;
}

/**
 * What is missing to take `requestedCycles` from `balanceCycles` and keep the threshold; `null` when it can be taken. A balance of
 * exactly threshold and amount is enough.
 *
 * Nearly every canister is far above its threshold. That is found with a floating-point estimate, larger than the exact threshold by
 * more than its rounding error; only a close call is computed exactly.
 */
export function shortfall(
  fees: Fees,
  settings: CanisterSettings,
  use: IdleUse,
  account: { readonly balanceCycles: bigint; readonly reservedCycles: bigint },
  requestedCycles: bigint,
): Shortfall | null {
  const left = account.balanceCycles - requestedCycles;
  if (left >= 0n && Number(left) > thresholdEstimate(fees, settings, use)) return null;
  const thresholdCycles = freezingThresholdCycles(fees, settings, use, account.reservedCycles);
  return left >= thresholdCycles ? null : { availableCycles: account.balanceCycles, requestedCycles, thresholdCycles };
}

/** At least the threshold, the reserved balance left aside. */
function thresholdEstimate(fees: Fees, settings: CanisterSettings, use: IdleUse): number {
  const perDay =
    (allocated(settings, use.memoryBytes) + use.messageBytes) * fees.storageByteDayEstimate +
    settings.computeAllocation * fees.computePercentDayEstimate;
  return perDay * (Number(settings.freezingThresholdSeconds) / 86_400) * 1.000_001 + 1;
}

/** The canister's payment against its own present use. */
export function shortfallOf(fees: Fees, canister: CanisterState, requestedCycles: bigint): Shortfall | null {
  return shortfall(fees, canister.settings, idleUse(canister), canister, requestedCycles);
}

/** Whether the balance is below the threshold, so that the canister executes nothing new. */
export function isFrozen(fees: Fees, canister: CanisterState): boolean {
  return shortfallOf(fees, canister, 0n) !== null;
}

/** `Canister <id> is out of cycles`; controllers are told how much is missing. */
export function outOfCyclesText(id: CanisterId, missing: Shortfall, revealTopUp: boolean): string {
  const text = `Canister ${principalText(id)} is out of cycles`;
  if (!revealTopUp) return text;
  return `${text}: please top up the canister with at least ${topUpCycles(missing)} additional cycles`;
}

/** IC0207. */
export function outOfCyclesError(id: CanisterId, missing: Shortfall, revealTopUp: boolean): UserError {
  return { code: ErrorCode.CanisterOutOfCycles, description: outOfCyclesText(id, missing, revealTopUp) };
}

export function topUpCycles({ availableCycles, requestedCycles, thresholdCycles }: Shortfall): bigint {
  const needed = thresholdCycles + requestedCycles;
  return needed > availableCycles ? needed - availableCycles : 0n;
}

/** The larger of usage and allocation, bytes. */
function allocated(settings: CanisterSettings, memoryBytes: number): number {
  if (settings.memoryAllocation === 0n) return memoryBytes;
  return Math.max(memoryBytes, Number(settings.memoryAllocation));
}
