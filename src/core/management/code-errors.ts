/**
 * Why a call about a canister's code fails: installations, and the chunks of which large modules are made.
 *
 * Source: management-canister.md 4, 9. Replica: `rs/execution_environment/src/canister_manager/types.rs`, `rs/types/wasm_types/src/errors.rs` (c7c5005).
 */
import type { CanisterId, SubnetId } from "../state/ids.ts";
import { principalText } from "../state/principal.ts";
import { ErrorCode, type UserError } from "../state/rejects.ts";
import { error, withHelp } from "./errors.ts";

// Code.

export function cannotAffordInstallation(reason: string): UserError {
  return withHelp(
    ErrorCode.CanisterOutOfCycles,
    `Canister installation failed with \`${reason}\`.`,
    "Top up the canister with more cycles.",
    "install-code-not-enough-cycles",
  );
}

export function notEmpty(id: CanisterId): UserError {
  return withHelp(
    ErrorCode.CanisterNonEmpty,
    `Canister ${principalText(id)} cannot be installed because the canister is not empty. Try installing with mode='reinstall' instead.`,
    "Check that you want to overwrite the canister and, if so, use mode='reinstall'.",
    "canister-not-empty",
  );
}

export function installRateLimited(id: CanisterId): UserError {
  return withHelp(
    ErrorCode.CanisterInstallCodeRateLimited,
    `Canister ${principalText(id)} is rate limited because it executed too many instructions in the previous install_code messages. Please retry installation after several minutes.`,
    "Retry the installation at a later time.",
    "install-code-rate-limited",
  );
}

export function missingUpgradeOption(): UserError {
  return error(
    ErrorCode.CanisterContractViolation,
    "Missing upgrade option: Enhanced orthogonal persistence requires the `wasm_memory_persistence` upgrade option.",
  );
}

export function invalidUpgradeOption(): UserError {
  return error(
    ErrorCode.CanisterContractViolation,
    "Invalid upgrade option: The `wasm_memory_persistence: opt Keep` upgrade option requires that the new canister module supports enhanced orthogonal persistence.",
  );
}

// Chunks.

export function chunkStoreError(message: string): UserError {
  return withHelp(
    ErrorCode.CanisterContractViolation,
    `Error from Wasm chunk store: ${message}.`,
    "Use the `stored_chunks` API to check which hashes are present or top up the canister if it is low on cycles.",
    "wasm-chunk-store-error",
  );
}

export function tooManyChunks(count: number): UserError {
  return error(
    ErrorCode.CanisterContractViolation,
    `InstallChunkedCode Error: chunk_hashes_list length ${count} exceeds the maximum of 100 chunks`,
  );
}

export function invalidModuleHash(hash: Uint8Array): UserError {
  return error(ErrorCode.CanisterContractViolation, `Invalid wasm hash [${Array.from(hash).join(", ")}]`);
}

export function storeCanisterNotFound(store: CanisterId, subnet: SubnetId, target: CanisterId): UserError {
  return error(
    ErrorCode.CanisterNotFound,
    `InstallChunkedCode Error: Store canister ${principalText(store)} was not found on subnet ${principalText(subnet)} of target canister ${principalText(target)}`,
  );
}
