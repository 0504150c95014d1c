/**
 * Decoding a module and validating everything but the function bodies (`validate-function.ts`): sections and their order,
 * types, limits, constant expressions, indices. Accepts exactly the features of wasm.md 2.
 *
 * Ours: the wording of reasons follows the platform's validator where we know it; only the text in front of them is
 * promised. The limits on counts are those of that validator as well.
 */
import { ByteReader, malformed, utf8 } from "./reader.ts";
import { EXTERNREF, F32, F64, FUNCREF, I32, I64, V128, type ValueType } from "./opcodes.ts";
import type * as M from "./module.ts";
import { typeName } from "./module.ts";

const MAX_TYPES = 1_000_000;
const MAX_IMPORTS = 1_000_000;
const MAX_FUNCTIONS = 1_000_000;
const MAX_GLOBALS = 1_000_000;
const MAX_EXPORTS = 1_000_000;
const MAX_SEGMENTS = 100_000;
const MAX_TABLES = 100;
const MAX_TABLE_ENTRIES = 10_000_000;
const MAX_PARAMS = 1_000;
const MAX_RESULTS = 1_000;
const MAX_FUNCTION_BYTES = 7_654_321;

const SectionId = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
} as const;

/** Place of each section id in the order that a module must keep. */
const ORDER = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 10];

export interface Section {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/** Walks the section headers; what the sections are is looked at later. Stops after the code section's header when `untilCode` is set. */
export function sections(bytes: Uint8Array, untilCode = false): Section[] {
  const reader = new ByteReader(bytes);
  if (bytes.length < 8) malformed("unexpected end-of-file", bytes.length);
  for (const [i, expected] of [0x00, 0x61, 0x73, 0x6d].entries()) {
    if (bytes[i] !== expected) malformed("magic header not detected: bad magic number", 0);
  }
  if (bytes[4] !== 1 || bytes[5] !== 0 || bytes[6] !== 0 || bytes[7] !== 0) malformed("unknown binary version", 4);
  reader.skip(8);
  const found: Section[] = [];
  while (!reader.atEnd) {
    const id = reader.byte();
    const size = reader.u32();
    const start = reader.position;
    if (size > bytes.length - start) malformed("unexpected end-of-file", bytes.length);
    found.push({ id, start, end: start + size });
    if (untilCode && id === SectionId.code) break;
    reader.skip(size);
  }
  return found;
}

/** Size of the code section's content; 0 without one. */
export function codeSectionBytes(bytes: Uint8Array): number {
  const code = sections(bytes, true).find((section) => section.id === SectionId.code);
  return code === undefined ? 0 : code.end - code.start;
}

class Decoder {
  readonly bytes: Uint8Array;
  readonly types: M.FunctionType[] = [];
  readonly imports: M.Import[] = [];
  importedFunctions = 0;
  importedGlobals = 0;
  readonly functions: number[] = [];
  readonly tables: M.TableType[] = [];
  readonly memories: M.MemoryType[] = [];
  readonly globals: M.Global[] = [];
  readonly exports: M.Export[] = [];
  start = -1;
  readonly elements: M.ElementSegment[] = [];
  readonly data: M.DataSegment[] = [];
  dataCount = -1;
  readonly bodyStarts: number[] = [];
  readonly bodyEnds: number[] = [];
  codeSectionBytes = 0;
  readonly customSections: { name: string; content: Uint8Array }[] = [];
  readonly references: number[] = [];

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  module(): M.DecodedModule {
    let last = 0;
    for (const { id, start, end } of sections(this.bytes)) {
      const reader = new ByteReader(this.bytes, start, end);
      if (id === SectionId.custom) {
        this.customSections.push({ name: reader.name(), content: reader.take(reader.end - reader.position) });
        continue;
      }
      if (id > SectionId.dataCount) malformed(id === 13 ? "exceptions proposal not enabled" : `malformed section id: ${id}`, start);
      if (ORDER[id]! <= last) malformed("section out of order", start);
      last = ORDER[id]!;
      this.section(id, reader);
      if (!reader.atEnd) reader.fail("section size mismatch: unexpected data at the end of the section");
    }
    if (this.functions.length - this.importedFunctions !== this.bodyStarts.length) {
      malformed("function and code section have inconsistent lengths", this.bytes.length);
    }
    if (this.dataCount >= 0 && this.dataCount !== this.data.length) {
      malformed("data count and data section have inconsistent lengths", this.bytes.length);
    }
    const referenced = new Uint8Array(this.functions.length);
    for (const index of this.references) referenced[index] = 1;
    const { bytes, types, imports, importedFunctions, functions, tables, memories, globals, importedGlobals, exports } = this;
    const { start, elements, data, dataCount, bodyStarts, bodyEnds, customSections } = this;
    return {
      bytes, types, imports, importedFunctions, functions, tables, memories, globals, importedGlobals, exports,
      start, elements, data, dataCount, bodyStarts, bodyEnds, customSections, referenced,
      codeSectionBytes: this.codeSectionBytes,
      memory64: memories[0]?.memory64 ?? false,
    }; // prettier-ignore
  }

