/**
 * Why a call fails for what it would set or take: settings out of range, memory, compute and cycles that are not there.
 *
 * Source: management-canister.md 2, 9. Replica: `rs/execution_environment/src/canister_manager/types.rs`, `rs/types/wasm_types/src/errors.rs` (c7c5005).
 */
import type { CanisterId } from "../state/ids.ts";
import { principalText } from "../state/principal.ts";
import { ErrorCode, type UserError } from "../state/rejects.ts";
import { error, withHelp } from "./errors.ts";

/** Bytes as the replica prints them in capacity errors (Rust's `byte-unit`): binary units, two decimals, none for single bytes. */
function displayBytes(bytes: bigint): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
  let unit = 0;
  let scale = 1n;
  while (unit < units.length - 1 && bytes >= scale * 1024n) {
    scale *= 1024n;
    unit++;
  }
  return unit === 0 ? `${bytes} B` : `${(Number(bytes) / Number(scale)).toFixed(2)} ${units[unit]}`;
}

// Settings.

export function settingOutOfRange(text: string): UserError {
  return error(ErrorCode.CanisterContractViolation, text);
}

export function duplicateEnvironmentVariables(): UserError {
  return error(ErrorCode.InvalidManagementPayload, "Duplicate environment variables are not allowed");
}

export function tooManyEnvironmentVariables(count: number, max: number): UserError {
  return error(ErrorCode.InvalidManagementPayload, `Too many environment variables: ${count} (max: ${max})`);
}

export function environmentVariableTooLong(what: "name" | "value", text: string, max: number): UserError {
  return error(ErrorCode.InvalidManagementPayload, `Environment variable ${what} "${text}" exceeds the maximum allowed length of ${max}.`);
}

export function subnetMemoryOversubscribed(requestedBytes: bigint, availableBytes: bigint): UserError {
  return withHelp(
    ErrorCode.SubnetOversubscribed,
    `Canister requested ${displayBytes(requestedBytes)} of memory but only ${displayBytes(availableBytes)} are available in the subnet.`,
    "Try moving to another subnet.",
    "subnet-memory-capacity-oversubscribed",
  );
}

export function customSectionsOversubscribed(requestedBytes: bigint, availableBytes: bigint): UserError {
  return withHelp(
    ErrorCode.SubnetOversubscribed,
    `Canister requested ${displayBytes(requestedBytes)} of Wasm custom sections memory but only ${displayBytes(availableBytes)} are available in the subnet.`,
    "Try removing custom sections using a tool like `wasm-strip` or moving to another subnet.",
    "subnet-custom-section-memory-capacity-oversubscribed",
  );
}

export function subnetComputeOversubscribed(requestedPercent: number, availablePercent: number): UserError {
  return withHelp(
    ErrorCode.SubnetOversubscribed,
    `Canister requested a compute allocation of ${requestedPercent}% which cannot be satisfied because the Subnet's remaining compute capacity is ${availablePercent}%.`,
    "Try moving to another subnet.",
    "subnet-compute-capacity-oversubscribed",
  );
}

export function cannotAffordComputeAllocation(percent: number, missingCycles: bigint): UserError {
  return withHelp(
    ErrorCode.InsufficientCyclesInComputeAllocation,
    `Cannot increase compute allocation to ${percent}% due to insufficient cycles. At least ${missingCycles} additional cycles are required.`,
    "Top up the canister with more cycles.",
    "insufficient-cycles-in-compute-allocation",
  );
}

export function cannotAffordMemoryAllocation(bytes: bigint, missingCycles: bigint): UserError {
  return withHelp(
    ErrorCode.InsufficientCyclesInMemoryAllocation,
    `Cannot increase memory allocation to ${displayBytes(bytes)} due to insufficient cycles. At least ${missingCycles} additional cycles are required.`,
    "Top up the canister with more cycles.",
    "insufficient-cycles-in-memory-allocation",
  );
}

const RESERVED_ADVICE = "Try increasing this canister's reserved cycles limit or moving it to a subnet with lower memory usage.";

export function reservedLimitExceededByAllocation(bytes: bigint, limit: bigint, excess: bigint): UserError {
  return withHelp(
    ErrorCode.ReservedCyclesLimitExceededInMemoryAllocation,
    `Cannot increase memory allocation to ${displayBytes(bytes)} due to its reserved cycles limit. The current limit (${limit}) would be exceeded by ${excess}.`,
    RESERVED_ADVICE,
    "reserved-cycles-limit-exceeded-in-memory-allocation",
  );
}

export function reservedLimitTooLow(limit: bigint, balance: bigint): UserError {
  return error(
    ErrorCode.ReservedCyclesLimitIsTooLow,
    `Cannot set the reserved cycles limit ${limit} below the reserved cycles balance of the canister ${balance}.\n` +
      "Set the reserved cycles limit in the canister settings to a value that is at least the current reserved cycles balance. See documentation: reserved-cycles-limit-is-too-low",
  );
}

export function logMemoryLimitTooHigh(bytes: bigint, limit: bigint): UserError {
  return error(ErrorCode.CanisterRejectedMessage, `The canister log memory limit ${bytes} is too high. It must be at most ${limit}.`);
}

// Memory growth by install_code and chunks.

export function cannotAffordMemoryGrow(bytes: bigint, missingCycles: bigint): UserError {
  return withHelp(
    ErrorCode.InsufficientCyclesInMemoryGrow,
    `Canister cannot grow memory by ${bytes} bytes due to insufficient cycles. At least ${missingCycles} additional cycles are required.`,
    "Top up the canister with more cycles.",
    "insufficient-cycles-in-memory-grow-1",
  );
}

export function reservedLimitExceededByGrow(bytes: bigint, limit: bigint, excess: bigint): UserError {
  return withHelp(
    ErrorCode.ReservedCyclesLimitExceededInMemoryGrow,
    `Canister cannot grow memory by ${bytes} bytes due to its reserved cycles limit. The current limit (${limit}) would be exceeded by ${excess}.`,
    RESERVED_ADVICE,
    "reserved-cycles-limit-exceeded-in-memory-grow",
  );
}

/** A management method's own instructions cannot be paid; `cause` is what the canister would be told. */
export function cannotAffordOperation(cause: UserError): UserError {
  return error(
    ErrorCode.CanisterOutOfCycles,
    `Canister management operation failed with: \`${cause.description}\`\nTry sending more cycles with the request. See documentation: not-enough-cycles`,
  );
}

export function heapDeltaRateLimited(id: CanisterId, debitBytes: number, limitBytes: number): UserError {
  return withHelp(
    ErrorCode.CanisterHeapDeltaRateLimited,
    `Canister ${principalText(id)} is heap delta rate limited: current delta debit is ${debitBytes}, but limit is ${limitBytes}.`,
    "Try waiting a few seconds before retrying the operation.",
    "canister-heap-delta-rate-limited",
  );
}
