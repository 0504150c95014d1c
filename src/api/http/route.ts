/**
 * Where a request goes: the effective canister or subnet of its URL, and the subnet that has it.
 *
 * Source: interface spec, https-interface#http-effective-canister-id; http-interface.md 1; pocketic-server.md 9 (ids in no range).
 */
import type { PrincipalId, SubnetId } from "../../core/state/ids.ts";
import { MANAGEMENT_CANISTER } from "../../core/state/ids.ts";
import { InvalidPrincipal, parsePrincipal } from "../../core/state/principal.ts";
import { principalProblem } from "../../core/state/principal-problem.ts";
import { isThere, route } from "../../core/state/world.ts";
import { badRequest, boundaryRefusal } from "./refusal.ts";
import type { ServedNetwork } from "./served.ts";

export type Target =
  | { readonly kind: "canister"; readonly id: PrincipalId; readonly subnet: SubnetId }
  | { readonly kind: "subnet"; readonly subnet: SubnetId };

/** The effective id of a canister's endpoint. The management canister's own id stands for the first subnet. */
export function canisterTarget({ state, defaultSubnet }: ServedNetwork, text: string): Target {
  const id = principalOfUrl(text);
  const subnet = id === MANAGEMENT_CANISTER ? (defaultSubnet ?? state.subnetOrder[0]!) : route(state, id);
  if (subnet === null || state.subnets.has(id as SubnetId))
    throw boundaryRefusal(400, "canister_not_found", "The specified canister does not exist.");
  return { kind: "canister", id, subnet };
}

export function subnetTarget({ state }: ServedNetwork, text: string): Target {
  const id = principalOfUrl(text) as SubnetId;
  if (!isThere(state, id)) throw boundaryRefusal(400, "subnet_not_found", "The specified subnet cannot be found.");
  return { kind: "subnet", subnet: id };
}

function principalOfUrl(text: string): PrincipalId {
  try {
    return parsePrincipal(text);
  } catch (error) {
    if (!(error instanceof InvalidPrincipal)) throw error;
    throw badRequest(`Invalid URL: ${principalProblem(text)}`);
  }
}