  private section(id: number, reader: ByteReader): void {
    switch (id) {
      case SectionId.type:
        return this.typeSection(reader);
      case SectionId.import:
        return this.importSection(reader);
      case SectionId.function:
        return this.functionSection(reader);
      case SectionId.table:
        for (let n = reader.count(MAX_TABLES, "tables"); n > 0; n--) this.tables.push(this.tableType(reader));
        if (this.tables.length > MAX_TABLES) reader.fail(`tables count exceeds limit of ${MAX_TABLES}`);
        return;
      case SectionId.memory:
        for (let n = reader.count(MAX_TABLES, "memories"); n > 0; n--) this.addMemory(reader);
        return;
      case SectionId.global:
        for (let n = reader.count(MAX_GLOBALS, "globals"); n > 0; n--) {
          const type = this.globalType(reader);
          this.globals.push({ ...type, initial: this.constant(reader, type.type) });
        }
        return;
      case SectionId.export:
        return this.exportSection(reader);
      case SectionId.start: {
        const index = reader.u32();
        const type = this.functionType(index, reader);
        if (type.params.length > 0 || type.results.length > 0) reader.fail("invalid start function type");
        this.start = index;
        return;
      }
      case SectionId.element:
        for (let n = reader.count(MAX_SEGMENTS, "element segments"); n > 0; n--) this.elements.push(this.elementSegment(reader));
        return;
      case SectionId.dataCount:
        this.dataCount = reader.u32();
        if (this.dataCount > MAX_SEGMENTS) reader.fail(`data segments count exceeds limit of ${MAX_SEGMENTS}`);
        return;
      case SectionId.code:
        return this.codeSection(reader);
      default:
        for (let n = reader.count(MAX_SEGMENTS, "data segments"); n > 0; n--) this.data.push(this.dataSegment(reader));
    }
  }

  private typeSection(reader: ByteReader): void {
    for (let n = reader.count(MAX_TYPES, "types"); n > 0; n--) {
      if (reader.byte() !== 0x60) malformed("only function types are supported: gc proposal must be enabled", reader.position - 1);
      this.types.push({ params: this.valueTypes(reader, MAX_PARAMS), results: this.valueTypes(reader, MAX_RESULTS) });
    }
  }

  private valueTypes(reader: ByteReader, limit: number): ValueType[] {
    const types: ValueType[] = [];
    for (let n = reader.count(limit, "function params or returns"); n > 0; n--) types.push(valueType(reader));
    return types;
  }

  private importSection(reader: ByteReader): void {
    for (let n = reader.count(MAX_IMPORTS, "imports"); n > 0; n--) {
      const module = reader.name();
      const name = reader.name();
      const kind = reader.byte();
      switch (kind) {
        case 0: {
          const type = this.typeIndex(reader);
          this.functions.push(type);
          this.importedFunctions++;
          this.imports.push({ module, name, kind: "function", type });
          break;
        }
        case 1:
          this.tables.push(this.tableType(reader));
          this.imports.push({ module, name, kind: "table", type: -1 });
          break;
        case 2:
          this.addMemory(reader);
          this.imports.push({ module, name, kind: "memory", type: -1 });
          break;
        case 3: {
          const type = this.globalType(reader);
          this.globals.push({ ...type, initial: { kind: "null", type: type.type } });
          this.importedGlobals++;
          this.imports.push({ module, name, kind: "global", type: -1 });
          break;
        }
        case 4:
          malformed("exceptions proposal not enabled", reader.position - 1);
        // falls through
        default:
          malformed("malformed import kind", reader.position - 1);
      }
    }
  }

  private functionSection(reader: ByteReader): void {
    for (let n = reader.count(MAX_FUNCTIONS, "functions"); n > 0; n--) this.functions.push(this.typeIndex(reader));
    if (this.functions.length > MAX_FUNCTIONS) reader.fail(`functions count exceeds limit of ${MAX_FUNCTIONS}`);
  }

