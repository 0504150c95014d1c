/**
 * What lies between a canister (or a subnet's management canister) and each other party: one input and one output queue, the slots that bound the
 * calls between the two, the messages that go out, and the accounts of all of it. In which turn inputs are taken, ingress messages and what leaves
 * too late are `canister-queues.ts`'s.
 *
 * Source: messaging.md 3. Replica: `rs/replicated_state/src/canister_state/queues.rs` (c7c5005).
 */
import { assert } from "../../base/assert.ts";
import type { Epoch, Owned } from "../../base/epoch.ts";
import { SortedMap } from "../../base/sorted-map.ts";
import type { CallbackId, PrincipalId } from "../state/ids.ts";
import type { CanisterMessage, CoarseTime, Request, Response } from "../state/messages.ts";
import { MessageAccounts } from "./message-accounts.ts";
import { MessageQueue, type Entry } from "./message-queue.ts";
import { countBytes, isBestEffort } from "./sizes.ts";
import { SortedIds } from "./sorted-ids.ts";

/** Seconds after which a guaranteed request that did not leave its output queue is rejected. Source: messaging.md 5. */
const REQUEST_LIFETIME_SECONDS = 300;

const NANOS_PER_SECOND = 1_000_000_000n;

/** Both queues shared with one other party. */
export interface Pair extends Owned {
  readonly input: MessageQueue;
  readonly output: MessageQueue;
  /** In one of the two sender schedules. It stays there when its messages were dropped, until its turn comes. */
  scheduled: boolean;
}

function copyPair(pair: Pair, epoch: Epoch): Pair {
  return { epoch, input: pair.input.copy(), output: pair.output.copy(), scheduled: pair.scheduled };
}

/** Unused pairs are swept out when there are twice as many pairs as after the last sweep, and at least this many. */
const SWEEP_FROM = 64;

/** A message and where it stands. */
export interface Place {
  readonly peer: PrincipalId;
  readonly isInput: boolean;
  readonly entry: Entry;
}

export abstract class QueuePairs implements Owned {
  readonly epoch: Epoch;
  /** Whose queues these are: a canister, or a subnet for its management canister. */
  readonly owner: PrincipalId;
  protected readonly capacity: number;
  protected readonly pairs: SortedMap<PrincipalId, Pair>;
  protected readonly accounts: MessageAccounts;
  /** Destinations with messages. */
  protected readonly destinations: SortedIds;
  private nextNumber: number;
  private sweepAt: number;
  /** The batch time last seen, and its second: spares a division of bigints per call. */
  private clockNanos = 0n;
  private clockSecond: CoarseTime = 0;

  protected constructor(epoch: Epoch, owner: PrincipalId, capacity: number, from: QueuePairs | null) {
    this.epoch = epoch;
    this.owner = owner;
    this.capacity = capacity;
    this.pairs = from === null ? SortedMap.empty(epoch, copyPair) : from.pairs.fork(epoch);
    this.accounts = from === null ? new MessageAccounts() : from.accounts.copy();
    this.destinations = from === null ? new SortedIds() : from.destinations.copy();
    this.nextNumber = from === null ? 0 : from.nextNumber;
    this.sweepAt = from === null ? SWEEP_FROM : from.sweepAt;
  }

  // ---------------------------------------------------------------- slots

  /** How many calls to `destination` can be made now: min(free response slots of its input queue, free request slots of its output queue). */
  freeSlots(destination: PrincipalId): number {
    const pair = this.pairs.get(destination);
    if (pair === undefined) return this.capacity;
    return Math.min(this.capacity - pair.input.responseSlots, this.capacity - pair.output.requestSlots);
  }

  /** Whether a request of `sender` can enter: a free request slot here, and a free slot for its response. */
  acceptsRequest(sender: PrincipalId): boolean {
    const pair = this.pairs.get(sender);
    return pair === undefined || (pair.input.requestSlots < this.capacity && pair.output.responseSlots < this.capacity);
  }

  // ---------------------------------------------------------------- output

  /** Needs a free slot (`freeSlots`), and reserves one for the response. A guaranteed request expires here after its lifetime. */
  pushOutputRequest(request: Request, nowNanos: bigint): void {
    assert(request.sender === this.owner, "an output request is the owner's");
    const pair = this.pairForWriting(request.receiver);
    assert(
      pair.output.requestSlots < this.capacity && pair.input.responseSlots < this.capacity,
      "a slot is free for the request and its response",
    );
    pair.input.reserveResponse();
    this.accounts.reserve(request.deadline);
    const expiry = request.deadline === 0 ? this.secondOf(nowNanos) + REQUEST_LIFETIME_SECONDS : request.deadline;
    this.pushOutput(request.receiver, pair, this.enter(request, expiry));
  }

