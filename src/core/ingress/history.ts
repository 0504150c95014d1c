/**
 * What became of the calls users made: one status per message, until five minutes after it is final.
 *
 *     (unknown) → received → processing → replied | rejected → done → (unknown)
 *
 * A known message is not inducted again. This alone keeps every message from running twice: a message included in a block
 * gets an entry at once (a refused one is `rejected`), entries outlive the block by more than five minutes, and after five
 * minutes the message itself has expired.
 *
 * Source: messaging.md 9; interface spec, "Request status". Replica: `rs/replicated_state/src/metadata_state.rs`
 * (`IngressHistoryState`), `rs/types/types/src/ingress.rs` (c7c5005).
 */
import { assert, unreachable } from "../../base/assert.ts";
import type { Epoch, Owned } from "../../base/epoch.ts";
import { SortedMap } from "../../base/sorted-map.ts";
import { utf8Length } from "../../base/utf8.ts";
import { statusTree } from "../certification/status-tree.ts";
import { TrackedTree } from "../certification/tracked-tree.ts";
import type { LabelMap } from "../certification/label-map.ts";
import type { IngressStatus } from "../events.ts";
import type { MessageId, PrincipalId } from "../state/ids.ts";

/** How long a final status is kept. Source: messaging.md 9. */
const TERMINAL_LIFETIME_NANOS = 300_000_000_000n;

/** Bytes of answers that are kept. Source: messaging.md 5. */
const CAPACITY_BYTES = 4 * 2 ** 30;

export interface IngressEntry {
  readonly status: IngressStatus;
  readonly receiver: PrincipalId;
  readonly user: PrincipalId;
  /** Batch time of the round that wrote this status. */
  readonly timeNanos: bigint;
}

/** Key of a final entry: the time when it became final (16 hex digits of nanoseconds), then its id. */
type TerminalKey = string;

export class IngressHistory implements Owned {
  readonly epoch: Epoch;
  private readonly capacityBytes: number;
  private readonly statuses: SortedMap<MessageId, IngressEntry>;
  /** Final entries, oldest first. */
  private readonly terminal: SortedMap<TerminalKey, MessageId>;
  /** Time part of a key: answers that became final before it are forgotten already. */
  private forgottenBefore: string;
  private bytes: number;
  private readonly tree: TrackedTree<IngressEntry>;

  private constructor(epoch: Epoch, capacityBytes: number, from: IngressHistory | null) {
    this.epoch = epoch;
    this.capacityBytes = capacityBytes;
    this.statuses = from === null ? SortedMap.empty(epoch) : from.statuses.fork(epoch);
    this.terminal = from === null ? SortedMap.empty(epoch) : from.terminal.fork(epoch);
    this.forgottenBefore = from === null ? "" : from.forgottenBefore;
    this.bytes = from === null ? 0 : from.bytes;
    this.tree = from === null ? TrackedTree.empty(epoch, statusTree) : from.tree.copy(epoch);
  }

  static empty(epoch: Epoch, capacityBytes: number = CAPACITY_BYTES): IngressHistory {
    return new IngressHistory(epoch, capacityBytes, null);
  }

  /** The same history for another owner, in O(1); this object is read-only from now on. */
  copy(epoch: Epoch): IngressHistory {
    return new IngressHistory(epoch, this.capacityBytes, this);
  }

  get(id: MessageId): IngressEntry | undefined {
    return this.statuses.get(id);
  }

  /** Whether a message of this id must not be inducted (again). */
  isKnown(id: MessageId): boolean {
    return this.statuses.has(id);
  }

  /**
   * Writes a status. An unknown message becomes `received`, or final at once when its induction is refused; then statuses
   * only go forward. Final statuses are written in the order of time. Above the memory limit the oldest answers are forgotten (`done`).
   * Whom a message is to stays what it was at first: a subnet answers for the management canister.
   */
  set(id: MessageId, status: IngressStatus, about: { readonly receiver: PrincipalId; readonly user: PrincipalId }, nowNanos: bigint): void {
    const old = this.statuses.get(id);
    assert(mayFollow(old?.status ?? null, status), `ingress status ${status.kind} may not follow ${old?.status.kind ?? "unknown"}`);
    const { receiver, user } = old ?? about;
    this.write(id, old, { status, receiver, user, timeNanos: nowNanos });
    if (isTerminal(status)) this.terminal.set(terminalKey(nowNanos, id), id);
    if (this.bytes > this.capacityBytes) this.forgetAnswers();
  }

