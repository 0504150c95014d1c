/**
 * One direction between two canisters: a FIFO of requests and responses with separate slots for each.
 *
 * A response needs a slot that was reserved when its request was sent, so it can never be refused. A message that timed
 * out or was shed behind others leaves a *stale* entry, which keeps its slot until it reaches the head.
 *
 * Source: messaging.md 3. Replica: `rs/replicated_state/src/canister_state/queues/queue.rs` (c7c5005).
 */
import { assert } from "../../base/assert.ts";
import type { CanisterMessage, CoarseTime } from "../state/messages.ts";
import { Ring } from "./ring.ts";

/** A queued message; never written, so that copies of the queue share it. */
export interface Entry {
  readonly message: CanisterMessage;
  /** When it times out in this queue, implicit deadlines included; 0 for never. */
  readonly expiry: CoarseTime;
  /** Arrival in the queues of this canister: orders what expires, or is as large, at the same time. */
  readonly number: number;
  /** Bytes in message memory; 0 when stale, and for the markers that stand for a lost response. */
  readonly bytes: number;
  readonly stale: boolean;
}

export class MessageQueue {
  private readonly entries: Ring<Entry>;
  private requests: number;
  private responses: number;

  constructor(entries = new Ring<Entry>(), requests = 0, responses = 0) {
    this.entries = entries;
    this.requests = requests;
    this.responses = responses;
  }

  copy(): MessageQueue {
    return new MessageQueue(this.entries.copy(), this.requests, this.responses);
  }

  /** Entries, stale ones included. */
  get length(): number {
    return this.entries.length;
  }

  /** Slots taken by requests, stale ones included. */
  get requestSlots(): number {
    return this.requests;
  }

  /** Slots taken by responses and reserved for responses still expected. */
  get responseSlots(): number {
    return this.responses;
  }

  /** Slots reserved for responses that are not here yet. */
  get reservedSlots(): number {
    return this.requests + this.responses - this.entries.length;
  }

  get isUnused(): boolean {
    return this.entries.length === 0 && this.responses === 0;
  }

  reserveResponse(): void {
    this.responses++;
  }

  /** The request this slot was reserved for was dropped. */
  releaseReservation(): void {
    assert(this.reservedSlots > 0, "a released response slot was reserved");
    this.responses--;
  }

  /** A request takes a request slot; a response fills a reserved one. */
  push(entry: Entry): void {
    if (entry.message.kind === "request") this.requests++;
    else assert(this.reservedSlots > 0, "a slot is reserved for every response");
    this.entries.push(entry);
  }

  /** The head; never stale. */
  front(): Entry | undefined {
    return this.entries.front();
  }

  /** Takes the head out; stale entries behind it go as well. */
  shift(): Entry | undefined {
    const entry = this.entries.front();
    if (entry === undefined) return undefined;
    this.dropFront(entry);
    this.advance();
    return entry;
  }

  /** Makes an entry stale, or puts a marker in the place of a shed response. `number` is of an entry that is here and not stale. */
  replace(number: number, entry: Entry): void {
    const index = this.indexOf(number);
    assert(index >= 0, "the replaced entry is in the queue");
    assert(this.entries.at(index).message.kind === entry.message.kind, "a replacement takes the same slot");
    this.entries.replace(index, entry);
    this.advance();
  }

  /** Oldest first, stale ones included. */
  [Symbol.iterator](): Iterator<Entry, void, undefined> {
    return this.entries[Symbol.iterator]();
  }

  /** Asserts what must hold of slots. */
  check(capacity: number): void {
    const entries = [...this.entries];
    assert(entries[0]?.stale !== true, "the head of a queue is not stale");
    assert(this.requests === entries.filter(({ message }) => message.kind === "request").length, "request slots are counted");
    assert(this.reservedSlots >= 0, "there is a slot for every response");
    assert(this.requests <= capacity && this.responses <= capacity, "slots are within the capacity");
    assert(
      entries.every((entry, i) => i === 0 || entries[i - 1]!.number < entry.number),
      "numbers ascend",
    );
  }

  private advance(): void {
    for (let entry = this.entries.front(); entry !== undefined && entry.stale; entry = this.entries.front()) this.dropFront(entry);
  }

  private dropFront(entry: Entry): void {
    this.entries.shift();
    if (entry.message.kind === "request") this.requests--;
    else this.responses--;
  }

  /** Numbers ascend within a queue. */
  private indexOf(number: number): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.entries.at(middle).number < number) low = middle + 1;
      else high = middle;
    }
    return low < this.entries.length && this.entries.at(low).number === number ? low : -1;
  }
}
