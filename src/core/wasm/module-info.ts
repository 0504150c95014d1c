/**
 * What is known of a module after decoding and validation: everything `core/canister` and the rules ask about it.
 * Indices are those of the user's module; `functionNames` is indexed as the *rewritten* module, for backtraces.
 */
import type { CompiledModule } from "./engine.ts";
import type { MemoryKind, Variant } from "./abi.ts";

export type MethodKind = "update" | "query" | "composite_query";

/** A mutable global, as `EXPORT.saveGlobals` writes it. */
export interface GlobalInfo {
  readonly type: "i32" | "i64" | "f32" | "f64" | "v128";
  /** Byte offset in the image of globals: 8-byte places, 16 for v128 (16-aligned). */
  readonly offset: number;
  /** Initial value as it lies in the image, little-endian, 8 or 16 bytes. */
  readonly initial: Uint8Array;
}

/** A global that is exported or mutable: what a snapshot shows of it. */
export interface VisibleGlobal {
  readonly type: GlobalInfo["type"];
  /** Its place in the image of mutable globals; `null` when it never changes. */
  readonly offset: number | null;
  readonly initial: Uint8Array;
}

export interface DataSegment {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface CustomSection {
  readonly visibility: "public" | "private";
  readonly name: string;
  readonly content: Uint8Array;
}

export interface ModuleInfo {
  /** True when the memory is 64-bit: decides pointer width and cycle rates. */
  readonly wasm64: boolean;
  readonly hasMemory: boolean;
  /** Declared initial heap size, in Wasm pages. */
  readonly initialPages: number;
  /** Declared maximum (or the platform's), in Wasm pages, never above `MAX_HEAP_WASM_PAGES`. */
  readonly maximumPages: number;
  /** What the module declared or the platform's own limit, for telling a declared maximum (-1) from our departure (trap). */
  readonly declaredMaximumPages: number;
  readonly dataSegments: readonly DataSegment[];
  readonly globals: readonly GlobalInfo[];
  /** Size of the image of mutable globals. */
  readonly globalsBytes: number;
  /** Exported or mutable globals of the user's module: the exported ones as they are exported, then the rest by index. */
  readonly visibleGlobals: readonly VisibleGlobal[];
  /** Their number (32 bytes each in memory usage, plus one of the replica's). */
  readonly countedGlobals: number;
  readonly hasTable: boolean;
  readonly hasStart: boolean;
  /** `canister_update|query|composite_query <name>` exports by name. */
  readonly methods: ReadonlyMap<string, MethodKind>;
  /** Other `canister_*` function exports, such as `canister_init`, by export name. */
  readonly systemExports: ReadonlySet<string>;
  /** Names of `ic0` functions imported. */
  readonly ic0Imports: readonly string[];
  readonly customSections: readonly CustomSection[];
  /** True for Motoko <= 0.6.20 (wasm.md 5, "Legacy Motoko reserve"). */
  readonly legacyMotokoReserve: boolean;
  /** Function names of the rewritten module by index, from the name section where present. */
  readonly functionNames: ReadonlyMap<number, string>;
  /** The user's own functions as the rewritten module numbers them: `count` from `first`; the user's index is `shift` less. All others are imports or injected. */
  readonly localFunctions: { readonly first: number; readonly count: number; readonly shift: number };
  /** Instructions of local functions, and globals, as far as the compilation charge counts them (wasm.md 4.5). */
  readonly compilationInstructions: number;
}

/**
 * A module ready to run. Made once per content; immutable and shared by all canisters that run it.
 */
export interface PreparedModule {
  readonly info: ModuleInfo;
  /** SHA-256 of the bytes as uploaded (compressed bytes if gzip), hex. */
  readonly hash: string;
  /** The bytes as uploaded. */
  readonly uploaded: Uint8Array;
  /** Their number, at hand even where they are not. */
  readonly uploadedBytes: number;
  /** Compiles on first use; `exact` is asked for only when a run trapped, a shared memory (`shared-memory.ts`) only for large heaps. */
  compiled(variant: Variant, memory: MemoryKind): CompiledModule;
}

/** What a module was compiled for so far. */
export type Compilations = Readonly<Record<MemoryKind, Partial<Record<Variant, CompiledModule>>>>;

/** What the author of a module that is refused may do about it; `anchor` is a section of the platform's page of execution errors. */
export interface Advice {
  readonly suggestion: string;
  readonly anchor: string;
}

/** A module the platform refuses. `description` is what follows `… is not valid: `, `Could not instrument …: ` or `… Wasm engine error: `. */
export interface ModuleRefusal {
  readonly kind: "invalid" | "instrumentation" | "engine";
  readonly description: string;
  /** `null`: most likely the toolchain's mistake, not the author's. */
  readonly advice: Advice | null;
  /** Instructions install_code is charged for the attempt (wasm.md 4.5). */
  readonly instructions: number;
}
