/**
 * What the System API's functions work on: the run that an instance is in the middle of. Each instance has one context, made with its
 * imports and set anew for each run, so that a message allocates next to nothing.
 *
 * Everything a run does to the world is gathered here and in its `SystemView`; nothing is applied.
 */
import { assert } from "../../base/assert.ts";
import { NO_BYTES } from "../../base/bytes.ts";
import { demangledRustName } from "../../codec/rust-names.ts";
import { PAGE_BYTES, PREFIX_BYTES, WASM_PAGE_BYTES } from "../wasm/abi.ts";
import type { EngineInstance, WasmEngine } from "../wasm/engine.ts";
import type { ModuleInfo } from "../wasm/module-info.ts";
import { contextBit, contextOf, modeName } from "./entry-points.ts";
import { backtraceText, noMemory, outOfRange, wrongMode, type ExecutionFailure } from "./errors.ts";
import type { Ic0Api } from "./ic0/api.ts";
import { InstructionMeter } from "./instruction-meter.ts";
import { RunLog } from "./log.ts";
import type { CallInPreparation } from "./ic0/calls.ts";
import { StableWorkspace } from "./stable-workspace.ts";
import type { ExecutionState } from "./execution-state.ts";
import type { EntryPoint, MemoryUse, OutgoingCall, RunLimits, RunResult, SystemView } from "./types.ts";
import type { UserError } from "../state/rejects.ts";

/** Thrown through the module by a host function that ends the run; what happened is in `RunContext.failure`. */
export const ENDED = { ended: true } as const;

/** The host could not do what the platform can: the run is void and the network stops, with advice. Never a trap of the canister. */
export class HostFailure extends Error {
  override name = "HostFailure";
}

/** Why a run failed: one of ours, or an error the view made. */
export type Failure =
  | { readonly kind: "failure"; readonly failure: ExecutionFailure; readonly backtrace: string | null }
  | { readonly kind: "error"; readonly error: UserError };

/** Frames the platform shows. */
const BACKTRACE_FRAMES = 20;
/** Functions that the platform's instrumentation imports on its own account. */
const PLATFORM_IMPORTS = 5;
const NO_CALLS: readonly OutgoingCall[] = [];
const NO_LINES: readonly Uint8Array[] = [];
const NO_ENTRY: EntryPoint = { kind: "start" };
const NONE: RunResult = { kind: "none" };
/** Between runs nobody asks. */
const NO_VIEW = null as unknown as SystemView;

export class RunContext {
  readonly info: ModuleInfo;
  private readonly engine: WasmEngine;
  private instance!: EngineInstance;
  meter!: InstructionMeter;

  // The heap. `bytes` begins with the prefix; it is replaced when the memory grows.
  bytes: Uint8Array = NO_BYTES;
  heapBytes = 0;
  /** Told when the buffer was replaced. */
  onGrowth: () => void = () => undefined;

  // The run.
  entry: EntryPoint = NO_ENTRY;
  bit = 0;
  view: SystemView = NO_VIEW;
  limits!: RunLimits;
  /** Argument of the method, or the reply in a reply callback. */
  arg: Uint8Array = NO_BYTES;
  /** Reject message or method name as bytes, and the data certificate: made when first asked for. */
  encodedText: Uint8Array | null = null;
  certificate: Uint8Array | null = null;
  readonly stable = new StableWorkspace();
  private readonly use = { heapBytes: 0, stableBytes: 0 };

  // What came of it.
  failure: Failure | null = null;
  /** The high word of the last i64 result. */
  hi = 0;
  answered = false;
  result: RunResult = NONE;
  reply = new Gathered();
  call: CallInPreparation | null = null;
  callPayload = new Gathered();
  private performed: OutgoingCall[] | null = null;
  private lines: Uint8Array[] | null = null;
  certifiedData: Uint8Array | null = null;
  globalTimerNanos: bigint | null = null;
  accepted = false;
  readonly log = new RunLog();

  constructor(engine: WasmEngine, info: ModuleInfo) {
    this.engine = engine;
    this.info = info;
  }

