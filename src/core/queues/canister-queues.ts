/**
 * The queues of a canister, or of a subnet's management canister: ingress messages, and for every other party one input
 * and one output queue, whose slots bound the calls between the two (500 by default).
 *
 * Inputs are served in turns: local senders, ingress, remote senders, one message each; within a source its senders in
 * turn; each sender's messages in order. Messages with a deadline leave when it has passed. All totals are kept as
 * messages come and go, so that nothing here walks the queues unless something expires; `check` compares them with
 * their plain definitions.
 *
 * Source: messaging.md 3, 5. Replica: `rs/replicated_state/src/canister_state/queues.rs` (c7c5005).
 */
import { assert } from "../../base/assert.ts";
import type { Epoch, Owned } from "../../base/epoch.ts";
import { SortedMap } from "../../base/sorted-map.ts";
import type { CallbackId, PrincipalId } from "../state/ids.ts";
import type { CanisterMessage, CoarseTime, Ingress, Request, Response } from "../state/messages.ts";
import { isMarker, shedReject, timeoutReject, type DropContext, type DroppedMessage } from "./dropped-messages.ts";
import { IngressQueue } from "./ingress-queue.ts";
import { INGRESS, InputSchedule, LOCAL, SOURCES, startWalk, type InputPlace, type InputSource, type InputWalk } from "./input-schedule.ts";
import { MessageAccounts } from "./message-accounts.ts";
import { MessageQueue, type Entry } from "./message-queue.ts";
import type { Ring } from "./ring.ts";
import { countBytes, isBestEffort } from "./sizes.ts";
import { SortedIds } from "./sorted-ids.ts";

export { startWalk };
export type { DropContext, DroppedMessage, InputSource, InputWalk };

/** Requests, and responses with their reservations, per queue. Source: messaging.md 3. */
export const DEFAULT_QUEUE_CAPACITY = 500;

/** Seconds after which a guaranteed request that did not leave its output queue is rejected. Source: messaging.md 5. */
export const REQUEST_LIFETIME_SECONDS = 300;

const NANOS_PER_SECOND = 1_000_000_000n;

/** Both queues shared with one other party. */
interface Pair extends Owned {
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

export class CanisterQueues implements Owned {
  readonly epoch: Epoch;
  /** Whose queues these are: a canister, or a subnet for its management canister. */
  readonly owner: PrincipalId;
  private readonly capacity: number;
  private readonly pairs: SortedMap<PrincipalId, Pair>;
  private readonly ingress: IngressQueue;
  private readonly schedule: InputSchedule;
  private readonly accounts: MessageAccounts;
  /** Destinations with messages. */
  private readonly destinations: SortedIds;
  private nextNumber: number;
  private sweepAt: number;
  /** The batch time last seen, and its second: spares a division of bigints per call. */
  private clockNanos = 0n;
  private clockSecond: CoarseTime = 0;

  private constructor(epoch: Epoch, owner: PrincipalId, capacity: number, from: CanisterQueues | null) {
    this.epoch = epoch;
    this.owner = owner;
    this.capacity = capacity;
    this.pairs = from === null ? SortedMap.empty(epoch, copyPair) : from.pairs.fork(epoch);
    this.ingress = from === null ? IngressQueue.empty(epoch) : from.ingress.copy(epoch);
    this.schedule = from === null ? new InputSchedule() : from.schedule.copy();
    this.accounts = from === null ? new MessageAccounts() : from.accounts.copy();
    this.destinations = from === null ? new SortedIds() : from.destinations.copy();
    this.nextNumber = from === null ? 0 : from.nextNumber;
    this.sweepAt = from === null ? SWEEP_FROM : from.sweepAt;
  }

  static empty(owner: PrincipalId, epoch: Epoch, capacity: number = DEFAULT_QUEUE_CAPACITY): CanisterQueues {
    return new CanisterQueues(epoch, owner, capacity, null);
  }

