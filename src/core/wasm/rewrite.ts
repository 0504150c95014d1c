/**
 * From a validated module to the one that runs: lays out the sections and has each body rewritten. What the result looks
 * like from outside is `abi.ts`.
 *
 * Source: design.md 4.
 */
import { assert } from "../../base/assert.ts";
import { EXPORT, IMPORT, MAX_HEAP_WASM_PAGES, PREFIX_WASM_PAGES, type Variant } from "./abi.ts";
import { mayOutgrow } from "./engine-limits.ts";
import { Helpers } from "./helpers.ts";
import { IC0 } from "./ic0.ts";
import { Layout, valueBytes } from "./layout.ts";
import type { Constant, DecodedModule, FunctionType } from "./module.ts";
import { unsignedValue } from "./module.ts";
import type { GlobalInfo, VisibleGlobal } from "./module-info.ts";
import { F32, F64, I32, I64, V128, type ValueType } from "./opcodes.ts";
import { FunctionRewriter } from "./rewrite-function.ts";
import type { Measured } from "./measured.ts";
import { ByteWriter } from "./writer.ts";

/** Goes up whenever the output for some module changes: caches on disk and run files name it. */
export const REWRITER_VERSION = 8;

/** Largest heap a module may grow to here, in Wasm pages. */
export function maximumPages(module: DecodedModule): number {
  return Math.min(module.memories[0]?.maximum ?? MAX_HEAP_WASM_PAGES, MAX_HEAP_WASM_PAGES);
}

/** The mutable globals as they lie in the image, and which they are. */
export function mutableGlobals(module: DecodedModule): { globals: GlobalInfo[]; indices: number[]; bytes: number } {
  const globals: GlobalInfo[] = [];
  const indices: number[] = [];
  let bytes = 0;
  module.globals.forEach((global, index) => {
    if (!global.mutable || global.initial.kind !== "number") return;
    const size = valueBytes(global.type);
    bytes = Math.ceil(bytes / size) * size;
    globals.push({ type: numberType(global.type), offset: bytes, initial: global.initial.bits });
    indices.push(index);
    bytes += size;
  });
  return { globals, indices, bytes };
}

const NUMBER_TYPES = { [I32]: "i32", [I64]: "i64", [F32]: "f32", [F64]: "f64", [V128]: "v128" } as const;

function numberType(type: ValueType): GlobalInfo["type"] {
  return NUMBER_TYPES[type as keyof typeof NUMBER_TYPES];
}

/**
 * What a snapshot holds of globals, in its order: the instrumentation exports the mutable ones that are not exported yet behind all others.
 * Replica: `export_mutable_globals` in `rs/embedders/src/wasm_utils/instrumentation.rs`, `get_exported_globals` in
 * `rs/embedders/src/wasmtime_embedder.rs` (c7c5005).
 */
export function visibleGlobals(module: DecodedModule): VisibleGlobal[] {
  const exported = module.exports.filter(({ kind }) => kind === "global").map(({ index }) => index);
  const shown = new Set(exported);
  const hidden = module.globals.flatMap(({ mutable }, index) => (mutable && !shown.has(index) ? [index] : []));
  const { globals, indices } = mutableGlobals(module);
  const places = new Map(indices.map((index, i) => [index, globals[i]!.offset]));
  return [...exported, ...hidden].flatMap((index) => {
    const { type, initial } = module.globals[index]!;
    return initial.kind === "number" ? [{ type: numberType(type), offset: places.get(index) ?? null, initial: initial.bits }] : [];
  });
}

/** The module must have passed all checks of `prepare.ts`. */
export function rewrite(module: DecodedModule, measured: Measured, variant: Variant): Uint8Array {
  const layout = new Layout(module, variant);
  const helpers = new Helpers(layout);
  helpers.wrapImports();

  // Lowered code grows most; growing the buffer on the way would copy it all.
  const bodies = new ByteWriter(1024 + module.codeSectionBytes * (module.memory64 ? 3 : 2));
  const rewriter = new FunctionRewriter(layout, helpers, measured);
  const usesInit = noteDroppedSegments(module, layout);
  for (let i = 0; i < module.bodyStarts.length; i++) rewriter.rewrite(i, bodies);
  const exports = exportSection(layout, helpers);

  const out = new ByteWriter(bodies.length + 4096);
  out.copy(new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]));
  const imports = importSection(layout, helpers);
  // Types come last into being and first into the module.
  const functions = functionSection(layout);
  out.section(1, typeSection(layout));
  out.section(2, imports);
  out.section(3, functions);
  out.section(4, tableSection(module));
  out.section(5, memorySection(module));
  out.section(6, globalSection(layout));
  out.section(7, exports);
  out.section(9, elementSection(layout));
  if (usesInit) out.section(12, dataCountSection(module));
  out.section(10, codeSection(layout, bodies));
  if (usesInit) out.section(11, dataSection(module));
  return out.done();
}

