/**
 * Decoding a module and validating everything but the function bodies (`measure.ts`): sections and their order,
 * types, limits, constant expressions, indices. Accepts exactly the features of wasm.md 2.
 *
 * Ours: the wording of reasons follows the platform's validator where we know it; only the text in front of them is
 * promised. The limits on counts are those of that validator as well.
 */
import { readConstant } from "./decode-constant.ts";
import { readGlobalType, readMemoryType, readTableType, readValueType } from "./decode-types.ts";
import type * as M from "./module.ts";
import { EXTERNREF, FUNCREF, I32, I64, type ValueType } from "./opcodes.ts";
import { ByteReader, malformed } from "./reader.ts";
import { ORDER, SectionId, sections } from "./sections.ts";

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
    const { bytes, types, imports, importedFunctions, functions, tables, memories, globals, exports } = this;
    const { start, elements, data, dataCount, bodyStarts, bodyEnds, customSections } = this;
    return {
      bytes, types, imports, importedFunctions, functions, tables, memories, globals, exports,
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
        for (let n = reader.count(MAX_TABLES, "tables"); n > 0; n--) this.tables.push(readTableType(reader));
        if (this.tables.length > MAX_TABLES) reader.fail(`tables count exceeds limit of ${MAX_TABLES}`);
        return;
      case SectionId.memory:
        for (let n = reader.count(MAX_TABLES, "memories"); n > 0; n--) this.addMemory(reader);
        return;
      case SectionId.global:
        for (let n = reader.count(MAX_GLOBALS, "globals"); n > 0; n--) {
          const type = readGlobalType(reader);
          this.globals.push({ ...type, initial: readConstant(reader, type.type, this) });
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
    for (let n = reader.count(limit, "function params or returns"); n > 0; n--) types.push(readValueType(reader));
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
          this.tables.push(readTableType(reader));
          this.imports.push({ module, name, kind: "table", type: -1 });
          break;
        case 2:
          this.addMemory(reader);
          this.imports.push({ module, name, kind: "memory", type: -1 });
          break;
        case 3: {
          const type = readGlobalType(reader);
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

  functionType(index: number, reader: ByteReader): M.FunctionType {
    const type = this.functions[index];
    if (type === undefined) reader.fail(`unknown function ${index}: function index out of bounds`);
    return this.types[type]!;
  }

  private addMemory(reader: ByteReader): void {
    const memory = readMemoryType(reader);
    if (this.memories.length > 0) reader.fail("multiple memories");
    this.memories.push(memory);
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
      offset = readConstant(reader, table.table64 ? I64 : I32, this);
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
        const item = readConstant(reader, type, this);
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
      offset = readConstant(reader, memory.memory64 ? I64 : I32, this);
    }
    return { offset, bytes: reader.take(reader.u32()) };
  }
}

/** Throws `Malformed`. */
export function decode(bytes: Uint8Array): M.DecodedModule {
  return new Decoder(bytes).module();
}
