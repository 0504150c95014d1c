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
import type { Epoch } from "../../base/epoch.ts";
import type { PrincipalId } from "../state/ids.ts";
import type { CanisterMessage, CoarseTime, Ingress, Response } from "../state/messages.ts";
import { isMarker, shedReject, timeoutReject, type DropContext, type DroppedMessage } from "./dropped-messages.ts";
import { IngressQueue } from "./ingress-queue.ts";
import { INGRESS, InputSchedule, LOCAL, SOURCES, startWalk, type InputPlace, type InputSource, type InputWalk } from "./input-schedule.ts";
import { MessageAccounts } from "./message-accounts.ts";
import type { Entry } from "./message-queue.ts";
import { QueuePairs, type Pair, type Place } from "./queue-pairs.ts";
import type { Ring } from "./ring.ts";
import { isBestEffort } from "./sizes.ts";

export { startWalk };
export type { DropContext, DroppedMessage, InputSource, InputWalk };

/** Requests, and responses with their reservations, per queue. Source: messaging.md 3. */
const DEFAULT_QUEUE_CAPACITY = 500;

export class CanisterQueues extends QueuePairs {
  private readonly ingress: IngressQueue;
  private readonly schedule: InputSchedule;

  private constructor(epoch: Epoch, owner: PrincipalId, capacity: number, from: CanisterQueues | null) {
    super(epoch, owner, capacity, from);
    this.ingress = from === null ? IngressQueue.empty(epoch) : from.ingress.copy(epoch);
    this.schedule = from === null ? new InputSchedule() : from.schedule.copy();
  }

  static empty(owner: PrincipalId, epoch: Epoch, capacity: number = DEFAULT_QUEUE_CAPACITY): CanisterQueues {
    return new CanisterQueues(epoch, owner, capacity, null);
  }

  /** The same queues for another owner. The pairs are shared until one side writes them; this object is read-only from now on. */
  copy(epoch: Epoch): CanisterQueues {
    return new CanisterQueues(epoch, this.owner, this.capacity, this);
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

  /** Messages in input queues, ingress included. */
  get inputCount(): number {
    return this.accounts.inputMessages + this.ingress.length;
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

  private pushInputResponse(response: Response, source: InputSource): void {
    assert(response.originator === this.owner, "an input response is for the owner");
    const pair = this.pairForWriting(response.respondent);
    this.accounts.release(response.deadline);
    // A response in an input queue never expires.
    const entry: Entry = isMarker(response)
      ? { message: response, expiry: 0, number: this.nextEntryNumber(), bytes: 0, stale: false }
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
