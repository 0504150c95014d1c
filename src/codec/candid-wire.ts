/**
 * Candid messages read by the types that they carry themselves, for whoever does not know them: a gateway passes a token back to the canister that
 * chose its type. What is not looked at stays bytes.
 *
 * Source: Candid specification, "Binary Format".
 * Ours: by hand, because the library reads messages by given types only.
 */
import { concat } from "../base/bytes.ts";
import { decodeUtf8, encodeUtf8 } from "../base/utf8.ts";
import { decodeLeb128, decodeSignedLeb128, encodeLeb128, encodeSignedLeb128 } from "./leb128.ts";

/** Bytes that are no Candid message, or one with types of the future. */
export class CandidWireError extends Error {
  override name = "CandidWireError";
}

/** A place in the table of types, or (below zero) a primitive type. */
type TypeRef = number;

interface Field {
  readonly hash: number;
  readonly type: TypeRef;
}

type Entry =
  | { readonly kind: "opt"; readonly of: TypeRef }
  | { readonly kind: "vec"; readonly of: TypeRef }
  | { readonly kind: "record"; readonly fields: readonly Field[] }
  | { readonly kind: "variant"; readonly fields: readonly Field[] }
  | { readonly kind: "func" }
  | { readonly kind: "service" };

interface Message {
  readonly bytes: Uint8Array;
  /** The magic number and the table, without the types of the arguments. */
  readonly head: Uint8Array;
  readonly table: readonly Entry[];
  /** What may still be looked at: values without bytes must not keep anybody busy. */
  readonly budget: { left: number };
}

/** A value in a message: where it is and of what type. */
export interface WireValue {
  readonly message: Message;
  readonly type: TypeRef;
  readonly start: number;
}

const MAGIC = encodeUtf8("DIDL");
const PRIMITIVE = {
  null: -1,
  bool: -2,
  nat: -3,
  int: -4,
  nat8: -5,
  nat16: -6,
  text: -15,
  reserved: -16,
  empty: -17,
  principal: -24,
} as const;
/** Bytes of the primitives of a fixed size: from `null` to `float64`, then `reserved`. `nat` and `int` are in LEB128. */
const FIXED_BYTES: Readonly<Record<TypeRef, number>> = {
  [-1]: 0,
  [-2]: 1,
  [-5]: 1,
  [-6]: 2,
  [-7]: 4,
  [-8]: 8,
  [-9]: 1,
  [-10]: 2,
  [-11]: 4,
  [-12]: 8,
  [-13]: 4,
  [-14]: 8,
  [-16]: 0,
};
const CONSTRUCTORS: Readonly<Record<number, Entry["kind"]>> = {
  [-18]: "opt",
  [-19]: "vec",
  [-20]: "record",
  [-21]: "variant",
  [-22]: "func",
  [-23]: "service",
};
const MAX_DEPTH = 400;
const MAX_VALUES = 4_000_000;

/** The first argument. Throws `CandidWireError`. */
export function readCandid(bytes: Uint8Array): WireValue {
  return reading(() => {
    const cursor = new Cursor(bytes);
    if (MAGIC.some((byte) => cursor.byte() !== byte)) throw new CandidWireError("it does not begin with DIDL");
    const table = Array.from({ length: cursor.count() }, () => entry(cursor));
    const head = bytes.subarray(0, cursor.at);
    const types = Array.from({ length: cursor.count() }, () => cursor.signed());
    if (types.length === 0) throw new CandidWireError("it holds no value");
    const message = { bytes, head, table, budget: { left: MAX_VALUES } };
    return { message, type: types[0]!, start: cursor.at };
  });
}

/** The value alone, as a message of one argument. */
export function messageOf(value: WireValue): Uint8Array {
  const { message, type, start } = value;
  const end = reading(() => skip(message, type, start, 0));
  return concat(message.head, encodeLeb128(1), encodeSignedLeb128(type), message.bytes.subarray(start, end));
}

