/**
 * Snapshots of canisters, and the collection of a canister's own. Both are values: who changes one puts another in its place. Their memories share
 * all pages with the canister until one of the two is written.
 *
 * Source: interface spec, "IC method take_canister_snapshot"; management-canister.md 5.
 * Replica: `rs/replicated_state/src/canister_state/canister_snapshots.rs` (c7c5005).
 */
import { toHex, u64BigEndian } from "../../base/bytes.ts";
import type { PagedMemory } from "../canister/paged-memory.ts";
import type { PreparedModule, VisibleGlobal } from "../wasm/module-info.ts";
import type { CanisterState } from "./canister.ts";
import type { CanisterId, PrincipalId, SnapshotId } from "./ids.ts";
import { principalText } from "./principal.ts";

export interface SnapshotGlobal {
  readonly type: VisibleGlobal["type"];
  /** Unsigned. */
  readonly bits: bigint;
}

/** A module as the canister has it, or uploaded bytes, which nobody has looked at yet. */
export type SnapshotCode =
  | { readonly kind: "module"; readonly module: PreparedModule }
  | { readonly kind: "bytes"; readonly bytes: PagedMemory; readonly length: number };

export interface CanisterSnapshot {
  readonly id: SnapshotId;
  readonly source: "takenFromCanister" | "metadataUpload";
  readonly takenAtNanos: bigint;
  /** The canister's version when it was taken, or its metadata uploaded. */
  readonly canisterVersion: number;
  /** What the canister pays for, bytes. */
  readonly sizeBytes: number;
  readonly code: SnapshotCode;
  /** As `ModuleInfo.visibleGlobals`. */
  readonly globals: readonly SnapshotGlobal[];
  readonly heap: PagedMemory;
  readonly stable: PagedMemory;
  readonly certifiedData: Uint8Array;
  readonly chunkStore: ReadonlyMap<string, Uint8Array>;
  /** Nanoseconds, 0n when inactive; `null` when the uploader did not say. */
  readonly globalTimerNanos: bigint | null;
  readonly lowMemoryHook: CanisterState["lowMemoryHook"] | null;
  /** The subnet's round in which the memories were written last: other canisters may load them once there was a checkpoint. */
  readonly writtenRound: number;
}

export interface CanisterSnapshots {
  /** In the order of their ids, which is that of their making. */
  readonly list: ReadonlyMap<SnapshotId, CanisterSnapshot>;
  /** Of all together. */
  readonly sizeBytes: number;
  /** Ids are never used again. */
  readonly nextLocalId: number;
}

export const NO_SNAPSHOTS: CanisterSnapshots = { list: new Map(), sizeBytes: 0, nextLocalId: 0 };

/** The id that the canister's next snapshot gets. */
export function nextSnapshotId({ id, snapshots }: Pick<CanisterState, "id" | "snapshots">): SnapshotId {
  return (toHex(u64BigEndian(BigInt(snapshots.nextLocalId))) + id) as SnapshotId;
}

const LOCAL_ID_DIGITS = 16;

export function canisterOfSnapshot(id: SnapshotId): CanisterId {
  return id.slice(LOCAL_ID_DIGITS) as PrincipalId;
}

/** As the replica prints it. */
export function snapshotText(id: SnapshotId): string {
  return `${principalText(canisterOfSnapshot(id))}-${BigInt(`0x${id.slice(0, LOCAL_ID_DIGITS)}`)}`;
}

/** With a snapshot of the next id. */
export function withSnapshot(snapshots: CanisterSnapshots, added: CanisterSnapshot): CanisterSnapshots {
  return { ...listOf([...snapshots.list.values(), added]), nextLocalId: snapshots.nextLocalId + 1 };
}

/** With another one in the place of that with its id. */
export function withChanged(snapshots: CanisterSnapshots, changed: CanisterSnapshot): CanisterSnapshots {
  return { ...snapshots, ...listOf([...snapshots.list.values()].map((one) => (one.id === changed.id ? changed : one))) };
}

export function withoutSnapshot(snapshots: CanisterSnapshots, removed: SnapshotId): CanisterSnapshots {
  return { ...snapshots, ...listOf([...snapshots.list.values()].filter(({ id }) => id !== removed)) };
}

export function withoutSnapshots(snapshots: CanisterSnapshots): CanisterSnapshots {
  return { ...NO_SNAPSHOTS, nextLocalId: snapshots.nextLocalId };
}

function listOf(snapshots: readonly CanisterSnapshot[]): Pick<CanisterSnapshots, "list" | "sizeBytes"> {
  return {
    list: new Map(snapshots.map((snapshot) => [snapshot.id, snapshot])),
    sizeBytes: snapshots.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}
