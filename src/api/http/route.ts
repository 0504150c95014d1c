/**
 * Where a request goes: the effective canister or subnet of its URL, and the subnet that has it.
 *
 * Source: interface spec, https-interface#http-effective-canister-id; http-interface.md 1; pocketic-server.md 9 (ids in no range).
 * Replica: `route` in `rs/pocket_ic_server/src/pocket_ic.rs` (c7c5005).
 */
import type { PrincipalId, SubnetId } from "../../core/state/ids.ts";
import { MANAGEMENT_CANISTER } from "../../core/state/ids.ts";
import { InvalidPrincipal, parsePrincipal } from "../../core/state/principal.ts";
import { principalProblem } from "../../core/state/principal-problem.ts";
import { isThere, route } from "../../core/state/world.ts";
import { decodeFields } from "./cbor.ts";
import { parseEnvelope } from "./envelope.ts";
import { badRequest, boundaryRefusal, HttpRefusal } from "./refusal.ts";
import type { ServedNetwork } from "./served.ts";

export type Target =
  | { readonly kind: "canister"; readonly id: PrincipalId; readonly subnet: SubnetId }
  | { readonly kind: "subnet"; readonly subnet: SubnetId };

export const PROVISIONAL_CREATION = "provisional_create_canister_with_cycles";

/** The effective id of a canister's endpoint. */
export function canisterTarget({ state }: ServedNetwork, text: string): Target {
  const id = principalOfUrl(text);
  const subnet = route(state, id);
  if (subnet === null || state.subnets.has(id as SubnetId))
    throw boundaryRefusal(400, "canister_not_found", "The specified canister does not exist.");
  return { kind: "canister", id, subnet };
}

/**
 * The effective id of a call. The management canister's own is no address, as it has no subnet; only canisters that are made for tests may be
 * made anywhere, and then it stands for the subnet that the network would take.
 */
export function callTarget(network: ServedNetwork, text: string, body: Uint8Array): Target {
  const { state, defaultSubnet, platform } = network;
  if (principalOfUrl(text) !== MANAGEMENT_CANISTER || !isProvisionalCreation(body, platform.sha256)) return canisterTarget(network, text);
  return { kind: "canister", id: MANAGEMENT_CANISTER, subnet: defaultSubnet ?? state.subnetOrder[0]! };
}

/** What is wrong with a request is not said here. */
export function isProvisionalCreation(body: Uint8Array, sha256: (bytes: Uint8Array) => Uint8Array): boolean {
  try {
    const { canister, method } = parseEnvelope(decodeFields(body), "call", sha256).content;
    return canister === MANAGEMENT_CANISTER && method === PROVISIONAL_CREATION;
  } catch (error) {
    if (!(error instanceof HttpRefusal)) throw error;
    return false;
  }
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
