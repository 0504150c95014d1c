/**
 * `take_canister_snapshot` and `delete_canister_snapshot`. A snapshot shares the pages of the canister's memories: what it costs the host is what is
 * written later. What it costs the canister is its size.
 *
 * Source: interface spec, "IC method take_canister_snapshot", "IC method delete_canister_snapshot"; management-canister.md 5.
 * Replica: `rs/execution_environment/src/canister_manager.rs` (c7c5005).
 */
import { nextEpoch, SHARED } from "../../base/epoch.ts";
import type { ExecutionState } from "../canister/execution-state.ts";
import type { CanisterState } from "../state/canister.ts";
import type { SnapshotId } from "../state/ids.ts";
import { memoryUsageBytes, snapshotBytes, uninstallableBytes } from "../state/memory-usage.ts";
import type { SubnetState } from "../state/network-state.ts";
import { nextSnapshotId, withoutSnapshot, withSnapshot, type CanisterSnapshot } from "../state/snapshots.ts";
import { at, type World } from "../state/world.ts";
import { requireController } from "./access.ts";
import { changeOrigin, fail, finish, reply } from "./call.ts";
import { encodeResult, optional, type Decoded, type Opt } from "./candid.ts";
import { heapDeltaRefusal } from "./chunk-store.ts";
import { memoryPrice, payMemory } from "./memory-taking.ts";
import { changing } from "./method.ts";
import { globalsOf, snapshotIdOf, snapshotToCandid } from "./snapshot-candid.ts";
import { nothingToSnapshot, snapshotNotFound, tooManySnapshots } from "./snapshot-errors.ts";
import { addHeapDelta, memoryDeltaBytes } from "./snapshot-heap-delta.ts";
import { uninstallBy } from "./uninstall-code.ts";

/** Of one canister. Source: management-canister.md 5. */
const MAX_SNAPSHOTS = 10;
/** Instructions of taking and loading, besides one per byte. Replica: `rs/config/src/subnet_config.rs`; 0 on system subnets. */
const BASELINE_INSTRUCTIONS = 2_000_000_000;

export function snapshotInstructions(subnet: SubnetState, sizeBytes: number): number {
  return (subnet.config.kind === "system" ? 0 : BASELINE_INSTRUCTIONS) + sizeBytes;
}

/** The snapshot that a new one takes the place of, if any, and if there may be a new one. */
export function replacedSnapshot(canister: CanisterState, wanted: Opt<Uint8Array>): Decoded<CanisterSnapshot | null> {
  const bytes = optional(wanted);
  if (bytes !== null) return snapshotOf(canister, snapshotIdOf(bytes));
  if (canister.snapshots.list.size < MAX_SNAPSHOTS) return { kind: "value", value: null };
  return { kind: "error", error: tooManySnapshots(canister.id, MAX_SNAPSHOTS) };
}

/** One of the canister's own, or IC0305. */
export function snapshotOf(canister: CanisterState, id: SnapshotId): Decoded<CanisterSnapshot> {
  const snapshot = canister.snapshots.list.get(id);
  return snapshot === undefined ? { kind: "error", error: snapshotNotFound(id, canister.id) } : { kind: "value", value: snapshot };
}

/** Puts a new snapshot into the canister's collection. */
export function addSnapshot(canister: CanisterState, replaced: CanisterSnapshot | null, added: CanisterSnapshot): void {
  const kept = replaced === null ? canister.snapshots : withoutSnapshot(canister.snapshots, replaced.id);
  canister.snapshots = withSnapshot(kept, added);
}

export const takeCanisterSnapshot = changing("take_canister_snapshot", requireController, ({ world, subnet, call }, canister, argument) => {
  const replaced = replacedSnapshot(canister, argument.replace_snapshot);
  if (replaced.kind === "error") return fail(call, replaced.error);
  const limited = heapDeltaRefusal(world, subnet, canister);
  if (limited !== null) return fail(call, limited);

  const uninstalls = optional(argument.uninstall_code) ?? false;
  const sizeBytes = snapshotBytes(canister);
  const freedBytes = (replaced.value?.sizeBytes ?? 0) + (uninstalls ? uninstallableBytes(canister) : 0);
  const instructions = snapshotInstructions(subnet, sizeBytes);
  const usageBytes = memoryUsageBytes(canister) + sizeBytes - freedBytes;
  const price = memoryPrice(world, subnet, canister, { usageBytes, instructions, sender: call.sender });
  if (price.kind === "error") return fail(call, price.error);
  // Looked at last, and then nothing is charged.
  if (canister.execution === null) return fail(call, nothingToSnapshot(canister.id));
  payMemory(canister, price.value);

  const taken = snapshotNow(world, subnet, canister, canister.execution);
  // The pages belong to both now, so neither may write them in place.
  canister.execution = canister.execution.copy(nextEpoch());
  addSnapshot(canister, replaced.value, taken);
  addHeapDelta(world, subnet, canister, memoryDeltaBytes(taken));
  world.emit({ kind: "canister", ...at(world, subnet), canister: canister.id, change: "snapshotTaken" });
  const owed = uninstalls ? uninstallBy(world, subnet, canister, changeOrigin(call, argument.sender_canister_version)) : [];
  finish(subnet, canister);
  return { ...reply(call, encodeResult("take_canister_snapshot", snapshotToCandid(taken)), owed), instructions };
});

function snapshotNow(world: World, subnet: SubnetState, canister: CanisterState, execution: ExecutionState): CanisterSnapshot {
  return {
    id: nextSnapshotId(canister),
    source: "takenFromCanister",
    takenAtNanos: world.state.timeNanos,
    canisterVersion: canister.version,
    sizeBytes: snapshotBytes(canister),
    code: { kind: "module", module: execution.module },
    globals: globalsOf(execution),
    heap: execution.heap.fork(SHARED),
    stable: execution.stable.fork(SHARED),
    certifiedData: canister.certifiedData,
    chunkStore: canister.chunkStore,
    globalTimerNanos: canister.globalTimerNanos,
    lowMemoryHook: canister.lowMemoryHook,
    writtenRound: subnet.round,
  };
}

export const deleteCanisterSnapshot = changing(
  "delete_canister_snapshot",
  requireController,
  ({ world, subnet, call }, canister, argument) => {
    const snapshot = snapshotOf(canister, snapshotIdOf(argument.snapshot_id));
    if (snapshot.kind === "error") return fail(call, snapshot.error);
    const usageBytes = memoryUsageBytes(canister) - snapshot.value.sizeBytes;
    const price = memoryPrice(world, subnet, canister, { usageBytes, sender: call.sender });
    if (price.kind === "error") return fail(call, price.error);
    payMemory(canister, price.value);
    canister.snapshots = withoutSnapshot(canister.snapshots, snapshot.value.id);
    finish(subnet, canister);
    return reply(call);
  },
);
