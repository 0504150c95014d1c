/**
 * From the bytes of an `install_code` to a module ready to run, or to the platform's refusal: unpack, decode, validate, check,
 * describe. Rewriting and compiling wait until somebody runs the module.
 *
 * Source: reference/wasm.md 1. Replica: `rs/embedders/src/wasm_utils/{decoding,validation}.rs` (c7c5005).
 */
import type { MemoryKind, Variant } from "./abi.ts";
import { compiledInstructions, failureInstructions } from "./compilation-cost.ts";
import { decode } from "./decode.ts";
import type { CompiledModule, Platform } from "./engine.ts";
import { HOST_IMPORTS } from "./layout.ts";
import * as Limit from "./limits.ts";
import type { DecodedModule } from "./module.ts";
import { unsignedValue } from "./module.ts";
import type { Compilations, DataSegment, ModuleInfo, ModuleRefusal, PreparedModule } from "./module-info.ts";
import { checkModule, type Checked } from "./platform-checks.ts";
import { Malformed } from "./reader.ts";
import { functionNames } from "./name-section.ts";
import { Refused } from "./refused.ts";
import { codeSectionBytes } from "./sections.ts";
import { checkLargeBodies, maximumPages, mutableGlobals, rewrite, REWRITER_VERSION, visibleGlobals } from "./rewrite.ts";
import { withMemory } from "./shared-memory.ts";
import type { Measured } from "./measured.ts";
import { validateFunctions } from "./measure.ts";

/** Rewritten modules kept outside the process, by a key that names content, variant and rewriter. Losing one costs only time. */
export interface RewrittenStore {
  /** `null` when there is none. Never throws. */
  load(key: string): Uint8Array | null;
  /** Never throws. */
  save(key: string, bytes: Uint8Array): void;
}

/** Prepared modules by content hash, least recently used first; shared by all networks of a process. */
export class ModuleCache {
  private readonly modules = new Map<string, PreparedModule>();
  private readonly capacity: number;
  readonly store: RewrittenStore | null;

  /** `capacity`: how many modules that no canister needs to hold may stay. */
  constructor(options: { readonly store?: RewrittenStore; readonly capacity?: number } = {}) {
    this.store = options.store ?? null;
    this.capacity = options.capacity ?? 200;
  }

  get(hash: string): PreparedModule | null {
    const found = this.modules.get(hash);
    if (found === undefined) return null;
    this.modules.delete(hash);
    this.modules.set(hash, found);
    return found;
  }

  add(module: PreparedModule): void {
    this.modules.set(module.hash, module);
    if (this.modules.size > this.capacity) this.modules.delete(this.modules.keys().next().value!);
  }
}

/** Names a rewritten module in a `RewrittenStore`. */
export function rewrittenKey(hash: string, variant: Variant): string {
  return `${hash}-${REWRITER_VERSION}-${variant}`;
}

export function isRefusal(result: PreparedModule | ModuleRefusal): result is ModuleRefusal {
  return "kind" in result;
}

/** What is the same for all canisters of a network, but not of all networks. */
export interface ModuleRules {
  /** Whether the number of methods and the length of their names are limited. */
  readonly exportLimits: boolean;
}

const PLATFORM_RULES: ModuleRules = { exportLimits: true };

/** `uploaded` is kept and must not be written afterwards. A cache is for modules by the platform's own rules. */
export function prepareModule(
  uploaded: Uint8Array,
  platform: Platform,
  cache?: ModuleCache,
  rules: ModuleRules = PLATFORM_RULES,
): PreparedModule | ModuleRefusal {
  const hash = hex(platform.sha256(uploaded));
  const known = cache?.get(hash);
  if (known != null) return known;
  let announced = 0;
  try {
    const encoding = encodingOf(uploaded);
    announced = encoding.announcedBytes;
    const decoded = examined(unpack(uploaded, encoding, platform));
    const { module, measured } = decoded;
    const names = new LazyNames(module);
    const checked = checkModule(module, measured, names.toCheck(), rules.exportLimits);
    checkLargeBodies(module, measured);
    const info = describe(module, measured, checked, names);
    const prepared = new Prepared(info, hash, uploaded, decoded, platform, cache?.store ?? null);
    cache?.add(prepared);
    return prepared;
  } catch (error) {
    const instructions = failureInstructions(uploaded.length, announced);
    if (error instanceof Refused) return { kind: error.kind, description: error.message, advice: error.advice, instructions };
    throw error;
  }
}

