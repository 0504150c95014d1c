/**
 * `upload_canister_snapshot_metadata` and `upload_canister_snapshot_data`: a snapshot made of what a user has, first its sizes, then its content in
 * pieces. Its module is looked at only when it is loaded.
 *
 * Source: interface spec, "IC method upload_canister_snapshot_metadata", "IC method upload_canister_snapshot_data"; management-canister.md 5.
 * Replica: `rs/execution_environment/src/canister_manager.rs`, `rs/replicated_state/src/canister_state/canister_snapshots.rs` (c7c5005).
 */
import { nextEpoch, SHARED } from "../../base/epoch.ts";
import { fromHex, toHex } from "../../base/bytes.ts";
import { PagedMemory } from "../canister/paged-memory.ts";
import { chargeManagementInstructions, runsWasm64 } from "../cycles/accounts.ts";
import { feesOf } from "../cycles/fees.ts";
import type { CanisterState } from "../state/canister.ts";
import { CHUNK_BYTES, GLOBAL_BYTES, memoryUsageBytes } from "../state/memory-usage.ts";
import type { SubnetState } from "../state/network-state.ts";
import type { UserError } from "../state/rejects.ts";
import { nextSnapshotId, withChanged, type CanisterSnapshot } from "../state/snapshots.ts";
import type { World } from "../state/world.ts";
import { WASM_PAGE_BYTES } from "../wasm/abi.ts";
import { MAX_WASM32_PAGES, MAX_WASM64_PAGES } from "../wasm/limits.ts";
import { isController, requireController } from "./access.ts";
import { fail, finish, reply, type MethodContext } from "./call.ts";
import { encodeResult, type Decoded, type SnapshotDataOffset, type UploadedMetadata } from "./candid.ts";
import { chunkRefusal, heapDeltaRefusal, UPLOAD_INSTRUCTIONS } from "./chunk-store.ts";
import { memoryPrice, payMemory } from "./memory-taking.ts";
import { changing } from "./method.ts";
import { cannotAffordOperation } from "./resource-errors.ts";
import { globalFromCandid, hookFromCandid, snapshotIdOf, timerFromCandid } from "./snapshot-candid.ts";
import { immutableSnapshot, inconsistentSnapshot, invalidSlice } from "./snapshot-errors.ts";
import { addHeapDelta } from "./snapshot-heap-delta.ts";
import { addSnapshot, replacedSnapshot, snapshotInstructions, snapshotOf } from "./take-snapshot.ts";

/** Replica: `rs/config/src/embedders.rs`, `WASM_MAX_SIZE`, `MAX_GLOBALS`. */
const MAX_MODULE_BYTES = 104_857_600n;
const MAX_GLOBALS = 1_000;
const MAX_STABLE_BYTES = 500n << 30n;
const MAX_CERTIFIED_DATA_BYTES = 32;
const PAGE = BigInt(WASM_PAGE_BYTES);

/** What the platform calls that which is wrong with the metadata; `null` when nothing is. */
function invalidMetadata(metadata: UploadedMetadata, wasm64: boolean): string | null {
  const { wasm_module_size, wasm_memory_size, stable_memory_size, globals, certified_data } = metadata;
  const maxHeapPages = wasm64 ? MAX_WASM64_PAGES : MAX_WASM32_PAGES;
  if (wasm_module_size === 0n) return "WasmModuleEmpty";
  if (wasm_module_size > MAX_MODULE_BYTES) return "WasmModuleTooLarge";
  if (wasm_memory_size % PAGE !== 0n) return "WasmMemoryNotPageAligned";
  if (wasm_memory_size > BigInt(maxHeapPages) * PAGE) return "WasmMemoryTooLarge";
  if (stable_memory_size % PAGE !== 0n) return "StableMemoryNotPageAligned";
  if (stable_memory_size > MAX_STABLE_BYTES) return "StableMemoryTooLarge";
  if (globals.length > MAX_GLOBALS) return "ExportedGlobalsTooLarge";
  if (certified_data.length > MAX_CERTIFIED_DATA_BYTES) return "CertifiedDataTooLarge";
  return null;
}

/** Bytes. The replica's own global is not counted here, and chunks are when they come. */
function uploadedBytes(metadata: UploadedMetadata): number {
  const { wasm_module_size, wasm_memory_size, stable_memory_size, certified_data, globals } = metadata;
  return Number(wasm_module_size + wasm_memory_size + stable_memory_size) + certified_data.length + GLOBAL_BYTES * globals.length;
}

export const uploadCanisterSnapshotMetadata = changing(
  "upload_canister_snapshot_metadata",
  requireController,
  (context, canister, metadata) => {
    const { world, subnet, call } = context;
    const invalid = invalidMetadata(metadata, runsWasm64(canister));
    if (invalid !== null) return fail(call, inconsistentSnapshot(`Snapshot Metadata contains invalid data: ${invalid}`));
    const replaced = replacedSnapshot(canister, metadata.replace_snapshot);
    if (replaced.kind === "error") return fail(call, replaced.error);
    const limited = heapDeltaRefusal(world, subnet, canister);
    if (limited !== null) return fail(call, limited);

    const sizeBytes = uploadedBytes(metadata);
    const instructions = snapshotInstructions(subnet, sizeBytes);
    const usageBytes = memoryUsageBytes(canister) + sizeBytes - (replaced.value?.sizeBytes ?? 0);
    const price = memoryPrice(world, subnet, canister, { usageBytes, instructions, sender: call.sender });
    if (price.kind === "error") return fail(call, price.error);
    payMemory(canister, price.value);
    const added = emptySnapshot(world, subnet, canister, metadata, sizeBytes);
    addSnapshot(canister, replaced.value, added);
    finish(subnet, canister);
    return { ...reply(call, encodeResult("upload_canister_snapshot_metadata", { snapshot_id: fromHex(added.id) })), instructions };
  },
);

