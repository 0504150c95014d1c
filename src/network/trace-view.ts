/**
 * The trace of a network as a test reads it.
 */
import type { NetworkEvent } from "../core/events.ts";
import { toJsonLines } from "../trace/jsonl.ts";
import { MessageIndex } from "../trace/messages.ts";
import type { TraceLog } from "./trace-log.ts";

/** What happened in a network, as far as it is kept: event by event, or by message. */
export class TraceView {
  private log: TraceLog;
  private index = new MessageIndex();
  private indexedTo = 0;

  constructor(log: TraceLog) {
    this.log = log;
  }

  /** The events kept, oldest first. */
  get events(): readonly NetworkEvent[] {
    return this.log.events;
  }

  /** Most events kept (100,000 by default); 0 turns the trace off. Between half as many and so many are kept. */
  get maxEvents(): number {
    return this.log.maxEvents;
  }

  set maxEvents(count: number) {
    this.log.maxEvents = count;
  }

  /** Position after the newest event, for `since` and `draw({ since })`. */
  get position(): number {
    return this.log.position;
  }

  /** Events from a position on, as far as they are kept. */
  since(position: number): readonly NetworkEvent[] {
    return this.log.since(position);
  }

  /** Every message with its parent, times, costs and outcome, and the call trees. Kept up to date; the same object grows. */
  get messages(): MessageIndex {
    // An index far larger than the log holds mostly what the log has let go.
    if (this.indexedTo < this.log.start || this.index.size > 2 * this.log.maxEvents) {
      this.index = new MessageIndex();
      this.indexedTo = this.log.start;
    }
    for (const event of this.log.since(this.indexedTo)) this.index.add(event);
    this.indexedTo = this.log.position;
    return this.index;
  }

  /** JSON lines: amounts as decimal strings, bytes as hex. */
  toJsonLines(): string {
    return toJsonLines(this.log.events);
  }

  /** Lets all events go. */
  clear(): void {
    this.log.clear();
    this.index = new MessageIndex();
    this.indexedTo = this.log.position;
  }

  /** Goes on with another log: the network was put back. */
  replace(log: TraceLog): void {
    this.log = log;
    this.index = new MessageIndex();
    this.indexedTo = log.start;
  }
}
