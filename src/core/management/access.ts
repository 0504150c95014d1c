/**
 * Who may do what with a canister.
 *
 * Source: management-canister.md 1.5. Replica: `rs/execution_environment/src/execution/common.rs` (`validate_controller_or_subnet_admin`, c7c5005).
 */
import type { CanisterState, Visibility } from "../state/canister.ts";
import type { CanisterId, PrincipalId } from "../state/ids.ts";
import type { SubnetConfig, SubnetState } from "../state/network-state.ts";
import type { UserError } from "../state/rejects.ts";
import { neitherControllerNorAdmin, notController, notSubnetAdmin } from "./errors.ts";

/** The NNS governance canister, `rrkah-fqaaa-aaaaa-aaaaq-cai`: it may uninstall any canister. */
export const GOVERNANCE_CANISTER = "00000000000000010101" as CanisterId;

export function isController(canister: CanisterState, principal: PrincipalId): boolean {
  return canister.settings.controllers.includes(principal);
}

/** Everybody may. */
export function anybody(): null {
  return null;
}

/** `null` when the caller is a controller. */
export function requireController(canister: CanisterState, caller: PrincipalId): UserError | null {
  return isController(canister, caller) ? null : notController(canister.id, canister.settings.controllers, caller);
}

/**
 * Who administers the subnet, `null` where subnets have no admins: only those that cost nothing have them, and only two kinds of these.
 * A subnet that may have admins and has none answers as one that has. Replica: `rs/replicated_state/src/metadata_state.rs` (`can_have_subnet_admins`).
 */
export function subnetAdmins({ kind, costSchedule, admins }: SubnetConfig): readonly PrincipalId[] | null {
  return costSchedule === "free" && (kind === "application" || kind === "cloud_engine") ? admins : null;
}

/** `null` when the caller administers the subnet; `admins` are those of the subnet. */
export function requireSubnetAdmin(admins: readonly PrincipalId[], caller: PrincipalId): UserError | null {
  return admins.includes(caller) ? null : notSubnetAdmin(admins, caller);
}

/** `null` when the caller is a controller of the canister or administers its subnet. */
export function requireControllerOrAdmin(canister: CanisterState, caller: PrincipalId, subnet: SubnetState): UserError | null {
  const admins = subnetAdmins(subnet.config);
  if (admins === null) return requireController(canister, caller);
  if (admins.includes(caller) || isController(canister, caller)) return null;
  return neitherControllerNorAdmin(canister.id, canister.settings.controllers, admins, caller);
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