  private typeIndex(reader: ByteReader): number {
    const index = reader.u32();
    if (index >= this.types.length) reader.fail(`unknown type ${index}: type index out of bounds`);
    return index;
  }

  private functionType(index: number, reader: ByteReader): M.FunctionType {
    const type = this.functions[index];
    if (type === undefined) reader.fail(`unknown function ${index}: function index out of bounds`);
    return this.types[type]!;
  }

  private tableType(reader: ByteReader): M.TableType {
    const at = reader.position;
    const element = reader.byte();
    if (element !== FUNCREF && element !== EXTERNREF) malformed("malformed reference type", at);
    const flags = reader.byte();
    if (flags & 0x02) malformed("shared tables require the shared-everything-threads proposal", reader.position - 1);
    if (flags & ~0x05) malformed("invalid table resizable limits flags", reader.position - 1);
    const table64 = (flags & 4) !== 0;
    const minimum = table64 ? Number(reader.u64()) : reader.u32();
    if (flags & 1) {
      const maximum = table64 ? Number(reader.u64()) : reader.u32();
      if (minimum > maximum) reader.fail("size minimum must not be greater than maximum");
    }
    if (minimum > MAX_TABLE_ENTRIES) reader.fail("minimum table size is out of bounds");
    return { element, table64, minimum };
  }

  private addMemory(reader: ByteReader): void {
    const flags = reader.byte();
    if (flags & 0x02) malformed("threads must be enabled for shared memories", reader.position - 1);
    if (flags & ~0x05) malformed("invalid memory limits flags", reader.position - 1);
    const memory64 = (flags & 4) !== 0;
    const minimum = memory64 ? Number(reader.u64()) : reader.u32();
    const maximum = flags & 1 ? (memory64 ? Number(reader.u64()) : reader.u32()) : null;
    const limit = memory64 ? 2 ** 48 : 65536;
    if (maximum !== null && minimum > maximum) reader.fail("size minimum must not be greater than maximum");
    if (minimum > limit || (maximum !== null && maximum > limit)) {
      reader.fail(memory64 ? "memory size must be at most 2**48 pages" : "memory size must be at most 65536 pages (4GiB)");
    }
    if (this.memories.length > 0) reader.fail("multiple memories");
    this.memories.push({ memory64, minimum, maximum });
  }

  private globalType(reader: ByteReader): M.GlobalType {
    const type = valueType(reader);
    const mutable = reader.byte();
    if (mutable > 1) {
      malformed(
        mutable & 2 ? "shared globals require the shared-everything-threads proposal" : "malformed mutability",
        reader.position - 1,
      );
    }
    return { type, mutable: mutable === 1 };
  }

  /** One constant instruction and `end`; extended constants are off. */
  private constant(reader: ByteReader, expected: ValueType): M.Constant {
    const at = reader.position;
    const constant = this.constantInstruction(reader);
    const type = constant.kind === "function" ? FUNCREF : constant.type;
    if (type !== expected) malformed(`type mismatch: expected ${typeName(expected)}, found ${typeName(type)}`, at);
    if (reader.byte() !== 0x0b) malformed("constant expression required: extended constants are not enabled", reader.position - 1);
    return constant;
  }

