/**
 * What a canister's queues hold in sum: messages, reserved slots, message memory, and the seconds in which something
 * expires. Kept as messages come and go, so that nobody ever walks the queues to know it.
 *
 * Source: messaging.md 5, "Accounting of guaranteed memory". Replica: `QueueStats` in
 * `rs/replicated_state/src/canister_state/queues.rs`, `MessageStats` in `queues/message_pool.rs` (c7c5005).
 */
import type { CanisterMessage, CoarseTime } from "../state/messages.ts";
import { ExpiryCounts } from "./expiry-counts.ts";
import type { Entry } from "./message-queue.ts";
import { isBestEffort, MAX_RESPONSE_COUNT_BYTES } from "./sizes.ts";

export class MessageAccounts {
  /** Messages in input and in output queues, without stale ones and without ingress. */
  inputMessages = 0;
  outputMessages = 0;
  /** Slots reserved for responses that are not here yet, own calls' and others'. */
  reservedSlots = 0;
  /** Of these, those of guaranteed calls: each has memory for the largest response set aside. */
  guaranteedReservations = 0;
  /** Bytes of guaranteed responses, and of what guaranteed requests are larger than a reservation. */
  guaranteedBytes = 0;
  bestEffortBytes = 0;
  readonly expiries: ExpiryCounts;

  constructor(expiries = new ExpiryCounts()) {
    this.expiries = expiries;
  }

  copy(): MessageAccounts {
    const copy = new MessageAccounts(this.expiries.copy());
    copy.inputMessages = this.inputMessages;
    copy.outputMessages = this.outputMessages;
    copy.reservedSlots = this.reservedSlots;
    copy.guaranteedReservations = this.guaranteedReservations;
    copy.guaranteedBytes = this.guaranteedBytes;
    copy.bestEffortBytes = this.bestEffortBytes;
    return copy;
  }

  /** Reservations, guaranteed responses, and what requests are larger than a reservation. */
  get guaranteedMemoryBytes(): number {
    return this.guaranteedReservations * MAX_RESPONSE_COUNT_BYTES + this.guaranteedBytes;
  }

  /** A slot for the response of this request, with memory if it is guaranteed. `deadline` is the request's. */
  reserve(deadline: CoarseTime): void {
    this.reservedSlots++;
    if (deadline === 0) this.guaranteedReservations++;
  }

  /** The response is here, or will never be. */
  release(deadline: CoarseTime): void {
    this.reservedSlots--;
    if (deadline === 0) this.guaranteedReservations--;
  }

  /** An entry's memory and expiry are counted. */
  enter(entry: Entry): void {
    if (isBestEffort(entry.message)) this.bestEffortBytes += entry.bytes;
    else this.guaranteedBytes += guaranteedBytesOf(entry.message, entry.bytes);
    if (entry.expiry !== 0) this.expiries.add(entry.expiry);
  }

  /** They are no longer. */
  leave(entry: Entry): void {
    if (isBestEffort(entry.message)) this.bestEffortBytes -= entry.bytes;
    else this.guaranteedBytes -= guaranteedBytesOf(entry.message, entry.bytes);
    if (entry.expiry !== 0) this.expiries.remove(entry.expiry);
  }

  /** Everything that is counted, for comparing with the plain definition. */
  toString(): string {
    const { inputMessages, outputMessages, reservedSlots, guaranteedBytes, bestEffortBytes } = this;
    return JSON.stringify({ inputMessages, outputMessages, reservedSlots, guaranteedBytes, bestEffortBytes, expiries: [...this.expiries] });
  }
}

/** What a guaranteed message takes of message memory beyond reservations. */
function guaranteedBytesOf(message: CanisterMessage, bytes: number): number {
  return message.kind === "response" ? bytes : Math.max(0, bytes - MAX_RESPONSE_COUNT_BYTES);
}
