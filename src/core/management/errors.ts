/**
 * Why a management call fails: the platform's error codes and texts. Those of one family of calls are beside: `resource-errors.ts`, `code-errors.ts`,
 * `snapshot-errors.ts`, `outside-errors.ts`.
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