  /** The same queues for another owner. The pairs are shared until one side writes them; this object is read-only from now on. */
  copy(epoch: Epoch): CanisterQueues {
    return new CanisterQueues(epoch, this.owner, this.capacity, this);
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

  // ---------------------------------------------------------------- input

  pushIngress(ingress: Ingress): void {
    this.ingress.push(ingress);
  }

  /** A request takes a slot and reserves one for its response, unless the queue is full; a response fills its reservation. */
  pushInput(message: CanisterMessage, source: InputSource): null | "queueFull" {
    if (message.kind === "response") {
      this.pushInputResponse(message, source);
      return null;
    }
    if (!this.acceptsRequest(message.sender)) return "queueFull";
    const pair = this.pairForWriting(message.sender);
    pair.output.reserveResponse();
    this.accounts.reserve(message.deadline);
    this.pushInputEntry(message.sender, pair, this.enter(message, message.deadline), source);
    return null;
  }

  /**
   * A reject the system puts straight into the caller's (our) input queue; fills the reservation its request made.
   * `SYS_UNKNOWN` for a passed deadline is only a marker: it takes no message memory and is never shed.
   */
  pushOwnReject(response: Response, source: InputSource): void {
    this.pushInputResponse(response, source);
  }

  /** A reject for a request that never entered the output queue (a management call that cannot be routed): takes a slot for itself. */
  pushImmediateReject(response: Response, source: InputSource): void {
    const pair = this.pairForWriting(response.respondent);
    assert(pair.input.responseSlots < this.capacity, "a slot is free for the response");
    pair.input.reserveResponse();
    this.accounts.reserve(response.deadline);
    this.pushInputResponse(response, source);
  }

  get hasInput(): boolean {
    return this.accounts.inputMessages > 0 || this.ingress.length > 0;
  }

  /** What `popInput()` would take. */
  peekInput(): CanisterMessage | Ingress | undefined {
    const place = this.schedule.first(this.ingress, this.hasMessagesOf);
    return place === null ? undefined : this.headAt(place);
  }

  /** The heads of all input queues, in the order in which the ordinary schedule would take them if nothing else came. */
  inputCandidates(): (CanisterMessage | Ingress)[] {
    return this.schedule.all(this.ingress, this.hasMessagesOf).map((place) => this.headAt(place));
  }

  /**
   * Takes a message: the next by turns, or another of `inputCandidates()`. The turns go on as if that source, and within it
   * that sender, had been next.
   */
  popInput(option: number = 0): CanisterMessage | Ingress | undefined {
    if (option !== 0) return this.popCandidate(option);
    for (let i = 0; i < SOURCES; i++) {
      const source = this.schedule.nextSource();
      if (source === INGRESS) {
        if (this.ingress.length > 0) return this.ingress.take(0);
        continue;
      }
      const senders = this.schedule.sendersOf(source);
      while (senders.length > 0) {
        const message = this.popSender(senders, 0);
        if (message !== undefined) return message;
      }
    }
    return undefined;
  }

  /**
   * Passes over the message that `peekInput` shows, because it must wait (management messages): its source and its sender go
   * to the back. False when everything has been passed over. Replica: `skip_input` with its loop detector.
   */
  skipInput(walk: InputWalk): boolean {
    for (let i = 0; i < SOURCES; i++) {
      if (this.skipSource(this.schedule.nextSource(), walk)) break;
    }
    return !this.schedule.isWalked(walk, this.ingress);
  }

  /** Whether a response for this callback waits in the input queue; its deadline then no longer expires it. */
  hasResponseFor(respondent: PrincipalId, callbackId: CallbackId): boolean {
    const pair = this.pairs.get(respondent);
    if (pair === undefined) return false;
    for (const { message } of pair.input) if (message.kind === "response" && message.callbackId === callbackId) return true;
    return false;
  }

  // ---------------------------------------------------------------- expiry and shedding

  /** Smallest deadline of a queued message that can expire, implicit deadlines included; ingress messages not. */
  earliestExpiry(): CoarseTime | null {
    return this.accounts.expiries.earliest();
  }

  /** Drops all messages with `deadline < now`, by deadline, then by age. Source: messaging.md 5, "Dropped or timed-out message". */
  timeOutMessages(now: CoarseTime, context: DropContext): DroppedMessage[] {
    const earliest = this.accounts.expiries.earliest();
    if (earliest === null || earliest >= now) return [];
    const due = this.entriesWhere((entry) => entry.expiry !== 0 && entry.expiry < now);
    due.sort((a, b) => a.entry.expiry - b.entry.expiry || a.entry.number - b.entry.number);
    return due.map((place) => this.drop(place, context));
  }

  /** Bytes of the largest best-effort message; `null` when there is none. */
  largestBestEffort(): number | null {
    return this.largestPlace()?.entry.bytes ?? null;
  }

  /** Drops the largest best-effort message; of equal ones the youngest. There must be one. */
  shed(context: DropContext): DroppedMessage {
    const place = this.largestPlace();
    assert(place !== null, "there is a best-effort message to shed");
    return this.drop(place, context);
  }

  /** floor(expiry) of the ingress message that expires first, in seconds. */
  earliestIngressExpiry(): CoarseTime | null {
    return this.ingress.earliestExpiry();
  }

  /** Takes out the ingress messages with `expiry < now`. */
  rejectExpiredIngress(nowNanos: bigint): Ingress[] {
    return this.ingress.removeExpired(nowNanos);
  }

  // ---------------------------------------------------------------- accounts

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

  /** Messages in input queues, ingress included. */
  get inputCount(): number {
    return this.accounts.inputMessages + this.ingress.length;
  }

  get outputCount(): number {
    return this.accounts.outputMessages;
  }

  get ingressCount(): number {
    return this.ingress.length;
  }

  /** Messages in all queues, ingress included. */
  get messageCount(): number {
    return this.inputCount + this.outputCount;
  }

  /** No message, no ingress, no reservation. */
  get isEmpty(): boolean {
    return this.messageCount === 0 && this.accounts.reservedSlots === 0;
  }

  /** Whether a checkpoint would forget anything: whose turn it is, as long as nothing is queued or reserved. */
  get hasIdleTurns(): boolean {
    return this.isEmpty && this.schedule.turn !== LOCAL;
  }

  /** At a checkpoint, where nothing is queued or reserved: turns begin anew. Replica: `CanisterQueues::garbage_collect`. */
  forgetTurns(): void {
    if (!this.isEmpty) return;
    for (const [, { input, output }] of this.pairs.entries()) if (!input.isUnused || !output.isUnused) return;
    for (const sender of this.schedule.reset()) this.pairs.edit(sender)!.scheduled = false;
  }

  /** Every queued message, for digests and invariants: parties in id order, input before output, oldest first; then ingress. */
  *messages(): Generator<QueuedMessage, void, undefined> {
    for (const [peer, pair] of this.pairs.entries()) {
      for (const { message, stale } of pair.input) if (!stale) yield { where: "input", peer, message };
      for (const { message, stale } of pair.output) if (!stale) yield { where: "output", peer, message };
    }
    for (const message of this.ingress) yield { where: "ingress", peer: message.sender, message };
  }

  /**
   * Everything else that later behaviour depends on, for digests: turns, slots, and when queued messages expire ("-" where a
   * stale entry keeps a slot). Parties in id order; parties with whom nothing is open are left out.
   */
  *standing(): Generator<string, void, undefined> {
    yield `turn ${this.schedule.turn}`;
    for (const sender of this.schedule.local) yield `local ${sender}`;
    for (const sender of this.schedule.remote) yield `remote ${sender}`;
    for (const group of this.ingress.order()) yield `ingress ${group}`;
    for (const [peer, { input, output }] of this.pairs.entries()) {
      if (input.isUnused && output.isUnused) continue;
      for (const queue of [input, output]) {
        const expiries = [...queue].map((entry) => (entry.stale ? "-" : entry.expiry)).join();
        yield `slots ${peer} ${queue.requestSlots} ${queue.responseSlots} ${expiries}`;
      }
    }
    yield `reservations ${this.accounts.guaranteedReservations}`;
  }

  /** Asserts that every kept counter and list equals its plain definition. */
  check(): void {
    const plain = new MessageAccounts();
    const destinations: PrincipalId[] = [];
    const waiting: PrincipalId[] = [];
    for (const [peer, pair] of this.pairs.entries()) {
      for (const queue of [pair.input, pair.output]) {
        queue.check(this.capacity);
        plain.reservedSlots += queue.reservedSlots;
        for (const entry of queue) {
          if (entry.stale) continue;
          plain.enter(entry);
          if (queue === pair.input) plain.inputMessages++;
          else plain.outputMessages++;
        }
      }
      if (pair.output.length > 0) destinations.push(peer);
      if (pair.scheduled) waiting.push(peer);
      assert(pair.scheduled || pair.input.length === 0, "a sender with messages is scheduled");
    }
    assert(plain.toString() === this.accounts.toString(), `accounts ${this.accounts.toString()} are ${plain.toString()}`);
    const { guaranteedReservations, reservedSlots } = this.accounts;
    assert(guaranteedReservations >= 0 && guaranteedReservations <= reservedSlots, "each guaranteed call has a reserved slot");
    assert(destinations.join() === this.destinations.list().join(), "destinations with messages are listed");
    assert([...this.schedule.local, ...this.schedule.remote].sort().join() === waiting.sort().join(), "each sender is scheduled once");
    this.ingress.check();
  }

  // ---------------------------------------------------------------- entering and leaving

  private pairForWriting(peer: PrincipalId): Pair {
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

  private enter(message: CanisterMessage, expiry: CoarseTime): Entry {
    const entry: Entry = { message, expiry, number: this.nextNumber++, bytes: countBytes(message), stale: false };
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

  private pushInputResponse(response: Response, source: InputSource): void {
    assert(response.originator === this.owner, "an input response is for the owner");
    const pair = this.pairForWriting(response.respondent);
    this.accounts.release(response.deadline);
    // A response in an input queue never expires.
    const entry: Entry = isMarker(response)
      ? { message: response, expiry: 0, number: this.nextNumber++, bytes: 0, stale: false }
      : this.enter(response, 0);
    this.pushInputEntry(response.respondent, pair, entry, source);
  }

  private pushInputEntry(sender: PrincipalId, pair: Pair, entry: Entry, source: InputSource): void {
    pair.input.push(entry);
    this.accounts.inputMessages++;
    if (pair.scheduled) return;
    pair.scheduled = true;
    this.schedule.add(sender, source);
  }

  /** Takes the head of the i-th sender's queue, who then goes to the back or, without more messages, off the schedule. */
  private popSender(senders: Ring<PrincipalId>, index: number): CanisterMessage | undefined {
    const sender = index === 0 ? senders.shift()! : senders.removeAt(index);
    const pair = this.pairs.edit(sender)!;
    const entry = pair.input.shift();
    if (pair.input.length > 0) senders.push(sender);
    else pair.scheduled = false;
    if (entry === undefined) return undefined; // everything of this sender was dropped since it was scheduled
    this.accounts.inputMessages--;
    this.accounts.leave(entry);
    return entry.message;
  }

  private skipSource(source: number, walk: InputWalk): boolean {
    if (source === INGRESS) {
      if (this.ingress.length === 0) return false;
      this.ingress.skip();
      walk.skippedIngress++;
      return true;
    }
    const senders = this.schedule.sendersOf(source);
    while (senders.length > 0) {
      const pair = this.pairs.get(senders.front()!)!;
      if (pair.input.length === 0) {
        this.pairs.edit(senders.shift()!)!.scheduled = false;
        continue;
      }
      senders.rotate();
      if (source === LOCAL) walk.skippedLocal++;
      else walk.skippedRemote++;
      return true;
    }
    return false;
  }

  private readonly hasMessagesOf = (sender: PrincipalId): boolean => this.pairs.get(sender)!.input.length > 0;

  private headAt({ source, index }: InputPlace): CanisterMessage | Ingress {
    if (source === INGRESS) return this.ingress.head(index);
    return this.pairs.get(this.schedule.sendersOf(source).at(index))!.input.front()!.message;
  }

  private popCandidate(option: number): CanisterMessage | Ingress {
    const place = this.schedule.all(this.ingress, this.hasMessagesOf)[option];
    assert(place !== undefined, "the chosen message is one of the candidates");
    this.schedule.served(place.source);
    if (place.source === INGRESS) return this.ingress.take(place.index);
    return this.popSender(this.schedule.sendersOf(place.source), place.index)!;
  }

  // ---------------------------------------------------------------- dropping

  private entriesWhere(predicate: (entry: Entry) => boolean): Place[] {
    const places: Place[] = [];
    for (const [peer, pair] of this.pairs.entries()) {
      for (const entry of pair.input) if (!entry.stale && predicate(entry)) places.push({ peer, isInput: true, entry });
      for (const entry of pair.output) if (!entry.stale && predicate(entry)) places.push({ peer, isInput: false, entry });
    }
    return places;
  }

  private largestPlace(): Place | null {
    let largest: Place | null = null;
    for (const place of this.entriesWhere(({ message, bytes }) => isBestEffort(message) && bytes > 0)) {
      const { bytes, number } = place.entry;
      if (largest !== null && (bytes < largest.entry.bytes || (bytes === largest.entry.bytes && number < largest.entry.number))) continue;
      largest = place;
    }
    return largest;
  }

  private drop({ peer, isInput, entry }: Place, context: DropContext): DroppedMessage {
    const pair = this.pairs.edit(peer)!;
    const { message } = entry;
    this.accounts.leave(entry);
    if (isInput && message.kind === "response") {
      const reject = shedReject(message, context.nextTag());
      pair.input.replace(entry.number, { ...entry, message: reject, expiry: 0, bytes: 0 });
      return { kind: "inputResponse", message, reject };
    }
    const stale = { ...entry, expiry: 0, bytes: 0, stale: true };
    if (isInput) {
      assert(message.kind === "request" && isBestEffort(message), "only best-effort requests leave an input queue early");
      pair.input.replace(entry.number, stale);
      this.accounts.inputMessages--;
      pair.output.releaseReservation();
      this.accounts.release(message.deadline);
      return { kind: "inputRequest", message };
    }
    pair.output.replace(entry.number, stale);
    this.accounts.outputMessages--;
    if (pair.output.length === 0) this.destinations.remove(peer);
    if (message.kind === "response") return { kind: "outputResponse", message };
    const reject = timeoutReject(message, context.nextTag());
    this.pushInputResponse(reject, context.isLocal(peer) ? "local" : "remote");
    return { kind: "ownRequest", message, reject };
  }
}

/** A message and where it waits. */
export interface QueuedMessage {
  readonly where: "input" | "output" | "ingress";
  /** The other party; for ingress the user. */
  readonly peer: PrincipalId;
  readonly message: CanisterMessage | Ingress;
}

interface Place {
  readonly peer: PrincipalId;
  readonly isInput: boolean;
  readonly entry: Entry;
}
