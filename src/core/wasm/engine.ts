/**
 * The Wasm engine as an interface. `host/` fills it in with V8's `WebAssembly`; the core does not know that word.
 * The engine is synchronous and holds no state of ours.
 */
import type { NetworkKeys } from "../../crypto/network-keys.ts";
import type { ThresholdKeys } from "../../crypto/threshold/threshold-keys.ts";

/** A compiled module; opaque. */
export type CompiledModule = object & { readonly __compiled?: never };

/** An import of a rewritten module: numbers in, at most one number out. */
export type HostFunction = (...args: number[]) => number | void;
export type HostImports = Readonly<Record<string, Readonly<Record<string, HostFunction>>>>;

/** A mutable i64 global of an instance. Reading and writing cost tens of nanoseconds: not for hot paths. */
export interface I64Global {
  value: bigint;
}
export interface I32Global {
  value: number;
}

/** The same bytes as words and as bytes: engines compare by what is fastest on their host. */
export interface TwoViews {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
}

export interface EngineMemory {
  /** The current buffer, prefix included. Replaced by another object after growth. */
  readonly buffer: ArrayBuffer;
  /** Grows by Wasm pages; -1 when the engine refuses. */
  grow(deltaPages: number): number;
  /**
   * Index of the first byte 1 in [from, end) of the memory, or -1: how the write map is read. The one walk that grows with the heap, so
   * engines do it with what is fastest on their host.
   */
  indexOfOne(from: number, end: number): number;
  /** Whether `length` bytes at `at`, a multiple of 16, are those of `other` at `from`: each page that was written to is compared so. */
  equals(at: number, other: TwoViews, from: number, length: number): boolean;
}

export interface EngineTable {
  readonly length: number;
  /** `null` for an empty entry. */
  get(index: number): unknown;
}

/** Exports by name: functions, the memory, globals and the table of `abi.ts`. */
export interface EngineInstance {
  readonly memory: EngineMemory;
  readonly counter: I64Global;
  readonly trapCode: I32Global;
  readonly table: EngineTable | null;
  /** Exported functions by name (entry points and those of `abi.ts`). */
  readonly functions: Readonly<Record<string, (...args: number[]) => number | void>>;
}

/** How Wasm code ended when it did not return and no host function threw. Texts of engines are mapped to this in `host/`. */
export type EngineTrapKind =
  | "heap out of bounds"
  | "unreachable"
  | "integer division by 0"
  | "table out of bounds"
  | "null or wrong signature"
  | "unknown"
  /** The engine's own stack ran out before our count did: a host failure, never a trap of the canister. */
  | "engine stack overflow";

export interface EngineTrap {
  readonly kind: EngineTrapKind;
  /** Function indices of the rewritten module, innermost first, as far as the engine tells. */
  readonly backtrace: readonly number[];
}

export interface WasmEngine {
  /** Heap bytes from which a canister runs in a shared memory, because this engine is slow with large ones that are not; `Infinity`: never. */
  readonly sharesMemoryFrom: number;
  /** Throws `EngineRefusal` with the engine's text when the bytes are not a valid module. */
  compile(bytes: Uint8Array): CompiledModule;
  /** Throws `EngineRefusal` when linking fails. */
  instantiate(module: CompiledModule, imports: HostImports): EngineInstance;
  /**
   * Function indices of the rewritten module that are on the stack now, innermost first, as far as the engine tells: for a host
   * function that ends the run, whose exception carries no trace of the engine's.
   */
  callStack(): readonly number[];
  /** What an error thrown out of an exported function was, or `null` when it is not the engine's (a host function's own exception). */
  trapOf(error: unknown): EngineTrap | null;
}

export class EngineRefusal extends Error {
  override name = "EngineRefusal";
}

/** What the core needs from outside synchronously, filled in by `host/` for Node and for a tab. */
export interface Platform {
  readonly engine: WasmEngine;
  sha256(bytes: Uint8Array): Uint8Array;
  sha224(bytes: Uint8Array): Uint8Array;
  /** Inflates one gzip member; throws on malformed input or when the result would exceed `limitBytes`. */
  gunzip(bytes: Uint8Array, limitBytes: number): Uint8Array;
  /** Threshold keys of networks; what they need is loaded with the first use. */
  readonly thresholdKeys: ThresholdKeys;
  /** Keys of subnets and nodes, which certify states and sign answers; what they need is loaded with the first use. */
  readonly networkKeys: NetworkKeys;
}
