/** A decoded module: the user's own indices and types, nothing rewritten. Offsets are into `bytes`. */
import { EXTERNREF, F32, F64, FUNCREF, I32, I64, V128, type ValueType } from "./opcodes.ts";

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export type ExternalKind = "function" | "table" | "memory" | "global" | "tag";

export interface TableType {
  readonly element: ValueType;
  readonly table64: boolean;
  readonly minimum: number;
}

export interface MemoryType {
  readonly memory64: boolean;
  /** Pages; exact below 2^53, which is all a valid module can say. */
  readonly minimum: number;
  readonly maximum: number | null;
}

export interface GlobalType {
  readonly type: ValueType;
  readonly mutable: boolean;
}

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternalKind;
  /** Index into `types` of an imported function. */
  readonly type: number;
}

/** One constant instruction; `global` only ever names an import, which the platform then refuses. */
export type Constant =
  | { readonly kind: "number"; readonly type: ValueType; /** Little-endian, 8 or 16 bytes. */ readonly bits: Uint8Array }
  | { readonly kind: "function"; readonly index: number }
  | { readonly kind: "null"; readonly type: ValueType }
  | { readonly kind: "global"; readonly index: number; readonly type: ValueType };

export interface Global extends GlobalType {
  readonly initial: Constant;
}

export interface Export {
  readonly name: string;
  readonly kind: ExternalKind;
  readonly index: number;
}

export interface ElementSegment {
  readonly mode: "active" | "passive" | "declared";
  readonly offset: Constant | null;
  readonly type: ValueType;
  /** Function indices, -1 for a null, -2 for an imported global. */
  readonly items: readonly number[];
}

export interface DataSegment {
  /** `null` for a passive segment. */
  readonly offset: Constant | null;
  readonly bytes: Uint8Array;
}

export interface DecodedModule {
  readonly bytes: Uint8Array;
  readonly types: readonly FunctionType[];
  readonly imports: readonly Import[];
  readonly importedFunctions: number;
  /** Type index of every function, imports first. */
  readonly functions: readonly number[];
  /** Imports first in all index spaces. */
  readonly tables: readonly TableType[];
  readonly memories: readonly MemoryType[];
  readonly globals: readonly Global[];
  readonly exports: readonly Export[];
  /** Function index, -1 without a start section. */
  readonly start: number;
  readonly elements: readonly ElementSegment[];
  readonly data: readonly DataSegment[];
  /** -1 without a data count section. */
  readonly dataCount: number;
  /** Start and end of each local function's body in `bytes`, the size prefix excluded. */
  readonly bodyStarts: readonly number[];
  readonly bodyEnds: readonly number[];
  readonly codeSectionBytes: number;
  readonly customSections: readonly { readonly name: string; readonly content: Uint8Array }[];
  /** 1 for each function that `ref.func` may name. */
  readonly referenced: Uint8Array;
  readonly memory64: boolean;
}

/** As the platform's texts name a value type. */
export function typeName(type: ValueType): string {
  switch (type) {
    case I32:
      return "i32";
    case I64:
      return "i64";
    case F32:
      return "f32";
    case F64:
      return "f64";
    case V128:
      return "v128";
    case FUNCREF:
      return "funcref";
    case EXTERNREF:
      return "externref";
    default:
      return "a type";
  }
}

/** The value of an i32 or i64 constant as an unsigned number (rounded above 2^53, where only its being large matters). */
export function unsignedValue(constant: Constant): number {
  if (constant.kind !== "number") return 0;
  const { bits } = constant;
  let value = 0;
  for (let i = constant.type === I32 ? 3 : 7; i >= 0; i--) value = value * 256 + bits[i]!;
  return value;
}
