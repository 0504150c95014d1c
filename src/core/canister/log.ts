/**
 * The canister log: the newest records that fit a small buffer.
 *
 * Source: interface spec, "IC method fetch_canister_logs". Replica: `rs/types/types/src/canister_log.rs` (c7c5005): each message
 * gathers its records in a buffer of the same capacity first; the charge for logging looks at that one.
 */
import type { Epoch, Owned } from "../../base/epoch.ts";
import type { LogDelta, LogRecord } from "./types.ts";

/** Bytes, where a canister's settings say nothing; and the least that keeps a log. Replica: `DEFAULT_AGGREGATE_LOG_MEMORY_LIMIT`, `DATA_CAPACITY_MIN` (c7c5005). */
export const LOG_CAPACITY_BYTES = 4096;
/** Each record counts its content and this. Replica: `size_of::<CanisterLogRecord>()`. */
const RECORD_BYTES = 40;

/**
 * The limit that a canister has when it asks for this one: 0 keeps no log.
 *
 * Replica: `LogMemoryStore::resize` (c7c5005), which is switched off there, and on in the networks of today's `icp`.
 * Departure: the log is no part of a canister's memory, and changing its limit costs nothing.
 */
export function logMemoryLimit(askedBytes: bigint): bigint {
  return askedBytes === 0n || askedBytes > LOG_CAPACITY_BYTES ? askedBytes : BigInt(LOG_CAPACITY_BYTES);
}

export function logCapacityBytes(settings: { readonly logMemoryLimit?: bigint }): number {
  return Number(settings.logMemoryLimit ?? LOG_CAPACITY_BYTES);
}

const EMPTY: LogDelta = { dropped: 0, records: [] };

/** Records of one run. */
export class RunLog {
  private records: LogRecord[] | null = null;
  private dropped = 0;
  /** Bytes of the records gathered so far. */
  usedBytes = 0;

  /** Cuts the content where it is too long, and pushes the oldest records out until it fits. */
  push(timestampNanos: bigint, content: Uint8Array, capacityBytes: number): void {
    if (capacityBytes === 0) return;
    const record: LogRecord = { timestampNanos, content: content.slice(0, capacityBytes - RECORD_BYTES) };
    const records = (this.records ??= []);
    const size = recordBytes(record);
    while (this.usedBytes + size > capacityBytes && records.length > 0) {
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
  append(delta: LogDelta, capacityBytes: number): void {
    if (delta.records.length === 0) return;
    let first = this.next + BigInt(delta.dropped);
    const added = delta.records.map((record) => ({ ...record, index: first++ }));
    const addedBytes = delta.records.reduce((sum, record) => sum + recordBytes(record), 0);
    this.shrinkTo(capacityBytes - addedBytes);
    this.entries = [...this.entries, ...added];
    this.used += addedBytes;
    this.next = first;
  }

  /** The oldest records go until the others fit. */
  shrinkTo(capacityBytes: number): void {
    let keepFrom = 0;
    while (this.used > capacityBytes && keepFrom < this.entries.length) this.used -= recordBytes(this.entries[keepFrom++]);
    this.entries = this.entries.slice(keepFrom);
  }

  /** As install and reinstall do it (wasm.md 7). */
  clear(): void {
    this.entries = [];
    this.used = 0;
  }
}
