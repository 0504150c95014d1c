/**
 * How many things expire in which second. Nearly always this is one second or two (what one canister sends in a round
 * expires together), so a short sorted list with counts beats any tree, and the earliest second is at hand.
 */
import { assert } from "../../base/assert.ts";
import type { CoarseTime } from "../state/messages.ts";

export class ExpiryCounts {
  /** Ascending, without duplicates. */
  private readonly seconds: CoarseTime[];
  private readonly counts: number[];

  constructor(seconds: CoarseTime[] = [], counts: number[] = []) {
    this.seconds = seconds;
    this.counts = counts;
  }

  copy(): ExpiryCounts {
    return new ExpiryCounts(this.seconds.slice(), this.counts.slice());
  }

  earliest(): CoarseTime | null {
    return this.seconds.length === 0 ? null : this.seconds[0]!;
  }

  add(second: CoarseTime): void {
    const i = this.indexOf(second);
    if (this.seconds[i] === second) {
      this.counts[i]!++;
    } else if (i === this.seconds.length) {
      this.seconds.push(second);
      this.counts.push(1);
    } else {
      this.seconds.splice(i, 0, second);
      this.counts.splice(i, 0, 1);
    }
  }

  remove(second: CoarseTime): void {
    const i = this.indexOf(second);
    assert(this.seconds[i] === second, "what no longer expires was counted");
    if (--this.counts[i]! > 0) return;
    if (i === this.seconds.length - 1) {
      this.seconds.pop();
      this.counts.pop();
    } else {
      this.seconds.splice(i, 1);
      this.counts.splice(i, 1);
    }
  }

  /** For checks: every second as often as it is counted. */
  *[Symbol.iterator](): Generator<CoarseTime, void, undefined> {
    for (let i = 0; i < this.seconds.length; i++) for (let n = 0; n < this.counts[i]!; n++) yield this.seconds[i]!;
  }

  /** Index of the first second that is not below `second`; looked for from the end, where new ones come. */
  private indexOf(second: CoarseTime): number {
    let i = this.seconds.length;
    while (i > 0 && this.seconds[i - 1]! >= second) i--;
    return i;
  }
}
