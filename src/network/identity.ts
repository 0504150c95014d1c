/**
 * Users of an in-process network. Nobody signs there, so a user is a principal with a name; it has the form of a key's
 * principal, and is the same in every run.
 */
import type { Principal } from "@icp-sdk/core/principal";
import { concat } from "../base/bytes.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import { ED25519_DER_PREFIX } from "../crypto/network-keys.ts";
import type { PrincipalId } from "../core/state/ids.ts";
import { selfAuthenticatingPrincipal } from "../core/state/principal.ts";
import type { Platform } from "../core/wasm/engine.ts";
import { principalOf } from "./principals.ts";

/** A user of a network in process, known by a name: the same principal in every run. It has no key, and needs none where nothing is signed. */
export class Identity {
  /** As drawings and errors show it. */
  readonly name: string;
  readonly principal: Principal;

  constructor(name: string, principal: Principal) {
    this.name = name;
    this.principal = principal;
  }

  /** As identities of `@icp-sdk/core` have it. */
  getPrincipal(): Principal {
    return this.principal;
  }
}

/** The principal of the key whose bytes are the hash of the name. Nobody knows a private key to it. */
function identityId(name: string, platform: Pick<Platform, "sha224" | "sha256">): PrincipalId {
  const key = platform.sha256(encodeUtf8(`cannery identity ${name}`));
  return selfAuthenticatingPrincipal(concat(ED25519_DER_PREFIX, key), platform.sha224);
}

export function identityOf(name: string, platform: Pick<Platform, "sha224" | "sha256">): Identity {
  return new Identity(name, principalOf(identityId(name, platform)));
}