/** Fields by their hash (`candidHash`). Throws when the value is no record. */
export function fieldsOf(value: WireValue): ReadonlyMap<number, WireValue> {
  const { message } = value;
  const type = entryOf(value, "record");
  return reading(() => {
    const found = new Map<number, WireValue>();
    let start = value.start;
    for (const field of type.fields) {
      found.set(field.hash, { message, type: field.type, start });
      start = skip(message, field.type, start, 0);
    }
    return found;
  });
}

/** Which case a variant is, by its hash. */
export function caseOf(value: WireValue): { readonly hash: number; readonly value: WireValue } {
  const { message } = value;
  const { fields } = entryOf(value, "variant");
  return reading(() => {
    const cursor = new Cursor(message.bytes, value.start);
    const field = fields[cursor.count()];
    if (field === undefined) throw new CandidWireError("a variant has no such case");
    return { hash: field.hash, value: { message, type: field.type, start: cursor.at } };
  });
}

/** What an option holds, or `null`. As in Candid, a field that is not there and a `null` are options too, and any other value is a full one. */
export function optionOf(value: WireValue | undefined): WireValue | null {
  if (value === undefined || value.type === PRIMITIVE.null || value.type === PRIMITIVE.reserved) return null;
  const { message, type, start } = value;
  const of = message.table[type];
  if (of?.kind !== "opt") return value;
  return reading(() => {
    const cursor = new Cursor(message.bytes, start);
    return cursor.flag() ? { message, type: of.of, start: cursor.at } : null;
  });
}

export function itemsOf(value: WireValue): WireValue[] {
  const { message } = value;
  const { of } = entryOf(value, "vec");
  return reading(() => {
    const cursor = new Cursor(message.bytes, value.start);
    const items: WireValue[] = [];
    for (let left = cursor.count(); left > 0; left--) {
      spend(message);
      items.push({ message, type: of, start: cursor.at });
      cursor.at = skip(message, of, cursor.at, 0);
    }
    return items;
  });
}

/** Of a `vec nat8`; a view. */
export function blobOf(value: WireValue): Uint8Array {
  if (entryOf(value, "vec").of !== PRIMITIVE.nat8) throw mismatch("blob");
  return reading(() => {
    const cursor = new Cursor(value.message.bytes, value.start);
    return cursor.take(cursor.count());
  });
}

export function textOf(value: WireValue): string {
  return reading(() => textAt(primitive(value, "text")));
}

export function boolOf(value: WireValue): boolean {
  return reading(() => primitive(value, "bool").flag());
}

export function nat16Of(value: WireValue): number {
  return reading(() => {
    const [low, high] = primitive(value, "nat16").take(2);
    return low! | (high! << 8);
  });
}

/** A reference to a method: the canister's bytes and the name. */
export function methodOf(value: WireValue): { readonly canister: Uint8Array; readonly name: string } {
  entryOf(value, "func");
  return reading(() => {
    const cursor = new Cursor(value.message.bytes, value.start);
    if (!cursor.flag()) throw new CandidWireError("a reference is opaque");
    if (!cursor.flag()) throw new CandidWireError("a reference is opaque");
    const canister = cursor.take(cursor.count());
    return { canister, name: textAt(cursor) };
  });
}

/** By which fields and cases go on the wire. Source: Candid specification, "Records". */
export function candidHash(name: string): number {
  let hash = 0;
  for (const byte of encodeUtf8(name)) hash = (Math.imul(hash, 223) + byte) >>> 0;
  return hash;
}

class Cursor {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    return this.take(1)[0]!;
  }

  take(count: number): Uint8Array {
    const end = this.at + count;
    if (end > this.bytes.length) throw new CandidWireError("it ends too early");
    const taken = this.bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }

  flag(): boolean {
    const byte = this.byte();
    if (byte > 1) throw new CandidWireError(`${byte} stands where 0 or 1 must`);
    return byte === 1;
  }

  count(): number {
    const { value, end } = decodeLeb128(this.bytes, this.at);
    this.at = end;
    return small(value);
  }

  signed(): number {
    const { value, end } = decodeSignedLeb128(this.bytes, this.at);
    this.at = end;
    return small(value);
  }

  skipLeb128(): void {
    while (this.byte() >= 0x80);
  }
}

function small(value: bigint): number {
  if (value > 0xffff_ffffn || value < -0xffff_ffffn) throw new CandidWireError(`${value} is too large`);
  return Number(value);
}

