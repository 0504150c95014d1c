/**
 * Why a management call fails: the platform's error codes and texts, in one place.
 *
 * Source: management-canister.md 9. Replica: `rs/execution_environment/src/canister_manager/types.rs`,
 * `rs/types/wasm_types/src/errors.rs` (c7c5005), which also have the advice and the link after the newline.
 */
import type { CanisterId, PrincipalId, SubnetId } from "../state/ids.ts";
import { principalText } from "../state/principal.ts";
import { ErrorCode, type UserError } from "../state/rejects.ts";

const DOCUMENTATION = "https://internetcomputer.org/docs/current/references/execution-errors#";

export function error(code: ErrorCode, description: string): UserError {
  return { code, description };
}

/** With advice on a second line, as most of the platform's texts have it. */
export function withHelp(code: ErrorCode, description: string, advice: string, anchor: string): UserError {
  return { code, description: `${description}\n${advice} See documentation: ${DOCUMENTATION}${anchor}` };
}

function ids(list: readonly PrincipalId[]): string {
  return list.map(principalText).join(" ");
}

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

// The call itself.

export function undecodable(reason: string): UserError {
  return error(ErrorCode.InvalidManagementPayload, `Error decoding candid: ${reason}`);
}

/** `create_canister` says why only when a list is too long. */
export function undecodableCreation(reason: string): UserError {
  const why = reason.includes("The number of elements exceeds maximum allowed") ? `: ${reason}` : ".";
  return error(ErrorCode.InvalidManagementPayload, `Payload deserialization error${why}`);
}

export function noSuchMethod(method: string): UserError {
  return error(ErrorCode.CanisterMethodNotFound, `Management canister has no method '${method}'`);
}

/** Ours: what a subnet does for the network's own governance, and Cannery does not. */
export function notImplemented(method: string): UserError {
  return error(ErrorCode.CanisterRejectedMessage, `Cannery does not implement ${method}`);
}

export function unexpectedIngress(method: string): UserError {
  return error(ErrorCode.CanisterContractViolation, `${method} cannot be called by a user.`);
}

export function wrongSenderSubnet(subnet: SubnetId): UserError {
  return error(
    ErrorCode.CanisterContractViolation,
    `Incorrect sender subnet id: ${principalText(subnet)}. Sender should be on the same subnet or on the NNS subnet.`,
  );
}

export function onlyNns(method: string, caller: PrincipalId): UserError {
  return error(ErrorCode.CanisterContractViolation, `${method} is called by ${principalText(caller)}. It can only be called by NNS.`);
}

export function senderVersionMismatch(given: bigint, actual: number): UserError {
  return error(
    ErrorCode.CanisterContractViolation,
    `Management canister call payload includes sender canister version ${given} that does not match the actual sender canister version ${actual}.`,
  );
}

export function canisterNotFound(id: CanisterId): UserError {
  return error(ErrorCode.CanisterNotFound, `Canister ${principalText(id)} not found.`);
}

/** Replica: `CanisterManagerError::CanisterNotFound`, of installations and deletion. */
export function canisterNotFoundAdvised(id: CanisterId): UserError {
  const { code, description } = canisterNotFound(id);
  return withHelp(code, description, "Check the ICP dashboard to ensure the canister exists.", "canister-not-found");
}

// Permissions.

export function notController(id: CanisterId, controllers: readonly PrincipalId[], caller: PrincipalId): UserError {
  return withHelp(
    ErrorCode.CanisterInvalidController,
    `Only the controllers of the canister ${principalText(id)} can control it.\nCanister's controllers: ${ids(controllers)}\nSender's ID: ${principalText(caller)}`,
    "Execute this call from a controller of the target canister or add the current caller as a controller.",
    "invalid-controller",
  );
}

const lists = (controllers: readonly PrincipalId[] | null, admins: readonly PrincipalId[], caller: PrincipalId): string =>
  (controllers === null ? "" : `Canister's controllers: ${ids(controllers)}\n`) +
  `Subnet admins: ${ids(admins)}\nSender's ID: ${principalText(caller)}`;

export function notSubnetAdmin(admins: readonly PrincipalId[], caller: PrincipalId): UserError {
  return withHelp(
    ErrorCode.InvalidSubnetAdmin,
    `Only the subnet admins can perform certain actions.\n${lists(null, admins, caller)}`,
    "Execute this call from a subnet admin or add the current caller as a subnet admin.",
    "invalid-subnet-admin",
  );
}

