/**
 * What a request's JSON must look like: fields are read one by one, and what is missing or of another type is said as the real server's
 * deserializer says it (status 422).
 *
 * Source: `packages/pocket-ic/src/common/rest.rs` (c7c5005), whose types these are.
 */
import { toHex } from "../../base/bytes.ts";
import { fromBase64 } from "../../codec/base64.ts";
import type { PrincipalId } from "../../core/state/ids.ts";

/** Well-formed JSON of another shape than the endpoint takes. */
export class BadShape extends Error {
  override name = "BadShape";
}

export type Fields = Readonly<Record<string, unknown>>;
/** Reads a value; `what` says for people where it stands. */
export type Reader<T> = (value: unknown, what: string) => T;

function wrongType(value: unknown, expected: string, what: string): never {
  throw new BadShape(`${what}: invalid type: ${kindOf(value)}, expected ${expected}`);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "sequence";
  switch (typeof value) {
    case "object":
      return "map";
    case "string":
      return `string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value)}`;
    case "boolean":
      return `boolean \`${value}\``;
    default:
      return `number \`${String(value)}\``;
  }
}

export const fields: Reader<Fields> = (value, what) =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : wrongType(value, "a map", what);

/** A field that must be there. */
export function required<T>(from: Fields, name: string, read: Reader<T>): T {
  if (from[name] === undefined) throw new BadShape(`missing field \`${name}\``);
  return read(from[name], name);
}

/** A field that may be missing or null. */
export function maybe<T>(from: Fields, name: string, read: Reader<T>): T | null {
  const value = from[name];
  return value === undefined || value === null ? null : read(value, name);
}

export const text: Reader<string> = (value, what) => (typeof value === "string" ? value : wrongType(value, "a string", what));

export const flag: Reader<boolean> = (value, what) => (typeof value === "boolean" ? value : wrongType(value, "a boolean", what));

/** Standard base64 with padding. */
export const blob: Reader<Uint8Array> = (value, what) => {
  const bytes = fromBase64(text(value, what));
  if (bytes === null) throw new BadShape(`${what}: invalid base64`);
  return bytes;
};

/** An integer of at most so many bits, without sign. */
export function unsigned(bits: number): Reader<bigint> {
  return (value, what) => {
    const integer = typeof value === "bigint" ? value : typeof value === "number" && Number.isInteger(value) ? BigInt(value) : null;
    if (integer === null || integer < 0n || integer >= 1n << BigInt(bits)) return wrongType(value, `u${bits}`, what);
    return integer;
  };
}

export const u64 = unsigned(64);

export function list<T>(read: Reader<T>): Reader<T[]> {
  return (value, what) =>
    Array.isArray(value) ? value.map((item, i) => read(item, `${what}[${i}]`)) : wrongType(value, "a sequence", what);
}

/** One of some texts. */
export function oneOf<T extends string>(...names: readonly T[]): Reader<T> {
  return (value, what) => {
    const found = names.find((name) => name === value);
    if (found !== undefined) return found;
    throw new BadShape(
      `${what}: unknown variant ${kindOf(value)}, expected ${names.length === 1 ? "" : "one of "}${names.map((name) => `\`${name}\``).join(", ")}`,
    );
  };
}

/** An object with one field, which names the variant. */
export function variant<T>(readers: Readonly<Record<string, (value: unknown, what: string) => T>>): Reader<T> {
  return (value, what) => {
    const entries = Object.entries(fields(value, what));
    const name = entries.length === 1 ? entries[0]![0] : "";
    const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (read === undefined) throw new BadShape(`${what}: expected one of ${Object.keys(readers).join(", ")}`);
    return read(entries[0]![1], `${what}.${name}`);
  };
}

/** Bytes of a principal, `{ [field]: base64 }`. */
export function principalIn(field: string): Reader<PrincipalId> {
  return (value, what) => required(fields(value, what), field, principal);
}

const MAX_PRINCIPAL_BYTES = 29;

export const principal: Reader<PrincipalId> = (value, what) => {
  const bytes = blob(value, what);
  if (bytes.length > MAX_PRINCIPAL_BYTES) throw new BadShape(`${what}: a principal has at most ${MAX_PRINCIPAL_BYTES} bytes`);
  return toHex(bytes) as PrincipalId;
};