/** Rewrites, for a try, the bodies that may become too large for engines; throws `Refused`. */
export function checkLargeBodies(module: DecodedModule, measured: Measured): void {
  const large = [...module.bodyStarts.keys()].filter((local) => mayOutgrow(module, measured, local));
  if (large.length === 0) return;
  for (const variant of ["fast", "exact"] as const) {
    const layout = new Layout(module, variant);
    const helpers = new Helpers(layout);
    helpers.wrapImports();
    noteDroppedSegments(module, layout);
    const rewriter = new FunctionRewriter(layout, helpers, measured);
    for (const local of large) rewriter.rewrite(local, new ByteWriter());
  }
}

/**
 * Gives a global to every segment that may be dropped. `memory.init` must know before bodies are rewritten, so any module
 * with both a data count section and passive segments counts. Returns whether segments are needed at all.
 */
function noteDroppedSegments(module: DecodedModule, layout: Layout): boolean {
  if (module.dataCount <= 0) return false;
  module.data.forEach((segment, index) => {
    if (segment.offset === null) layout.droppedGlobal(index);
  });
  return true;
}

function typeSection(layout: Layout): ByteWriter {
  const out = new ByteWriter();
  const all = [...layout.module.types, ...layout.addedTypes];
  out.u32(all.length);
  for (const { params, results } of all) {
    out.byte(0x60);
    out.u32(params.length);
    out.copy(Uint8Array.from(params));
    out.u32(results.length);
    out.copy(Uint8Array.from(results));
  }
  return out;
}

function importSection(layout: Layout, helpers: Helpers): ByteWriter {
  const out = new ByteWriter();
  out.u32(layout.outOfInstructions + 3);
  const add = (module: string, name: string, type: FunctionType): void => {
    out.name(module);
    out.name(name);
    out.byte(0);
    out.u32(layout.type(type.params, type.results));
  };
  for (const imported of layout.module.imports) {
    if (imported.kind !== "function") continue;
    const api = IC0.get(imported.name)!;
    add("ic0", imported.name, { params: helpers.loweredParams(api), results: api.result === "" ? [] : [I32] });
  }
  add(IMPORT.module, IMPORT.outOfInstructions, { params: [], results: [] });
  add(IMPORT.module, IMPORT.memoryGrow, { params: [I32], results: [I32] });
  add(IMPORT.module, IMPORT.hi, { params: [], results: [I32] });
  return out;
}

function functionSection(layout: Layout): ByteWriter {
  const out = new ByteWriter();
  const { functions, importedFunctions } = layout.module;
  out.u32(functions.length - importedFunctions + layout.injected.length);
  for (let i = importedFunctions; i < functions.length; i++) out.u32(layout.functionTypeOf(functions[i]!));
  for (const { type } of layout.injected) out.u32(type);
  return out;
}

function tableSection(module: DecodedModule): ByteWriter {
  const out = new ByteWriter();
  const table = module.tables[0];
  if (table === undefined) return out;
  out.u32(1);
  out.byte(table.element);
  // Tables cannot grow here, so the minimum is the maximum.
  out.byte(1);
  out.u32(table.minimum);
  out.u32(table.minimum);
  return out;
}

function memorySection(module: DecodedModule): ByteWriter {
  const out = new ByteWriter();
  const memory = module.memories[0];
  out.u32(1);
  out.byte(1);
  out.u32((memory?.minimum ?? 0) + PREFIX_WASM_PAGES);
  out.u32((memory === undefined ? 0 : maximumPages(module)) + PREFIX_WASM_PAGES);
  return out;
}

function writeConstant(out: ByteWriter, constant: Constant, layout: Layout): void {
  switch (constant.kind) {
    case "function":
      out.byte(0xd2);
      out.u32(layout.functionIndex(constant.index));
      break;
    case "null":
      out.byte(0xd0);
      out.byte(constant.type);
      break;
    case "global":
      return assert(false, "modules that import globals were refused");
    case "number": {
      const view = new DataView(constant.bits.buffer, constant.bits.byteOffset, constant.bits.byteLength);
      if (constant.type === I32) {
        out.byte(0x41);
        out.signed(view.getInt32(0, true));
      } else if (constant.type === I64) {
        out.byte(0x42);
        signed64(out, view.getBigInt64(0, true));
      } else if (constant.type === V128) {
        out.byte(0xfd);
        out.byte(12);
        out.copy(constant.bits);
      } else {
        out.byte(constant.type === F32 ? 0x43 : 0x44);
        out.copy(constant.bits, 0, constant.type === F32 ? 4 : 8);
      }
    }
  }
  out.byte(0x0b);
}

