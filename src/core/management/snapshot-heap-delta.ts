/**
 * What snapshots add to a canister's heap delta, where a subnet limits that.
 *
 * Departure: the replica counts the pages of a snapshot that were written since the last checkpoint; which those are is not kept here, so that all
 * count that are not zero.
 */
import type { PagedMemory } from "../canister/paged-memory.ts";
import type { CanisterState } from "../state/canister.ts";
import { CHUNK_BYTES } from "../state/memory-usage.ts";
import type { SubnetState } from "../state/network-state.ts";
import { limitsOf, type World } from "../state/world.ts";
import { PAGE_BYTES } from "../wasm/abi.ts";

interface Memories {
  readonly heap: PagedMemory;
  readonly stable: PagedMemory;
  readonly chunkStore: ReadonlyMap<string, Uint8Array>;
}

/** A function, as it walks the memories and is seldom asked. */
export function memoryDeltaBytes({ heap, stable, chunkStore }: Memories): () => number {
  return () => PAGE_BYTES * (heap.pageCount + stable.pageCount) + CHUNK_BYTES * chunkStore.size;
}

/** `canister` must be for writing. */
export function addHeapDelta(world: World, subnet: SubnetState, canister: CanisterState, bytes: () => number): void {
  if (limitsOf(world, subnet).rateLimiting) canister.heapDeltaDebitBytes += bytes();
}
