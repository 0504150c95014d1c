/**
 * Account identifiers of the ICP ledger.
 *
 * Source: principals-and-ids.md 5, "Derived identifiers used with ledgers".
 */
import { getCrc32 } from "@icp-sdk/core/principal";
import { sha224 } from "@noble/hashes/sha2.js";
import { concat, toHex } from "../../base/bytes.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import { principalBytes } from "../../core/state/principal.ts";
import { principalId, type PrincipalLike } from "../principals.ts";

const SUBACCOUNT_BYTES = 32;

/** Of a principal's account, the one without a subaccount unless one is given: 64 hex digits. */
export function accountIdentifier(owner: PrincipalLike, subaccount: Uint8Array = new Uint8Array(SUBACCOUNT_BYTES)): string {
  const hash = sha224(concat(encodeUtf8("\naccount-id"), principalBytes(principalId(owner)), subaccount));
  const checksum = new Uint8Array(4);
  new DataView(checksum.buffer).setUint32(0, getCrc32(hash));
  return toHex(concat(checksum, hash));
}
