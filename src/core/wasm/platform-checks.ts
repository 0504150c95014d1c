/**
 * The platform's own checks of a valid Wasm module, in its order: imports, exports, tables, globals, functions, initial
 * memory, function bodies, custom sections; then what its instrumentation and its linker refuse.
 *
 * Source: interface spec, "WebAssembly module requirements"; reference/wasm.md 1, 3.
 * Replica: `rs/embedders/src/wasm_utils/validation.rs`, `rs/types/wasm_types/src/errors.rs` (c7c5005).
 */
import { MAX_HEAP_WASM_PAGES } from "./abi.ts";
import { checkEngineLimits } from "./engine-limits.ts";
import { IC0, type Ic0Function } from "./ic0.ts";
import * as Limit from "./limits.ts";
import type { DecodedModule, FunctionType } from "./module.ts";
import { typeName, unsignedValue } from "./module.ts";
import type { CustomSection, MethodKind } from "./module-info.ts";
import { FUNCREF, I32, I64, type ValueType } from "./opcodes.ts";
import type { Measured } from "./measured.ts";
import { Refused } from "./refused.ts";

/** `anchor` without its beginning, `wasm-module-`. */
function invalid(description: string, suggestion = "", anchor = ""): never {
  throw new Refused("invalid", description, suggestion === "" ? null : { suggestion, anchor: `wasm-module-${anchor}` });
}

/** Types as the replica prints them, `[I32, I64]`. */
function printed(types: readonly ValueType[]): string {
  return `[${types.map((type) => (type === FUNCREF ? "FuncRef" : typeName(type).toUpperCase())).join(", ")}]`;
}

function sameTypes(left: readonly ValueType[], right: readonly ValueType[]): boolean {
  return left.length === right.length && left.every((type, i) => type === right[i]);
}

function checkSignature(expected: FunctionType, name: string, found: FunctionType): void {
  if (!sameTypes(expected.params, found.params)) {
    invalid(
      `Wasm module has an invalid function signature. Expected input params ${printed(expected.params)} for '${name}', got ${printed(found.params)}.`,
    );
  }
  if (!sameTypes(expected.results, found.results)) {
    invalid(
      `Wasm module has an invalid function signature. Expected return type ${printed(expected.results)} for '${name}', got ${printed(found.results)}.`,
    );
  }
}

function signature(api: Ic0Function, pointer: ValueType): FunctionType {
  const type = (letter: string): ValueType => (letter === "I" || letter === "E" ? pointer : letter === "l" ? I64 : I32);
  return { params: [...api.params].map(type), results: [...api.result].map(type) };
}

function checkImports(module: DecodedModule): void {
  const pointer = module.memory64 ? I64 : I32;
  const refuse = (text: string): never => invalid(`Wasm module has an invalid import section. ${text}`);
  for (const { module: from, name, kind, type } of module.imports) {
    switch (kind) {
      case "function": {
        const api = IC0.get(name);
        if (api === undefined || (api.only32 && module.memory64)) {
          refuse(`Module imports function '${name}' from '${from}' that is not exported by the runtime.`);
        } else if (from !== "ic0") {
          const quoted = [name, from].map((text) => JSON.stringify(text));
          refuse(`Module imports function ${quoted[0]} from ${quoted[1]}, expected to be imported from one of ["ic0"] instead.`);
        } else checkSignature(signature(api, pointer), name, module.types[type]!);
        break;
      }
      case "table":
        if (name === "table" && from !== "env") refuse("Only tables imported from env.table are allowed.");
        break;
      case "memory":
        if (name === "memory" && from !== "env") refuse("Only memory imported from env.memory is allowed.");
        break;
      case "global":
        refuse("Importing globals is not allowed.");
        break;
      case "tag":
        refuse("Importing tags is not allowed.");
    }
  }
}

const METHOD_PREFIXES: readonly [string, MethodKind][] = [
  ["canister_query ", "query"],
  ["canister_composite_query ", "composite_query"],
  ["canister_update ", "update"],
];

export interface Exports {
  readonly methods: ReadonlyMap<string, MethodKind>;
  readonly systemExports: ReadonlySet<string>;
}