type Encoding = { readonly kind: "wasm" | "gzip"; readonly announcedBytes: number };

function decodingError(text: string): never {
  throw new Refused("invalid", `Failed to decode wasm module: ${text}`);
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, i) => bytes[i] === byte);
}

function encodingOf(bytes: Uint8Array): Encoding {
  if (startsWith(bytes, [0x00, 0x61, 0x73, 0x6d])) return { kind: "wasm", announcedBytes: bytes.length };
  if (!startsWith(bytes, [0x1f, 0x8b, 0x08])) decodingError("unsupported canister module format");
  if (bytes.length < 16) decodingError("invalid Wasm module: gzip stream is too short");
  const footer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4);
  return { kind: "gzip", announcedBytes: footer.getUint32(0, true) };
}

const SHRINK = "using tools like `ic-wasm` or splitting the logic across multiple canisters.";

function unpack(bytes: Uint8Array, { kind, announcedBytes }: Encoding, platform: Platform): Uint8Array {
  if (announcedBytes > Limit.MAX_MODULE_BYTES) {
    const text = `Wasm module size of ${announcedBytes} exceeds the maximum allowed size of ${Limit.MAX_MODULE_BYTES}.`;
    throw new Refused("invalid", text, { suggestion: `Try shrinking the module ${SHRINK}`, anchor: "wasm-module-too-large" });
  }
  if (kind === "wasm") return bytes;
  let unpacked: Uint8Array;
  try {
    unpacked = platform.gunzip(bytes, Limit.MAX_MODULE_BYTES);
  } catch (error) {
    decodingError(`failed to decode compressed Wasm module: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (unpacked.length !== announcedBytes) {
    // The replica stops reading one byte behind the announced size.
    const extracted = Math.min(unpacked.length, announcedBytes + 1);
    decodingError(`specified uncompressed size ${announcedBytes} does not match extracted size ${extracted}`);
  }
  return unpacked;
}

interface Examined {
  readonly module: DecodedModule;
  readonly measured: Measured;
}

/** Decodes and type-checks; throws `Refused`. */
function examined(bytes: Uint8Array): Examined {
  const codeBytes = refusing(
    (reason) => `Failed to decode wasm module: Error finding code section: ${reason}`,
    () => codeSectionBytes(bytes),
  );
  if (codeBytes > Limit.MAX_CODE_SECTION_BYTES) {
    throw new Refused(
      "invalid",
      `Wasm module code section size of ${codeBytes} exceeds the maximum allowed size of ${Limit.MAX_CODE_SECTION_BYTES}.`,
      { suggestion: `Try shrinking the module code section ${SHRINK}`, anchor: "wasm-module-code-section-too-large" },
    );
  }
  const wasmtime = (reason: string): string => `Wasmtime failed to validate wasm module wasmtime::Module::validate() failed with ${reason}`;
  return refusing(wasmtime, () => {
    const module = decode(bytes);
    return { module, measured: validateFunctions(module) };
  });
}

function refusing<T>(describe: (reason: string) => string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof Malformed) throw new Refused("invalid", describe(error.message));
    throw error;
  }
}

/** The name section is read when a backtrace asks for it, or when it is large enough for a name above the limit. */
class LazyNames {
  private readonly module: DecodedModule;
  private user: Map<number, string> | null = null;

  constructor(module: DecodedModule) {
    this.module = module;
  }

  private read(): Map<number, string> {
    return (this.user ??= functionNames(this.module));
  }

  toCheck(): ReadonlyMap<number, string> {
    const section = this.module.customSections.find(({ name }) => name === "name");
    return section !== undefined && section.content.length > Limit.MAX_FUNCTION_NAME_BYTES ? this.read() : new Map();
  }

  /** By the index of the rewritten module; the user's own functions alone, as backtraces show no imports. */
  rewritten(): ReadonlyMap<number, string> {
    const names = new Map<number, string>();
    for (const [index, name] of this.read()) if (index >= this.module.importedFunctions) names.set(index + HOST_IMPORTS, name);
    return names;
  }
}

function describe(module: DecodedModule, measured: Measured, checked: Checked, names: LazyNames): ModuleInfo {
  const memory = module.memories[0];
  const platformMaximum = module.memory64 ? Limit.MAX_WASM64_PAGES : Limit.MAX_WASM32_PAGES;
  const dataSegments: DataSegment[] = [];
  for (const { offset, bytes } of module.data) if (offset !== null) dataSegments.push({ offset: unsignedValue(offset), bytes });
  const image = mutableGlobals(module);
  const visible = visibleGlobals(module);
  const { methods, systemExports, customSections } = checked;
  let functionNames: ReadonlyMap<number, string> | null = null;
  return {
    wasm64: module.memory64,
    hasMemory: memory !== undefined,
    initialPages: memory?.minimum ?? 0,
    maximumPages: memory === undefined ? 0 : maximumPages(module),
    declaredMaximumPages: memory === undefined ? 0 : Math.min(memory.maximum ?? platformMaximum, platformMaximum),
    dataSegments,
    globals: image.globals,
    globalsBytes: image.bytes,
    visibleGlobals: visible,
    countedGlobals: visible.length,
    hasTable: module.tables.length > 0,
    hasStart: module.start >= 0,
    methods,
    systemExports,
    ic0Imports: module.imports.map(({ name }) => name),
    customSections,
    legacyMotokoReserve:
      !module.memory64 &&
      methods.get("__motoko_async_helper") === "update" &&
      !customSections.some(({ name }) => name === "motoko:compiler"),
    get functionNames() {
      return (functionNames ??= names.rewritten());
    },
    localFunctions: {
      first: module.importedFunctions + HOST_IMPORTS,
      count: module.functions.length - module.importedFunctions,
      shift: HOST_IMPORTS,
    },
    compilationInstructions: compiledInstructions(module, measured),
  };
}

class Prepared implements PreparedModule {
  readonly info: ModuleInfo;
  readonly hash: string;
  readonly uploaded: Uint8Array;
  readonly uploadedBytes: number;
  private readonly wasm: Uint8Array;
  private readonly platform: Platform;
  private readonly store: RewrittenStore | null;
  private readonly compilations: Compilations = { own: {}, shared: {} };
  /** Kept for the first rewriting, which soon follows; the other variant is seldom asked for and decodes anew. */
  private examined: Examined | null;

  constructor(info: ModuleInfo, hash: string, uploaded: Uint8Array, decoded: Examined, platform: Platform, store: RewrittenStore | null) {
    this.info = info;
    this.hash = hash;
    this.uploaded = uploaded;
    this.uploadedBytes = uploaded.length;
    this.examined = decoded;
    this.wasm = decoded.module.bytes;
    this.platform = platform;
    this.store = store;
  }

  compiled(variant: Variant, memory: MemoryKind): CompiledModule {
    return (this.compilations[memory][variant] ??= this.platform.engine.compile(withMemory(this.rewritten(variant), memory)));
  }

  private rewritten(variant: Variant): Uint8Array {
    const key = rewrittenKey(this.hash, variant);
    const kept = this.examined;
    this.examined = null;
    const stored = this.store?.load(key);
    if (stored != null) return stored;
    const { module, measured } = kept ?? examined(this.wasm);
    const bytes = rewrite(module, measured, variant);
    this.store?.save(key, bytes);
    return bytes;
  }
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
