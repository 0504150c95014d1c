/**
 * The Wasm engine of every host: its `WebAssembly`, in Node and in a tab. Nothing here imports `node:`.
 * Texts of other engines than V8 are known too.
 */
import { equalWords } from "../core/canister/page-slabs.ts";
import { EXPORT } from "../core/wasm/abi.ts";
import {
  EngineRefusal, type CompiledModule, type EngineInstance, type EngineMemory, type EngineTrap, type EngineTrapKind, type HostImports, type I32Global, type I64Global, type WasmEngine,
} from "../core/wasm/engine.ts"; // prettier-ignore

/** Frames that are kept of a backtrace: the twenty that the platform shows, and the few of functions that the rewriter added. */
const BACKTRACE_FRAMES = 24;
/** JavaScript frames that may lie above: of host functions, and of whoever throws. */
const HOST_FRAMES = 12;

/** What engines say, V8 first, then SpiderMonkey, then JavaScriptCore; matched as the beginning of the text. */
const TRAPS: readonly (readonly [EngineTrapKind, readonly string[]])[] = [
  ["heap out of bounds", ["memory access out of bounds", "index out of bounds", "Out of bounds memory access"]],
  ["unreachable", ["unreachable", "Unreachable code should not be executed"]],
  ["integer division by 0", ["divide by zero", "remainder by zero", "integer divide by zero", "Division by zero"]],
  ["table out of bounds", ["table index is out of bounds", "table access out of bounds", "table index out of bounds", "Out of bounds call_indirect", "Out of bounds table access"]],
  ["null or wrong signature", ["null function or function signature mismatch", "indirect call to null", "indirect call signature mismatch", "call_indirect to a null", "call_indirect to a signature"]],
  ["unknown", ["divide result unrepresentable", "float unrepresentable in integer range", "integer overflow", "invalid conversion to integer", "Integer overflow", "Out of bounds Trunc operation"]],
]; // prettier-ignore

function kindOf(message: string): EngineTrapKind {
  for (const [kind, texts] of TRAPS) if (texts.some((text) => message.startsWith(text))) return kind;
  return "unknown";
}

/** `too much recursion` is SpiderMonkey's. */
function isStackOverflow(error: Error): boolean {
  return (
    (error instanceof RangeError && error.message.startsWith("Maximum call stack size exceeded")) || error.message === "too much recursion"
  );
}

/** Function indices in an error's stack, innermost first. */
export function wasmFrames(stack: string): number[] {
  const frames: number[] = [];
  for (const match of stack.matchAll(/wasm-function\[(\d+)\]/g)) {
    frames.push(Number(match[1]));
    if (frames.length === BACKTRACE_FRAMES) break;
  }
  return frames;
}

/** What walks through bytes fastest on a host. */
export interface Walks {
  /** A view of the first `length` bytes of a memory, for searching in it. */
  view(buffer: ArrayBuffer, length: number): Uint8Array;
  /** Makes the comparison of a memory's current buffer with other bytes; see `EngineMemory.equals`. */
  comparison(buffer: ArrayBuffer): EngineMemory["equals"];
}

function scanner(memory: WebAssembly.Memory, walks: Walks): EngineMemory["indexOfOne"] {
  let view: Uint8Array = new Uint8Array(0);
  return (from, end) => {
    const { buffer } = memory;
    if (view.buffer !== buffer || view.length !== end) view = walks.view(buffer, end);
    return view.indexOf(1, from);
  };
}

function comparer(memory: WebAssembly.Memory, walks: Walks): EngineMemory["equals"] {
  let compared: ArrayBuffer | null = null;
  let equals: EngineMemory["equals"] = () => false;
  return (at, other, from, length) => {
    const { buffer } = memory;
    if (compared !== buffer) {
      compared = buffer;
      equals = walks.comparison(buffer);
    }
    return equals(at, other, from, length);
  };
}

/** By typed arrays alone. */
const PLAIN_WALKS: Walks = {
  view: (buffer, length) => new Uint8Array(buffer, 0, length),
  comparison(buffer) {
    const words = new Int32Array(buffer);
    return (at, other, from, length) => equalWords(words, at / 4, other.words, from / 4, length / 4);
  },
};

function refusal(error: unknown): EngineRefusal {
  return new EngineRefusal(error instanceof Error ? error.message : String(error));
}

/** For a host that walks through bytes faster than typed arrays do. */
export function engineWith(walks: Walks): WasmEngine {
  return {
    sharesMemoryFrom: Infinity,

    compile(bytes: Uint8Array): CompiledModule {
      try {
        return new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
      } catch (error) {
        throw refusal(error);
      }
    },

    instantiate(module: CompiledModule, imports: HostImports): EngineInstance {
      // A backtrace must not depend on how many frames this process happens to keep.
      if (Error.stackTraceLimit < BACKTRACE_FRAMES + HOST_FRAMES) Error.stackTraceLimit = BACKTRACE_FRAMES + HOST_FRAMES;
      let instance: WebAssembly.Instance;
      try {
        instance = new WebAssembly.Instance(module as WebAssembly.Module, imports as WebAssembly.Imports);
      } catch (error) {
        throw refusal(error);
      }
      const { exports } = instance;
      const functions: Record<string, (...args: number[]) => number | void> = Object.create(null) as Record<string, never>;
      for (const [name, value] of Object.entries(exports)) {
        if (typeof value === "function") functions[name] = value as (...args: number[]) => number | void;
      }
      const memory = exports[EXPORT.memory] as WebAssembly.Memory;
      return {
        memory: {
          get buffer() {
            return memory.buffer;
          },
          indexOfOne: scanner(memory, walks),
          equals: comparer(memory, walks),
          grow(deltaPages) {
            try {
              return memory.grow(deltaPages);
            } catch {
              // Beyond the maximum, or no room: the interface's -1.
              return -1;
            }
          },
        },
        counter: exports[EXPORT.counter] as unknown as I64Global,
        trapCode: exports[EXPORT.trapCode] as unknown as I32Global,
        table: (exports[EXPORT.table] as WebAssembly.Table | undefined) ?? null,
        functions,
      };
    },

    callStack(): readonly number[] {
      return wasmFrames(new Error().stack ?? "");
    },

    trapOf(error: unknown): EngineTrap | null {
      if (!(error instanceof Error)) return null;
      const backtrace = wasmFrames(error.stack ?? "");
      if (isStackOverflow(error)) return { kind: "engine stack overflow", backtrace };
      if (!(error instanceof WebAssembly.RuntimeError)) return null;
      return { kind: kindOf(error.message), backtrace };
    },
  };
}

export const wasmEngine = engineWith(PLAIN_WALKS);