/** Length in UTF-8. */
function byteLength(text: string): number {
  let length = 0;
  for (const character of text) {
    const point = character.codePointAt(0)!;
    length += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return length;
}

function checkExports(module: DecodedModule, limited: boolean): Exports {
  const methods = new Map<string, MethodKind>();
  const systemExports = new Set<string>();
  let nameBytes = 0;
  for (const { name, kind, index } of module.exports) {
    if (Limit.RESERVED_EXPORTS.has(name))
      invalid(`Wasm module has an invalid export section. Exporting reserved symbol ${name} not allowed.`);
    if (kind !== "function" || !name.startsWith("canister_")) continue;
    const prefix = METHOD_PREFIXES.find(([start]) => name.startsWith(start));
    if (prefix !== undefined) {
      const method = name.slice(prefix[0].length);
      if (methods.has(method)) {
        invalid(
          `Duplicate function '${method}' exported multiple times with different call types: update, query, or composite_query.`,
          `Try defining different versions of the function for each call type, e.g. \`${method}_update\`, \`${method}_query\`, etc.`,
          "duplicate-exports",
        );
      }
      methods.set(method, prefix[1]);
      nameBytes += byteLength(method);
    } else if (Limit.SYSTEM_EXPORTS.has(name)) systemExports.add(name);
    else invalid(`Wasm module has an invalid export section. Exporting reserved function '${name}' with "canister_" prefix`);
    checkSignature({ params: [], results: [] }, name, module.types[module.functions[index]!]!);
  }
  if (limited) checkExportLimits(methods.size, nameBytes);
  return { methods, systemExports };
}

function checkExportLimits(methods: number, nameBytes: number): void {
  const called = "called `canister_update <name>`, `canister_query <name>`, or `canister_composite_query <name>` is";
  if (methods > Limit.MAX_EXPORTED_METHODS) {
    invalid(
      `The number of exported functions ${called} ${methods} which exceeds ${Limit.MAX_EXPORTED_METHODS}.`,
      "Try combining multiple endpoints into a single endpoint.",
      "exports-too-many-methods",
    );
  }
  if (nameBytes > Limit.MAX_EXPORTED_NAMES_BYTES) {
    const limit = Limit.MAX_EXPORTED_NAMES_BYTES;
    invalid(
      `The sum of \`<name>\` lengths in exported functions ${called} ${nameBytes} which exceeds the allowed limit of ${limit}.`,
      "Try using shorter method names.",
      "sum-of-exported-name-lengths-too-large",
    );
  }
}

function checkTables(module: DecodedModule): void {
  for (const { element } of module.tables) {
    if (element !== FUNCREF)
      invalid(`Wasm module has an invalid table section. Table element type must be funcref, got ${typeName(element)}`);
  }
}

// Offsets of data segments need no check of their own: other than a constant only an imported global would be valid Wasm.

function checkGlobals(module: DecodedModule): void {
  const count = module.globals.length;
  if (count > Limit.MAX_GLOBALS) {
    invalid(
      `Wasm module defined ${count} globals which exceeds the maximum number allowed ${Limit.MAX_GLOBALS}.`,
      "Try collecting multiple globals into a single structured which can be stored on the heap.",
      "too-many-globals",
    );
  }
  for (const { type } of module.globals) {
    if (type === FUNCREF || typeName(type) === "externref") {
      invalid(`Wasm module has an invalid global section. Unsupported global type: Ref(${typeName(type)})`);
    }
  }
}

function checkFunctions(module: DecodedModule, names: ReadonlyMap<number, string>): void {
  const count = module.bodyStarts.length;
  if (count > Limit.MAX_FUNCTIONS) {
    invalid(
      `Wasm module defined ${count} functions which exceeds the maximum number allowed ${Limit.MAX_FUNCTIONS}.`,
      "Try spliting this canister into multiple canisters.",
      "too-many-functions",
    );
  }
  for (const [index, name] of names) {
    if (index < module.importedFunctions || name.length <= Limit.MAX_FUNCTION_NAME_BYTES / 4) continue;
    const size = byteLength(name);
    if (size <= Limit.MAX_FUNCTION_NAME_BYTES) continue;
    const short = `${[...name.slice(0, 200)].slice(0, 100).join("")}...`;
    invalid(
      `Wasm module contains a function at index ${index} with name '${short}' of size ${size} bytes that exceeds the maximum allowed size of ${Limit.MAX_FUNCTION_NAME_BYTES} bytes.`,
      "Try using shorter function names.",
      "function-name-too-large",
    );
  }
}

function checkInitialMemory(module: DecodedModule): void {
  const memory = module.memories[0];
  if (memory?.memory64 === true && memory.minimum > Limit.MAX_WASM64_PAGES) {
    invalid(
      `Wasm module declares an initial Wasm64 heap memory size of ${memory.minimum} pages which exceeds the maximum allowed size of ${Limit.MAX_WASM64_PAGES} pages.`,
      "Try reducing the initial Wasm64 heap memory size.",
      "initial-wasm64-memory-too-large",
    );
  }
}

const BREAK_UP = "Try breaking large functions up into multiple smaller functions.";

function checkBodies(module: DecodedModule, measured: Measured): void {
  for (let i = 0; i < module.bodyStarts.length; i++) {
    const where = `Wasm module contains a function at index ${module.importedFunctions + i}`;
    const unsupported = measured.unsupported.get(i);
    if (unsupported !== undefined) invalid(`${where} with unsupported instruction ${unsupported}.`);
    const complexity = measured.complexity[i]!;
    if (complexity > Limit.MAX_FUNCTION_COMPLEXITY) {
      const text = `${where} with complexity ${complexity} which exceeds the maximum complexity allowed ${Limit.MAX_FUNCTION_COMPLEXITY}.`;
      invalid(text, BREAK_UP, "function-complexity-too-high");
    }
    const size = measured.instructions[i]!;
    if (size > Limit.MAX_FUNCTION_INSTRUCTIONS) {
      const text = `${where} of size ${size} that exceeds the maximum allowed size of ${Limit.MAX_FUNCTION_INSTRUCTIONS}.`;
      invalid(text, BREAK_UP, "function-too-large");
    }
  }
}

function checkCustomSections(module: DecodedModule): CustomSection[] {
  const found = new Map<string, CustomSection>();
  let bytes = 0;
  const refuse = (text: string): never => invalid(`Wasm module has an invalid custom section. ${text}`);
  for (const { name: section, content } of module.customSections) {
    if (!section.startsWith("icp:")) continue;
    const visibility = section.startsWith("icp:public ") ? "public" : section.startsWith("icp:private ") ? "private" : null;
    if (visibility === null) {
      if (section === "icp:public" || section === "icp:private") {
        refuse("'icp:' section names must have a space after the public/private scope");
      }
      return refuse(`Invalid custom section: Custom section '${section}' has no public/private scope defined.`);
    }
    const name = section.slice(`icp:${visibility} `.length);
    if (found.has(name)) refuse(`Invalid custom section: name ${name} already exists`);
    bytes += content.length + byteLength(name);
    if (bytes > Limit.MAX_CUSTOM_SECTIONS_BYTES) {
      refuse(
        `Invalid custom sections: total size of the custom sections exceeds the maximum allowed: size ${bytes} bytes, allowed ${Limit.MAX_CUSTOM_SECTIONS_BYTES} bytes`,
      );
    }
    found.set(name, { visibility, name, content: content.slice() });
    if (found.size > Limit.MAX_CUSTOM_SECTIONS) {
      invalid(`Wasm module defined ${found.size} custom sections which exceeds the maximum number allowed ${Limit.MAX_CUSTOM_SECTIONS}.`);
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Active data segments must fit the initial memory. */
function checkData(module: DecodedModule): void {
  const size = (module.memories[0]?.minimum ?? 0) * 65536;
  for (const { offset, bytes } of module.data) {
    if (offset === null) continue;
    const at = unsignedValue(offset);
    if (at + bytes.length > size) {
      throw new Refused("instrumentation", `Wasm module has invalid data segment of ${bytes.length} bytes at ${at}`);
    }
  }
}

/** What validates but cannot be linked or instantiated: IC0521. */
function checkLinking(module: DecodedModule): void {
  const refuse = (text: string): never => {
    throw new Refused("engine", `Failed to instantiate module: ${text}`);
  };
  const external = module.imports.find(({ kind }) => kind !== "function");
  if (external !== undefined) refuse(`unknown import: \`${external.module}::${external.name}\` has not been defined`);
  if (module.tables.length > Limit.MAX_TABLES) refuse(`resource limit exceeded: table count too high at ${module.tables.length}`);
  const table = module.tables[0];
  if (table !== undefined && table.minimum > Limit.MAX_TABLE_ELEMENTS) {
    refuse(`table minimum size of ${table.minimum} elements exceeds table limits`);
  }
  for (const { mode, offset, items } of module.elements) {
    if (mode === "active" && unsignedValue(offset!) + items.length > table!.minimum)
      refuse("wasm trap: undefined element: out of bounds table access");
  }
  const memory = module.memories[0];
  if (memory !== undefined && memory.minimum > MAX_HEAP_WASM_PAGES) {
    // Departure: the platform takes up to 65,536 pages (wasm32) or 98,304 (wasm64).
    refuse(
      `Cannery's largest heap is ${MAX_HEAP_WASM_PAGES} pages (4 GiB - 1 MiB), the module declares ${memory.minimum} pages from the start`,
    );
  }
}

export interface Checked extends Exports {
  readonly customSections: readonly CustomSection[];
}

/** Throws `Refused` at the first check that fails. `exportLimits`: whether there may only be so many methods, with names so long. */
export function checkModule(module: DecodedModule, measured: Measured, names: ReadonlyMap<number, string>, exportLimits: boolean): Checked {
  checkImports(module);
  const exports = checkExports(module, exportLimits);
  checkTables(module);
  checkGlobals(module);
  checkFunctions(module, names);
  checkInitialMemory(module);
  checkBodies(module, measured);
  const customSections = checkCustomSections(module);
  checkData(module);
  checkLinking(module);
  checkEngineLimits(module, measured);
  return { ...exports, customSections };
}
