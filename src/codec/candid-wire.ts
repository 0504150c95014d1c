/**
 * Candid messages read by the types that they carry themselves, for whoever does not know them: a gateway passes a token back to the canister that
 * chose its type. What is not looked at stays bytes.
 *
 * Source: Candid specification, "Binary Format".
 * Ours: by hand, because the library reads messages by given types only.
 */
import { concat } from "../base/bytes.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import {
  CandidWireError,
  Cursor,
  PRIMITIVE,
  readEntry,
  reading,
  skip,
  spend,
  textAt,
  type Entry,
  type Message,
  type TypeRef,
} from "./candid-format.ts";
import { encodeLeb128, encodeSignedLeb128 } from "./leb128.ts";

export { CandidWireError };

/** A value in a message: where it is and of what type. */
export interface WireValue {
  readonly message: Message;
  readonly type: TypeRef;
  readonly start: number;
}

const MAGIC = encodeUtf8("DIDL");
const MAX_VALUES = 4_000_000;

/** The first argument. Throws `CandidWireError`. */
export function readCandid(bytes: Uint8Array): WireValue {
  return reading(() => {
    const cursor = new Cursor(bytes);
    if (MAGIC.some((byte) => cursor.byte() !== byte)) throw new CandidWireError("it does not begin with DIDL");
    const table = Array.from({ length: cursor.count() }, () => readEntry(cursor));
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
