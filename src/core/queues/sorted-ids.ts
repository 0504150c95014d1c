/**
 * A short set of ids in order: the destinations for which a canister has output. What a canister sends in one iteration
 * goes to a few others, so a sorted list beats a tree.
 */
import { assert } from "../../base/assert.ts";
import type { PrincipalId } from "../state/ids.ts";

export class SortedIds {
  private readonly ids: PrincipalId[];

  constructor(ids: PrincipalId[] = []) {
    this.ids = ids;
  }

  copy(): SortedIds {
    return new SortedIds(this.ids.slice());
  }

  /** `id` must not be in the set. */
  add(id: PrincipalId): void {
    const i = this.indexOf(id);
    assert(this.ids[i] !== id, "an added id is new");
    if (i === this.ids.length) this.ids.push(id);
    else this.ids.splice(i, 0, id);
  }

  /** `id` must be in the set. */
  remove(id: PrincipalId): void {
    const i = this.indexOf(id);
    assert(this.ids[i] === id, "a removed id is known");
    if (i === this.ids.length - 1) this.ids.pop();
    else this.ids.splice(i, 1);
  }

  /** The smallest id above `after`, which need not be in the set; of all when `null`. */
  next(after: PrincipalId | null): PrincipalId | null {
    if (this.ids.length === 0) return null;
    if (after === null) return this.ids[0]!;
    const i = this.indexOf(after);
    return this.ids[this.ids[i] === after ? i + 1 : i] ?? null;
  }

  /** A list of its own. */
  list(): readonly PrincipalId[] {
    return this.ids.slice();
  }

  /** Index of `id`, or of the first above it. */
  private indexOf(id: PrincipalId): number {
    let low = 0;
    let high = this.ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.ids[middle]! < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
