/**
 * SKELETON, signatures are final; bodies follow.
 */
import type { Epoch, Owned } from "../../base/epoch.ts";
import type { IngressStatus } from "../events.ts";
import type { MessageId, PrincipalId } from "../state/ids.ts";

export interface IngressEntry {
  readonly status: IngressStatus;
  readonly receiver: PrincipalId;
  readonly user: PrincipalId;
  /** Batch time of the round that wrote this status. */
  readonly timeNanos: bigint;
}

export class IngressHistory implements Owned {
  readonly epoch: Epoch;
  private constructor(epoch: Epoch) {
    this.epoch = epoch;
  }
  static empty(epoch: Epoch, capacityBytes?: number): IngressHistory {
    void capacityBytes;
    return new IngressHistory(epoch);
  }
  copy(epoch: Epoch): IngressHistory {
    return new IngressHistory(epoch);
  }
  declare get: (id: MessageId) => IngressEntry | undefined;
  /** Whether a message of this id must not be inducted (again). */
  declare isKnown: (id: MessageId) => boolean;
  /** Writes a status. Asserts unknown -> received | rejected, received -> processing | terminal, processing -> terminal. */
  declare set: (
    id: MessageId,
    status: IngressStatus,
    about: { readonly receiver: PrincipalId; readonly user: PrincipalId },
    nowNanos: bigint,
  ) => void;
  /** Forgets terminal entries of rounds more than 300 s ago; returns how many. */
  declare prune: (nowNanos: bigint) => number;
  declare readonly size: number;
  declare readonly payloadBytes: number;
  /** By message id, for certification and digests. */
  declare entries: () => Iterable<[MessageId, IngressEntry]>;
  declare check: () => void;
}
