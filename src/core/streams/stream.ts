/**
 * One direction between two subnets: messages, numbered from 0, and signals for the messages of the other direction, the same for all of them but those that
 * could not be taken. A message stays until the receiver's signal for it has come back, a signal until the sender no longer has the message.
 *
 * What the other side may see of a stream are slices: each carries messages, and in its header where the signals end and the messages begin. A slice is
 * on its way for some rounds of the network; so each message and each header carries the round from which it may be read. The receiver reads the sender's
 * stream and writes only its own. The loopback stream knows no signals: what becomes of its messages is settled when they are taken.
 *
 * Source: messaging.md 6. Replica: `rs/replicated_state/src/metadata_state.rs` (`Stream`), `rs/messaging/src/routing/stream_handler.rs`,
 * `rs/xnet/payload_builder/src/lib.rs` (c7c5005).
 */
import { assert } from "../../base/assert.ts";
import type { Epoch, Owned } from "../../base/epoch.ts";
import { SortedMap } from "../../base/sorted-map.ts";
import type { StreamMessage } from "../state/messages.ts";
import type { Reject } from "../state/rejects.ts";
import { countBytes } from "../queues/sizes.ts";

interface Entry {
  readonly message: StreamMessage;
  readonly availableRound: number;
  readonly bytes: number;
}

/** What a slice tells besides its messages. */
export interface Header {
  /** Round of the network from which the other side may read it. */
  readonly availableRound: number;
  /** Numbers of the first message that is still there, and of the next. */
  readonly begin: number;
  readonly end: number;
  /** After the last message of the other direction for which there is a signal. */
  readonly signalsEnd: number;
}

export class Stream implements Owned {
  readonly epoch: Epoch;
  private readonly entries: SortedMap<number, Entry>;
  /** Why messages of the other direction could not be taken, by their numbers. */
  private readonly rejects: SortedMap<number, Reject>;
  private endIndex: number;
  private signalsEndIndex: number;
  /** Oldest first; never written. Of those that may be read only the last matters. */
  private headers: readonly Header[];
  private refunds: number;
  private bytes: number;
  private lastRound: number;

