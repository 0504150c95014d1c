/**
 * Calls of users to the management canister: which canister they are about, who may send them, and what must be right before one enters a queue.
 *
 * Source: management-canister.md 1.3 (from top to bottom), messaging.md 9 (induction). Replica: `rs/types/types/src/messages/ingress_messages.rs`,
 * `rs/execution_environment/src/canister_manager.rs`, `should_accept_ingress_message` (c7c5005).
 */
import type { CanisterId } from "../state/ids.ts";
import type { Ingress } from "../state/messages.ts";
import type { SubnetState } from "../state/network-state.ts";
import { principalText } from "../state/principal.ts";
import { ErrorCode, type UserError } from "../state/rejects.ts";
import type { World } from "../state/world.ts";
import { isController, mayView, requireControllerOrAdmin, requireSubnetAdmin, subnetAdmins } from "./access.ts";
import { decodeTarget } from "./candid.ts";
import { requireStatusAccess } from "./canister-status.ts";
import { isWhitelisted } from "./create-canister.ts";
import { noAccessToSnapshots } from "./errors.ts";
import { METHODS } from "./methods.ts";

/** Methods whose argument is not looked at before they execute: they are about no canister, and nobody pays for them. */
const WITHOUT_CANISTER: ReadonlySet<string> = new Set([
  "create_canister",
  "provisional_create_canister_with_cycles",
  "provisional_top_up_canister",
]);

/**
 * The canister that a user's call is about and that pays for it, `null` where there is none, or why no such call can be made. Also where the
 * call may be sent: to the subnet of that canister.
 */
export function effectiveCanisterOf(method: string, arg: Uint8Array): CanisterId | null | { readonly error: UserError } {
  const effective = effectiveCanister(method, arg);
  if (!isProblem(effective)) return effective;
  switch (effective.problem) {
    case "unknown":
      return refusal(ErrorCode.CanisterMethodNotFound, `ic00 interface does not expose method ${method}`);
    case "notAllowed":
      return refusal(ErrorCode.CanisterRejectedMessage, `ic00 method ${method} can not be called via ingress messages`);
    case "payload":
      return refusal(ErrorCode.InvalidManagementPayload, `Failed to parse payload for ic00 method ${method}: ${effective.text}`);
  }
}

/** The same check when a block's message enters the queues, in the words of that place. */
export function managementInductionError(method: string, arg: Uint8Array): UserError | null {
  const effective = effectiveCanister(method, arg);
  if (!isProblem(effective)) return null;
  const because = (code: ErrorCode, why: string): UserError => ({ code, description: `Cannot enqueue management message because ${why}` });
  switch (effective.problem) {
    case "unknown":
      return because(ErrorCode.CanisterMethodNotFound, `${method} method is unknown.`);
    case "notAllowed":
      return because(ErrorCode.CanisterRejectedMessage, `${method} method is not allowed to be called via ingress messages.`);
    case "payload":
      return because(ErrorCode.InvalidManagementPayload, "its Candid payload is invalid.");
  }
}

type Problem = { readonly problem: "unknown" | "notAllowed" } | { readonly problem: "payload"; readonly text: string };

function effectiveCanister(method: string, arg: Uint8Array): CanisterId | null | Problem {
  const info = METHODS.get(method);
  if (info === undefined || info.ingress === "unknown") return { problem: "unknown" };
  if (info.ingress === "never") return { problem: "notAllowed" };
  if (WITHOUT_CANISTER.has(method)) return null;
  const target = decodeTarget(method, arg);
  // The text is that of a whole error, code included. Replica: `err.to_string()` of a UserError.
  return target.kind === "error" ? { problem: "payload", text: `IC0408: ${target.error.description}` } : target.value;
}

function isProblem(effective: CanisterId | null | Problem): effective is Problem {
  return typeof effective === "object" && effective !== null;
}

function refusal(code: ErrorCode, description: string): { readonly error: UserError } {
  return { error: { code, description } };
}

/** Whether this user may send this call; the argument has been decoded, and the paying canister can pay. `null`: accepted. */
export function acceptManagementIngress(world: World, subnet: SubnetState, message: Ingress): UserError | null {
  const { method, sender } = message;
  const effective = effectiveCanisterOf(method, message.arg);
  if (effective !== null && typeof effective === "object") return effective.error;
  const rule = METHODS.get(method)!.ingress;
  switch (rule) {
    case "unknown":
    case "never":
    case "onlyCanisters":
      return onlyCanisters(method);
    case "subnetAdmins": {
      const admins = subnetAdmins(subnet.config);
      return admins === null ? onlyCanisters(method) : requireSubnetAdmin(admins, sender);
    }
    case "whitelist":
      if (isWhitelisted(world.state, sender)) return null;
      return {
        code: ErrorCode.CanisterRejectedMessage,
        description: `Caller ${principalText(sender)} is not allowed to call ic00 method ${method}`,
      };
    case "controllerOrAdmin":
    case "controller":
    case "snapshotVisibility":
    case "statusVisibility":
  }
  const canister = effective === null ? undefined : subnet.canisters.get(effective);
  if (effective === null || canister === undefined) {
    return { code: ErrorCode.CanisterNotFound, description: `Canister ${principalText(effective!)} not found` };
  }
  switch (rule) {
    case "controllerOrAdmin":
      return requireControllerOrAdmin(canister, sender, subnet);
    case "controller":
      if (isController(canister, sender)) return null;
      return {
        code: ErrorCode.CanisterInvalidController,
        description: `Only controllers of canister ${principalText(canister.id)} can call ic00 method ${method}`,
      };
    case "snapshotVisibility":
      return mayView(canister, canister.settings.snapshotVisibility, sender) ? null : noAccessToSnapshots(sender, method);
    case "statusVisibility":
      return requireStatusAccess(canister, sender, subnet);
  }
}

function onlyCanisters(method: string): UserError {
  return { code: ErrorCode.CanisterRejectedMessage, description: `Only canisters can call ic00 method ${method}` };
}
