/**
 * `load_canister_snapshot`: code, memories, globals, chunks and certified data of a snapshot, of the canister itself or of another one on the subnet,
 * take the place of the canister's. No code runs. Call contexts and callbacks stay.
 *
 * Source: interface spec, "IC method load_canister_snapshot"; management-canister.md 5.
 * Replica: `rs/execution_environment/src/{execution_environment,canister_manager}.rs` (c7c5005).
 */
import { nextEpoch } from "../../base/epoch.ts";
import { ExecutionState } from "../canister/execution-state.ts";
import { prepayExecution, refundExecution } from "../cycles/accounts.ts";
import { feesOf } from "../cycles/fees.ts";
import type { CanisterState } from "../state/canister.ts";
import { memoryUsageBytes } from "../state/memory-usage.ts";
import type { SubnetState } from "../state/network-state.ts";
import type { UserError } from "../state/rejects.ts";
import { canisterOfSnapshot, type CanisterSnapshot } from "../state/snapshots.ts";
import { at, limitsOf, type World } from "../state/world.ts";
import type { PreparedModule } from "../wasm/module-info.ts";
import { anybody, isController, requireController } from "./access.ts";
import { changeOrigin, fail, finish, reply, target } from "./call.ts";
import { heapDeltaRefusal } from "./chunk-store.ts";
import { addChange } from "./history.ts";
import { isWasmMemoryLow } from "./low-memory-hook.ts";
import { memoryPrice, payMemory } from "./memory-taking.ts";
import { changing } from "./method.ts";
import { createModule, creationOf, type ModuleCreation } from "./module-creation.ts";
import { cannotAffordOperation } from "./resource-errors.ts";
import { globalsMatch, imageOf, snapshotIdOf } from "./snapshot-candid.ts";
import * as errors from "./snapshot-errors.ts";
import { addHeapDelta, memoryDeltaBytes } from "./snapshot-heap-delta.ts";
import { snapshotInstructions, snapshotOf } from "./take-snapshot.ts";

export const loadCanisterSnapshot = changing("load_canister_snapshot", anybody, ({ world, subnet, call }, canister, argument) => {
  const id = snapshotIdOf(argument.snapshot_id);
  const owner = target(subnet, canisterOfSnapshot(id));
  if (owner.kind === "error") return fail(call, errors.snapshotNotFound(id, canisterOfSnapshot(id)));
  const denied = requireController(canister, call.sender);
  if (denied !== null) return fail(call, denied);
  const limited = heapDeltaRefusal(world, subnet, canister);
  if (limited !== null) return fail(call, limited);
  const chosen = snapshotOf(owner.value, id);
  if (chosen.kind === "error") return fail(call, chosen.error);
  const snapshot = chosen.value;
  const isOwn = owner.value.id === canister.id;
  if (!isOwn && !isController(owner.value, call.sender)) {
    return fail(call, errors.notControllerOfSnapshot(id, canister.id, call.sender));
  }
  if (canister.paused !== null) return fail(call, errors.longExecution(canister.id));

  // The module is made anew, and that is paid whatever comes of it.
  const created = moduleOf(world, subnet, canister, snapshot);
  const unpaid = chargeCreation(world, subnet, canister, created, isController(canister, call.sender));
  if (unpaid !== null) return fail(call, cannotAffordOperation(unpaid));
  if (created.module === null) return fail(call, created.error, created.instructions);
  const unfit =
    misfit(created.module, snapshot) ?? (isOwn || isInCheckpoint(world, subnet, snapshot) ? null : errors.notLoadableYet(id, canister.id));
  if (unfit !== null) return fail(call, unfit, created.instructions);

  const { heap, stable, globals, chunkStore, certifiedData } = snapshot;
  const execution = ExecutionState.create(created.module, nextEpoch(), { heap, stable, globals: imageOf(created.module.info, globals) });
  const inconsistent = hookMisfit(snapshot, isWasmMemoryLow(canister.settings, execution.heapBytes));
  if (inconsistent !== null) return fail(call, inconsistent, created.instructions);
  const sizeInstructions = snapshotInstructions(subnet, snapshot.sizeBytes);
  const usageBytes = memoryUsageBytes({ ...canister, execution, chunkStore });
  const price = memoryPrice(world, subnet, canister, { usageBytes, instructions: sizeInstructions, sender: call.sender });
  if (price.kind === "error") return fail(call, price.error, created.instructions);
  payMemory(canister, price.value);

  canister.execution = execution;
  canister.installedNanos = world.state.timeNanos;
  canister.chunkStore = chunkStore;
  canister.certifiedData = certifiedData;
  // Of snapshots taken from a canister, timer and hook stay as they are, for compatibility.
  if (snapshot.source === "metadataUpload") {
    canister.globalTimerNanos = snapshot.globalTimerNanos ?? canister.globalTimerNanos;
    canister.lowMemoryHook = snapshot.lowMemoryHook ?? canister.lowMemoryHook;
  }
  canister.version++;
  addChange(world, canister, changeOrigin(call, argument.sender_canister_version), {
    kind: "loadSnapshot",
    fromCanister: isOwn ? null : owner.value.id,
    snapshotId: id,
    canisterVersion: snapshot.canisterVersion,
    takenAtNanos: snapshot.takenAtNanos,
    source: snapshot.source,
  });
  addHeapDelta(world, subnet, canister, memoryDeltaBytes(snapshot));
  finish(subnet, canister);
  world.emit({ kind: "canister", ...at(world, subnet), canister: canister.id, change: "snapshotLoaded" });
  return { ...reply(call), instructions: created.instructions + sizeInstructions };
});