function emptySnapshot(
  world: World,
  subnet: SubnetState,
  canister: CanisterState,
  metadata: UploadedMetadata,
  sizeBytes: number,
): CanisterSnapshot {
  const length = Number(metadata.wasm_module_size);
  const zeros = (bytes: number): PagedMemory => PagedMemory.empty(SHARED, Math.ceil(bytes / WASM_PAGE_BYTES));
  return {
    id: nextSnapshotId(canister),
    source: "metadataUpload",
    takenAtNanos: world.state.timeNanos,
    canisterVersion: canister.version,
    sizeBytes,
    code: { kind: "bytes", bytes: zeros(length), length },
    globals: metadata.globals.map(globalFromCandid),
    heap: zeros(Number(metadata.wasm_memory_size)),
    stable: zeros(Number(metadata.stable_memory_size)),
    certifiedData: metadata.certified_data,
    chunkStore: new Map(),
    globalTimerNanos: timerFromCandid(metadata.global_timer),
    lowMemoryHook: hookFromCandid(metadata.on_low_wasm_memory_hook_status),
    writtenRound: subnet.round,
  };
}

export const uploadCanisterSnapshotData = changing("upload_canister_snapshot_data", requireController, (context, canister, argument) => {
  const { world, subnet, call } = context;
  const { snapshot_id, kind, chunk } = argument;
  const snapshot = snapshotOf(canister, snapshotIdOf(snapshot_id));
  if (snapshot.kind === "error") return fail(call, snapshot.error);
  if (snapshot.value.source !== "metadataUpload") return fail(call, immutableSnapshot());
  const limited = heapDeltaRefusal(world, subnet, canister);
  if (limited !== null) return fail(call, limited);

  // Charged before anything is written, and whatever comes of it.
  const instructions = "wasm_chunk" in kind ? (subnet.config.kind === "system" ? 0 : UPLOAD_INSTRUCTIONS) : chunk.length;
  const unpaid = chargeManagementInstructions(feesOf(subnet.config), canister, instructions, isController(canister, call.sender));
  if (unpaid !== null) return fail(call, cannotAffordOperation(unpaid));
  const written = "wasm_chunk" in kind ? withChunk(context, canister, snapshot.value, chunk) : withSlice(snapshot.value, kind, chunk);
  if (written.kind === "error") return fail(call, written.error, instructions);
  if (written.value !== snapshot.value) {
    canister.snapshots = withChanged(canister.snapshots, { ...written.value, writtenRound: subnet.round });
    addHeapDelta(world, subnet, canister, () => ("wasm_chunk" in kind ? CHUNK_BYTES : chunk.length));
  }
  finish(subnet, canister);
  return { ...reply(call), instructions };
});

type SliceOffset = Exclude<SnapshotDataOffset, { readonly wasm_chunk: null }>;

/** The snapshot with bytes written in one of its parts. All others that share its pages keep theirs. */
function withSlice(snapshot: CanisterSnapshot, kind: SliceOffset, chunk: Uint8Array): Decoded<CanisterSnapshot> {
  const { code, heap, stable } = snapshot;
  if ("wasm_memory" in kind) return written(heap, heap.byteLength, kind.wasm_memory, chunk, (heap) => ({ ...snapshot, heap }));
  if ("stable_memory" in kind) return written(stable, stable.byteLength, kind.stable_memory, chunk, (stable) => ({ ...snapshot, stable }));
  if (code.kind !== "bytes") return { kind: "error", error: immutableSnapshot() };
  return written(code.bytes, code.length, kind.wasm_module, chunk, (bytes) => ({ ...snapshot, code: { ...code, bytes } }));
}

function written(
  memory: PagedMemory,
  length: number,
  { offset }: { readonly offset: bigint },
  chunk: Uint8Array,
  replace: (memory: PagedMemory) => CanisterSnapshot,
): Decoded<CanisterSnapshot> {
  const size = BigInt(chunk.length);
  if (offset + size > BigInt(length)) return { kind: "error", error: invalidSlice(offset, size) };
  const own = memory.fork(nextEpoch());
  own.write(Number(offset), chunk);
  return { kind: "value", value: replace(own) };
}

/** The snapshot with a chunk in its store, for which the canister pays here; itself if the chunk is there already. */
function withChunk(
  { world, subnet, call }: MethodContext,
  canister: CanisterState,
  snapshot: CanisterSnapshot,
  chunk: Uint8Array,
): Decoded<CanisterSnapshot> {
  const refuse = (error: UserError): Decoded<CanisterSnapshot> => ({ kind: "error", error });
  const { chunkStore, sizeBytes } = snapshot;
  const hash = toHex(world.platform.sha256(chunk));
  if (chunkStore.has(hash)) return { kind: "value", value: snapshot };
  const refused = chunkRefusal(chunkStore, chunk);
  if (refused !== null) return refuse(refused);
  const price = memoryPrice(world, subnet, canister, { usageBytes: memoryUsageBytes(canister) + CHUNK_BYTES, sender: call.sender });
  if (price.kind === "error") return refuse(price.error);
  payMemory(canister, price.value);
  return { kind: "value", value: { ...snapshot, sizeBytes: sizeBytes + CHUNK_BYTES, chunkStore: new Map([...chunkStore, [hash, chunk]]) } };
}
