/**
 * Stable memory. On the platform these functions are compiled into the module; ours come to the host, with the same order of checks.
 * That is why a trap in one of them has the function itself as innermost frame of its backtrace, under the name of the import, also where
 * the module names nothing.
 *
 * Source: interface spec, "Stable memory"; wasm.md 6. Replica: `rs/embedders/src/wasm_utils/system_api_replacements.rs` (c7c5005).
 */
import { PREFIX_BYTES } from "../../wasm/abi.ts";
import { tooManyPagesAccessed, tooManyPagesDirtied, trapped } from "../errors.ts";
import type { RunContext } from "../run-context.ts";
import type { Imports } from "./api.ts";

/** 500 GiB in Wasm pages. Source: wasm.md 5. */
const MAX_STABLE_WASM_PAGES = 8_192_000;
/** What the 32-bit functions can address. */
const MAX_32_BIT_WASM_PAGES = 65_536;
/** Instructions for each page of 4 KiB that a message writes first. Source: wasm.md 4.4. */
const DIRTY_PAGE_INSTRUCTIONS = 1000;
/** Largest heap address and length the 64-bit functions take: anything more is out of bounds before any page is counted. */
const MAX_HEAP_ADDRESS_32 = 2 ** 32 - 1;
const MAX_HEAP_ADDRESS_64 = 6 * 2 ** 30;

export function stableImports(run: RunContext): Imports {
  const maxHeapAddress = run.info.wasm64 ? MAX_HEAP_ADDRESS_64 : MAX_HEAP_ADDRESS_32;
  return {
    stable_size: () => {
      check32(run, "stable_size");
      return run.stable.wasmPages;
    },
    stable_grow: (pages) => {
      pages >>>= 0;
      check32(run, "stable_grow");
      return run.stable.wasmPages + pages > MAX_32_BIT_WASM_PAGES ? -1 : grow(run, pages);
    },
    stable_write: (offset, src, size) => {
      if (size === 0) return;
      check32(run, "stable_write");
      write(run, "stable_write", offset >>> 0, src >>> 0, size >>> 0);
    },
    stable_read: (dst, offset, size) => {
      if (size === 0) return;
      check32(run, "stable_read");
      read(run, "stable_read", dst >>> 0, offset >>> 0, size >>> 0);
    },

    stable64_size: () => run.returnNumber(run.stable.wasmPages),
    stable64_grow: (lo, hi) => {
      const before = grow(run, u64Number(lo, hi));
      return before === -1 ? returnMinusOne(run) : run.returnNumber(before);
    },
    stable64_write: (offsetLo, offsetHi, srcLo, srcHi, sizeLo, sizeHi) => {
      const size = u64Number(sizeLo, sizeHi);
      if (size === 0) return;
      const offset = u64Number(offsetLo, offsetHi);
      const src = u64Number(srcLo, srcHi);
      checkStable(run, "stable64_write", offset, size);
      if (src > maxHeapAddress || size > maxHeapAddress) run.fail(trapped("heap out of bounds"), "stable64_write");
      write(run, "stable64_write", offset, src, size);
    },
    stable64_read: (dstLo, dstHi, offsetLo, offsetHi, sizeLo, sizeHi) => {
      const size = u64Number(sizeLo, sizeHi);
      if (size === 0) return;
      const offset = u64Number(offsetLo, offsetHi);
      const dst = u64Number(dstLo, dstHi);
      checkStable(run, "stable64_read", offset, size);
      if (dst > maxHeapAddress || size > maxHeapAddress) run.fail(trapped("heap out of bounds"), "stable64_read");
      read(run, "stable64_read", dst, offset, size);
    },
  };
}

/** A u64 as a number: not exact from 2^53 on, and all that large is out of every bound. */
function u64Number(lo: number, hi: number): number {
  return (hi >>> 0) * 2 ** 32 + (lo >>> 0);
}

function returnMinusOne(run: RunContext): number {
  run.hi = -1;
  return -1;
}

function check32(run: RunContext, name: string): void {
  if (run.stable.wasmPages > MAX_32_BIT_WASM_PAGES) run.fail(trapped("32 bit stable memory api used on a memory larger than 4GB"), name);
}

function checkStable(run: RunContext, name: string, offset: number, size: number): void {
  if (offset + size > run.stable.byteLength) run.fail(trapped("stable memory out of bounds"), name);
}

/** Returns the old size, or -1. */
function grow(run: RunContext, pages: number): number {
  const before = run.stable.wasmPages;
  if (before + pages > MAX_STABLE_WASM_PAGES) return -1;
  const answer = run.view.growStable(run.memoryUse(), pages * 65_536);
  switch (answer.kind) {
    case "refuse":
      return -1;
    case "trap":
      return run.failWith(answer.error);
    case "grow":
      run.stable.grow(pages);
      return before;
  }
}

function read(run: RunContext, name: string, dst: number, offset: number, size: number): void {
  checkStable(run, name, offset, size);
  checkAccess(run, offset, size);
  if (dst + size > run.heapBytes) run.fail(trapped("heap out of bounds"), name);
  run.stable.read(offset, run.bytes, PREFIX_BYTES + dst, size);
  run.markHeap(dst, size);
}

function write(run: RunContext, name: string, offset: number, src: number, size: number): void {
  checkStable(run, name, offset, size);
  checkAccess(run, offset, size);
  const dirtied = run.stable.unwrittenIn(offset, size);
  if (run.stable.dirtyPages + dirtied > run.limits.stablePagesDirtied) run.fail(tooManyPagesDirtied());
  if (dirtied > 0) run.charge(dirtied * DIRTY_PAGE_INSTRUCTIONS);
  if (src + size > run.heapBytes) run.fail(trapped("heap out of bounds"), name);
  run.stable.write(offset, run.bytes, PREFIX_BYTES + src, size);
}

function checkAccess(run: RunContext, offset: number, size: number): void {
  if (run.stable.accessedPages + run.stable.unseenIn(offset, size) > run.limits.stablePagesAccessed) run.fail(tooManyPagesAccessed());
}
