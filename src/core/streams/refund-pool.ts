/**
 * Cycles of dropped bounded-wait messages that wait for a place in a stream: one sum per recipient, whoever sent them.
 *
 * Replica: `rs/replicated_state/src/canister_state/queues/refunds.rs`, `rs/messaging/src/routing/stream_builder.rs`
 * (`route_refunds`, c7c5005).
 */
import { assert } from "../../base/assert.ts";
import type { Epoch, Owned } from "../../base/epoch.ts";
import { SortedMap } from "../../base/sorted-map.ts";
import type { CanisterId } from "../state/ids.ts";

export class RefundPool implements Owned {
  readonly epoch: Epoch;
  private readonly amounts: SortedMap<CanisterId, bigint>;
  private total: bigint;

  private constructor(epoch: Epoch, amounts: SortedMap<CanisterId, bigint>, total: bigint) {
    this.epoch = epoch;
    this.amounts = amounts;
    this.total = total;
  }

  static empty(epoch: Epoch): RefundPool {
    return new RefundPool(epoch, SortedMap.empty(epoch), 0n);
  }

  /** The same sums for another owner, in O(1); this object is read-only from now on. */
  copy(epoch: Epoch): RefundPool {
    return new RefundPool(epoch, this.amounts.fork(epoch), this.total);
  }

  /** Adds to what the recipient gets; 0 cycles is nothing. */
  add(recipient: CanisterId, cycles: bigint): void {
    assert(cycles >= 0n, "a refund is not negative");
    if (cycles === 0n) return;
    this.amounts.set(recipient, (this.amounts.get(recipient) ?? 0n) + cycles);
    this.total += cycles;
  }

  /** Recipients. */
  get size(): number {
    return this.amounts.size;
  }

  get totalCycles(): bigint {
    return this.total;
  }

  /** Offers the refunds to `route`, the largest first, equal ones by id; those it answers false for stay. */
  drain(route: (recipient: CanisterId, cycles: bigint) => boolean): void {
    if (this.amounts.size === 0) return;
    const refunds = [...this.amounts.entries()];
    // The sort is stable: equal amounts stay in id order.
    refunds.sort(([, a], [, b]) => (a === b ? 0 : a > b ? -1 : 1));
    for (const [recipient, cycles] of refunds) {
      if (!route(recipient, cycles)) continue;
      this.amounts.delete(recipient);
      this.total -= cycles;
    }
  }

  /** In id order. */
  entries(): Iterable<[CanisterId, bigint]> {
    return this.amounts.entries();
  }
}