function textAt(cursor: Cursor): string {
  const text = decodeUtf8(cursor.take(cursor.count()));
  if (text === null) throw new CandidWireError("a text is not UTF-8");
  return text;
}

function entry(cursor: Cursor): Entry {
  const code = cursor.signed();
  const kind = CONSTRUCTORS[code];
  switch (kind) {
    case "opt":
    case "vec":
      return { kind, of: cursor.signed() };
    case "record":
    case "variant":
      return { kind, fields: Array.from({ length: cursor.count() }, () => ({ hash: cursor.count(), type: cursor.signed() })) };
    case "func":
      skipTypes(cursor);
      skipTypes(cursor);
      cursor.take(cursor.count());
      return { kind };
    case "service":
      for (let left = cursor.count(); left > 0; left--) {
        textAt(cursor);
        cursor.signed();
      }
      return { kind };
    case undefined:
      throw new CandidWireError(`it has a type of a kind ${code} that is not known`);
  }
}

function skipTypes(cursor: Cursor): void {
  for (let left = cursor.count(); left > 0; left--) cursor.signed();
}

/** Where the value ends. */
function skip(message: Message, type: TypeRef, start: number, depth: number): number {
  spend(message);
  if (depth > MAX_DEPTH) throw new CandidWireError("it is nested too deeply");
  const cursor = new Cursor(message.bytes, start);
  if (type < 0) {
    skipPrimitive(cursor, type);
    return cursor.at;
  }
  const of = message.table[type];
  if (of === undefined) throw new CandidWireError("it names a type that it does not have");
  switch (of.kind) {
    case "opt":
      return cursor.flag() ? skip(message, of.of, cursor.at, depth + 1) : cursor.at;
    case "vec": {
      const count = cursor.count();
      const size = FIXED_BYTES[of.of];
      if (size !== undefined) cursor.take(count * size);
      else for (let left = count; left > 0; left--) cursor.at = skip(message, of.of, cursor.at, depth + 1);
      return cursor.at;
    }
    case "record":
      for (const field of of.fields) cursor.at = skip(message, field.type, cursor.at, depth + 1);
      return cursor.at;
    case "variant": {
      const field = of.fields[cursor.count()];
      if (field === undefined) throw new CandidWireError("a variant has no such case");
      return skip(message, field.type, cursor.at, depth + 1);
    }
    case "func":
      if (!cursor.flag()) throw new CandidWireError("a reference is opaque");
      skipPrincipal(cursor);
      textAt(cursor);
      return cursor.at;
    case "service":
      skipPrincipal(cursor);
      return cursor.at;
  }
}

function skipPrimitive(cursor: Cursor, type: TypeRef): void {
  const size = FIXED_BYTES[type];
  if (size !== undefined) cursor.take(size);
  else if (type === PRIMITIVE.nat || type === PRIMITIVE.int) cursor.skipLeb128();
  else if (type === PRIMITIVE.text) textAt(cursor);
  else if (type === PRIMITIVE.principal) skipPrincipal(cursor);
  else throw new CandidWireError(`it has a value of a type ${type} that there is none of`);
}

function skipPrincipal(cursor: Cursor): void {
  if (!cursor.flag()) throw new CandidWireError("a reference is opaque");
  cursor.take(cursor.count());
}

function spend({ budget }: Message): void {
  if (--budget.left < 0) throw new CandidWireError("it holds too many values");
}

function primitive(value: WireValue, name: keyof typeof PRIMITIVE): Cursor {
  if (value.type !== PRIMITIVE[name]) throw mismatch(name);
  return new Cursor(value.message.bytes, value.start);
}

function entryOf<K extends Entry["kind"]>(value: WireValue, kind: K): Extract<Entry, { kind: K }> {
  const found = value.message.table[value.type];
  if (found?.kind !== kind) throw mismatch(kind);
  return found as Extract<Entry, { kind: K }>;
}

function mismatch(expected: string): CandidWireError {
  return new CandidWireError(`a ${expected} is expected`);
}

/** Numbers that go on behind the end are no message either. */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw new CandidWireError(error.message, { cause: error });
    throw error;
  }
}
