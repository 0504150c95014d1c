/**
 * A Candid interface description as data. Names of the Candid specification's grammar (dfinity/candid `spec/Candid.md`,
 * 0.1.8, "Core Grammar"); its shorthands (`blob`, tuple fields, fields named by a text) are expanded by the parser.
 */
import { encodeUtf8 } from "../../base/utf8.ts";

/** Where something stands in a text, both counted from 1. `file` is null for a text without a name. */
export interface Position {
  readonly file: string | null;
  readonly line: number;
  readonly column: number;
}

export const PRIMITIVES = [
  "nat",
  "nat8",
  "nat16",
  "nat32",
  "nat64",
  "int",
  "int8",
  "int16",
  "int32",
  "int64",
  "float32",
  "float64",
  "bool",
  "text",
  "null",
  "reserved",
  "empty",
  "principal",
] as const;
export type Primitive = (typeof PRIMITIVES)[number];

export type DidType =
  | { readonly kind: "primitive"; readonly name: Primitive }
  | { readonly kind: "name"; readonly name: string; readonly at: Position }
  | { readonly kind: "opt"; readonly inner: DidType }
  | { readonly kind: "vec"; readonly inner: DidType }
  | { readonly kind: "record"; readonly fields: readonly DidField[] }
  | { readonly kind: "variant"; readonly fields: readonly DidField[] }
  | { readonly kind: "func"; readonly func: DidFunc }
  | { readonly kind: "service"; readonly methods: readonly DidMethod[] };

/** Fields stand in the order of the text; no two of one type have the same id. */
export interface DidField {
  /** The number on the wire: as written, the place in a tuple, or the hash of the name. */
  readonly id: number;
  /** `null` where the field is written with a number or without a label. */
  readonly name: string | null;
  readonly type: DidType;
  readonly docs: readonly string[];
}

export interface DidArg {
  readonly name: string | null;
  readonly type: DidType;
}

/** `update` is a function without an annotation. */
export type MethodMode = "update" | "query" | "composite_query" | "oneway";

export interface DidFunc {
  readonly args: readonly DidArg[];
  readonly results: readonly DidArg[];
  readonly mode: MethodMode;
}

export interface DidMethod {
  readonly name: string;
  /** A function type, or the name of one. */
  readonly type: DidType;
  readonly docs: readonly string[];
  readonly at: Position;
}

export interface DidDefinition {
  readonly name: string;
  readonly type: DidType;
  /** Lines of the `//` comment right above. */
  readonly docs: readonly string[];
  readonly at: Position;
}

/** The main service. */
export interface DidService {
  readonly name: string | null;
  /** What the canister is installed with; `null` when the description does not say. */
  readonly initArgs: readonly DidArg[] | null;
  /** A service type, or the name of one. */
  readonly type: DidType;
  readonly docs: readonly string[];
  readonly at: Position;
}

/** A checked description: every name is defined, methods are functions, the service is a service. */
export interface DidProgram {
  readonly definitions: ReadonlyMap<string, DidDefinition>;
  readonly service: DidService | null;
}

/** A text that is no Candid description. The message begins with the place. */
export class DidError extends Error {
  override name = "DidError";
  readonly at: Position;

  constructor(message: string, at: Position) {
    const file = at.file === null ? "" : `${at.file}, `;
    super(`${file}line ${at.line}, column ${at.column}: ${message}`);
    this.at = at;
  }
}

/** Source: Candid specification, "Shorthand: Symbolic Field Ids". */
export function fieldIdOfName(name: string): number {
  let hash = 0;
  for (const byte of encodeUtf8(name)) hash = (Math.imul(hash, 223) + byte) >>> 0;
  return hash;
}

/**
 * The property that holds the field in JavaScript, by the convention of `@icp-sdk/core`: the name, or `_7_` for number 7.
 * Ours: a *name* that looks like such a number is written as the number of its hash, as the SDK would take it for another field.
 */
export function propertyOfField(field: DidField): string {
  return field.name === null || /^_(\d+|0x[0-9a-fA-F]+)_$/.test(field.name) ? `_${field.id}_` : field.name;
}

/** Component types when the record is a tuple (ids 0, 1, 2, ... and at least one), by id; else `null`. */
export function tupleOf(fields: readonly DidField[]): readonly DidType[] | null {
  const ordered = fields.toSorted((a, b) => a.id - b.id);
  return ordered.length > 0 && ordered.every((field, i) => field.id === i) ? ordered.map((field) => field.type) : null;
}

/** The type behind names. The program is checked, so this ends. */
export function resolveName(definitions: ReadonlyMap<string, DidDefinition>, type: DidType): Exclude<DidType, { kind: "name" }> {
  let resolved = type;
  while (resolved.kind === "name") resolved = definitions.get(resolved.name)!.type;
  return resolved;
}
