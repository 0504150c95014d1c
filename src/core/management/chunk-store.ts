/**
 * The Wasm chunk store: `upload_chunk`, `stored_chunks`, `clear_chunk_store`, and putting a module together for `install_chunked_code`.
 *
 * Source: interface spec, "IC method upload_chunk" and following; management-canister.md 4, wasm.md 8.
 * Replica: `rs/replicated_state/src/canister_state/system_state/wasm_chunk_store.rs`, `rs/execution_environment/src/canister_manager.rs` (c7c5005).
 */
import { concat, fromHex, toHex } from "../../base/bytes.ts";
import { chargeManagementInstructions } from "../cycles/accounts.ts";
import { feesOf } from "../cycles/fees.ts";
import type { CanisterState } from "../state/canister.ts";
import { CHUNK_BYTES, memoryUsageBytes } from "../state/memory-usage.ts";
import type { SubnetState } from "../state/network-state.ts";
import type { UserError } from "../state/rejects.ts";
import { limitsOf, type World } from "../state/world.ts";
import type { Platform } from "../wasm/engine.ts";
import { isController, requireControllerOrSelf } from "./access.ts";
import { fail, finish, reply } from "./call.ts";
import { encodeResult, type Decoded } from "./candid.ts";
import * as errors from "./code-errors.ts";
import { memoryPrice, payMemory } from "./memory-taking.ts";
import { changing, reading } from "./method.ts";
import { heapDeltaRateLimited } from "./resource-errors.ts";

/** Chunks of a store. Source: wasm.md 8. */
export const MAX_CHUNKS = 100;
/** Instructions of one upload, whether or not the chunk is new. Replica: `rs/config/src/subnet_config.rs`; 0 on system subnets. */
export const UPLOAD_INSTRUCTIONS = 200_000_000;

export const uploadChunk = changing("upload_chunk", requireControllerOrSelf, ({ world, subnet, call }, canister, { chunk }) => {
  // Charged before anything is looked at, and whatever comes of it: hashing costs as much for a chunk that is there already.
  const instructions = subnet.config.kind === "system" ? 0 : UPLOAD_INSTRUCTIONS;
  const unpaid = chargeManagementInstructions(feesOf(subnet.config), canister, instructions, isController(canister, call.sender));
  if (unpaid !== null) return fail(call, errors.chunkStoreError(`Error charging for 'upload_chunk': ${unpaid.description}`));

  const hash = toHex(world.platform.sha256(chunk));
  if (!canister.chunkStore.has(hash)) {
    const refused = chunkRefusal(canister.chunkStore, chunk) ?? heapDeltaRefusal(world, subnet, canister);
    if (refused !== null) return fail(call, refused, instructions);
    const price = memoryPrice(world, subnet, canister, { usageBytes: memoryUsageBytes(canister) + CHUNK_BYTES, sender: call.sender });
    if (price.kind === "error") return fail(call, price.error, instructions);
    payMemory(canister, price.value);
    canister.chunkStore = new Map([...canister.chunkStore, [hash, chunk]]);
    if (limitsOf(world, subnet).rateLimiting) canister.heapDeltaDebitBytes += CHUNK_BYTES;
  }
  finish(subnet, canister);
  return { ...reply(call, encodeResult("upload_chunk", { hash: fromHex(hash) })), instructions };
});

/** Whether a new chunk has a place in a store. */
export function chunkRefusal(store: ReadonlyMap<string, Uint8Array>, chunk: Uint8Array): UserError | null {
  if (chunk.length > CHUNK_BYTES) {
    return errors.chunkStoreError(`Wasm chunk size ${chunk.length} exceeds the maximum chunk size of ${CHUNK_BYTES}`);
  }
  if (store.size >= MAX_CHUNKS) {
    const capacity = MAX_CHUNKS * CHUNK_BYTES;
    return errors.chunkStoreError(
      `Wasm chunk store has already reached maximum capacity of ${capacity} bytes or the maximum number of entries, ${MAX_CHUNKS}`,
    );
  }
  return null;
}

/** A canister that has written too much lately writes nothing more here. */
export function heapDeltaRefusal(world: World, subnet: SubnetState, canister: CanisterState): UserError | null {
  const limits = limitsOf(world, subnet);
  if (!limits.rateLimiting || canister.heapDeltaDebitBytes < limits.heapDeltaRateLimitBytes) return null;
  return heapDeltaRateLimited(canister.id, canister.heapDeltaDebitBytes, limits.heapDeltaRateLimitBytes);
}

export const storedChunks = reading("canister_id", requireControllerOrSelf, ({ call }, canister) => {
  const hashes = [...canister.chunkStore.keys()].sort();
  return reply(
    call,
    encodeResult(
      "stored_chunks",
      hashes.map((hash) => ({ hash: fromHex(hash) })),
    ),
  );
});

export const clearChunkStore = changing("canister_id", requireControllerOrSelf, ({ world, subnet, call }, canister) => {
  const usageBytes = memoryUsageBytes(canister) - CHUNK_BYTES * canister.chunkStore.size;
  const price = memoryPrice(world, subnet, canister, { usageBytes, sender: call.sender });
  if (price.kind === "error") return fail(call, price.error);
  payMemory(canister, price.value);
  canister.chunkStore = new Map();
  finish(subnet, canister);
  return reply(call);
});

/** The module that the chunks make, or what is wrong with them. */
export function assembleChunks(
  platform: Platform,
  store: ReadonlyMap<string, Uint8Array>,
  list: readonly { readonly hash: Uint8Array }[],
  moduleHash: Uint8Array,
): Decoded<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (const { hash } of list) {
    if (hash.length !== 32) return { kind: "error", error: errors.chunkStoreError("Chunk hash is invalid. The length is not 32") };
    const part = store.get(toHex(hash));
    if (part === undefined) return { kind: "error", error: errors.chunkStoreError(`Chunk hash ${printBytes(hash)} was not found`) };
    parts.push(part);
  }
  const module = concat(...parts);
  const actual = platform.sha256(module);
  if (toHex(actual) !== toHex(moduleHash)) {
    const mismatch = `Wasm module hash ${printBytes(actual)} does not match given hash ${printBytes(moduleHash)}`;
    return { kind: "error", error: errors.chunkStoreError(mismatch) };
  }
  return { kind: "value", value: module };
}

/** As Rust's `{:?}` prints a byte array. */
function printBytes(bytes: Uint8Array): string {
  return `[${Array.from(bytes).join(", ")}]`;
}
