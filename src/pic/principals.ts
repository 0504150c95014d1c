/**
 * Principals between suites, whose copy of the library may be another, and the core, which knows them by their bytes.
 */
import { Principal } from "@icp-sdk/core/principal";
import { idOf } from "../core/management/candid.ts";
import type { PrincipalId, SubnetId } from "../core/state/ids.ts";

/** A principal of another copy of the library is one all the same. */
export function own(principal: Principal): Principal {
  return Principal.fromUint8Array(principal.toUint8Array());
}

export function idFrom(principal: Principal): PrincipalId {
  return idOf(own(principal));
}

export function subnetIdFrom(principal: Principal): SubnetId {
  return idFrom(principal) as SubnetId;
}
