/**
 * A rewritten module with a *shared* memory: the same code, for large heaps on engines that want it (`WasmEngine.sharesMemoryFrom`). Nobody shares
 * the memory with anybody; engines only keep other books about it.
 */
import { assert } from "../../base/assert.ts";
import type { MemoryKind } from "./abi.ts";
import { ByteReader } from "./reader.ts";

const HEADER_BYTES = 8;
const MEMORY_SECTION = 5;
/** Flags of a memory with a maximum, which all rewritten ones have. */
const WITH_MAXIMUM = 1;
const SHARED_WITH_MAXIMUM = 3;

export function withMemory(rewritten: Uint8Array, memory: MemoryKind): Uint8Array {
  if (memory === "own") return rewritten;
  const reader = new ByteReader(rewritten, HEADER_BYTES);
  while (reader.byte() !== MEMORY_SECTION) {
    const bytes = reader.u32();
    reader.position += bytes;
  }
  reader.u32(); // its length, which stays
  assert(reader.u32() === 1, "a rewritten module has one memory");
  assert(reader.byte() === WITH_MAXIMUM, "a rewritten memory has a maximum");
  const shared = rewritten.slice();
  shared[reader.position - 1] = SHARED_WITH_MAXIMUM;
  return shared;
}
