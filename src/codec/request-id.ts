/**
 * The representation-independent hash: the id of a request whichever way it was put into CBOR, and the hash that a
 * signed query answer and a delegation are checked by. One is made for each call that comes in.
 *
 * Source: interface spec, "Representation-independent hash of structured data" (hash-of-map).
 */
import { compare, concat } from "../base/bytes.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import { encodeLeb128, encodeSignedLeb128 } from "./leb128.ts";

export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** A blob, a text, an integer, an array or a map of these. */
export type HashableValue = Uint8Array | string | number | bigint | readonly HashableValue[] | HashableMap;

/** An absent optional field is left out or `undefined`. */
export interface HashableMap {
  readonly [name: string]: HashableValue | undefined;
}

/** Hashes of field names: a handful of names makes up all requests. Bounded, as names come from outside. */
const nameHashes = new Map<string, Uint8Array>();
const MAX_NAMES = 256;

/** 32 bytes. The given function is SHA-256. Throws a `RangeError` on a number that is no integer. */
export function representationIndependentHash(map: HashableMap, sha256: Sha256): Uint8Array {
  const fields: Uint8Array[] = [];
  for (const [name, value] of Object.entries(map)) {
    if (value !== undefined) fields.push(concat(nameHash(name, sha256), valueHash(value, sha256)));
  }
  return sha256(concat(...fields.sort(compare)));
}

function nameHash(name: string, sha256: Sha256): Uint8Array {
  const known = nameHashes.get(name);
  if (known !== undefined) return known;
  const hash = sha256(encodeUtf8(name));
  if (nameHashes.size < MAX_NAMES) nameHashes.set(name, hash);
  return hash;
}

function valueHash(value: HashableValue, sha256: Sha256): Uint8Array {
  if (value instanceof Uint8Array) return sha256(value);
  if (typeof value === "string") return sha256(encodeUtf8(value));
  if (typeof value === "number" || typeof value === "bigint") return sha256(value < 0 ? encodeSignedLeb128(value) : encodeLeb128(value));
  if (isArray(value)) return sha256(concat(...value.map((element) => valueHash(element, sha256))));
  return representationIndependentHash(value, sha256);
}

function isArray(value: readonly HashableValue[] | HashableMap): value is readonly HashableValue[] {
  return Array.isArray(value);
}
