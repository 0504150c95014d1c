/**
 * Who may do what with a canister.
 *
 * Source: management-canister.md 1.5. Ours: no subnet has subnet admins, so the errors are those of subnets without.
 */
import type { CanisterState, Visibility } from "../state/canister.ts";
import type { CanisterId, PrincipalId } from "../state/ids.ts";
import type { UserError } from "../state/rejects.ts";
import { notController } from "./errors.ts";

/** The NNS governance canister, `rrkah-fqaaa-aaaaa-aaaaq-cai`: it may uninstall any canister. */
export const GOVERNANCE_CANISTER = "00000000000000010101" as CanisterId;

export function isController(canister: CanisterState, principal: PrincipalId): boolean {
  return canister.settings.controllers.includes(principal);
}

/** `null` when the caller is a controller. */
export function requireController(canister: CanisterState, caller: PrincipalId): UserError | null {
  return isController(canister, caller) ? null : notController(canister.id, canister.settings.controllers, caller);
}

/** `null` when the caller is a controller or the canister itself. */
export function requireControllerOrSelf(canister: CanisterState, caller: PrincipalId): UserError | null {
  return caller === canister.id ? null : requireController(canister, caller);
}

/** Viewers are added to the controllers, they do not replace them. */
export function mayView(canister: CanisterState, visibility: Visibility, caller: PrincipalId): boolean {
  switch (visibility.kind) {
    case "public":
      return true;
    case "controllers":
      return isController(canister, caller);
    case "allowedViewers":
      return visibility.viewers.includes(caller) || isController(canister, caller);
  }
}
