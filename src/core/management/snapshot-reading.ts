/**
 * `list_canister_snapshots`, `read_canister_snapshot_metadata`, `read_canister_snapshot_data`: for whom `snapshot_visibility` admits. Data are paid by
 * the canister, with an instruction for each byte.
 *
 * Source: interface spec, "IC method list_canister_snapshots" and the two that read; management-canister.md 5.
 * Replica: `rs/execution_environment/src/canister_manager.rs` (c7c5005).
 */
import { fromHex, toHex } from "../../base/bytes.ts";
import type { PagedMemory } from "../canister/paged-memory.ts";
import { chargeManagementInstructions } from "../cycles/accounts.ts";
import { feesOf } from "../cycles/fees.ts";
import { CHUNK_BYTES } from "../state/memory-usage.ts";
import type { CanisterSnapshot } from "../state/snapshots.ts";
import { isController, mayView } from "./access.ts";
import { fail, reply } from "./call.ts";
import { encodeResult, opt, type Decoded, type SnapshotDataKind } from "./candid.ts";
import { chunkStoreError } from "./code-errors.ts";
import { noAccessToSnapshots } from "./errors.ts";
import { changing, reading, type Access } from "./method.ts";
import { cannotAffordOperation } from "./resource-errors.ts";
import { globalToCandid, hookToCandid, snapshotIdOf, snapshotToCandid, sourceToCandid, timerToCandid } from "./snapshot-candid.ts";
import { invalidSlice, sliceTooLarge } from "./snapshot-errors.ts";
import { snapshotOf } from "./take-snapshot.ts";

/** Source: management-canister.md 5. Replica: `MAX_SLICE_SIZE_BYTES`. */
const MAX_SLICE_BYTES = 2_000_000n;
/** Instructions of reading data, besides one per byte. Replica: `rs/config/src/subnet_config.rs`; 0 on system subnets. */
const BASELINE_INSTRUCTIONS = 5_000_000;

/** Controllers, and whom `snapshot_visibility` admits; `method` as the replica's text names it. */
const visibleFor =
  (method: string): Access =>
  (canister, caller) =>
    mayView(canister, canister.settings.snapshotVisibility, caller) ? null : noAccessToSnapshots(caller, method);

export const listCanisterSnapshots = reading("canister_id", visibleFor("list_canister_snapshots"), ({ call }, canister) =>
  reply(call, encodeResult("list_canister_snapshots", [...canister.snapshots.list.values()].map(snapshotToCandid))),
);

const metadataVisible = visibleFor("read read_canister_snapshot_metadata snapshot metadata");

export const readCanisterSnapshotMetadata = reading("read_canister_snapshot_metadata", metadataVisible, ({ call }, canister, argument) => {
  const snapshot = snapshotOf(canister, snapshotIdOf(argument.snapshot_id));
  if (snapshot.kind === "error") return fail(call, snapshot.error);
  return reply(call, encodeResult("read_canister_snapshot_metadata", metadataOf(snapshot.value)));
});

function metadataOf(snapshot: CanisterSnapshot): object {
  const { code, globalTimerNanos, lowMemoryHook } = snapshot;
  return {
    source: sourceToCandid(snapshot.source),
    taken_at_timestamp: snapshot.takenAtNanos,
    wasm_module_size: BigInt(code.kind === "module" ? code.module.uploadedBytes : code.length),
    globals: snapshot.globals.map(globalToCandid),
    wasm_memory_size: BigInt(snapshot.heap.byteLength),
    stable_memory_size: BigInt(snapshot.stable.byteLength),
    wasm_chunk_store: [...snapshot.chunkStore.keys()].sort().map((hash) => ({ hash: fromHex(hash) })),
    canister_version: BigInt(snapshot.canisterVersion),
    certified_data: snapshot.certifiedData,
    global_timer: opt(globalTimerNanos === null ? null : timerToCandid(globalTimerNanos)),
    on_low_wasm_memory_hook_status: opt(lowMemoryHook === null ? null : hookToCandid(lowMemoryHook)),
  };
}

const dataVisible = visibleFor("read_canister_snapshot_data");

export const readCanisterSnapshotData = changing("read_canister_snapshot_data", dataVisible, ({ subnet, call }, canister, argument) => {
  const { snapshot_id, kind } = argument;
  const snapshot = snapshotOf(canister, snapshotIdOf(snapshot_id));
  if (snapshot.kind === "error") return fail(call, snapshot.error);
  const bytes = replyBytes(kind);
  if (bytes > MAX_SLICE_BYTES) return fail(call, sliceTooLarge(bytes, MAX_SLICE_BYTES));

  // Charged for the largest answer, and whatever comes of it.
  const instructions = (subnet.config.kind === "system" ? 0 : BASELINE_INSTRUCTIONS) + Number(bytes);
  const unpaid = chargeManagementInstructions(feesOf(subnet.config), canister, instructions, isController(canister, call.sender));
  if (unpaid !== null) return fail(call, cannotAffordOperation(unpaid));
  const chunk = dataOf(snapshot.value, kind);
  if (chunk.kind === "error") return fail(call, chunk.error, instructions);
  return { ...reply(call, encodeResult("read_canister_snapshot_data", { chunk: chunk.value })), instructions };
});

function replyBytes(kind: SnapshotDataKind): bigint {
  if ("wasm_chunk" in kind) return BigInt(CHUNK_BYTES);
  return ("wasm_module" in kind ? kind.wasm_module : "wasm_memory" in kind ? kind.wasm_memory : kind.stable_memory).size;
}

function dataOf({ code, heap, stable, chunkStore }: CanisterSnapshot, kind: SnapshotDataKind): Decoded<Uint8Array> {
  if ("wasm_chunk" in kind) return chunkOf(chunkStore, kind.wasm_chunk.hash);
  if ("wasm_memory" in kind) return sliceOf(heap, heap.byteLength, kind.wasm_memory);
  if ("stable_memory" in kind) return sliceOf(stable, stable.byteLength, kind.stable_memory);
  return code.kind === "bytes"
    ? sliceOf(code.bytes, code.length, kind.wasm_module)
    : sliceOf({ read: readFrom(code.module.uploaded) }, code.module.uploaded.length, kind.wasm_module);
}

function readFrom(bytes: Uint8Array): PagedMemory["read"] {
  return (offset, to, start, length) => to.set(bytes.subarray(offset, offset + length), start);
}

function sliceOf(
  from: Pick<PagedMemory, "read">,
  length: number,
  slice: { readonly offset: bigint; readonly size: bigint },
): Decoded<Uint8Array> {
  const { offset, size } = slice;
  if (offset + size > BigInt(length)) return { kind: "error", error: invalidSlice(offset, size) };
  const bytes = new Uint8Array(Number(size));
  from.read(Number(offset), bytes, 0, bytes.length);
  return { kind: "value", value: bytes };
}

function chunkOf(store: ReadonlyMap<string, Uint8Array>, hash: Uint8Array): Decoded<Uint8Array> {
  const refuse = (text: string): Decoded<Uint8Array> => ({ kind: "error", error: chunkStoreError(text) });
  // As Rust's `{:02x?}` prints bytes.
  const printed = `[${Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join(", ")}]`;
  if (hash.length !== 32) return refuse(`Bytes ${printed} are not a valid WasmChunkHash.`);
  const chunk = store.get(toHex(hash));
  return chunk === undefined ? refuse(`WasmChunkHash ${printed} not found.`) : { kind: "value", value: chunk };
}
