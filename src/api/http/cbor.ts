/**
 * CBOR bodies from outside, as maps of fields, and answers.
 *
 * Source: http-interface.md 1 (answers carry the self-describing tag, requests may), 2.
 */
import { decode, encodeWithSelfDescribedTag, type CborValue } from "@dfinity/cbor";
import { badRequest, type HttpRefusal } from "./refusal.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** Deeper is nothing that a client sends: hash trees, the deepest, have a level for each doubling of their entries. */
const MAX_DEPTH = 512;

/** The map that the bytes are. Whatever the library throws on hostile bytes is a bad request. */
export function decodeFields(bytes: Uint8Array): Fields {
  let value: unknown;
  try {
    value = decodeCbor(bytes);
  } catch (error) {
    throw undecodable(error instanceof Error ? error.message : String(error));
  }
  if (!isFields(value)) throw undecodable("expected a map");
  return value;
}

/** Throws on anything that is not one CBOR item. */
export function decodeCbor(bytes: Uint8Array): unknown {
  const value: unknown = decode(bytes);
  checkDepth(value, 0);
  return value;
}

function checkDepth(value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) throw new Error("nested too deeply");
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return;
  for (const item of Object.values(value)) checkDepth(item, depth + 1);
}

export function encodeFields(fields: Fields): Uint8Array {
  return encodeCbor(fields);
}

/** With the self-describing tag. */
export function encodeCbor(value: unknown): Uint8Array {
  return encodeWithSelfDescribedTag(value as CborValue);
}

export function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === "object" && !Array.isArray(value) && !(value instanceof Uint8Array);
}

// Fields of a kind; anything else is a bad request that names the field.

export function blobOf(fields: Fields, name: string): Uint8Array {
  const value = fields[name];
  if (value instanceof Uint8Array) return value;
  throw missing(name, value, "a blob");
}

export function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === "string") return value;
  throw missing(name, value, "a text");
}

export function natOf(fields: Fields, name: string): bigint {
  const value = fields[name];
  if (typeof value === "bigint" && value >= 0n) return value;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw missing(name, value, "a natural number");
}

export function listOf(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name];
  if (Array.isArray(value)) return value;
  throw missing(name, value, "an array");
}

/** `null` where the field is absent. */
export function optional<T>(fields: Fields, name: string, of: (fields: Fields, name: string) => T): T | null {
  return fields[name] === undefined || fields[name] === null ? null : of(fields, name);
}

function missing(name: string, value: unknown, expected: string): Error {
  return undecodable(value === undefined ? `missing field \`${name}\`` : `field \`${name}\` is not ${expected}`);
}

/** What does not have the form of a request. */
export function undecodable(why: string): HttpRefusal {
  return badRequest(`Failed to deserialize cbor request: ${why}`);
}