function signed64(out: ByteWriter, value: bigint): void {
  for (;;) {
    const low = Number(value & 0x7fn);
    value >>= 7n;
    if ((value === 0n && low < 0x40) || (value === -1n && low >= 0x40)) {
      out.byte(low);
      return;
    }
    out.byte(low | 0x80);
  }
}

function globalSection(layout: Layout): ByteWriter {
  const out = new ByteWriter();
  const { globals } = layout.module;
  out.u32(globals.length + 3 + layout.dropped.size);
  for (const global of globals) {
    out.byte(global.type);
    out.byte(global.mutable ? 1 : 0);
    writeConstant(out, global.initial, layout);
  }
  out.copy(new Uint8Array([I64, 1, 0x42, 0, 0x0b]));
  for (let i = 0; i < 2 + layout.dropped.size; i++) out.copy(new Uint8Array([I32, 1, 0x41, 0, 0x0b]));
  return out;
}

function exportSection(layout: Layout, helpers: Helpers): ByteWriter {
  const entries: [string, number, number][] = [];
  const { module } = layout;
  for (const { name, kind, index } of module.exports) {
    if (kind === "function" && name.startsWith("canister_")) entries.push([name, 0, helpers.entry(index)]);
  }
  entries.push([EXPORT.memory, 2, 0], [EXPORT.counter, 3, layout.counter], [EXPORT.trapCode, 3, layout.trapCode]);
  const { globals, indices } = mutableGlobals(module);
  entries.push([EXPORT.saveGlobals, 0, helpers.globalsImage("save", globals, indices)]);
  entries.push([EXPORT.loadGlobals, 0, helpers.globalsImage("load", globals, indices)]);
  entries.push([EXPORT.prepare, 0, helpers.prepare()]);
  if (module.tables.length > 0) entries.push([EXPORT.table, 1, 0], [EXPORT.invoke, 0, helpers.invoke]);
  if (module.start >= 0) entries.push([EXPORT.start, 0, helpers.entry(module.start)]);
  const out = new ByteWriter();
  out.u32(entries.length);
  for (const [name, kind, index] of entries) {
    out.name(name);
    out.byte(kind);
    out.u32(index);
  }
  return out;
}

/**
 * Element segments keep their places. Offsets are written as i32 even for a 64-bit table; that they fit has been checked.
 * Functions that only an export named stay nameable by `ref.func` through one more, declared segment.
 */
function elementSection(layout: Layout): ByteWriter {
  const out = new ByteWriter();
  const { module } = layout;
  const declared: number[] = [];
  module.referenced.forEach((flag, index) => {
    if (flag === 1) declared.push(index);
  });
  if (module.elements.length === 0 && declared.length === 0) return out;
  out.u32(module.elements.length + 1);
  for (const { mode, offset, type, items } of module.elements) {
    // Active: table 0 and an offset, then function indices where nothing is null; all others: items as expressions.
    const indices = mode === "active" && items.every((item) => item >= 0);
    out.u32(mode === "active" ? (indices ? 0 : 4) : mode === "passive" ? 5 : 7);
    if (mode === "active") {
      out.byte(0x41);
      out.signed(unsignedValue(offset!) | 0);
      out.byte(0x0b);
    } else out.byte(type);
    if (indices) {
      out.u32(items.length);
      for (const item of items) out.u32(layout.functionIndex(item));
      continue;
    }
    out.u32(items.length);
    for (const item of items) {
      out.byte(item >= 0 ? 0xd2 : 0xd0);
      if (item >= 0) out.u32(layout.functionIndex(item));
      else out.byte(type);
      out.byte(0x0b);
    }
  }
  out.u32(3);
  out.byte(0);
  out.u32(declared.length);
  for (const index of declared) out.u32(layout.functionIndex(index));
  return out;
}

function dataCountSection(module: DecodedModule): ByteWriter {
  const out = new ByteWriter();
  out.u32(module.data.length);
  return out;
}

function codeSection(layout: Layout, bodies: ByteWriter): ByteWriter {
  const out = new ByteWriter(bodies.length + 4096);
  out.u32(layout.module.bodyStarts.length + layout.injected.length);
  out.copy(bodies.bytes, 0, bodies.length);
  for (const { body } of layout.injected) out.sized(body);
  return out;
}

/** Active segments are written by whoever makes an instance; their places stay, empty and passive. */
function dataSection(module: DecodedModule): ByteWriter {
  const out = new ByteWriter();
  out.u32(module.data.length);
  for (const { offset, bytes } of module.data) {
    out.byte(1);
    const content = offset === null ? bytes : new Uint8Array(0);
    out.u32(content.length);
    out.copy(content);
  }
  return out;
}
