/**
 * Instructions of one run: the counter in the module counts a slice down; this keeps the sum over slices and decides at
 * each overrun whether another slice begins.
 *
 * Source: scheduling.md 3.1. Replica: `rs/canister_sandbox/src/dts.rs` (c7c5005).
 */
import type { I64Global } from "../wasm/engine.ts";
import { instructionLimitExceeded, sliceOverrun, type ExecutionFailure } from "./errors.ts";
import type { RunLimits } from "./types.ts";

/** Replica: `MAX_NUM_SLICES`. */
const MAX_SLICES = 400;
const NO_SLICES: readonly number[] = [];

export class InstructionMeter {
  /** Of the instance that runs. */
  private counter: I64Global;
  private limit = 0;
  private reported = 0;
  private maxSlice = 0;
  private sliceLimit = 0;
  private before = 0;
  private slicesLeft = 0;
  private paused: number[] | null = null;
  private endsAs: ExecutionFailure | null = null;

  constructor(counter: I64Global) {
    this.counter = counter;
  }

  /** Returns what the counter must be set to: the limit of the first slice. */
  begin(limits: RunLimits): number {
    this.limit = limits.instructions;
    this.reported = limits.reportedInstructions ?? limits.instructions;
    this.endsAs = limits.endsAs ?? null;
    this.maxSlice = Math.min(limits.sliceInstructions, limits.instructions);
    this.sliceLimit = this.maxSlice;
    this.before = 0;
    const slices = Math.min(Math.floor(this.limit / Math.max(this.maxSlice, 1)), MAX_SLICES);
    this.slicesLeft = Math.min(Math.max(2 * slices, 4), MAX_SLICES);
    this.paused = null;
    return this.sliceLimit;
  }

  private inSlice(): number {
    return Math.max(this.sliceLimit - Number(this.counter.value), 0);
  }

  /** Instructions so far, over all slices; may exceed the limit by what was spent between two checks. */
  executed(): number {
    return this.before + this.inSlice();
  }

  /** Slices that ended with a pause. */
  get pausedSlices(): readonly number[] {
    return this.paused ?? NO_SLICES;
  }

  /** The counter is negative: begins the next slice and returns `null`, or says why there is none. */
  overrun(): ExecutionFailure | null {
    if (this.sliceLimit >= this.limit - this.before || this.slicesLeft <= 1) return this.endsAs ?? instructionLimitExceeded(this.reported);
    const executed = this.inSlice();
    const next = this.maxSlice - Math.max(executed - this.sliceLimit, 0);
    if (next <= 0) return sliceOverrun(executed, this.maxSlice);
    this.before += executed;
    this.sliceLimit = Math.max(Math.min(next, this.limit - this.before), 0);
    this.slicesLeft--;
    (this.paused ??= []).push(executed);
    this.counter.value = BigInt(this.sliceLimit);
    return null;
  }

  /** The run is over and copying what it changed takes a slice of its own. Where nothing is sliced it does not pause. */
  pauseToCopy(): void {
    if (this.maxSlice < this.limit) (this.paused ??= []).push(this.inSlice());
  }

  /** Subtracts instructions that only the host knows of; then as `overrun` where the counter becomes negative. */
  charge(instructions: number): ExecutionFailure | null {
    const left = Number(this.counter.value) - instructions;
    this.counter.value = BigInt(left);
    return left < 0 ? this.overrun() : null;
  }
}