  /** The instance was made with this context's imports. */
  bind(instance: EngineInstance): void {
    this.instance = instance;
    this.meter = new InstructionMeter(instance.counter);
  }

  begin(state: ExecutionState, entry: EntryPoint, view: SystemView, limits: RunLimits): void {
    this.entry = entry;
    this.bit = contextBit(contextOf(entry));
    this.view = view;
    this.limits = limits;
    this.arg = "arg" in entry ? entry.arg : entry.kind === "replyCallback" ? entry.data : NO_BYTES;
    this.stable.begin(state.stable);
    this.failure = null;
    this.answered = view.answered;
    this.result = NONE;
    this.reply.clear();
    this.call = null;
    this.performed = null;
    this.lines = null;
    this.certifiedData = null;
    this.globalTimerNanos = null;
    this.accepted = false;
  }

  /** Lets go of what the run referred to: an idle instance keeps no network from being collected. */
  end(): void {
    this.entry = NO_ENTRY;
    this.view = NO_VIEW;
    this.arg = NO_BYTES;
    this.encodedText = null;
    this.certificate = null;
    this.stable.end();
    this.failure = null;
    this.result = NONE;
    this.call = null;
    this.callPayload.clear();
    this.performed = null;
    this.lines = null;
  }

  get calls(): readonly OutgoingCall[] {
    return this.performed ?? NO_CALLS;
  }

  perform(call: OutgoingCall): void {
    (this.performed ??= []).push(call);
  }

  /** What the network prints of this run. */
  get printed(): readonly Uint8Array[] {
    return this.lines ?? NO_LINES;
  }

  print(line: Uint8Array): void {
    (this.lines ??= []).push(line);
  }

  // Ending the run.

  /** `inside` is the import that fails, where it is a frame of its own: one that the platform compiles into the module. */
  fail(failure: ExecutionFailure, inside: string | null = null): never {
    this.failure = { kind: "failure", failure, backtrace: failure.traced ? this.backtrace(this.engine.callStack(), inside) : null };
    throw ENDED;
  }

  failWith(error: UserError): never {
    this.failure = { kind: "error", error };
    throw ENDED;
  }

  /**
   * The text of a backtrace, `null` where no function has a name. Functions that the rewriter added are left out, and then the innermost
   * twenty stay.
   *
   * Replica: `convert_backtrace` in `rs/embedders/src/wasmtime_embedder.rs`; `wasm_backtrace_max_frames` in `wasm_utils/validation.rs`; numbers
   * are those of the instrumented module, whose added imports come before the module's own functions (`wasm_utils/instrumentation.rs`) (c7c5005).
   */
  backtrace(functions: readonly number[], inside: string | null = null): string | null {
    const names = this.info.functionNames;
    if (names.size === 0 && inside === null) return null;
    const { first, count, shift } = this.info.localFunctions;
    const frames: (string | number)[] = inside === null ? [] : [inside];
    for (const index of functions) {
      if (index < first || index >= first + count) continue;
      const name = names.get(index);
      frames.push(name === undefined ? index - shift + PLATFORM_IMPORTS : demangledRustName(name));
    }
    return backtraceText(frames.slice(0, BACKTRACE_FRAMES));
  }

  // Checks.

  /** May this function be called here? */
  check(api: Ic0Api): void {
    if ((this.bit & api.contexts) === 0) this.fail(wrongMode(api.shownAs, modeName(this.entry)));
  }

  /** The same for functions that touch the heap: without a memory they fail first. */
  checkHeap(api: Ic0Api): void {
    if (!this.info.hasMemory) this.fail(noMemory());
    if ((this.bit & api.contexts) === 0) this.fail(wrongMode(api.shownAs, modeName(this.entry)));
  }

  outOfInstructions(): void {
    const failed = this.meter.overrun();
    if (failed !== null) this.fail(failed);
  }

  charge(instructions: number): void {
    const failed = this.meter.charge(instructions);
    if (failed !== null) this.fail(failed);
  }

  // The heap. Addresses and lengths are unsigned 32-bit numbers.

  /** Fails unless the range is in the heap; `what` is the platform's name for the access. */
  checkRange(what: string, start: number, length: number): void {
    if (start + length > this.heapBytes) this.fail(outOfRange(what, { start, length, size: this.heapBytes }));
  }

