/** Runs a rewritten module without a canister: a host that does nothing but count, and the instance as the core sees it. */
import { EXPORT, IMPORT, MAX_HEAP_WASM_PAGES, PAGE_BYTES, PREFIX_BYTES, PREFIX_WASM_PAGES, type Variant } from "../../src/core/wasm/abi.ts";
import type { EngineInstance, EngineTrapKind, HostFunction, I64Global } from "../../src/core/wasm/engine.ts";
import type { PreparedModule } from "../../src/core/wasm/module-info.ts";
import { isRefusal, prepareModule } from "../../src/core/wasm/prepare.ts";
import { wasmEngine } from "../../src/host/engine.ts";
import { nodePlatform } from "../../src/host/platform-node.ts";
import { wat } from "./wat.ts";

export const LIMIT = 1_000_000_000;
export const STACK_BYTES = 1 << 18;

/** Thrown by the default handler of exhausted instructions. */
export class OutOfInstructions extends Error {}

function exhausted(): never {
  throw new OutOfInstructions();
}

export function prepared(source: string | Uint8Array): PreparedModule {
  const result = prepareModule(typeof source === "string" ? wat(source) : source, nodePlatform);
  if (isRefusal(result)) throw new Error(`refused: ${result.description}`);
  return result;
}

export type Ending =
  | { readonly kind: "returned" }
  | { readonly kind: "trap"; readonly trap: EngineTrapKind; readonly code: number; readonly backtrace: readonly number[] }
  | { readonly kind: "out of instructions" };

/** The ending as the same text whether the module was rewritten or not: see `attempt`. */
export function ended(ending: Ending): string {
  if (ending.kind !== "trap") return ending.kind;
  if (ending.code === 2) return "heap out of bounds";
  return ending.code === 3 ? "null or wrong signature" : ending.trap;
}

/** How a module that was not rewritten ended. */
export function attempt(action: () => void): string {
  try {
    action();
    return "returned";
  } catch (error) {
    if (error instanceof OutOfInstructions) return "out of instructions";
    const trap = wasmEngine.trapOf(error);
    if (trap === null) throw error;
    return trap.kind;
  }
}

export interface Ran {
  readonly ending: Ending;
  /** Instructions used, as the counter says afterwards. */
  readonly used: number;
}

export interface HostCall {
  readonly name: string;
  readonly args: readonly number[];
  /** Counter at the call. */
  readonly counter: bigint;
}

/** One instance of a rewritten module. */
export class Subject {
  readonly module: PreparedModule;
  readonly variant: Variant;
  readonly instance: EngineInstance;
  readonly calls: HostCall[] = [];
  /** Results of `ic0` imports by name: the number, or low and high word of an i64. */
  readonly results = new Map<string, number | readonly [number, number]>();
  /** Runs when instructions are exhausted; may refill the counter. */
  private readonly handler: (counter: I64Global) => void;
  private high = 0;

  constructor(source: string | Uint8Array | PreparedModule, variant: Variant = "fast", handler: (counter: I64Global) => void = exhausted) {
    this.module = typeof source === "string" || source instanceof Uint8Array ? prepared(source) : source;
    this.variant = variant;
    this.handler = handler;
    this.instance = wasmEngine.instantiate(this.module.compiled(variant, "own"), this.imports());
    const bytes = new Uint8Array(this.instance.memory.buffer);
    for (const { offset, bytes: content } of this.module.info.dataSegments) bytes.set(content, PREFIX_BYTES + offset);
  }

  private imports(): Record<string, Record<string, HostFunction>> {
    const ic0: Record<string, HostFunction> = {};
    for (const name of this.module.info.ic0Imports) {
      ic0[name] = (...args) => {
        this.calls.push({ name, args, counter: this.instance.counter.value });
        const result = this.results.get(name) ?? 0;
        if (typeof result === "number") return result;
        this.high = result[1];
        return result[0];
      };
    }
    return {
      ic0,
      [IMPORT.module]: {
        [IMPORT.outOfInstructions]: () => this.handler(this.instance.counter),
        [IMPORT.memoryGrow]: (delta) => {
          const pages = this.heapPages;
          if (pages + (delta! >>> 0) > Math.min(this.module.info.maximumPages, MAX_HEAP_WASM_PAGES)) return -1;
          return this.instance.memory.grow(delta! >>> 0) < 0 ? -1 : pages;
        },
        [IMPORT.hi]: () => this.high,
      },
    };
  }

  get heapPages(): number {
    return this.instance.memory.buffer.byteLength / 65536 - PREFIX_WASM_PAGES;
  }

  /** The heap, without the map. */
  get heap(): Uint8Array {
    return new Uint8Array(this.instance.memory.buffer, PREFIX_BYTES);
  }

  /** Pages marked in the write map. */
  marked(): number[] {
    const map = new Uint8Array(this.instance.memory.buffer, 0, PREFIX_BYTES);
    const pages: number[] = [];
    for (let i = map.indexOf(1); i >= 0; i = map.indexOf(1, i + 1)) pages.push(i);
    return pages;
  }

  clearMarks(): void {
    new Uint8Array(this.instance.memory.buffer, 0, PREFIX_BYTES).fill(0);
  }

  prepare(limit = LIMIT, stackBytes = STACK_BYTES): void {
    this.instance.functions[EXPORT.prepare]!((limit % 2 ** 32) | 0, Math.floor(limit / 2 ** 32), stackBytes);
  }

  /** Runs an export of the user's, `run` standing for `canister_update run`. */
  run(name = "run", options: { readonly limit?: number; readonly stackBytes?: number } = {}): Ran {
    const { limit = LIMIT, stackBytes = STACK_BYTES } = options;
    this.prepare(limit, stackBytes);
    const { functions } = this.instance;
    const entry = functions[`canister_update ${name}`] ?? functions[name];
    return this.attempt(() => entry!(), limit);
  }

  attempt(action: () => void, limit = LIMIT): Ran {
    let ending: Ending = { kind: "returned" };
    try {
      action();
    } catch (error) {
      if (error instanceof OutOfInstructions) ending = { kind: "out of instructions" };
      else {
        const trap = wasmEngine.trapOf(error);
        if (trap === null) throw error;
        ending = { kind: "trap", trap: trap.kind, code: this.instance.trapCode.value, backtrace: trap.backtrace };
      }
    }
    return { ending, used: limit - Number(this.instance.counter.value) };
  }

  /** Image of the mutable globals. */
  globals(): Uint8Array {
    const size = this.module.info.globalsBytes;
    const map = new Uint8Array(this.instance.memory.buffer, 0, PREFIX_BYTES);
    const before = map.slice(0, size);
    this.instance.functions[EXPORT.saveGlobals]!();
    const image = map.slice(0, size);
    map.set(before);
    return image;
  }

  loadGlobals(image: Uint8Array): void {
    const map = new Uint8Array(this.instance.memory.buffer, 0, PREFIX_BYTES);
    const before = map.slice(0, image.length);
    map.set(image);
    this.instance.functions[EXPORT.loadGlobals]!();
    map.set(before);
  }

  /** Page of a heap address. */
  static page(address: number): number {
    return Math.floor(address / PAGE_BYTES);
  }
}
