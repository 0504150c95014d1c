/** Constant expressions: initial values of globals, offsets and items of segments. */
import type { Constant, GlobalType } from "./module.ts";
import { typeName } from "./module.ts";
import { EXTERNREF, F32, F64, FUNCREF, I32, I64, V128, type ValueType } from "./opcodes.ts";
import { malformed, type ByteReader } from "./reader.ts";

/** What a constant may name. */
export interface Scope {
  readonly globals: readonly GlobalType[];
  readonly importedGlobals: number;
  /** Takes the functions that constants name: `ref.func` may then name them too. */
  readonly references: number[];
  /** Fails where there is no such function. */
  functionType(index: number, reader: ByteReader): unknown;
}

/** One constant instruction and `end`; extended constants are off. */
export function readConstant(reader: ByteReader, expected: ValueType, scope: Scope): Constant {
  const at = reader.position;
  const constant = constantInstruction(reader, scope);
  const type = constant.kind === "function" ? FUNCREF : constant.type;
  if (type !== expected) malformed(`type mismatch: expected ${typeName(expected)}, found ${typeName(type)}`, at);
  if (reader.byte() !== 0x0b) malformed("constant expression required: extended constants are not enabled", reader.position - 1);
  return constant;
}

function constantInstruction(reader: ByteReader, scope: Scope): Constant {
  const at = reader.position;
  const opcode = reader.byte();
  switch (opcode) {
    case 0x41:
      return { kind: "number", type: I32, bits: littleEndian(BigInt(reader.s32() >>> 0)) };
    case 0x42:
      return { kind: "number", type: I64, bits: littleEndian(reader.s64()) };
    case 0x43:
      return { kind: "number", type: F32, bits: padded(reader.take(4)) };
    case 0x44:
      return { kind: "number", type: F64, bits: padded(reader.take(8)) };
    case 0xfd:
      if (reader.u32() !== 12) malformed("constant expression required: non-constant operator", at);
      return { kind: "number", type: V128, bits: reader.take(16).slice() };
    case 0xd0: {
      const type = reader.byte();
      if (type !== FUNCREF && type !== EXTERNREF) malformed("malformed reference type", reader.position - 1);
      return { kind: "null", type };
    }
    case 0xd2: {
      const index = reader.u32();
      scope.functionType(index, reader);
      scope.references.push(index);
      return { kind: "function", index };
    }
    case 0x23: {
      const index = reader.u32();
      const global = scope.globals[index];
      if (global === undefined) malformed(`unknown global ${index}: global index out of bounds`, at);
      if (index >= scope.importedGlobals) malformed("constant expression required: global.get of locally defined global", at);
      if (global.mutable) malformed("constant expression required: global.get of mutable global", at);
      return { kind: "global", index, type: global.type };
    }
    default:
      malformed("constant expression required: non-constant operator", at);
  }
}

function littleEndian(value: bigint): Uint8Array {
  const bits = new Uint8Array(8);
  for (let i = 0; i < 8; i++) bits[i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return bits;
}

function padded(bytes: Uint8Array): Uint8Array {
  const bits = new Uint8Array(8);
  bits.set(bytes);
  return bits;
}
