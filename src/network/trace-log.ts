/**
 * The newest events of a network, kept for drawing, for errors and for tests. Bounded by number and by bytes: what is
 * older is let go, a block at a time.
 */
import type { NetworkEvent } from "../core/events.ts";

/** Events kept by default. */
export const DEFAULT_TRACE_EVENTS = 100_000;
/** Bytes of arguments and answers kept; modules that were installed are arguments too. */
const MAX_PAYLOAD_BYTES = 64 * 2 ** 20;

/** Two generations: when the newer one is full, the older one is let go. So between half of the bounds and the bounds are kept. */
export class TraceLog {
  private older: readonly NetworkEvent[] = [];
  private newer: NetworkEvent[] = [];
  private newerBytes = 0;
  /** Events appended since the beginning. */
  private count = 0;
  private limit: number;

  constructor(limit: number = DEFAULT_TRACE_EVENTS) {
    this.limit = limit;
  }

  /** Most events kept; 0 turns the trace off. */
  get maxEvents(): number {
    return this.limit;
  }

  set maxEvents(limit: number) {
    this.limit = limit;
    if (limit === 0) this.clear();
    else if (this.newer.length * 2 >= limit) this.turn();
  }

  append(event: NetworkEvent): void {
    if (this.limit === 0) return;
    this.count++;
    this.newer.push(event);
    this.newerBytes += payloadBytes(event);
    if (this.newer.length * 2 >= this.limit || this.newerBytes * 2 >= MAX_PAYLOAD_BYTES) this.turn();
  }

  /** The events still kept, oldest first. */
  get events(): readonly NetworkEvent[] {
    return this.older.length === 0 ? this.newer.slice() : [...this.older, ...this.newer];
  }

  /** Position after the newest event: give it to `since` later. */
  get position(): number {
    return this.count;
  }

  /** Position of the oldest event still kept. */
  get start(): number {
    return this.count - this.newer.length - this.older.length;
  }

  /** Events from a position on, as far as they are still kept. */
  since(position: number): readonly NetworkEvent[] {
    const firstNewer = this.count - this.newer.length;
    if (position >= firstNewer) return this.newer.slice(position - firstNewer);
    const firstOlder = firstNewer - this.older.length;
    return [...this.older.slice(Math.max(0, position - firstOlder)), ...this.newer];
  }

  /** Lets all go. Positions stay valid. */
  clear(): void {
    this.older = [];
    this.newer = [];
    this.newerBytes = 0;
  }

  /** The same events again, going on apart. */
  copy(): TraceLog {
    const copy = new TraceLog(this.limit);
    copy.older = this.older;
    copy.newer = this.newer.slice();
    copy.newerBytes = this.newerBytes;
    copy.count = this.count;
    return copy;
  }

  private turn(): void {
    this.older = this.newer;
    this.newer = [];
    this.newerBytes = 0;
  }
}

function payloadBytes(event: NetworkEvent): number {
  switch (event.kind) {
    case "sent":
      return event.payload.kind === "data" ? event.payload.data.length : event.payload.message.length;
    case "ingressStatus":
      return event.status.kind === "replied" ? event.status.data.length : 0;
    case "printed":
      return event.content.length;
    case "mock":
      return event.data.length;
    case "outcall":
      return event.request.body?.length ?? 0;
    case "bitcoin":
      return event.question.method === "bitcoin_send_transaction" ? event.question.transaction.length : 0;
    case "inducted":
    case "dropped":
    case "executed":
    case "canister":
    case "chosen":
    case "round":
      return 0;
  }
}
