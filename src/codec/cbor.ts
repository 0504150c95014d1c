/**
 * CBOR from outside, as strictly as the platform reads it: one item and nothing behind it, texts in UTF-8, no key twice; lengths may be indefinite or
 * longer than they need be, and tags say nothing.
 *
 * Source: RFC 8949, 3 and 5; http-interface.md 1. Replica: `serde_cbor::from_slice`, with which it reads requests and signatures (c7c5005).
 * Ours: by hand, because the library that writes (`@dfinity/cbor`) lets anything follow the item, takes the key `__proto__` for a prototype, and knows
 * neither strings in pieces nor keys that are numbers, which the keys of authenticators (COSE) have.
 */
import { concat } from "../base/bytes.ts";
import { decodeUtf8 } from "../base/utf8.ts";

/** A map, by its keys; a number as a key is its decimals. */
export type CborFields = Readonly<Record<string, unknown>>;

/** Stands for what no interface of the platform has a use for, such as fractions. */
export const OTHER: unique symbol = Symbol("a value of no use");

/** Bytes that are not one item. The message says why. */
export class InvalidCbor extends Error {
  override name = "InvalidCbor";
}

/**
 * Integers are numbers as far as those are exact, else bigints; byte strings are copies; null and undefined are one. Throws `InvalidCbor`.
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = reader.item(0);
  if (!reader.isAtEnd) throw new InvalidCbor("trailing data");
  return value;
}

export function isFields(value: unknown): value is CborFields {
  return value !== null && typeof value === "object" && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** Deeper is nothing that a client sends: hash trees, the deepest, have some levels for each doubling of their entries. */
const MAX_DEPTH = 512;

const MAJOR = { natural: 0, negative: 1, bytes: 2, text: 3, list: 4, map: 5, tag: 6, simple: 7 } as const;

/** What an item begins with: its major type, and a number; `null` for a length that is not told. */
interface Head {
  readonly major: number;
  readonly value: number | bigint | null;
}

/** Ends what has no length. */
const BREAK = 0xff;
const INDEFINITE = 31;
const SIMPLE = { false: 20, true: 21, null: 22, undefined: 23 } as const;

class Reader {
  private readonly bytes: Uint8Array;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  item(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new InvalidCbor("recursion limit exceeded");
    const { major, value } = this.head();
    switch (major) {
      case MAJOR.natural:
        return value;
      case MAJOR.negative:
        return typeof value === "number" && value < Number.MAX_SAFE_INTEGER ? -1 - value : -1n - BigInt(value!);
      case MAJOR.bytes:
        return this.string(major, value);
      case MAJOR.text:
        return this.text(value);
      case MAJOR.list:
        return this.list(value, depth);
      case MAJOR.map:
        return this.map(value, depth);
      case MAJOR.tag:
        return this.item(depth + 1);
      default:
        return simple(value);
    }
  }

  private head(): Head {
    const byte = this.take(1)[0]!;
    const major = byte >> 5;
    const info = byte & 31;
    if (info < 24) return { major, value: info };
    const hasNoLength = info === INDEFINITE && major >= MAJOR.bytes && major <= MAJOR.map;
    if (hasNoLength) return { major, value: null };
    if (info > 27) throw new InvalidCbor(byte === BREAK ? "unexpected break" : "unassigned type");
    const argument = this.take(2 ** (info - 24));
    // Numbers of this type are fractions, or simple values in two bytes.
    if (major === MAJOR.simple) return { major, value: info === 24 ? argument[0]! : INDEFINITE };
    let value = 0;
    for (const digit of argument.subarray(-6)) value = value * 256 + digit;
    if (argument.length < 8 || (argument[0] === 0 && argument[1] === 0)) return { major, value };
    const large = (BigInt(argument[0]! * 256 + argument[1]!) << 48n) | BigInt(value);
    return { major, value: large <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(large) : large };
  }

  /** Of bytes or of a text, whole or in pieces. */
  private string(major: number, length: Head["value"]): Uint8Array {
    if (length !== null) return this.take(length).slice();
    const parts: Uint8Array[] = [];
    while (!this.takesBreak()) {
      const part = this.head();
      if (part.major !== major || part.value === null) throw new InvalidCbor("a piece of a string is of another type");
      parts.push(this.take(part.value));
    }
    return concat(...parts);
  }

  private text(length: Head["value"]): string {
    const text = decodeUtf8(this.string(MAJOR.text, length));
    if (text === null) throw new InvalidCbor("invalid UTF-8");
    return text;
  }

  private list(length: Head["value"], depth: number): readonly unknown[] {
    const items: unknown[] = [];
    while (this.hasMore(length, items.length)) items.push(this.item(depth + 1));
    return items;
  }

  private map(length: Head["value"], depth: number): CborFields {
    // Without a prototype: every key is one of the map's own.
    const fields = Object.create(null) as Record<string, unknown>;
    for (let count = 0; this.hasMore(length, count); count++) {
      const key = this.item(depth + 1);
      if (typeof key !== "string" && typeof key !== "number") throw new InvalidCbor("a key is neither a text nor a small number");
      if (String(key) in fields) throw new InvalidCbor(`duplicate field \`${key}\``);
      fields[String(key)] = this.item(depth + 1);
    }
    return fields;
  }

  private hasMore(length: Head["value"], count: number): boolean {
    return length === null ? !this.takesBreak() : count < length;
  }

  private takesBreak(): boolean {
    if (this.bytes[this.at] !== BREAK) return false;
    this.at++;
    return true;
  }

  private take(count: number | bigint): Uint8Array {
    if (count > this.bytes.length - this.at) throw new InvalidCbor("unexpected end of the bytes");
    const from = this.at;
    this.at += Number(count);
    return this.bytes.subarray(from, this.at);
  }
}

function simple(value: Head["value"]): unknown {
  switch (value) {
    case SIMPLE.false:
      return false;
    case SIMPLE.true:
      return true;
    case SIMPLE.null:
    case SIMPLE.undefined:
      return null;
    default:
      return OTHER;
  }
}
