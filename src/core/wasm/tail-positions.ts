/**
 * Which calls are the last thing their function does: found during validation, rewritten into tail calls.
 *
 * Why: Motoko compiles `try` into continuations that call each other without coming back. A loop that catches 1,500 refused calls needs
 * some 800 KB of stack, which the platform has (5 MiB) and V8's main thread has not. As tail calls they need none.
 * Departure: such calls take no stack here, so endless recursion of this form ends at the instruction limit instead of the stack's.
 *
 * A call is in tail position when it returns nothing, its function returns nothing, and only block ends follow (or one `return` or branch, and then
 * block ends). Nothing on that way is charged for: what is behind an `end` starts a metering block, so a `return` there rules the call out.
 */
const END = 0x0b;
const ELSE = 0x05;
const BR = 0x0c;
const RETURN = 0x0f;

const NOT_TAIL = -1;
/** The function's own frame: what ends there has returned. */
const FUNCTION = 0;

export class TailPositions {
  /** Positions in the module behind the calls found. */
  readonly found = new Set<number>();
  private readonly bytes: Uint8Array;
  private possible = false;
  /** Frames that are open, innermost last. */
  private readonly open: number[] = [];
  /** By frame: the frame at whose end one is after this one's end, if nothing lies between; else `NOT_TAIL`. */
  private readonly then: number[] = [];
  private readonly isLoop: boolean[] = [];
  private readonly callPositions: number[] = [];
  private readonly callFrames: number[] = [];

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** A new function. */
  begin(returnsNothing: boolean): void {
    this.possible = returnsNothing;
    this.open.length = this.then.length = this.isLoop.length = 0;
    this.callPositions.length = this.callFrames.length = 0;
  }

  enter(loop: boolean): void {
    this.open.push(this.then.length);
    this.then.push(NOT_TAIL);
    this.isLoop.push(loop);
  }

  /** The innermost frame has ended; `position` is behind its `end`. */
  leave(position: number): void {
    const frame = this.open.pop()!;
    if (this.open.length === 0) return;
    const next = this.bytes[position];
    if (next === END || next === ELSE) this.then[frame] = this.open[this.open.length - 1];
  }

  /** A reachable call without results; `position` is behind it. */
  call(position: number): void {
    if (!this.possible) return;
    const frame = this.frameAfter(position);
    if (frame === NOT_TAIL) return;
    this.callPositions.push(position);
    this.callFrames.push(frame);
  }

  /** The frame at whose end one is when the instruction at `position` has run. */
  private frameAfter(position: number): number {
    const { bytes, open } = this;
    switch (bytes[position]) {
      case END:
      case ELSE:
        return open[open.length - 1];
      case RETURN:
        return FUNCTION;
      case BR: {
        const label = bytes[position + 1];
        if (label >= 0x80 || label >= open.length) return NOT_TAIL;
        const frame = open[open.length - 1 - label];
        return this.isLoop[frame] ? NOT_TAIL : frame;
      }
      default:
        return NOT_TAIL;
    }
  }

  /** The function has ended. */
  finish(): void {
    for (let i = 0; i < this.callPositions.length; i++) {
      let frame = this.callFrames[i];
      while (frame !== FUNCTION && frame !== NOT_TAIL) frame = this.then[frame];
      if (frame === FUNCTION) this.found.add(this.callPositions[i]);
    }
  }
}