function moduleOf(world: World, subnet: SubnetState, canister: CanisterState, { code }: CanisterSnapshot): ModuleCreation {
  if (code.kind === "module") return creationOf(subnet, code.module);
  const bytes = new Uint8Array(code.length);
  code.bytes.read(0, bytes, 0, code.length);
  return createModule(world, subnet, canister.id, bytes);
}

/** Prepaid as the longest installation, less what making the module did not use. */
function chargeCreation(
  world: World,
  subnet: SubnetState,
  canister: CanisterState,
  { module, instructions: used }: ModuleCreation,
  revealTopUp: boolean,
): UserError | null {
  const fees = feesOf(subnet.config);
  const instructions = limitsOf(world, subnet).installCodeInstructions;
  const wasm64 = module?.info.wasm64 ?? false;
  const prepaidCycles = prepayExecution(fees, canister, instructions, revealTopUp, wasm64);
  if (typeof prepaidCycles !== "bigint") return prepaidCycles;
  refundExecution(fees, canister, { prepaidCycles, instructions, instructionsLeft: instructions - used, wasm64 });
  return null;
}

/**
 * Whether an uploaded snapshot fits the module that came with it.
 *
 * Departure: a heap larger than the module's memory may become is refused here. The replica loads it, and fails when the canister runs. A smaller one than
 * the module begins with is filled up with zeros at once, there when the canister runs.
 */
function misfit({ info }: PreparedModule, { source, globals, heap }: CanisterSnapshot): UserError | null {
  if (source === "takenFromCanister") return null;
  if (!globalsMatch(info, globals)) {
    return errors.inconsistentSnapshot("Wasm exported globals of canister module and snapshot metadata do not match.");
  }
  if (heap.wasmPages <= info.maximumPages) return null;
  return errors.inconsistentSnapshot(
    `Wasm memory of the snapshot has ${heap.wasmPages} pages, but that of its module may have ${info.maximumPages} at most.`,
  );
}

const PRINTED_HOOKS = { notSatisfied: "ConditionNotSatisfied", ready: "Ready", executed: "Executed" } as const;

function hookMisfit({ source, lowMemoryHook }: CanisterSnapshot, isLow: boolean): UserError | null {
  if (source === "takenFromCanister" || lowMemoryHook === null || (lowMemoryHook !== "notSatisfied") === isLow) return null;
  return errors.inconsistentSnapshot(
    `Hook status (Some(${PRINTED_HOOKS[lowMemoryHook]})) of uploaded snapshot is inconsistent with the canister's state (hook condition satisfied: ${isLow}).`,
  );
}

/**
 * Other canisters may have a snapshot's pages only from a checkpoint.
 *
 * Departure: the replica looks at pages, so that a snapshot of memories that were not written since the last checkpoint can be loaded at once. When
 * they were is not kept here: but for memories without content, there must have been a checkpoint since the snapshot was made.
 */
function isInCheckpoint(world: World, subnet: SubnetState, { writtenRound, heap, stable }: CanisterSnapshot): boolean {
  const { checkpointRounds } = limitsOf(world, subnet);
  const checkpointsBefore = (round: number): number => Math.floor(round / checkpointRounds);
  return checkpointsBefore(subnet.round) > checkpointsBefore(writtenRound) || heap.pageCount + stable.pageCount === 0;
}
