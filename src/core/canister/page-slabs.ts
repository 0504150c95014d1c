/**
 * Where the bytes of pages lie: slabs of many pages, so that no page is an array of its own (an array costs more than copying the page).
 * A slab is given back by the garbage collector when no page in it is referred to any more.
 */
import { PAGE_BYTES } from "../wasm/abi.ts";

/** 32-bit words of a page: contents are compared and copied by words. */
export const PAGE_WORDS = PAGE_BYTES / 4;

/** Pages of a slab: few enough that one long-lived page does not keep much garbage alive. */
const SLAB_PAGES = 32;

export class Slab {
  readonly words: Int32Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Pages given out. */
  used = 0;

  constructor(words: Int32Array<ArrayBuffer>) {
    this.words = words;
    this.bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  }

  static of(pages: number): Slab {
    return new Slab(new Int32Array(pages * PAGE_WORDS));
  }

  get isFull(): boolean {
    return this.used * PAGE_WORDS === this.words.length;
  }
}

/** The slab that new pages are taken from, of all memories together: a canister with one page does not hold a slab. */
let open = Slab.of(SLAB_PAGES);

/** A slab with a place for a page at `slab.used`, which the caller takes by counting `used` up. */
export function openSlab(): Slab {
  if (open.isFull) open = Slab.of(SLAB_PAGES);
  return open;
}

/** Places for pages that live only during one run: taken one after the other, all given back at once. */
export class ScratchPages {
  private slabs: Slab[] = [];
  private used = 0;

  /** The next place; its old content is whatever was there. */
  take(): { readonly slab: Slab; readonly index: number } {
    const slabIndex = Math.floor(this.used / SLAB_PAGES);
    if (slabIndex === this.slabs.length) this.slabs.push(Slab.of(SLAB_PAGES));
    return { slab: this.slabs[slabIndex], index: this.used++ % SLAB_PAGES };
  }

  /** Gives all places back; keeps a few slabs for the next run. */
  reset(): void {
    this.used = 0;
    if (this.slabs.length > 4) this.slabs.length = 4;
  }
}

/** Whether the page at this word offset is all zero. */
export function isZeroPage(words: Int32Array, offset: number): boolean {
  const end = offset + PAGE_WORDS;
  for (let i = offset; i < end; i += 4) {
    if ((words[i] | words[i + 1] | words[i + 2] | words[i + 3]) !== 0) return false;
  }
  return true;
}

/** Whether two pages, or their first `count` words (a multiple of 4), are equal. */
export function equalWords(a: Int32Array, aOffset: number, b: Int32Array, bOffset: number, count: number): boolean {
  for (let i = 0; i < count; i += 4) {
    if (
      a[aOffset + i] !== b[bOffset + i] ||
      a[aOffset + i + 1] !== b[bOffset + i + 1] ||
      a[aOffset + i + 2] !== b[bOffset + i + 2] ||
      a[aOffset + i + 3] !== b[bOffset + i + 3]
    ) {
      return false;
    }
  }
  return true;
}
