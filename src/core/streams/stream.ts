/**
 * Messages on their way from one subnet to another, or through the loopback stream to their own: first in, first out.
 *
 * Each message carries the round of the network from which the other side may take it: that is how a hop takes its time
 * in virtual rounds. The limits of streams are `routing.ts`'s.
 *
 * Source: messaging.md 6. Replica: `rs/replicated_state/src/metadata_state.rs` (`Stream`, c7c5005).
 * Departure: a stream ends where the receiver takes a message; there are no signals and no garbage collection, so a
 * message does not count towards the limits until its receipt has come back.
 */
import { assert } from "../../base/assert.ts";
import type { Epoch, Owned } from "../../base/epoch.ts";
import { OwnedQueue } from "../../base/queue.ts";
import type { StreamMessage } from "../state/messages.ts";
import { countBytes } from "../queues/sizes.ts";

interface Entry {
  readonly message: StreamMessage;
  readonly availableRound: number;
  readonly bytes: number;
}

export class Stream implements Owned {
  readonly epoch: Epoch;
  private readonly entries: OwnedQueue<Entry>;
  private refunds: number;
  private bytes: number;
  private lastRound: number;

  private constructor(epoch: Epoch, from: Stream | null) {
    this.epoch = epoch;
    this.entries = from === null ? OwnedQueue.empty<Entry>(epoch) : from.entries.fork(epoch);
    this.refunds = from === null ? 0 : from.refunds;
    this.bytes = from === null ? 0 : from.bytes;
    this.lastRound = from === null ? 0 : from.lastRound;
  }

  static empty(epoch: Epoch): Stream {
    return new Stream(epoch, null);
  }

  /** The same stream for another owner, in O(1); this object is read-only from now on. */
  copy(epoch: Epoch): Stream {
    return new Stream(epoch, this);
  }

  /** Appends; the other side may take it from `availableRound` of the network on, but not before what was sent earlier. */
  push(message: StreamMessage, availableRound: number): void {
    this.lastRound = this.entries.length === 0 ? availableRound : Math.max(this.lastRound, availableRound);
    const entry = { message, availableRound: this.lastRound, bytes: countBytes(message) };
    this.entries.push(entry);
    this.count(entry, 1);
  }

  /** The oldest message, when it has arrived by `round`. */
  peek(round: number): StreamMessage | undefined {
    const entry = this.entries.peek();
    return entry !== undefined && entry.availableRound <= round ? entry.message : undefined;
  }

  /** Takes the oldest message, when it has arrived by `round`. */
  take(round: number): StreamMessage | undefined {
    const entry = this.entries.peek();
    if (entry === undefined || entry.availableRound > round) return undefined;
    this.entries.shift();
    this.count(entry, -1);
    return entry.message;
  }

  /** Round from which the oldest message may be taken; `null` when empty. */
  nextAvailableRound(): number | null {
    return this.entries.peek()?.availableRound ?? null;
  }

  /** Messages, refunds included. */
  get length(): number {
    return this.entries.length;
  }

  /** Requests and responses: what the limit towards a system subnet counts. */
  get lengthWithoutRefunds(): number {
    return this.entries.length - this.refunds;
  }

  get refundCount(): number {
    return this.refunds;
  }

  get sizeBytes(): number {
    return this.bytes;
  }

  /** Oldest first. */
  *[Symbol.iterator](): Generator<StreamMessage, void, undefined> {
    for (const entry of this.entries) yield entry.message;
  }

  /** Oldest first, with the rounds from which they may be taken; for digests. */
  *arrivals(): Generator<{ readonly message: StreamMessage; readonly availableRound: number }, void, undefined> {
    yield* this.entries;
  }

  /** Asserts that what is counted equals its plain definition. */
  check(): void {
    const counted = { refunds: 0, bytes: 0 };
    let round = 0;
    for (const entry of this.entries) {
      counted.refunds += entry.message.kind === "refund" ? 1 : 0;
      counted.bytes += countBytes(entry.message);
      assert(entry.availableRound >= round, "nothing in a stream arrives before what was sent earlier");
      round = entry.availableRound;
    }
    assert(counted.refunds === this.refunds && counted.bytes === this.bytes, "messages of a stream are counted");
  }

  private count(entry: Entry, sign: 1 | -1): void {
    if (entry.message.kind === "refund") this.refunds += sign;
    this.bytes += sign * entry.bytes;
  }
}
