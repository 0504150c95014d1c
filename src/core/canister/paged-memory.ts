/**
 * A canister's memory, heap or stable: pages of 4 KiB in a sparse table, pages of zeros absent.
 *
 * Two things are written on every part of the table:
 *  - the *epoch* that may write it in place. After a fork both sides have new epochs, so what they share is copied by whoever writes first;
 *  - a *stamp*, a number unique in the process for each content: the same stamp means the same bytes. Whoever keeps a copy of a memory
 *    (a Wasm instance, a cached digest) compares stamps to see what changed, and skips whole chunks at a time.
 * Neither is observable.
 *
 * The table has three levels (memory, directory, chunk, page), so that one page at the end of 500 GiB of stable memory costs little.
 */
import { assert } from "../../base/assert.ts";
import { SHARED, type Epoch } from "../../base/epoch.ts";
import { PAGE_BYTES, WASM_PAGE_BYTES } from "../wasm/abi.ts";
import { equalWords, isZeroPage, openSlab, PAGE_WORDS, Slab } from "./page-slabs.ts";

/** Pages of a chunk: 256 KiB. */
export const CHUNK_PAGES = 64;
/** Chunks of a directory: 16 MiB. */
const DIRECTORY_CHUNKS = 64;
/** 4 KiB pages of a Wasm page. */
export const PAGES_PER_WASM_PAGE = WASM_PAGE_BYTES / PAGE_BYTES;

/** The stamp of what is all zero. */
export const ZERO_STAMP = 0;
let lastStamp = ZERO_STAMP;

/** A page that is not all zero. */
class Page {
  readonly epoch: Epoch;
  stamp: number;
  readonly slab: Slab;
  /** Place in the slab, in pages. */
  readonly index: number;

  constructor(epoch: Epoch, stamp: number, slab: Slab, index: number) {
    this.epoch = epoch;
    this.stamp = stamp;
    this.slab = slab;
    this.index = index;
  }
}

class Chunk {
  readonly epoch: Epoch;
  stamp: number;
  readonly pages: (Page | undefined)[];
  /** Of the content, made when asked for; valid while `digestStamp` is `stamp`. */
  digest: Uint8Array | null = null;
  digestStamp = -1;

  constructor(epoch: Epoch, stamp: number, pages: (Page | undefined)[]) {
    this.epoch = epoch;
    this.stamp = stamp;
    this.pages = pages;
  }
}

class Directory {
  readonly epoch: Epoch;
  readonly chunks: (Chunk | undefined)[];

  constructor(epoch: Epoch, chunks: (Chunk | undefined)[]) {
    this.epoch = epoch;
    this.chunks = chunks;
  }
}

class Root {
  readonly epoch: Epoch;
  readonly directories: (Directory | undefined)[];

  constructor(epoch: Epoch, directories: (Directory | undefined)[]) {
    this.epoch = epoch;
    this.directories = directories;
  }
}

export class PagedMemory {
  readonly epoch: Epoch;
  private root: Root;
  private size: number;
  private contentStamp: number;

  private constructor(epoch: Epoch, root: Root, wasmPages: number, stamp: number) {
    this.epoch = epoch;
    this.root = root;
    this.size = wasmPages;
    this.contentStamp = stamp;
  }

  /** All zero. */
  static empty(epoch: Epoch, wasmPages: number): PagedMemory {
    return new PagedMemory(epoch, new Root(epoch, []), wasmPages, ZERO_STAMP);
  }

  /**
   * Of pages that lie one behind the other, ascending by `indices`, none all zero: they are not copied, and stay as they are when the memory is written.
   */
  static over(epoch: Epoch, wasmPages: number, indices: readonly number[], words: Int32Array<ArrayBuffer>): PagedMemory {
    const memory = PagedMemory.empty(epoch, wasmPages);
    const slab = new Slab(words);
    slab.used = indices.length;
    indices.forEach((index, place) => {
      assert(index < wasmPages * PAGES_PER_WASM_PAGE, "a page is within the memory");
      const chunk = memory.ownChunk(Math.floor(index / CHUNK_PAGES));
      chunk.pages[index % CHUNK_PAGES] = new Page(SHARED, memory.restamp(chunk), slab, place);
    });
    return memory;
  }

