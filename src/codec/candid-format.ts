/**
 * Candid's types and values as bytes: the table of types, and where a value of a type ends.
 *
 * Source: Candid specification, "Binary Format".
 */
import { decodeUtf8 } from "../base/utf8.ts";
import { decodeLeb128, decodeSignedLeb128 } from "./leb128.ts";

/** Bytes that are no Candid message, or one with types of the future. */
export class CandidWireError extends Error {
  override name = "CandidWireError";
}

/** A place in the table of types, or (below zero) a primitive type. */
export type TypeRef = number;

interface Field {
  readonly hash: number;
  readonly type: TypeRef;
}

export type Entry =
  | { readonly kind: "opt"; readonly of: TypeRef }
  | { readonly kind: "vec"; readonly of: TypeRef }
  | { readonly kind: "record"; readonly fields: readonly Field[] }
  | { readonly kind: "variant"; readonly fields: readonly Field[] }
  | { readonly kind: "func" }
  | { readonly kind: "service" };

export interface Message {
  readonly bytes: Uint8Array;
  /** The magic number and the table, without the types of the arguments. */
  readonly head: Uint8Array;
  readonly table: readonly Entry[];
  /** What may still be looked at: values without bytes must not keep anybody busy. */
  readonly budget: { left: number };
}

export const PRIMITIVE = {
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
export class Cursor {
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

export function textAt(cursor: Cursor): string {
  const text = decodeUtf8(cursor.take(cursor.count()));
  if (text === null) throw new CandidWireError("a text is not UTF-8");
  return text;
}

export function readEntry(cursor: Cursor): Entry {
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
export function skip(message: Message, type: TypeRef, start: number, depth: number): number {
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

export function spend({ budget }: Message): void {
  if (--budget.left < 0) throw new CandidWireError("it holds too many values");
}
/** Numbers that go on behind the end are no message either. */
export function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw new CandidWireError(error.message, { cause: error });
    throw error;
  }
}
