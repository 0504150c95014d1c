/**
 * The canister log: the newest records that fit a small buffer.
 *
 * Source: interface spec, "IC method fetch_canister_logs". Replica: `rs/types/types/src/canister_log.rs` (c7c5005): each message
 * gathers its records in a buffer of the same capacity first; the charge for logging looks at that one.
 */
import type { Epoch, Owned } from "../../base/epoch.ts";
import type { LogDelta, LogRecord } from "./types.ts";

/** Bytes. Replica: `DEFAULT_AGGREGATE_LOG_MEMORY_LIMIT` (c7c5005). */
export const LOG_CAPACITY_BYTES = 4096;
/** Each record counts its content and this. Replica: `size_of::<CanisterLogRecord>()`. */
const RECORD_BYTES = 40;
/** Longer contents are cut. */
const MAX_CONTENT_BYTES = LOG_CAPACITY_BYTES - RECORD_BYTES;

const EMPTY: LogDelta = { dropped: 0, records: [] };

/** Records of one run. */
export class RunLog {
  private records: LogRecord[] | null = null;
  private dropped = 0;
  /** Bytes of the records gathered so far. */
  usedBytes = 0;

  /** Cuts the content where it is too long, and pushes the oldest records out until it fits. */
  push(timestampNanos: bigint, content: Uint8Array): void {
    const record: LogRecord = { timestampNanos, content: content.slice(0, MAX_CONTENT_BYTES) };
    const records = (this.records ??= []);
    const size = recordBytes(record);
    while (this.usedBytes + size > LOG_CAPACITY_BYTES && records.length > 0) {
      this.usedBytes -= recordBytes(records.shift()!);
      this.dropped++;
    }
    records.push(record);
    this.usedBytes += size;
  }

  /** What was gathered; starts anew. */
  take(): LogDelta {
    if (this.records === null) return EMPTY;
    const delta = { dropped: this.dropped, records: this.records };
    this.records = null;
    this.dropped = 0;
    this.usedBytes = 0;
    return delta;
  }
}

function recordBytes(record: LogRecord): number {
  return RECORD_BYTES + record.content.length;
}

/** A record as `fetch_canister_logs` shows it. */
export interface IndexedLogRecord extends LogRecord {
  readonly index: bigint;
}

/** The log of a canister. */
export class CanisterLog implements Owned {
  readonly epoch: Epoch;
  private entries: readonly IndexedLogRecord[];
  private next: bigint;
  private used: number;

  private constructor(epoch: Epoch, entries: readonly IndexedLogRecord[], next: bigint, used: number) {
    this.epoch = epoch;
    this.entries = entries;
    this.next = next;
    this.used = used;
  }

  static empty(epoch: Epoch): CanisterLog {
    return new CanisterLog(epoch, [], 0n, 0);
  }

  copy(epoch: Epoch): CanisterLog {
    return new CanisterLog(epoch, this.entries, this.next, this.used);
  }

  /** Oldest first. */
  get records(): readonly IndexedLogRecord[] {
    return this.entries;
  }

  /** Index of the next record; counts up through clears too. */
  get nextIndex(): bigint {
    return this.next;
  }

  get usedBytes(): number {
    return this.used;
  }

  /** Adds what a run logged; the oldest records make room. */
  append(delta: LogDelta): void {
    if (delta.records.length === 0) return;
    let first = this.next + BigInt(delta.dropped);
    const added = delta.records.map((record) => ({ ...record, index: first++ }));
    const addedBytes = delta.records.reduce((sum, record) => sum + recordBytes(record), 0);
    let keepFrom = 0;
    while (this.used + addedBytes > LOG_CAPACITY_BYTES && keepFrom < this.entries.length)
      this.used -= recordBytes(this.entries[keepFrom++]);
    this.entries = [...this.entries.slice(keepFrom), ...added];
    this.used += addedBytes;
    this.next = first;
  }

  /** As install and reinstall do it (wasm.md 7). */
  clear(): void {
    this.entries = [];
    this.used = 0;
  }
}