  /** A view of a range that was checked; to be read at once. */
  heapView(start: number, length: number): Uint8Array {
    return this.bytes.subarray(PREFIX_BYTES + start, PREFIX_BYTES + start + length);
  }

  /** A copy of a range of the heap. */
  heapCopy(what: string, start: number, length: number): Uint8Array {
    this.checkRange(what, start, length);
    return this.bytes.slice(PREFIX_BYTES + start, PREFIX_BYTES + start + length);
  }

  /** Copies `size` bytes at `offset` of a blob to `dst`: what all `_copy` functions do. */
  copyToHeap(api: Ic0Api, blob: Uint8Array, dst: number, offset: number, size: number): void {
    dst >>>= 0;
    offset >>>= 0;
    size >>>= 0;
    this.checkRange(api.heapText, dst, size);
    if (offset + size > blob.length) this.fail(outOfRange(api.blobText, { start: offset, length: size, size: blob.length }));
    this.writeHeap(dst, offset === 0 && size === blob.length ? blob : blob.subarray(offset, offset + size));
  }

  /** Writes to a range that was checked, and marks its pages. */
  writeHeap(start: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.bytes.set(bytes, PREFIX_BYTES + start);
    this.markHeap(start, bytes.length);
  }

  markHeap(start: number, length: number): void {
    const last = Math.floor((start + length - 1) / PAGE_BYTES);
    for (let page = Math.floor(start / PAGE_BYTES); page <= last; page++) this.bytes[page] = 1;
  }

  /** Returns an i64: its low word, the high word for `cannery.hi`. */
  returnU64(value: bigint): number {
    this.hi = Number(BigInt.asIntN(32, value >> 32n));
    return Number(BigInt.asIntN(32, value));
  }

  /** The same for a number below 2^53. */
  returnNumber(value: number): number {
    this.hi = Math.floor(value / 2 ** 32) | 0;
    return value | 0;
  }

  /** Memory as it is at this moment; valid during the call it is handed to. */
  memoryUse(): MemoryUse {
    this.use.heapBytes = this.heapBytes;
    this.use.stableBytes = this.stable.byteLength;
    return this.use;
  }

  /** Takes over the instance's current buffer. */
  refreshBuffer(): void {
    this.bytes = new Uint8Array(this.instance.memory.buffer);
    this.heapBytes = this.bytes.length - PREFIX_BYTES;
    this.onGrowth();
  }

  /** Grows the heap for real. */
  growHeap(wasmPages: number): void {
    if (wasmPages === 0) return;
    const before = this.instance.memory.grow(wasmPages);
    if (before === -1) {
      throw new HostFailure(
        `this machine could not give a canister ${wasmPages * WASM_PAGE_BYTES} more bytes of heap (it has ${this.heapBytes}). ` +
          "The run was stopped, because the Internet Computer would have gone on. Close other programs, or run fewer large canisters at once.",
      );
    }
    this.refreshBuffer();
    assert(
      this.heapBytes === before * WASM_PAGE_BYTES - PREFIX_BYTES + wasmPages * WASM_PAGE_BYTES,
      "memory.grow grows by what was asked for",
    );
  }
}

/** Bytes that are appended piece by piece, in a buffer that is used again for the next run. */
class Gathered {
  private buffer: Uint8Array = NO_BYTES;
  length = 0;

  append(bytes: Uint8Array): void {
    const length = this.length + bytes.length;
    if (length > this.buffer.length) {
      const larger = new Uint8Array(Math.max(256, length, 2 * this.buffer.length));
      larger.set(this.buffer.subarray(0, this.length));
      this.buffer = larger;
    }
    this.buffer.set(bytes, this.length);
    this.length = length;
  }

  /** A copy of what was gathered; starts anew. */
  take(): Uint8Array {
    const bytes = this.length === 0 ? NO_BYTES : this.buffer.slice(0, this.length);
    this.clear();
    return bytes;
  }

  clear(): void {
    this.length = 0;
    if (this.buffer.length > 65_536) this.buffer = NO_BYTES;
  }
}
