/**
 * A first-in first-out ring for short lists: no allocation once it has its size. It has no owner of its own;
 * the record that holds it copies it whole (for queues without a bound there is `base/queue.ts`).
 */
import { assert } from "../../base/assert.ts";

const FIRST_ROOM = 4;

export class Ring<T> {
  /** A power of two long; what lies outside is `undefined`, so that taken items are not kept alive. */
  private items: (T | undefined)[];
  private head: number;
  private count: number;

  constructor() {
    this.items = [];
    this.head = 0;
    this.count = 0;
  }

  /** The same items in a ring of their own. */
  copy(): Ring<T> {
    const ring = new Ring<T>();
    if (this.count > 0) ring.items = this.items.slice();
    ring.head = this.count > 0 ? this.head : 0;
    ring.count = this.count;
    return ring;
  }

  get length(): number {
    return this.count;
  }

  push(item: T): void {
    if (this.count === this.items.length) this.grow();
    this.items[(this.head + this.count) & (this.items.length - 1)] = item;
    this.count++;
  }

  shift(): T | undefined {
    if (this.count === 0) return undefined;
    const item = this.items[this.head];
    this.items[this.head] = undefined;
    this.head = (this.head + 1) & (this.items.length - 1);
    this.count--;
    return item;
  }

  front(): T | undefined {
    return this.count === 0 ? undefined : this.items[this.head];
  }

  /** The i-th oldest. */
  at(index: number): T {
    assert(index >= 0 && index < this.count, "an index within the ring");
    return this.items[(this.head + index) & (this.items.length - 1)] as T;
  }

  replace(index: number, item: T): void {
    assert(index >= 0 && index < this.count, "an index within the ring");
    this.items[(this.head + index) & (this.items.length - 1)] = item;
  }

  /** Takes the i-th oldest out; the order of the others stays. */
  removeAt(index: number): T {
    const item = this.at(index);
    for (let i = index; i > 0; i--) this.replace(i, this.at(i - 1));
    this.shift();
    return item;
  }

  /** The oldest becomes the newest. */
  rotate(): void {
    const item = this.shift();
    if (item !== undefined) this.push(item);
  }

  /** Oldest first. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let i = 0; i < this.count; i++) yield this.at(i);
  }

  private grow(): void {
    const room = Math.max(FIRST_ROOM, this.items.length * 2);
    const items: (T | undefined)[] = [];
    for (let i = 0; i < this.count; i++) items.push(this.at(i));
    while (items.length < room) items.push(undefined);
    this.items = items;
    this.head = 0;
  }
}
