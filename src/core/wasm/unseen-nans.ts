/**
 * Float operations whose NaNs need not be made canonical, because they only meet operations that tell no NaN from another: directly, or by way of
 * a local all of whose reads end so.
 */
import { Positions } from "./positions.ts";

export class UnseenNaNs {
  /** By the position behind the operation. */
  readonly found: Positions;
  /** By local: how often it is read, and how often by such an operation. */
  private reads = new Uint32Array(256);
  private blindReads = new Uint32Array(256);
  /** Locals that are read in this function. */
  private readonly readLocals: number[] = [];
  /** Operations whose result went into a local, and the local. */
  private readonly kept: number[] = [];
  private readonly keptIn: number[] = [];

  constructor(moduleBytes: number) {
    this.found = new Positions(moduleBytes);
  }

  /** A new function. */
  begin(localCount: number): void {
    if (localCount > this.reads.length) {
      this.reads = new Uint32Array(localCount * 2);
      this.blindReads = new Uint32Array(localCount * 2);
    } else {
      for (const local of this.readLocals) this.reads[local] = this.blindReads[local] = 0;
    }
    this.readLocals.length = 0;
    this.kept.length = this.keptIn.length = 0;
  }

  /** Origin (`type-stack.ts`) of a float operation's result. */
  static operation(position: number): number {
    return -position;
  }

  /** A float local is read; returns the operand's origin. */
  read(local: number): number {
    if (this.reads[local]!++ === 0) this.readLocals.push(local);
    return -(FIRST_LOCAL + local);
  }

  /** A float of this origin is written into a local. */
  write(origin: number, local: number): void {
    if (origin >= 0 || -origin >= FIRST_LOCAL) return;
    this.kept.push(-origin);
    this.keptIn.push(local);
  }

  /** A float of this origin met an operation that tells no NaN from another. */
  overlook(origin: number): void {
    if (origin >= 0) return;
    if (-origin < FIRST_LOCAL) this.found.add(-origin);
    else this.blindReads[-origin - FIRST_LOCAL]!++;
  }

  /** The function ends. */
  finish(): void {
    this.kept.forEach((position, i) => {
      const local = this.keptIn[i]!;
      if (this.reads[local] === this.blindReads[local]) this.found.add(position);
    });
  }
}

/** Origins from here on are locals; no module has as many bytes. */
const FIRST_LOCAL = 2 ** 32;
