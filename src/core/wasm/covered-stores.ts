/**
 * Stores whose page an earlier store has marked: compilers write the fields of a record one after another, `base + 8`, `base + 16` and so on from
 * one local, and one mark for all of them is enough, because whoever reads the write map also looks at the first `SLACK_BYTES` behind each
 * marked page (`abi.ts`).
 *
 * A store needs no mark when, in the same stretch of code (no label, loop or arm of an `if` begins in between), a marking store had the same base
 * value, and begins at most `SLACK_BYTES` before the end of this one. Base values are told apart by numbers: each local has one, and gets a new one
 * when it is written; operands keep the number of the local they were read from.
 */
import { SLACK_BYTES } from "./abi.ts";
import { Positions } from "./positions.ts";

/** Base values that are remembered at a time. */
const REMEMBERED = 64;

export class CoveredStores {
  /** Where stores end that need no mark. */
  readonly found: Positions;
  /** Numbers of locals written in this function; older ones stand for locals not written in it. */
  private written = new Float64Array(256);
  private firstNumber = 0;
  private nextNumber = 1;
  /** By the base value's number modulo `REMEMBERED`: the number, and the offset of the last store that marks. */
  private readonly bases = new Float64Array(REMEMBERED);
  private readonly offsets = new Float64Array(REMEMBERED);

  constructor(moduleBytes: number) {
    this.found = new Positions(moduleBytes);
  }

  /** A new function. */
  begin(localCount: number): void {
    if (localCount > this.written.length) this.written = new Float64Array(localCount * 2);
    this.firstNumber = this.nextNumber;
    this.nextNumber += localCount;
    this.forget();
  }

  /** Number of what a local holds. */
  valueOf(local: number): number {
    const number = this.written[local]!;
    return number >= this.firstNumber ? number : this.firstNumber + local;
  }

  /** The local was written. */
  write(local: number): void {
    this.written[local] = this.nextNumber++;
  }

  /** Code begins here that may be reached from elsewhere. */
  forget(): void {
    this.bases.fill(0);
  }

  /** A store that can be reached and ends at `position`; `base` is the number of its address, 0 for one that was not read from a local. */
  store(position: number, base: number, offset: number, bytes: number): void {
    if (base === 0) return;
    const place = base % REMEMBERED;
    const marked = this.offsets[place]!;
    if (this.bases[place] === base && offset >= marked && offset + bytes <= marked + SLACK_BYTES) {
      this.found.add(position);
      return;
    }
    this.bases[place] = base;
    this.offsets[place] = offset;
  }
}