export function neitherControllerNorAdmin(
  id: CanisterId,
  controllers: readonly PrincipalId[],
  admins: readonly PrincipalId[],
  caller: PrincipalId,
): UserError {
  return withHelp(
    ErrorCode.CanisterInvalidControllerOrSubnetAdmin,
    `Only the controllers of the canister ${principalText(id)} or subnet admins can perform certain actions.\n${lists(controllers, admins, caller)}`,
    "Execute this call from a controller of the target canister or subnet admin or add the current caller as a controller or subnet admin.",
    "invalid-controller-subnet-admin",
  );
}

export function noSubnetAdmins(): UserError {
  return error(ErrorCode.CanisterRejectedMessage, "list_canisters is only available on subnets with subnet admins");
}

export function notAuthorized(): UserError {
  return error(ErrorCode.CanisterRejectedMessage, "The caller is not authorized to call this method.");
}

export function noAccessToLogs(caller: PrincipalId): UserError {
  return error(ErrorCode.CanisterRejectedMessage, `Caller ${principalText(caller)} is not allowed to access canister logs`);
}

export function noAccessToSnapshots(caller: PrincipalId, method: string): UserError {
  return error(ErrorCode.CanisterRejectedMessage, `Caller ${principalText(caller)} is not allowed to call ${method}`);
}

export function notWhitelisted(): UserError {
  return error(ErrorCode.CanisterMethodNotFound, "Sender not authorized to use method.");
}

// Creation.

export function creationFeeNotCovered(sent: bigint, required: bigint): UserError {
  return withHelp(
    ErrorCode.InsufficientCyclesForCreateCanister,
    `Creating a canister requires a fee of ${required} that is deducted from the canister's initial balance but only ${sent} cycles were received with the create_canister request.`,
    "Try sending more cycles with the request.",
    "create-canister-not-enough-cycles",
  );
}

export function tooManyCanisters(subnet: SubnetId, limit: number): UserError {
  return withHelp(
    ErrorCode.MaxNumberOfCanistersReached,
    `Subnet ${principalText(subnet)} has reached the allowed canister limit of ${limit} canisters. Retry creating the canister.`,
    "Try creating the canister on another subnet.",
    "maximum-number-of-canisters-reached",
  );
}

/** Replica: the text ends in a placeholder that nobody fills. */
export function outOfCanisterIds(): UserError {
  return error(
    ErrorCode.SubnetOversubscribed,
    "Could not create canister. Subnet has surpassed its canister ID allocation.{additional_help}",
  );
}

export function specifiedIdInAllocationRange(id: CanisterId): UserError {
  return error(
    ErrorCode.InvalidManagementPayload,
    `The \`specified_id\` ${principalText(id)} is invalid because it belongs to the canister allocation ranges of the test environment.\n` +
      "Use a `specified_id` that matches a canister ID on the ICP mainnet and a test environment that supports canister creation with `specified_id` (e.g., PocketIC).",
  );
}

const INTERNAL_HELP = "\nThis is an internal error on the IC. Please report it to IC devs on the forum: https://forum.dfinity.org";

export function alreadyInstalled(id: CanisterId): UserError {
  return error(ErrorCode.CanisterAlreadyInstalled, `Canister ${principalText(id)} is already installed.${INTERNAL_HELP}`);
}

