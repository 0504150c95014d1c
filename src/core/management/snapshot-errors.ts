/**
 * Why a call about a snapshot fails: the platform's error codes and texts.
 *
 * Source: management-canister.md 5, 9. Replica: `rs/execution_environment/src/canister_manager/types.rs` (c7c5005).
 */
import type { CanisterId, PrincipalId, SnapshotId } from "../state/ids.ts";
import { principalText } from "../state/principal.ts";
import { ErrorCode, type UserError } from "../state/rejects.ts";
import { snapshotText } from "../state/snapshots.ts";
import { error, withHelp } from "./errors.ts";

export function snapshotNotFound(id: SnapshotId, canister: CanisterId): UserError {
  return withHelp(
    ErrorCode.CanisterSnapshotNotFound,
    `Could not find the snapshot ID ${snapshotText(id)} for canister ${principalText(canister)}.`,
    "Use the `list_canister_snapshot` API to see which snapshots are present.",
    "canister-snapshot-not-found",
  );
}

export function tooManySnapshots(canister: CanisterId, limit: number): UserError {
  return error(
    ErrorCode.CanisterRejectedMessage,
    `Canister ${principalText(canister)} has reached the maximum number of snapshots allowed: ${limit}.\n` +
      "Consider deleting an unnecessary snapshot of the specified canister before creating a new one. See documentation: canister-snapshot-limit-exceeded",
  );
}

/** Replica: the text ends in a colon. */
export function nothingToSnapshot(canister: CanisterId): UserError {
  return error(ErrorCode.CanisterRejectedMessage, `Failed to create snapshot for empty canister ${principalText(canister)}:`);
}

export function notControllerOfSnapshot(id: SnapshotId, canister: CanisterId, sender: PrincipalId): UserError {
  return error(
    ErrorCode.CanisterRejectedMessage,
    `Only a controller of the canister that snapshot ${snapshotText(id)} belongs to can load it on canister ${principalText(canister)}. Sender: ${principalText(sender)}.\n` +
      "Make sure you are a controller of the canister that the snapshot belongs to. See documentation: canister-snapshot-not-controller",
  );
}

export function notLoadableYet(id: SnapshotId, canister: CanisterId): UserError {
  return error(
    ErrorCode.CanisterRejectedMessage,
    `Snapshot ${snapshotText(id)} is not currently loadable on the specified canister ${principalText(canister)}. Try again later. The call should succeed if you wait sufficiently long (usually ten minutes).`,
  );
}

export function longExecution(canister: CanisterId): UserError {
  return error(ErrorCode.CanisterRejectedMessage, `The canister ${principalText(canister)} is currently executing a long-running message.`);
}

export function immutableSnapshot(): UserError {
  return error(ErrorCode.CanisterSnapshotImmutable, "Only canister snapshots created by metadata upload can be mutated.");
}

export function inconsistentSnapshot(message: string): UserError {
  return error(ErrorCode.InvalidManagementPayload, message);
}

export function invalidSlice(offset: bigint, size: bigint): UserError {
  return error(
    ErrorCode.InvalidManagementPayload,
    `Invalid subslice into wasm module / main memory / stable memory: offset: ${offset}, size: ${size}`,
  );
}

export function sliceTooLarge(requested: bigint, allowed: bigint): UserError {
  return error(ErrorCode.InvalidManagementPayload, `Requested slice too large: ${requested} > ${allowed}`);
}
