/**
 * Which calls through a table are the last thing their function does: found during validation, rewritten into tail calls.
 *
 * Why: Motoko compiles `try` into continuations that call each other without coming back. A loop that catches 1,500 refused calls needs
 * some 800 KB of stack, which the platform has (5 MiB) and V8's main thread has not. As tail calls they need none. Direct calls stay as they are, and so do their frames in backtraces.
 * Departure: such calls take no stack here, so endless recursion of this form ends at the instruction limit instead of the stack's.
 *
 * A call is in tail position when it returns nothing, its function returns nothing, and only block ends, branches to them and a `return`
 * follow. A branch or `return` behind a block's end begins a metering block of its own: its weight is then charged before the call. So the total
 * is the platform's; Departure: `performance_counter` inside the callee, and the count of a trap in it, are ahead by these 1 to 3 a frame.
 */
const END = 0x0b;
const ELSE = 0x05;
const BR = 0x0c;
const RETURN = 0x0f;

const NOT_TAIL = -1;
/** The function's own frame: what ends there has returned. */
const FUNCTION = 0;

/** Weights of the two instructions that may follow a block's end. Source: wasm.md 4.2. */
const BR_WEIGHT = 2;
const RETURN_WEIGHT = 1;

export class TailPositions {
  /** Positions in the module behind the calls found, and what is to be charged before them. */
  readonly found = new Map<number, number>();
  private readonly bytes: Uint8Array;
  private possible = false;
  /** Frames that are open, innermost last. */
  private readonly open: number[] = [];
  /** By frame: the frame at whose end one is after this one's end, if nothing but a branch lies between; else `NOT_TAIL`. And the branch's weight. */
  private readonly then: number[] = [];
  private readonly thenWeight: number[] = [];
  private readonly isLoop: boolean[] = [];
  private readonly callPositions: number[] = [];
  private readonly callFrames: number[] = [];

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** A new function. */
  begin(returnsNothing: boolean): void {
    this.possible = returnsNothing;
    this.open.length = this.then.length = this.thenWeight.length = this.isLoop.length = 0;
    this.callPositions.length = this.callFrames.length = 0;
  }

  enter(loop: boolean): void {
    this.open.push(this.then.length);
    this.then.push(NOT_TAIL);
    this.thenWeight.push(0);
    this.isLoop.push(loop);
  }

  /** The innermost frame has ended; `position` is behind its `end`. */
  leave(position: number): void {
    const frame = this.open.pop()!;
    if (this.open.length === 0) return;
    this.then[frame] = this.frameAfter(position);
    const next = this.bytes[position];
    this.thenWeight[frame] = next === BR ? BR_WEIGHT : next === RETURN ? RETURN_WEIGHT : 0;
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
      let weight = 0;
      let frame = this.callFrames[i];
      while (frame !== FUNCTION && frame !== NOT_TAIL) {
        weight += this.thenWeight[frame];
        frame = this.then[frame];
      }
      if (frame === FUNCTION) this.found.set(this.callPositions[i], weight);
    }
  }
}
