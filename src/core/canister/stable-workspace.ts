/**
 * Stable memory as one run has it: pages it wrote lie over the canister's own, and pages it has seen are counted, because
 * each may be accessed and dirtied only so often per execution and each newly dirty one is charged.
 *
 * Source: wasm.md 5.1 and 6. Replica: `rs/embedders/src/wasm_utils/system_api_replacements.rs` (c7c5005).
 */
import { SHARED } from "../../base/epoch.ts";
import { PAGE_BYTES, WASM_PAGE_BYTES } from "../wasm/abi.ts";
import { PAGE_WORDS, ScratchPages, type Slab } from "./page-slabs.ts";
import { PagedMemory, PAGES_PER_WASM_PAGE } from "./paged-memory.ts";

const NO_MEMORY = PagedMemory.empty(SHARED, 0);

interface Written {
  readonly slab: Slab;
  readonly index: number;
}

export class StableWorkspace {
  private base: PagedMemory = NO_MEMORY;
  private size = 0;
  private readonly scratch = new ScratchPages();
  private readonly written = new Map<number, Written>();
  /** Pages read or written. */
  private readonly seen = new Set<number>();

  begin(base: PagedMemory): void {
    this.base = base;
    this.size = base.wasmPages;
  }

  end(): void {
    this.base = NO_MEMORY;
    if (this.seen.size === 0) return;
    this.seen.clear();
    this.written.clear();
    this.scratch.reset();
  }

  get wasmPages(): number {
    return this.size;
  }

  get byteLength(): number {
    return this.size * WASM_PAGE_BYTES;
  }

  grow(wasmPages: number): void {
    this.size += wasmPages;
  }

  get dirtyPages(): number {
    return this.written.size;
  }

  get accessedPages(): number {
    return this.seen.size;
  }

  /** Pages of a range (not empty) that this run has not seen. */
  unseenIn(offset: number, length: number): number {
    const last = Math.floor((offset + length - 1) / PAGE_BYTES);
    let count = 0;
    for (let page = Math.floor(offset / PAGE_BYTES); page <= last; page++) if (!this.seen.has(page)) count++;
    return count;
  }

  /** Pages of a range (not empty) that this run has not written. */
  unwrittenIn(offset: number, length: number): number {
    const last = Math.floor((offset + length - 1) / PAGE_BYTES);
    let count = 0;
    for (let page = Math.floor(offset / PAGE_BYTES); page <= last; page++) if (!this.written.has(page)) count++;
    return count;
  }

  /** The range is within the memory, and not empty. */
  read(offset: number, target: Uint8Array, start: number, length: number): void {
    let done = 0;
    while (done < length) {
      const page = Math.floor((offset + done) / PAGE_BYTES);
      const within = (offset + done) % PAGE_BYTES;
      const count = Math.min(PAGE_BYTES - within, length - done);
      const written = this.written.get(page);
      if (written !== undefined) {
        const from = written.index * PAGE_BYTES + within;
        target.set(written.slab.bytes.subarray(from, from + count), start + done);
      } else if (page < this.base.wasmPages * PAGES_PER_WASM_PAGE) {
        this.base.read(offset + done, target, start + done, count);
      } else {
        target.fill(0, start + done, start + done + count);
      }
      this.seen.add(page);
      done += count;
    }
  }

  /** The range is within the memory, and not empty. */
  write(offset: number, source: Uint8Array, start: number, length: number): void {
    let done = 0;
    while (done < length) {
      const page = Math.floor((offset + done) / PAGE_BYTES);
      const within = (offset + done) % PAGE_BYTES;
      const count = Math.min(PAGE_BYTES - within, length - done);
      const place = this.written.get(page) ?? this.open(page, count === PAGE_BYTES);
      place.slab.bytes.set(source.subarray(start + done, start + done + count), place.index * PAGE_BYTES + within);
      done += count;
    }
  }

  /** A place for a page that is written for the first time; holds the old content unless all of it is replaced. */
  private open(page: number, whole: boolean): Written {
    const place = this.scratch.take();
    if (!whole) {
      const old = this.base.page(page);
      const to = place.index * PAGE_WORDS;
      if (old === undefined) place.slab.words.fill(0, to, to + PAGE_WORDS);
      else place.slab.words.set(old.slab.words.subarray(old.index * PAGE_WORDS, (old.index + 1) * PAGE_WORDS), to);
    }
    this.written.set(page, place);
    this.seen.add(page);
    return place;
  }

  /** Writes what the run did into a memory: that of the state it ran on, or of a copy of it. */
  commitTo(memory: PagedMemory): void {
    memory.growTo(this.size);
    for (const [page, place] of this.written) memory.writePage(page, place.slab.words, place.index * PAGE_WORDS);
  }
}
