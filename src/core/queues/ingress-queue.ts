/**
 * Ingress messages that wait for a canister, or for a subnet's management canister. Without a bound.
 *
 * They wait in groups by effective canister, served in turn, so that in the management canister's queue a canister that
 * is busy does not hold up the others. All messages of an ordinary canister are one group, and so a plain FIFO.
 *
 * Replica: `rs/replicated_state/src/canister_state/queues/queue.rs` (`IngressQueue`, c7c5005).
 */
import type { Epoch } from "../../base/epoch.ts";
import { OwnedQueue } from "../../base/queue.ts";
import { SortedMap } from "../../base/sorted-map.ts";
import { assert } from "../../base/assert.ts";
import type { CoarseTime, Ingress } from "../state/messages.ts";
import { ExpiryCounts } from "./expiry-counts.ts";
import { Ring } from "./ring.ts";

const NANOS_PER_SECOND = 1_000_000_000n;

type Groups = SortedMap<string, OwnedQueue<Ingress>>;

export class IngressQueue {
  /** Groups by effective canister; those that became empty stay while they are few. */
  private readonly groups: Groups;
  /** Keys of the groups that have messages, in the order in which they are served. */
  private readonly schedule: Ring<string>;
  private readonly expiries: ExpiryCounts;
  private count: number;

  private constructor(groups: Groups, schedule: Ring<string>, expiries: ExpiryCounts, count: number) {
    this.groups = groups;
    this.schedule = schedule;
    this.expiries = expiries;
    this.count = count;
  }

  static empty(epoch: Epoch): IngressQueue {
    const groups: Groups = SortedMap.empty(epoch, (group: OwnedQueue<Ingress>, owner: Epoch) => group.fork(owner));
    return new IngressQueue(groups, new Ring(), new ExpiryCounts(), 0);
  }

  copy(epoch: Epoch): IngressQueue {
    return new IngressQueue(this.groups.fork(epoch), this.schedule.copy(), this.expiries.copy(), this.count);
  }

  get length(): number {
    return this.count;
  }

  /** Groups that have messages. */
  get groupCount(): number {
    return this.schedule.length;
  }

  push(ingress: Ingress): void {
    const key = ingress.effectiveCanisterId ?? "";
    let group = this.groups.edit(key);
    if (group === undefined) {
      group = OwnedQueue.empty<Ingress>(this.groups.epoch);
      this.groups.set(key, group);
    }
    if (group.length === 0) this.schedule.push(key);
    group.push(ingress);
    this.count++;
    this.expiries.add(expirySecond(ingress));
  }

  /** The head of the i-th group in the order of service. */
  head(index: number): Ingress {
    const ingress = this.groups.get(this.schedule.at(index))!.peek();
    assert(ingress !== undefined, "a scheduled group has messages");
    return ingress;
  }

  /** Takes the head of the i-th group; the group goes to the back of the order. */
  take(index: number): Ingress {
    const key = this.schedule.removeAt(index);
    const group = this.groups.edit(key)!;
    const ingress = group.shift();
    assert(ingress !== undefined, "a scheduled group has messages");
    if (group.length > 0) this.schedule.push(key);
    else if (this.groups.size > 1) this.groups.delete(key);
    this.count--;
    this.expiries.remove(expirySecond(ingress));
    return ingress;
  }

  /** Passes over the first group. */
  skip(): void {
    this.schedule.rotate();
  }

  /** floor(expiry) of the message that expires first, in seconds. */
  earliestExpiry(): CoarseTime | null {
    return this.expiries.earliest();
  }

  /** Takes out what has `expiry < now`: groups in id order, oldest first. Looks at the messages only when there is something to find. */
  removeExpired(nowNanos: bigint): Ingress[] {
    const earliest = this.expiries.earliest();
    if (earliest === null || BigInt(earliest) * NANOS_PER_SECOND >= nowNanos) return [];
    const removed: Ingress[] = [];
    for (const key of [...this.groups.keys()]) {
      const group = this.groups.edit(key)!;
      if (group.length === 0) continue;
      removed.push(...group.removeWhere((ingress) => ingress.expiryNanos < nowNanos));
      if (group.length === 0) this.unschedule(key);
    }
    for (const ingress of removed) this.expiries.remove(expirySecond(ingress));
    this.count -= removed.length;
    return removed;
  }

  /** Effective canisters of the groups, in the order in which they are served. */
  order(): Iterable<string> {
    return this.schedule;
  }

  /** Groups in id order, oldest first. */
  *[Symbol.iterator](): Generator<Ingress, void, undefined> {
    for (const group of this.groups.values()) yield* group;
  }

  /** Compares what is kept with its plain definition. */
  check(): void {
    let count = 0;
    let waiting = 0;
    const seconds: CoarseTime[] = [];
    for (const [key, group] of this.groups.entries()) {
      count += group.length;
      if (group.length > 0) waiting++;
      const scheduled = [...this.schedule].filter((k) => k === key).length;
      assert(scheduled === (group.length > 0 ? 1 : 0), "a group is scheduled once while it has messages");
      for (const ingress of group) seconds.push(expirySecond(ingress));
    }
    assert(count === this.count && waiting === this.schedule.length, "ingress messages are counted");
    assert(seconds.sort((a, b) => a - b).join() === [...this.expiries].join(), "expiries of ingress messages are counted");
  }

  private unschedule(key: string): void {
    for (let i = 0; i < this.schedule.length; i++) {
      if (this.schedule.at(i) !== key) continue;
      this.schedule.removeAt(i);
      break;
    }
    if (this.groups.size > 1) this.groups.delete(key);
  }
}

function expirySecond(ingress: Ingress): CoarseTime {
  return Number(ingress.expiryNanos / NANOS_PER_SECOND);
}
