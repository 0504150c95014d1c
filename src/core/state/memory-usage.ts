/**
 * What of a canister counts as memory, and how much: the base of storage fees, of `canister_status` and of the subnet's total.
 *
 * Source: interface spec, "IC method canister_status" (memory_metrics); management-canister.md 2.3, wasm.md 5.
 * Message memory is not in it; it is charged on its own.
 */
import { utf8Length } from "../../base/utf8.ts";
import type { CustomSection } from "../wasm/module-info.ts";
import type { CanisterState, HistoryEntry } from "./canister.ts";

/** Bytes of each kind, named as in `memory_metrics`. */
export interface MemoryMetrics {
  readonly wasmMemory: number;
  readonly stableMemory: number;
  readonly globalMemory: number;
  readonly wasmBinary: number;
  readonly customSections: number;
  readonly canisterHistory: number;
  readonly wasmChunkStore: number;
  readonly snapshots: number;
}

/** Bytes of each global that is exported or mutable. Replica: `rs/replicated_state/src/canister_state/execution_state.rs`, `size_of::<Global>()`. */
export const GLOBAL_BYTES = 32;
/** The replica's own global, which counts as the module's. Source: wasm.md 5. */
const INSTRUCTION_COUNTER = 1;
/** Bytes each chunk is accounted for, whatever its size. Source: management-canister.md 4. */
export const CHUNK_BYTES = 1_048_576;
/** Replica: `size_of::<CanisterChange>()`, computed from its fields (the rename record is the largest variant). */
const HISTORY_ENTRY_BYTES = 192;
/** Replica: `size_of::<PrincipalId>()`. */
const PRINCIPAL_BYTES = 30;

export function memoryMetrics(canister: CanisterState): MemoryMetrics {
  const execution = canister.execution;
  return {
    wasmMemory: execution === null ? 0 : execution.heapBytes,
    stableMemory: execution === null ? 0 : execution.stableBytes,
    globalMemory: execution === null ? 0 : GLOBAL_BYTES * (execution.module.info.countedGlobals + INSTRUCTION_COUNTER),
    wasmBinary: execution === null ? 0 : execution.module.uploadedBytes,
    customSections: execution === null ? 0 : customSectionBytes(execution.module.info.customSections),
    canisterHistory: historyBytes(canister.history.entries),
    wasmChunkStore: CHUNK_BYTES * canister.chunkStore.size,
    snapshots: canister.snapshots.sizeBytes,
  };
}

/** Sum of the metrics, in bytes. Asked for before every execution, so it walks nothing twice. */
export function memoryUsageBytes(canister: CanisterState): number {
  const { execution } = canister;
  const bytes = CHUNK_BYTES * canister.chunkStore.size + historyBytes(canister.history.entries) + canister.snapshots.sizeBytes;
  if (execution === null) return bytes;
  const { info, uploadedBytes } = execution.module;
  const ofModule = GLOBAL_BYTES * (info.countedGlobals + INSTRUCTION_COUNTER) + uploadedBytes + customSectionBytes(info.customSections);
  return bytes + execution.heapBytes + execution.stableBytes + ofModule;
}

/**
 * Code and memories alone, as a snapshot that were taken now would count them: the custom sections are in the module, and not again beside it.
 * Replica: `CanisterState::snapshot_size_bytes` (c7c5005).
 */
export function snapshotBytes({ execution, chunkStore, certifiedData }: CanisterState): number {
  const bytes = CHUNK_BYTES * chunkStore.size + certifiedData.length;
  if (execution === null) return bytes;
  const { info, uploadedBytes } = execution.module;
  const globals = GLOBAL_BYTES * (info.countedGlobals + INSTRUCTION_COUNTER);
  return bytes + execution.heapBytes + execution.stableBytes + globals + uploadedBytes;
}

/** What `uninstall_code` would free: everything but history and snapshots. */
export function uninstallableBytes(canister: CanisterState): number {
  return memoryUsageBytes(canister) - historyBytes(canister.history.entries) - canister.snapshots.sizeBytes;
}

/** What is charged and counted on the subnet: the larger of usage and allocation, in bytes. */
export function allocatedBytes(canister: CanisterState): bigint {
  return withAllocation(canister.settings.memoryAllocation, memoryUsageBytes(canister));
}

export function withAllocation(memoryAllocation: bigint, usageBytes: number): bigint {
  const usage = BigInt(usageBytes);
  return usage > memoryAllocation ? usage : memoryAllocation;
}

/** Modules and history lists are replaced whole, so their sizes are worked out once. */
const sizes = new WeakMap<object, number>();

/** Names and contents of the `icp:` sections. */
export function customSectionBytes(sections: readonly CustomSection[]): number {
  if (sections.length === 0) return 0;
  let bytes = sizes.get(sections);
  if (bytes === undefined) {
    bytes = sections.reduce((sum, section) => sum + utf8Length(section.name) + section.content.length, 0);
    sizes.set(sections, bytes);
  }
  return bytes;
}

function historyBytes(entries: readonly HistoryEntry[]): number {
  let bytes = sizes.get(entries);
  if (bytes === undefined) {
    bytes = entries.length * HISTORY_ENTRY_BYTES;
    for (const { details } of entries) {
      if (details.kind === "creation" || details.kind === "controllersChange") bytes += PRINCIPAL_BYTES * details.controllers.length;
    }
    sizes.set(entries, bytes);
  }
  return bytes;
}
