/**
 * A first-in first-out queue with an owner: forking costs nothing, and neither side sees what the other does.
 *
 * It is a sorted map from arrival number to item: both ends are reached in a few steps (two levels hold a thousand
 * items), taken items are not kept alive, and items can be removed from the middle.
 */
import type { Epoch } from "./epoch.ts";
import { SortedMap } from "./sorted-map.ts";

/** Items are shared between forks: they are data that nobody writes. */
export class OwnedQueue<T> {
  private readonly items: SortedMap<number, T>;
  /** Arrival number of the next item; never reused in this queue. */
  private nextNumber: number;

  private constructor(items: SortedMap<number, T>, nextNumber: number) {
    this.items = items;
    this.nextNumber = nextNumber;
  }

  static empty<T>(epoch: Epoch): OwnedQueue<T> {
    return new OwnedQueue(SortedMap.empty<number, T>(epoch), 0);
  }

  /** Who may write this queue. */
  get epoch(): Epoch {
    return this.items.epoch;
  }

  /** The same items for another owner, in O(1); this object is read-only from now on. */
  fork(epoch: Epoch): OwnedQueue<T> {
    return new OwnedQueue(this.items.fork(epoch), this.nextNumber);
  }

  get length(): number {
    return this.items.size;
  }

  push(item: T): void {
    this.items.set(this.nextNumber, item);
    this.nextNumber++;
  }

  /** The oldest item, taken out; `undefined` when there is none. */
  shift(): T | undefined {
    const oldest = this.items.first();
    if (oldest === undefined) return undefined;
    this.items.delete(oldest[0]);
    return oldest[1];
  }

  /** The oldest item, left where it is. */
  peek(): T | undefined {
    return this.items.first()?.[1];
  }

  /** Takes out all items that the predicate holds for; returns them, oldest first. */
  removeWhere(predicate: (item: T) => boolean): T[] {
    const found = [...this.items.entries()].filter(([, item]) => predicate(item));
    for (const [number] of found) this.items.delete(number);
    return found.map(([, item]) => item);
  }

  /** Oldest first. The queue must not be modified meanwhile. */
  [Symbol.iterator](): Iterator<T, void, undefined> {
    return this.items.values();
  }
}
