/**
 * CBOR bodies from outside, as maps of fields, and answers.
 *
 * Source: http-interface.md 1 (answers carry the self-describing tag, requests may), 2.
 */
import { encodeWithSelfDescribedTag, type CborValue } from "@dfinity/cbor";
import { decodeCbor, InvalidCbor, isFields, type CborFields } from "../../codec/cbor.ts";
import { badRequest, type HttpRefusal } from "./refusal.ts";

/** The map that the bytes are. Anything else is a bad request. */
export function decodeFields(bytes: Uint8Array): CborFields {
  let value: unknown;
  try {
    value = decodeCbor(bytes);
  } catch (error) {
    if (!(error instanceof InvalidCbor)) throw error;
    throw undecodable(error.message);
  }
  if (!isFields(value)) throw undecodable("expected a map");
  return value;
}

/** With the self-describing tag. */
export function encodeFields(fields: CborFields): Uint8Array {
  return encodeWithSelfDescribedTag(fields as CborValue);
}

// Fields of a kind; anything else is a bad request that names the field.

export function blobOf(fields: CborFields, name: string): Uint8Array {
  const value = fields[name];
  if (value instanceof Uint8Array) return value;
  throw missing(name, value, "a blob");
}

export function textOf(fields: CborFields, name: string): string {
  const value = fields[name];
  if (typeof value === "string") return value;
  throw missing(name, value, "a text");
}

export function natOf(fields: CborFields, name: string): bigint {
  const value = fields[name];
  if (typeof value === "bigint" && value >= 0n) return value;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw missing(name, value, "a natural number");
}

export function listOf(fields: CborFields, name: string): readonly unknown[] {
  const value = fields[name];
  if (Array.isArray(value)) return value;
  throw missing(name, value, "an array");
}

export function fieldsOf(fields: CborFields, name: string): CborFields {
  const value = fields[name];
  if (isFields(value)) return value;
  throw missing(name, value, "a map");
}

/** `null` where the field is absent. */
export function optional<T>(fields: CborFields, name: string, of: (fields: CborFields, name: string) => T): T | null {
  return fields[name] === undefined || fields[name] === null ? null : of(fields, name);
}

function missing(name: string, value: unknown, expected: string): Error {
  return undecodable(value === undefined ? `missing field \`${name}\`` : `field \`${name}\` is not ${expected}`);
}

/** What does not have the form of a request. */
export function undecodable(why: string): HttpRefusal {
  return badRequest(`Failed to deserialize cbor request: ${why}`);
}
