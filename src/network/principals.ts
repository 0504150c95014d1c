/**
 * Whoever can stand for a principal at the rim, and the two forms inside: the library's object for people and Candid, hex
 * for the core.
 */
import { Principal } from "@icp-sdk/core/principal";
import { CanneryError } from "../base/cannery-error.ts";
import { toHex } from "../base/bytes.ts";
import { kindOf } from "./given.ts";
import { ANONYMOUS, type PrincipalId } from "../core/state/ids.ts";
import { InvalidPrincipal, parsePrincipal, principalBytes, principalText } from "../core/state/principal.ts";

/** A principal, its text, an identity (of this network or of `@icp-sdk/core`), or a canister of a network. */
export type PrincipalLike = Principal | string | { getPrincipal(): Principal } | { readonly id: Principal };

/** Objects given out before; a principal is immutable, so they are shared. */
const objects = new Map<PrincipalId, Principal>();
const MAX_OBJECTS = 4096;

export function principalOf(id: PrincipalId): Principal {
  const known = objects.get(id);
  if (known !== undefined) return known;
  if (objects.size >= MAX_OBJECTS) objects.clear();
  const principal = Principal.fromUint8Array(principalBytes(id));
  objects.set(id, principal);
  return principal;
}

/** Refuses what stands for no principal, saying what it is. */
export function principalId(from: PrincipalLike): PrincipalId {
  if (typeof from === "string") {
    try {
      return parsePrincipal(from);
    } catch (error) {
      if (!(error instanceof InvalidPrincipal)) throw error;
      const hint = from.includes("-") ? "" : ". Names are for drawings: give the canister itself, its id, or an identity";
      throw new CanneryError("bad-principal", `${error.message}${hint}`, { cause: error });
    }
  }
  if (typeof from === "object" && from !== null) {
    if ("toUint8Array" in from && typeof from.toUint8Array === "function") return toHex(from.toUint8Array()) as PrincipalId;
    if ("getPrincipal" in from && typeof from.getPrincipal === "function") return principalId(from.getPrincipal());
    if ("id" in from) return principalId(from.id);
  }
  throw new CanneryError(
    "bad-principal",
    `a principal is expected: an object of @icp-sdk/core/principal, its text, an identity or a canister; got ${kindOf(from)}`,
  );
}

/** Who sends: the anonymous user where nobody is named. */
export function senderOf({ sender }: { readonly sender?: PrincipalLike }): PrincipalId {
  return sender === undefined ? ANONYMOUS : principalId(sender);
}

export { principalText };