  /** Forgets what became final more than 300 s ago; returns how many entries went. Costs only those. */
  prune(nowNanos: bigint): number {
    if (this.terminal.size === 0 || nowNanos <= TERMINAL_LIFETIME_NANOS) return 0;
    const limit = timeKey(nowNanos - TERMINAL_LIFETIME_NANOS);
    let pruned = 0;
    for (let first = this.terminal.first(); first !== undefined && first[0] < limit; first = this.terminal.first()) {
      const [key, id] = first;
      this.terminal.delete(key);
      this.bytes -= answerBytes(this.statuses.get(id)!.status);
      this.statuses.delete(id);
      this.tree.changed(id);
      pruned++;
    }
    return pruned;
  }

  /** Entries, of every status. */
  get size(): number {
    return this.statuses.size;
  }

  /** Bytes of the answers that are kept. */
  get payloadBytes(): number {
    return this.bytes;
  }

  /** Entries that are not final: messages that somebody may wait for. */
  get openCount(): number {
    return this.statuses.size - this.terminal.size;
  }

  /** `/request_status` of the certified tree. */
  certified(): LabelMap {
    return this.tree.current(this.statuses);
  }

  /** In id order, for digests. The history must not be written meanwhile. */
  entries(): Iterable<[MessageId, IngressEntry]> {
    return this.statuses.entries();
  }

  /** Asserts that everything kept equals its plain definition. */
  check(): void {
    let bytes = 0;
    const terminal: TerminalKey[] = [];
    for (const [id, { status, timeNanos }] of this.statuses.entries()) {
      bytes += answerBytes(status);
      if (!isTerminal(status)) continue;
      const key = terminalKey(timeNanos, id);
      terminal.push(key);
      assert(status.kind === "done" || key.slice(0, TIME_DIGITS) >= this.forgottenBefore, "old answers are forgotten");
    }
    assert(bytes === this.bytes, "bytes of answers are counted");
    this.tree.check(this.statuses);
    assert(terminal.sort().join() === [...this.terminal.keys()].join(), "final entries are listed by time");
  }

  private write(id: MessageId, old: IngressEntry | undefined, entry: IngressEntry): void {
    if (old !== undefined) this.bytes -= answerBytes(old.status);
    this.bytes += answerBytes(entry.status);
    this.statuses.set(id, entry);
    this.tree.changed(id);
  }

  /**
   * Oldest answers first, all answers of one moment together. The time of an entry stays, so it is pruned when it would have
   * been, and cannot be replayed before. Replica: `forget_terminal_statuses`.
   */
  private forgetAnswers(): void {
    let moment: string | null = null;
    for (let next = this.terminal.firstAfter(this.forgottenBefore); next !== undefined; next = this.terminal.firstAfter(next[0])) {
      const [key, id] = next;
      const time = key.slice(0, TIME_DIGITS);
      if (time !== moment) {
        moment = this.forgottenBefore = time;
        if (this.bytes <= this.capacityBytes) return;
      }
      const entry = this.statuses.get(id)!;
      if (entry.status.kind !== "done") this.write(id, entry, { ...entry, status: { kind: "done" } });
    }
  }
}

function isTerminal(status: IngressStatus): boolean {
  return status.kind === "replied" || status.kind === "rejected" || status.kind === "done";
}

/** Source: messaging.md 9; a message that starts and ends in one round skips `processing`. */
function mayFollow(old: IngressStatus | null, status: IngressStatus): boolean {
  switch (status.kind) {
    case "received":
      return old === null;
    case "processing":
      return old?.kind === "received" || old?.kind === "processing";
    case "replied":
      return old !== null && !isTerminal(old);
    case "rejected":
      return old === null || !isTerminal(old);
    case "done":
      return false; // only this history makes it
    default:
      return unreachable(status);
  }
}

/** What an answer counts for towards the memory limit. */
function answerBytes(status: IngressStatus): number {
  switch (status.kind) {
    case "replied":
      return status.data.length;
    case "rejected":
      return utf8Length(status.message);
    case "received":
    case "processing":
    case "done":
      return 0;
    default:
      return unreachable(status);
  }
}

const TIME_DIGITS = 16;

/** Below all keys of this time, and above all of earlier ones. */
function timeKey(timeNanos: bigint): string {
  return timeNanos.toString(16).padStart(TIME_DIGITS, "0");
}

function terminalKey(timeNanos: bigint, id: MessageId): TerminalKey {
  return timeKey(timeNanos) + id;
}