  private constantInstruction(reader: ByteReader): M.Constant {
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
        this.functionType(index, reader);
        this.references.push(index);
        return { kind: "function", index };
      }
      case 0x23: {
        const index = reader.u32();
        const global = this.globals[index];
        if (global === undefined) malformed(`unknown global ${index}: global index out of bounds`, at);
        if (index >= this.importedGlobals) malformed("constant expression required: global.get of locally defined global", at);
        if (global.mutable) malformed("constant expression required: global.get of mutable global", at);
        return { kind: "global", index, type: global.type };
      }
      default:
        malformed("constant expression required: non-constant operator", at);
    }
  }

  private exportSection(reader: ByteReader): void {
    const names = new Set<string>();
    const kinds: readonly M.ExternalKind[] = ["function", "table", "memory", "global"];
    for (let n = reader.count(MAX_EXPORTS, "exports"); n > 0; n--) {
      const name = reader.name();
      const code = reader.byte();
      const kind = kinds[code];
      if (kind === undefined) malformed("malformed export kind", reader.position - 1);
      const index = reader.u32();
      const known = { function: this.functions, table: this.tables, memory: this.memories, global: this.globals, tag: [] }[kind].length;
      if (index >= known) reader.fail(`unknown ${kind} ${index}: exported ${kind} index out of bounds`);
      if (names.has(name)) reader.fail(`duplicate export name \`${name}\` already defined`);
      names.add(name);
      if (kind === "function") this.references.push(index);
      this.exports.push({ name, kind, index });
    }
  }

  private elementSegment(reader: ByteReader): M.ElementSegment {
    const flags = reader.u32();
    if (flags > 7) malformed("invalid flags byte in element segment", reader.position - 1);
    const mode = (flags & 1) === 0 ? "active" : flags & 2 ? "declared" : "passive";
    let offset: M.Constant | null = null;
    let table: M.TableType | undefined;
    if (mode === "active") {
      const index = flags & 2 ? reader.u32() : 0;
      table = this.tables[index];
      if (table === undefined) reader.fail(`unknown table ${index}: table index out of bounds`);
      offset = this.constant(reader, table.table64 ? I64 : I32);
    }
    const expressions = (flags & 4) !== 0;
    let type: ValueType = FUNCREF;
    if ((flags & 3) !== 0) {
      const kind = reader.byte();
      if (expressions) {
        if (kind !== FUNCREF && kind !== EXTERNREF) malformed("malformed reference type", reader.position - 1);
        type = kind;
      } else if (kind !== 0) malformed("only the function external type is supported in elem segment", reader.position - 1);
    }
    if (table !== undefined && table.element !== type) reader.fail("type mismatch: invalid element type for the table");
    const items: number[] = [];
    for (let n = reader.count(MAX_TABLE_ENTRIES, "elements"); n > 0; n--) {
      if (expressions) {
        const item = this.constant(reader, type);
        items.push(item.kind === "function" ? item.index : item.kind === "global" ? -2 : -1);
      } else {
        const index = reader.u32();
        this.functionType(index, reader);
        this.references.push(index);
        items.push(index);
      }
    }
    return { mode, offset, type, items };
  }

  private codeSection(reader: ByteReader): void {
    this.codeSectionBytes = reader.end - reader.position;
    const declared = this.functions.length - this.importedFunctions;
    const count = reader.count(MAX_FUNCTIONS, "functions");
    if (count !== declared) reader.fail("function and code section have inconsistent lengths");
    for (let n = count; n > 0; n--) {
      const size = reader.u32();
      if (size > MAX_FUNCTION_BYTES) reader.fail(`function body size exceeds limit of ${MAX_FUNCTION_BYTES}`);
      this.bodyStarts.push(reader.position);
      reader.skip(size);
      this.bodyEnds.push(reader.position);
    }
  }

  private dataSegment(reader: ByteReader): M.DataSegment {
    const flags = reader.u32();
    if (flags > 2) malformed("invalid flags byte in data segment", reader.position - 1);
    let offset: M.Constant | null = null;
    if (flags !== 1) {
      const index = flags === 2 ? reader.u32() : 0;
      const memory = this.memories[index];
      if (memory === undefined) reader.fail(`unknown memory ${index}`);
      offset = this.constant(reader, memory.memory64 ? I64 : I32);
    }
    return { offset, bytes: reader.take(reader.u32()) };
  }
}

function valueType(reader: ByteReader): ValueType {
  const type = reader.byte();
  if ((type >= V128 && type <= I32) || type === FUNCREF || type === EXTERNREF) return type;
  malformed("invalid value type", reader.position - 1);
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

/** Throws `Malformed`. */
export function decode(bytes: Uint8Array): M.DecodedModule {
  return new Decoder(bytes).module();
}

/** Function names by the user's index from the custom section `name`; whatever is broken there is ignored, as the platform does. */
export function functionNames(module: M.DecodedModule): Map<number, string> {
  const names = new Map<number, string>();
  const section = module.customSections.find(({ name }) => name === "name");
  if (section === undefined) return names;
  const reader = new ByteReader(section.content);
  try {
    while (!reader.atEnd) {
      const id = reader.byte();
      const size = reader.u32();
      const content = reader.take(size);
      if (id !== 1) continue;
      const inner = new ByteReader(content);
      for (let n = inner.u32(); n > 0; n--) {
        const index = inner.u32();
        const text = utf8(inner.take(inner.u32()));
        if (text !== null && index < module.functions.length) names.set(index, text);
      }
    }
  } catch {
    // A name section may hold anything; what could be read of it is kept.
  }
  return names;
}