  /** The same content for another owner; nothing is copied. From now on only one of the two may still be written under its old epoch: the copy. */
  fork(epoch: Epoch): PagedMemory {
    return new PagedMemory(epoch, this.root, this.size, this.contentStamp);
  }

  /** Logical size in Wasm pages of 64 KiB. */
  get wasmPages(): number {
    return this.size;
  }

  get byteLength(): number {
    return this.size * WASM_PAGE_BYTES;
  }

  /** Equal stamps of two memories: equal content. (Not of sizes.) */
  get stamp(): number {
    return this.contentStamp;
  }

  /** New bytes are zero. */
  growTo(wasmPages: number): void {
    assert(wasmPages >= this.size, "memory never shrinks");
    this.size = wasmPages;
  }

  /** `undefined`: all zero. */
  chunk(index: number): Chunk | undefined {
    return this.root.directories[Math.floor(index / DIRECTORY_CHUNKS)]?.chunks[index % DIRECTORY_CHUNKS];
  }

  /** `undefined`: all zero. */
  page(index: number): Page | undefined {
    return this.chunk(Math.floor(index / CHUNK_PAGES))?.pages[index % CHUNK_PAGES];
  }

  /** Whether the first `count` words of a page (a multiple of 4) are those at `offset` of `words`. */
  pageEquals(index: number, words: Int32Array, offset: number, count: number): boolean {
    const page = this.page(index);
    if (page !== undefined) return equalWords(page.slab.words, page.index * PAGE_WORDS, words, offset, count);
    const end = offset + count;
    for (let i = offset; i < end; i++) if (words[i] !== 0) return false;
    return true;
  }

  /** Replaces a page by the words at `offset`; returns its new stamp. In place if this memory owns the page, else into a new place. */
  writePage(index: number, words: Int32Array, offset: number): number {
    assert(index < this.size * PAGES_PER_WASM_PAGE, "a write is within the memory");
    if (isZeroPage(words, offset)) return this.clearPage(index);
    const chunk = this.ownChunk(Math.floor(index / CHUNK_PAGES));
    const place = index % CHUNK_PAGES;
    const stamp = this.restamp(chunk);
    let page = chunk.pages[place];
    if (page === undefined || page.epoch !== this.epoch) {
      const slab = openSlab();
      page = new Page(this.epoch, stamp, slab, slab.used++);
      chunk.pages[place] = page;
    } else {
      page.stamp = stamp;
    }
    page.slab.words.set(words.subarray(offset, offset + PAGE_WORDS), page.index * PAGE_WORDS);
    return stamp;
  }

  private clearPage(index: number): number {
    if (this.page(index) !== undefined) {
      const chunk = this.ownChunk(Math.floor(index / CHUNK_PAGES));
      chunk.pages[index % CHUNK_PAGES] = undefined;
      this.restamp(chunk);
    }
    return ZERO_STAMP;
  }

  private restamp(chunk: Chunk): number {
    const stamp = ++lastStamp;
    chunk.stamp = stamp;
    this.contentStamp = stamp;
    return stamp;
  }

  private ownChunk(index: number): Chunk {
    const directory = this.ownDirectory(Math.floor(index / DIRECTORY_CHUNKS));
    const place = index % DIRECTORY_CHUNKS;
    const chunk = directory.chunks[place];
    if (chunk !== undefined && chunk.epoch === this.epoch) return chunk;
    const pages = chunk === undefined ? new Array<Page | undefined>(CHUNK_PAGES).fill(undefined) : chunk.pages.slice();
    const own = new Chunk(this.epoch, chunk === undefined ? ZERO_STAMP : chunk.stamp, pages);
    directory.chunks[place] = own;
    return own;
  }

  private ownDirectory(index: number): Directory {
    if (this.root.epoch !== this.epoch) this.root = new Root(this.epoch, this.root.directories.slice());
    const directories = this.root.directories;
    while (directories.length <= index) directories.push(undefined);
    const directory = directories[index];
    if (directory !== undefined && directory.epoch === this.epoch) return directory;
    const chunks = directory === undefined ? new Array<Chunk | undefined>(DIRECTORY_CHUNKS).fill(undefined) : directory.chunks.slice();
    const own = new Directory(this.epoch, chunks);
    directories[index] = own;
    return own;
  }

