/**
 * The head of a message (table of types, types of the arguments) as the platform's library writes it: a type comes before those that it is made of.
 *
 * Ours: the library here writes them the other way round. The messages mean the same, but consensus compares the hashes of bytes, and
 * error texts name them. Source: Candid specification, "Binary Format"; `TypeSerialize` of the crate `candid`.
 */
import { assert } from "../base/assert.ts";
import { concat } from "../base/bytes.ts";
import { Cursor, readEntry, type Entry, type TypeRef } from "./candid-format.ts";
import { encodeLeb128, encodeSignedLeb128 } from "./leb128.ts";

const MAGIC_BYTES = 4;
const CODES = { opt: -18, vec: -19, record: -20, variant: -21 } as const;

/** The same head, with the types numbered in the order in which they are met from the arguments on. Knows no references. */
export function inOrderOfUse(head: Uint8Array): Uint8Array {
  const cursor = new Cursor(head);
  const magic = cursor.take(MAGIC_BYTES);
  const table = Array.from({ length: cursor.count() }, () => readEntry(cursor));
  const types = Array.from({ length: cursor.count() }, () => cursor.signed());
  const places = new Map<TypeRef, number>();
  const meet = (type: TypeRef): void => {
    if (type < 0 || places.has(type)) return;
    places.set(type, places.size);
    partsOf(table[type]!).forEach(meet);
  };
  types.forEach(meet);
  const reference = (type: TypeRef): Uint8Array => encodeSignedLeb128(type < 0 ? type : places.get(type)!);
  const entries = [...places.keys()].map((type) => entryBytes(table[type]!, reference));
  return concat(magic, encodeLeb128(entries.length), ...entries, encodeLeb128(types.length), ...types.map(reference));
}

function partsOf(entry: Entry): TypeRef[] {
  if (entry.kind === "opt" || entry.kind === "vec") return [entry.of];
  return entry.kind === "record" || entry.kind === "variant" ? entry.fields.map(({ type }) => type) : [];
}

function entryBytes(entry: Entry, reference: (type: TypeRef) => Uint8Array): Uint8Array {
  assert(entry.kind !== "func" && entry.kind !== "service", "no reference is among the types");
  const code = encodeSignedLeb128(CODES[entry.kind]);
  if (entry.kind === "opt" || entry.kind === "vec") return concat(code, reference(entry.of));
  const fields = entry.fields.map(({ hash, type }) => concat(encodeLeb128(hash), reference(type)));
  return concat(code, encodeLeb128(entry.fields.length), ...fields);
}
