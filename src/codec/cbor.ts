/**
 * CBOR from outside, as strictly as the platform reads it: one item and nothing behind it, texts in UTF-8, no key twice; lengths may be indefinite or
 * longer than they need be, and tags say nothing.
 *
 * Source: RFC 8949, 3 and 5; http-interface.md 1. Replica: `serde_cbor::from_slice`, with which it reads requests and signatures (c7c5005).
 * What `@dfinity/cbor` writes it reads less strictly: anything may follow the item, the key `__proto__` sets a prototype, and the keys of
 * authenticators (COSE), which are numbers, are not known to it.
 */
import { decode, Tag, type DecodeOptions } from "cbor2";

/** A map, by its keys; a number as a key is its decimals. */
export type CborFields = Readonly<Record<string, unknown>>;

/** Bytes that are not one item. The message says why. */
export class InvalidCbor extends Error {
  override name = "InvalidCbor";
}

const OPTIONS: DecodeOptions = {
  // Deeper is nothing that a client sends: hash trees, the deepest, have some levels for each doubling of their entries.
  maxDepth: 512,
  ignoreGlobalTags: true,
  // Ours: refused wherever they are; the platform overlooks them in fields that it overlooks. No interface has a use for them.
  rejectFloats: true,
  rejectSimple: true,
  createObject: fieldsOf,
};

/**
 * Integers are numbers as far as those are exact, else bigints; byte strings are copies; null and undefined are one. Throws `InvalidCbor`.
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  try {
    return plain(decode(bytes, OPTIONS));
  } catch (error) {
    if (error instanceof InvalidCbor) throw error;
    throw new InvalidCbor(problemOf(error as Error));
  }
}

/** In words of `serde_cbor` where it has them: what the library calls it. */
const PROBLEMS: readonly (readonly [RegExp, string])[] = [
  [/^Extra data/u, "trailing data"],
  [/^Maximum depth/u, "recursion limit exceeded"],
  [/valid for encoding utf-8/iu, "invalid UTF-8"],
  [/^(?:Unexpected BREAK|Missing map value)/u, "unexpected break"],
  [/^Additional info not implemented/u, "unassigned type"],
  [/^(?:Unmatched major type|New stream)/u, "a piece of a string is of another type"],
  [/^Unexpected end/u, "unexpected end of the bytes"],
];

function problemOf(error: Error): string {
  const known = PROBLEMS.find(([pattern]) => pattern.test(error.message));
  if (known !== undefined) return known[1];
  // An engine's own: the library would read, or count, beyond the end.
  return error instanceof RangeError || error instanceof TypeError ? "unexpected end of the bytes" : error.message;
}

export function isFields(value: unknown): value is CborFields {
  return value !== null && typeof value === "object" && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function fieldsOf(entries: readonly (readonly [key: unknown, ...rest: unknown[]])[]): CborFields {
  // Without a prototype: every key is one of the map's own.
  const fields = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of entries) {
    const name = plain(key);
    if (typeof name !== "string" && !Number.isSafeInteger(name)) throw new InvalidCbor("a key is neither a text nor a small number");
    if (String(name) in fields) throw new InvalidCbor(`duplicate field \`${String(name)}\``);
    fields[String(name)] = plain(value);
  }
  return fields;
}

/** What the library makes of an item, without what only the library has. */
function plain(value: unknown): unknown {
  if (value instanceof Tag) return plain(value.contents);
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return value.map(plain);
  return value ?? null;
}
