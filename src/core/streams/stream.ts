/**
 * SKELETON, signatures are final; bodies follow.
 */
import type { Epoch, Owned } from "../../base/epoch.ts";
import type { StreamMessage } from "../state/messages.ts";

export class Stream implements Owned {
  readonly epoch: Epoch;
  private constructor(epoch: Epoch) {
    this.epoch = epoch;
  }
  static empty(epoch: Epoch): Stream {
    return new Stream(epoch);
  }
  copy(epoch: Epoch): Stream {
    return new Stream(epoch);
  }
  /** Appends; the other side may take it from `availableRound` of the network on. FIFO: never before its predecessor. */
  declare push: (message: StreamMessage, availableRound: number) => void;
  declare peek: (round: number) => StreamMessage | undefined;
  declare take: (round: number) => StreamMessage | undefined;
  /** Messages, refunds included. */
  declare readonly length: number;
  /** Requests and responses: what the limit of messages towards a system subnet counts. */
  declare readonly lengthWithoutRefunds: number;
  declare readonly sizeBytes: number;
  /** Guaranteed-response memory held by responses in this stream. */
  declare readonly guaranteedMemoryBytes: number;
  /** Round from which the head may be taken; `null` when empty. */
  declare nextAvailableRound: () => number | null;
  [Symbol.iterator](): Iterator<StreamMessage> {
    throw new Error("skeleton");
  }
}
