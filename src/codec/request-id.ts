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

/** Hashes of the texts that come with every request: names of fields, of endpoints and of methods. Bounded, as texts come from outside. */
const textHashes = new Map<string, Uint8Array>();
const MAX_TEXTS = 256;
const MAX_TEXT_LENGTH = 64;

/** 32 bytes. The given function is SHA-256. Throws a `RangeError` on a number that is no integer. */
export function representationIndependentHash(map: HashableMap, sha256: Sha256): Uint8Array {
  const fields: Uint8Array[] = [];
  for (const [name, value] of Object.entries(map)) {
    if (value !== undefined) fields.push(concat(textHash(name, sha256), valueHash(value, sha256)));
  }
  return sha256(concat(...fields.sort(compare)));
}

function textHash(text: string, sha256: Sha256): Uint8Array {
  const known = textHashes.get(text);
  if (known !== undefined) return known;
  const hash = sha256(encodeUtf8(text));
  if (text.length > MAX_TEXT_LENGTH) return hash;
  if (textHashes.size >= MAX_TEXTS) textHashes.clear();
  textHashes.set(text, hash);
  return hash;
}

function valueHash(value: HashableValue, sha256: Sha256): Uint8Array {
  if (value instanceof Uint8Array) return sha256(value);
  if (typeof value === "string") return textHash(value, sha256);
  if (typeof value === "number" || typeof value === "bigint") return sha256(value < 0 ? encodeSignedLeb128(value) : encodeLeb128(value));
  if (isArray(value)) return sha256(concat(...value.map((element) => valueHash(element, sha256))));
  return representationIndependentHash(value, sha256);
}

function isArray(value: readonly HashableValue[] | HashableMap): value is readonly HashableValue[] {
  return Array.isArray(value);
}