  /** Goes into the slot that was reserved when the request came in. */
  pushOutputResponse(response: Response): void {
    assert(response.respondent === this.owner, "an output response is the owner's");
    const pair = this.pairForWriting(response.originator);
    this.accounts.release(response.deadline);
    this.pushOutput(response.originator, pair, this.enter(response, response.deadline));
  }

  peekOutput(destination: PrincipalId): CanisterMessage | undefined {
    return this.pairs.get(destination)?.output.front()?.message;
  }

  popOutput(destination: PrincipalId): CanisterMessage | undefined {
    const pair = this.pairs.edit(destination);
    const entry = pair?.output.shift();
    if (pair === undefined || entry === undefined) return undefined;
    this.accounts.outputMessages--;
    this.accounts.leave(entry);
    if (pair.output.length === 0) this.destinations.remove(destination);
    return entry.message;
  }

  /** Destinations with messages, in id order; a list of its own, so messages may be popped while it is walked. */
  outputDestinations(): readonly PrincipalId[] {
    return this.destinations.list();
  }

  /** The first destination above `after` (of all when `null`) that has messages. */
  nextOutputDestination(after: PrincipalId | null): PrincipalId | null {
    return this.destinations.next(after);
  }

  get hasOutput(): boolean {
    return this.accounts.outputMessages > 0;
  }

  /** Whether a response for this callback waits in the input queue; its deadline then no longer expires it. */
  hasResponseFor(respondent: PrincipalId, callbackId: CallbackId): boolean {
    const pair = this.pairs.get(respondent);
    if (pair === undefined) return false;
    for (const { message } of pair.input) if (message.kind === "response" && message.callbackId === callbackId) return true;
    return false;
  }

  /** Guaranteed-response message memory: reservations, guaranteed responses, and what requests are larger than a reservation. */
  get guaranteedMemoryBytes(): number {
    return this.accounts.guaranteedMemoryBytes;
  }

  get bestEffortMemoryBytes(): number {
    return this.accounts.bestEffortBytes;
  }

  /** Outstanding guaranteed calls: own ones whose response has not come in, and others' that were not answered. */
  get guaranteedReservationCount(): number {
    return this.accounts.guaranteedReservations;
  }

  get outputCount(): number {
    return this.accounts.outputMessages;
  }

  // ---------------------------------------------------------------- for those who push and drop

  protected pairForWriting(peer: PrincipalId): Pair {
    const known = this.pairs.edit(peer);
    if (known !== undefined) return known;
    if (this.pairs.size >= this.sweepAt) this.sweep();
    const pair: Pair = { epoch: this.epoch, input: new MessageQueue(), output: new MessageQueue(), scheduled: false };
    this.pairs.set(peer, pair);
    return pair;
  }

  /** Forgets the parties there is nothing to know about. No rule can see it. */
  private sweep(): void {
    const unused: PrincipalId[] = [];
    for (const [peer, pair] of this.pairs.entries()) {
      if (pair.input.isUnused && pair.output.isUnused && !pair.scheduled) unused.push(peer);
    }
    for (const peer of unused) this.pairs.delete(peer);
    this.sweepAt = Math.max(SWEEP_FROM, 2 * this.pairs.size);
  }

  /** Numbers from this are the order of arrival over all queues. */
  protected nextEntryNumber(): number {
    return this.nextNumber++;
  }

  protected enter(message: CanisterMessage, expiry: CoarseTime): Entry {
    const entry: Entry = { message, expiry, number: this.nextEntryNumber(), bytes: countBytes(message), stale: false };
    this.accounts.enter(entry);
    return entry;
  }

  private secondOf(nanos: bigint): CoarseTime {
    if (nanos !== this.clockNanos) {
      this.clockNanos = nanos;
      this.clockSecond = Number(nanos / NANOS_PER_SECOND);
    }
    return this.clockSecond;
  }

  private pushOutput(destination: PrincipalId, pair: Pair, entry: Entry): void {
    if (pair.output.length === 0) this.destinations.add(destination);
    pair.output.push(entry);
    this.accounts.outputMessages++;
  }

  protected entriesWhere(predicate: (entry: Entry) => boolean): Place[] {
    const places: Place[] = [];
    for (const [peer, pair] of this.pairs.entries()) {
      for (const entry of pair.input) if (!entry.stale && predicate(entry)) places.push({ peer, isInput: true, entry });
      for (const entry of pair.output) if (!entry.stale && predicate(entry)) places.push({ peer, isInput: false, entry });
    }
    return places;
  }

  protected largestPlace(): Place | null {
    let largest: Place | null = null;
    for (const place of this.entriesWhere(({ message, bytes }) => isBestEffort(message) && bytes > 0)) {
      const { bytes, number } = place.entry;
      if (largest !== null && (bytes < largest.entry.bytes || (bytes === largest.entry.bytes && number < largest.entry.number))) continue;
      largest = place;
    }
    return largest;
  }
}
