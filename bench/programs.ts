/**
 * A module of the bench that can be run again and again: as it was written, by the engine itself, or rewritten as canisters run.
 * For modules that export `canister_update run` and a memory; imports are given by whoever needs any.
 */
import { EXPORT, IMPORT, PREFIX_BYTES, PREFIX_WASM_PAGES } from "../src/core/wasm/abi.ts";
import type { EngineInstance, HostFunction } from "../src/core/wasm/engine.ts";
import { isRefusal, prepareModule } from "../src/core/wasm/prepare.ts";
import { wasmEngine } from "../src/host/engine.ts";
import { nodePlatform } from "../src/host/platform-node.ts";

export interface Program {
  run(): void;
  /** What the last run came to, as text. */
  result(): string;
}

/** As text: the first 8 bytes of the heap. */
function resultAt(buffer: ArrayBuffer, address: number): string {
  return new DataView(buffer).getBigUint64(address, true).toString();
}

export class RawProgram implements Program {
  readonly instance: WebAssembly.Instance;
  private readonly entry: () => void;

  constructor(wasm: Uint8Array, imports: WebAssembly.Imports = {}) {
    this.instance = new WebAssembly.Instance(new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>), imports);
    this.entry = this.instance.exports["canister_update run"] as () => void;
  }

  run(): void {
    this.entry();
  }

  result(): string {
    return resultAt((this.instance.exports["memory"] as WebAssembly.Memory).buffer, 0);
  }
}

/** More than any run needs, so that the handler of exhausted instructions is never asked. */
const LIMIT_HIGH = 1 << 20;
const STACK_BYTES = 1 << 20;

export class RewrittenProgram implements Program {
  readonly instance: EngineInstance;
  private readonly entry: () => void;
  private readonly makeReady: (low: number, high: number, stackBytes: number) => void;
  private high = 0;

  /** `ic0`: what the module imports, lowered as `abi.ts` says; `returned(high)` gives the high word of an i64. */
  constructor(wasm: Uint8Array, ic0: (returnHigh: (high: number) => void) => Record<string, HostFunction> = () => ({})) {
    const module = prepareModule(wasm, nodePlatform);
    if (isRefusal(module)) throw new Error(`the rewriter refuses a module of the bench: ${module.description}`);
    const { info } = module;
    this.instance = wasmEngine.instantiate(module.compiled("fast", "own"), {
      ic0: ic0((high) => (this.high = high)),
      [IMPORT.module]: {
        [IMPORT.outOfInstructions]: () => {
          throw new Error("a kernel ran out of instructions");
        },
        [IMPORT.memoryGrow]: (delta) => {
          const pages = this.instance.memory.buffer.byteLength / 65536 - PREFIX_WASM_PAGES;
          if (pages + (delta! >>> 0) > info.maximumPages) return -1;
          return this.instance.memory.grow(delta! >>> 0) < 0 ? -1 : pages;
        },
        [IMPORT.hi]: () => this.high,
      },
    });
    const heap = new Uint8Array(this.instance.memory.buffer, PREFIX_BYTES);
    for (const { offset, bytes } of info.dataSegments) heap.set(bytes, offset);
    this.makeReady = this.instance.functions[EXPORT.prepare]!;
    this.entry = this.instance.functions["canister_update run"]!;
    const start = this.instance.functions[EXPORT.start];
    if (start !== undefined) this.call(start);
  }

  /** Calls an export with the counter and the stack limit set. */
  call(entry: (...args: number[]) => unknown): void {
    this.makeReady(0, LIMIT_HIGH, STACK_BYTES);
    entry();
  }

  run(): void {
    this.call(this.entry);
  }

  result(): string {
    return resultAt(this.instance.memory.buffer, PREFIX_BYTES);
  }
}
