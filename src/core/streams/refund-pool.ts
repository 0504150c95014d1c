/**
 * SKELETON, signatures are final; bodies follow. Refunds of dropped bounded-wait messages on their way to streams (one pool per subnet).
 */
import type { Epoch, Owned } from "../../base/epoch.ts";
import type { CanisterId } from "../state/ids.ts";

export class RefundPool implements Owned {
  readonly epoch: Epoch;
  private constructor(epoch: Epoch) {
    this.epoch = epoch;
  }
  static empty(epoch: Epoch): RefundPool {
    return new RefundPool(epoch);
  }
  copy(epoch: Epoch): RefundPool {
    return new RefundPool(epoch);
  }
  /** Adds to what the recipient gets; 0 cycles is nothing. */
  declare add: (recipient: CanisterId, cycles: bigint) => void;
  declare readonly size: number;
  declare readonly totalCycles: bigint;
  /** Removes and returns the refunds that `route` accepts, largest amount first (then by id); what it answers false for stays. */
  declare drain: (route: (recipient: CanisterId, cycles: bigint) => boolean) => void;
}