  /** Copies `length` bytes from `offset` into `target`. The range is within the memory. */
  read(offset: number, target: Uint8Array, start: number, length: number): void {
    assert(offset + length <= this.byteLength, "a read is within the memory");
    let done = 0;
    while (done < length) {
      const index = Math.floor((offset + done) / PAGE_BYTES);
      const within = (offset + done) % PAGE_BYTES;
      const count = Math.min(PAGE_BYTES - within, length - done);
      const page = this.page(index);
      if (page === undefined) {
        target.fill(0, start + done, start + done + count);
      } else {
        const from = page.index * PAGE_BYTES + within;
        target.set(page.slab.bytes.subarray(from, from + count), start + done);
      }
      done += count;
    }
  }

  /** Writes bytes at `offset`, within the memory. For what is not a run: data segments, uploaded snapshots. */
  write(offset: number, bytes: Uint8Array): void {
    const words = new Int32Array(PAGE_WORDS);
    const page = new Uint8Array(words.buffer);
    let done = 0;
    while (done < bytes.length) {
      const index = Math.floor((offset + done) / PAGE_BYTES);
      const within = (offset + done) % PAGE_BYTES;
      const count = Math.min(PAGE_BYTES - within, bytes.length - done);
      if (count < PAGE_BYTES) this.read(index * PAGE_BYTES, page, 0, PAGE_BYTES);
      page.set(bytes.subarray(done, done + count), within);
      this.writePage(index, words, 0);
      done += count;
    }
  }

  /** Every page that is not all zero, in ascending order. The bytes are to be read at once and not kept. */
  forEachPage(visit: (index: number, bytes: Uint8Array) => void): void {
    this.forEachChunk((chunkIndex, chunk) => {
      chunk.pages.forEach((page, place) => {
        if (page === undefined) return;
        const from = page.index * PAGE_BYTES;
        visit(chunkIndex * CHUNK_PAGES + place, page.slab.bytes.subarray(from, from + PAGE_BYTES));
      });
    });
  }

  private forEachChunk(visit: (index: number, chunk: Chunk) => void): void {
    this.root.directories.forEach((directory, d) => {
      directory?.chunks.forEach((chunk, c) => {
        if (chunk !== undefined) visit(d * DIRECTORY_CHUNKS + c, chunk);
      });
    });
  }

  /** Number of pages that are not all zero: what the memory costs the host. */
  get pageCount(): number {
    let count = 0;
    this.forEachChunk((_, chunk) => {
      for (const page of chunk.pages) if (page !== undefined) count++;
    });
    return count;
  }

  /**
   * A hash of size and content, the same for the same bytes however they came to be. Costs what changed since it was last asked for
   * (and a little for every chunk in use).
   */
  digest(sha256: (bytes: Uint8Array) => Uint8Array): Uint8Array {
    const parts: [number, Uint8Array][] = [];
    this.forEachChunk((index, chunk) => {
      const digest = chunkDigest(chunk, sha256);
      if (digest !== null) parts.push([index, digest]);
    });
    const bytes = new Uint8Array(8 + parts.length * 40);
    const view = new DataView(bytes.buffer);
    view.setFloat64(0, this.size);
    parts.forEach(([index, digest], i) => {
      view.setFloat64(8 + i * 40, index);
      bytes.set(digest, 16 + i * 40);
    });
    return sha256(bytes);
  }
}

/** `null` for a chunk without pages: it is as good as absent. */
function chunkDigest(chunk: Chunk, sha256: (bytes: Uint8Array) => Uint8Array): Uint8Array | null {
  if (chunk.digestStamp === chunk.stamp) return chunk.digest;
  let count = 0;
  for (const page of chunk.pages) if (page !== undefined) count++;
  const bytes = new Uint8Array(count * (1 + PAGE_BYTES));
  let at = 0;
  chunk.pages.forEach((page, place) => {
    if (page === undefined) return;
    bytes[at] = place;
    bytes.set(page.slab.bytes.subarray(page.index * PAGE_BYTES, (page.index + 1) * PAGE_BYTES), at + 1);
    at += 1 + PAGE_BYTES;
  });
  chunk.digest = count === 0 ? null : sha256(bytes);
  chunk.digestStamp = chunk.stamp;
  return chunk.digest;
}