export function specifiedIdNotHosted(id: CanisterId, subnet: SubnetId): UserError {
  return error(
    ErrorCode.CanisterNotHostedBySubnet,
    `Unsuccessful validation of specified ID: Specified CanisterId ${principalText(id)} is not hosted by subnet ${principalText(subnet)}.${INTERNAL_HELP}`,
  );
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

export function heapDeltaRateLimited(id: CanisterId, debitBytes: number, limitBytes: number): UserError {
  return withHelp(
    ErrorCode.CanisterHeapDeltaRateLimited,
    `Canister ${principalText(id)} is heap delta rate limited: current delta debit is ${debitBytes}, but limit is ${limitBytes}.`,
    "Try waiting a few seconds before retrying the operation.",
    "canister-heap-delta-rate-limited",
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

// Lifecycle.

export function cannotDeleteItself(id: CanisterId): UserError {
  return withHelp(
    ErrorCode.CanisterInvalidController,
    `Canister ${principalText(id)} cannot delete itself.`,
    "Delete the canister from one of its other controllers.",
    "delete-canister-self",
  );
}

export function notStopped(id: CanisterId): UserError {
  return withHelp(
    ErrorCode.CanisterNotStopped,
    `Canister ${principalText(id)} must be stopped before it is deleted.`,
    "Stop the canister before deleting it.",
    "delete-canister-not-stopped",
  );
}

export function queuesNotEmpty(id: CanisterId): UserError {
  return withHelp(
    ErrorCode.CanisterQueueNotEmpty,
    `Canister ${principalText(id)} has messages in its queues and cannot be deleted now. Please retry after some time.`,
    "Wait until the queues have been cleared to delete the canister and in the meantime stop the canister.",
    "delete-canister-queue-not-empty",
  );
}

export function stopCancelled(id: CanisterId): UserError {
  return error(ErrorCode.CanisterStoppingCancelled, `Canister ${principalText(id)}'s stop request was cancelled.`);
}

export function stopTimedOut(): UserError {
  return error(ErrorCode.StopCanisterRequestTimeout, "Stop canister request timed out");
}

export function uninstalled(): UserError {
  return error(ErrorCode.CanisterRejectedMessage, "Canister has been uninstalled.");
}

// Subnets.

export function otherSubnet(given: PrincipalId, own: SubnetId): UserError {
  return error(
    ErrorCode.CanisterRejectedMessage,
    `Provided target subnet ID ${principalText(given)} does not match current subnet ID ${principalText(own)}.`,
  );
}

export function repeatedNode(node: PrincipalId): UserError {
  return error(ErrorCode.InvalidManagementPayload, `Expected a set of NodeIds. The NodeId ${principalText(node)} is repeated`);
}

// Reading.

export function noModuleNoMetadata(id: CanisterId): UserError {
  return error(
    ErrorCode.CanisterRejectedMessage,
    `The canister ${principalText(id)} has no Wasm module and hence no metadata is available.`,
  );
}

export function noSuchMetadata(id: CanisterId, name: string): UserError {
  return error(ErrorCode.CanisterRejectedMessage, `The canister ${principalText(id)} has no metadata section with the name ${name}.`);
}

export function logsOnlyAsQuery(): UserError {
  return error(ErrorCode.CanisterRejectedMessage, "fetch_canister_logs API is only accessible to end users in non-replicated mode");
}

// Threshold keys.

function rejected(description: string): UserError {
  return error(ErrorCode.CanisterRejectedMessage, description);
}

export function emptyPayload(text: "An empty message cannot be signed" | "Message payload empty"): UserError {
  return rejected(text);
}

export function keyNotHeld(subnet: SubnetId, key: string): UserError {
  return rejected(`Subnet ${principalText(subnet)} does not hold threshold key ${key}.`);
}

export function keyNotEnabled(method: string, key: string): UserError {
  return rejected(`${method} request failed: unknown or disabled threshold key ${key}.`);
}

export function signatureQueueFull(method: string, key: string): UserError {
  return rejected(`${method} request failed: request queue for key ${key} is full.`);
}

export function notEnoughCyclesFor(method: string, sent: bigint, required: bigint): UserError {
  return rejected(`${method} request sent with ${sent} cycles, but ${required} cycles are required.`);
}

/** `algorithm` as the replica displays it. */
export function auxInvalid(algorithm: string): UserError {
  return rejected(`Invalid aux field for ${algorithm}`);
}

export function auxNotSupported(algorithm: string): UserError {
  return rejected(`Schnorr algorithm ${algorithm} does not support aux input`);
}

export function transportKeyInvalid(): UserError {
  return rejected("The provided transport public key is invalid.");
}

// Bitcoin.

/** The first line is the platform's where no Bitcoin canister is configured. */
export function noChain(method: string): UserError {
  return rejected(`No bitcoin canisters available.\n${method} needs a chain: create the network with { bitcoin: regtestBitcoin() }.`);
}

/** What the Bitcoin canister says to who asks it about another chain. */
export function wrongChain(own: string, given: string): UserError {
  return error(ErrorCode.CanisterCalledTrap, `Network must be ${own}. Found ${given}`);
}

export function notEnoughCyclesForBitcoin(sent: bigint, required: bigint): UserError {
  return error(ErrorCode.CanisterCalledTrap, `Received ${sent} cycles. ${required} cycles are required.`);
}

export function permissionDenied(): UserError {
  return rejected("Permission denied.");
}

// HTTPS outcalls.

export function outcallRefused(description: string): UserError {
  return rejected(description);
}
