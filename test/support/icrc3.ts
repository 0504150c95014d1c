/** Generic values of ICRC-3 and their representation-independent hashes: a second account of what the ledgers here compute in Motoko. */
import { sha256 } from "@noble/hashes/sha2.js";
import { compare, concat } from "../../src/base/bytes.ts";

export type Value =
  | { readonly Nat: bigint }
  | { readonly Int: bigint }
  | { readonly Text: string }
  | { readonly Blob: Uint8Array }
  | { readonly Array: readonly Value[] }
  | { readonly Map: readonly (readonly [string, Value])[] };

export function hashOfValue(value: Value): Uint8Array {
  if ("Nat" in value) return sha256(leb128(value.Nat));
  if ("Text" in value) return sha256(new TextEncoder().encode(value.Text));
  if ("Blob" in value) return sha256(value.Blob);
  if ("Array" in value) return sha256(concat(...value.Array.map(hashOfValue)));
  if ("Map" in value) {
    const pairs = value.Map.map(([key, item]) => concat(sha256(new TextEncoder().encode(key)), hashOfValue(item)));
    return sha256(concat(...pairs.sort(compare)));
  }
  throw new Error("no ledger here has integers below zero in its blocks");
}

function leb128(value: bigint): Uint8Array {
  const low = Number(value % 128n);
  return value < 128n ? Uint8Array.of(low) : concat(Uint8Array.of(low + 128), leb128(value / 128n));
}