  private constructor(epoch: Epoch, from: Stream | null) {
    this.epoch = epoch;
    this.entries = from === null ? SortedMap.empty(epoch) : from.entries.fork(epoch);
    this.rejects = from === null ? SortedMap.empty(epoch) : from.rejects.fork(epoch);
    this.endIndex = from === null ? 0 : from.endIndex;
    this.signalsEndIndex = from === null ? 0 : from.signalsEndIndex;
    this.headers = from === null ? [] : from.headers;
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

  // ---------------------------------------------------------------- messages

  /** Appends; the other side may take it from `availableRound` of the network on, but not before what was sent earlier. */
  push(message: StreamMessage, availableRound: number): void {
    this.lastRound = Math.max(this.lastRound, availableRound);
    const entry = { message, availableRound: this.lastRound, bytes: countBytes(message) };
    this.entries.set(this.endIndex++, entry);
    this.count(entry, 1);
  }

  /** Number of the first message that is still there. */
  get begin(): number {
    return this.entries.first()?.[0] ?? this.endIndex;
  }

  /** Number of the next message. */
  get end(): number {
    return this.endIndex;
  }

  /** The message of this number, when it has arrived by `round`. */
  at(index: number, round: number): StreamMessage | undefined {
    const entry = this.entries.get(index);
    return entry !== undefined && entry.availableRound <= round ? entry.message : undefined;
  }

  /** Takes out the oldest message: one of the loopback stream that has arrived by `round`, or one that the receiver has signalled. */
  take(round: number): StreamMessage | undefined {
    const first = this.entries.first();
    if (first === undefined || first[1].availableRound > round) return undefined;
    this.entries.delete(first[0]);
    this.count(first[1], -1);
    return first[1].message;
  }

  // ---------------------------------------------------------------- signals

  /** Signals for the next message of the other direction that it was taken, or why it was not. */
  signal(reject: Reject | null): void {
    if (reject !== null) this.rejects.set(this.signalsEndIndex, reject);
    this.signalsEndIndex++;
  }

  /** Number of the message of the other direction that is taken next. */
  get signalsEnd(): number {
    return this.signalsEndIndex;
  }

  /** Why the message of this number of the other direction was not taken; `null` when it was. */
  rejectOf(index: number): Reject | null {
    return this.rejects.get(index) ?? null;
  }

  /** Whether there are signals of rejects for messages before this one. */
  hasRejectsBefore(index: number): boolean {
    const first = this.rejects.first();
    return first !== undefined && first[0] < index;
  }

  /** The other side knows what became of its messages before this one. */
  forgetSignalsBefore(index: number): void {
    for (let first = this.rejects.first(); first !== undefined && first[0] < index; first = this.rejects.first())
      this.rejects.delete(first[0]);
  }

  // ---------------------------------------------------------------- slices

  /** What there is to send since the last slice: messages or rejects that somebody waits for, or only receipts; `null`: nothing. */
  get news(): "messages" | "receipts" | null {
    const last = this.headers.at(-1);
    const signalled = last === undefined ? 0 : last.signalsEnd;
    if (this.endIndex > (last === undefined ? 0 : last.end)) return "messages";
    if (this.signalsEndIndex === signalled) return null;
    return (this.rejects.last()?.[0] ?? -1) >= signalled ? "messages" : "receipts";
  }

  /** Sends a slice with everything there is. `round` is the present one. */
  close(availableRound: number, round: number): void {
    this.lastRound = Math.max(this.lastRound, availableRound);
    const header = { availableRound: this.lastRound, begin: this.begin, end: this.endIndex, signalsEnd: this.signalsEndIndex };
    // Of those that have arrived, the last says everything.
    const arrived = this.headers.findLastIndex((one) => one.availableRound <= round);
    this.headers = [...this.headers.slice(Math.max(arrived, 0)), header];
  }

  /** The last header that has arrived by `round`. */
  header(round: number): Header | null {
    return this.headers.findLast(({ availableRound }) => availableRound <= round) ?? null;
  }

  // ---------------------------------------------------------------- accounts

  /** Messages, refunds included, with those whose signal has not come back. */
  get length(): number {
    return this.entries.size;
  }

  /** Requests and responses: what the limit towards a system subnet counts. */
  get lengthWithoutRefunds(): number {
    return this.entries.size - this.refunds;
  }

  get refundCount(): number {
    return this.refunds;
  }

  get sizeBytes(): number {
    return this.bytes;
  }

  /** Oldest first. */
  *[Symbol.iterator](): Generator<StreamMessage, void, undefined> {
    for (const { message } of this.entries.values()) yield message;
  }

  /** Oldest first, with the rounds from which they may be taken; for digests. */
  *arrivals(): Generator<{ readonly message: StreamMessage; readonly availableRound: number }, void, undefined> {
    yield* this.entries.values();
  }

  /**
   * Messages of which nothing has come yet: not taken by the other side, whose stream back is given, or rejected there. Of the loopback stream, which
   * has none, all.
   */
  *unsettled(back: Stream | undefined): Generator<StreamMessage, void, undefined> {
    for (const [index, { message }] of this.entries.entries()) {
      if (back === undefined || index >= back.signalsEnd || back.rejectOf(index) !== null) yield message;
    }
  }

  /** Everything else that later behaviour depends on, for digests. */
  standing(): unknown {
    return [this.begin, this.endIndex, this.signalsEndIndex, [...this.rejects.entries()], this.headers, this.lastRound];
  }

  /** Asserts that what is counted equals its plain definition, and agrees with the stream back. */
  check(back: Stream | undefined): void {
    const counted = { refunds: 0, bytes: 0 };
    let round = 0;
    let index = this.begin;
    for (const [number, entry] of this.entries.entries()) {
      assert(number === index++, "messages of a stream are numbered without gaps");
      counted.refunds += entry.message.kind === "refund" ? 1 : 0;
      counted.bytes += countBytes(entry.message);
      assert(entry.availableRound >= round, "nothing in a stream arrives before what was sent earlier");
      round = entry.availableRound;
    }
    assert(index === this.endIndex, "a stream ends behind its last message");
    assert(counted.refunds === this.refunds && counted.bytes === this.bytes, "messages of a stream are counted");
    if (back === undefined) return;
    assert(back.signalsEnd >= this.begin && back.signalsEnd <= this.endIndex, "signals are for messages that are there");
    for (const [rejected] of this.rejects.entries()) assert(rejected < this.signalsEndIndex, "a reject is a signal");
  }

  private count(entry: Entry, sign: 1 | -1): void {
    if (entry.message.kind === "refund") this.refunds += sign;
    this.bytes += sign * entry.bytes;
  }
}
