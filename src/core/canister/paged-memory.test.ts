import fc from "fast-check";
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { nextEpoch, SHARED } from "../../base/epoch.ts";
import { PAGE_BYTES, WASM_PAGE_BYTES } from "../wasm/abi.ts";
import { PAGE_WORDS } from "./page-slabs.ts";
import { PagedMemory, PAGES_PER_WASM_PAGE } from "./paged-memory.ts";

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());

/** A memory beside a plain byte array of the same content. */
interface Pair {
  memory: PagedMemory;
  model: Uint8Array;
}

function contentOf(memory: PagedMemory): Uint8Array {
  const bytes = new Uint8Array(memory.byteLength);
  memory.read(0, bytes, 0, bytes.length);
  return bytes;
}

type Step =
  | { readonly kind: "write"; readonly which: number; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "page"; readonly which: number; readonly page: number; readonly fill: number }
  | { readonly kind: "grow"; readonly which: number; readonly pages: number }
  | { readonly kind: "fork"; readonly which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("write" as const),
    which: fc.nat(),
    offset: fc.nat(),
    bytes: fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ minLength: 3000, maxLength: 6000 })),
  }),
  fc.record({ kind: fc.constant("page" as const), which: fc.nat(), page: fc.nat(), fill: fc.integer({ min: 0, max: 2 }) }),
  fc.record({ kind: fc.constant("grow" as const), which: fc.nat(), pages: fc.nat({ max: 3 }) }),
  fc.record({ kind: fc.constant("fork" as const), which: fc.nat() }),
);

function apply(pairs: Pair[], step: Step): void {
  const pair = pairs[step.which % pairs.length];
  switch (step.kind) {
    case "write": {
      const room = pair.model.length - step.bytes.length;
      if (room < 0) return;
      const offset = step.offset % (room + 1);
      pair.memory.write(offset, step.bytes);
      pair.model.set(step.bytes, offset);
      return;
    }
    case "page": {
      const count = pair.memory.wasmPages * PAGES_PER_WASM_PAGE;
      if (count === 0) return;
      const page = step.page % count;
      pair.memory.writePage(page, new Int32Array(PAGE_WORDS).fill(step.fill * 0x01010101), 0);
      pair.model.fill(step.fill, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
      return;
    }
    case "grow": {
      pair.memory.growTo(pair.memory.wasmPages + step.pages);
      const grown = new Uint8Array(pair.memory.byteLength);
      grown.set(pair.model);
      pair.model = grown;
      return;
    }
    case "fork": {
      if (pairs.length === 4) return;
      const original = pair.memory;
      pair.memory = original.fork(nextEpoch());
      pairs.push({ memory: original.fork(nextEpoch()), model: pair.model.slice() });
    }
  }
}

test("a memory and its forks are what plain byte arrays are", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const pairs: Pair[] = [{ memory: PagedMemory.empty(nextEpoch(), 2), model: new Uint8Array(2 * WASM_PAGE_BYTES) }];
      for (const one of steps) apply(pairs, one);
      for (const { memory, model } of pairs) expect(Buffer.compare(contentOf(memory), model)).toBe(0);
    }),
    { numRuns: 150 },
  );
});

test("equal bytes have equal digests, whatever the history; other bytes or sizes have others", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const pairs: Pair[] = [{ memory: PagedMemory.empty(nextEpoch(), 2), model: new Uint8Array(2 * WASM_PAGE_BYTES) }];
      for (const one of steps) {
        apply(pairs, one);
        pairs[0].memory.digest(sha256); // digests that are asked for in between must not stay when content changes
      }
      for (const { memory, model } of pairs) {
        const fresh = PagedMemory.empty(nextEpoch(), memory.wasmPages);
        fresh.write(0, model);
        expect(memory.digest(sha256)).toEqual(fresh.digest(sha256));
        if (model.length === 0) continue;
        fresh.write(model.length - 1, Uint8Array.of(model[model.length - 1] ^ 1));
        expect(memory.digest(sha256)).not.toEqual(fresh.digest(sha256));
      }
    }),
    { numRuns: 60 },
  );
});

test("pages that are written back to zero are absent again", () => {
  const memory = PagedMemory.empty(nextEpoch(), 4);
  memory.write(5000, Uint8Array.of(1, 2, 3));
  expect(memory.pageCount).toBe(1);
  memory.write(5000, new Uint8Array(3));
  expect(memory.pageCount).toBe(0);
  expect(memory.digest(sha256)).toEqual(PagedMemory.empty(nextEpoch(), 4).digest(sha256));
});

test("500 GiB cost what is touched", () => {
  const memory = PagedMemory.empty(nextEpoch(), 8_192_000);
  const end = memory.byteLength;
  memory.write(end - 3, Uint8Array.of(7, 8, 9));
  memory.write(0, Uint8Array.of(1));
  expect(memory.pageCount).toBe(2);
  const bytes = new Uint8Array(4);
  memory.fork(nextEpoch()).read(end - 4, bytes, 0, 4);
  expect([...bytes]).toEqual([0, 7, 8, 9]);
  const visited: number[] = [];
  memory.forEachPage((index) => visited.push(index));
  expect(visited).toEqual([0, 8_192_000 * PAGES_PER_WASM_PAGE - 1]);
});

test("an owned page is overwritten in place, a shared one is copied once", () => {
  const memory = PagedMemory.empty(nextEpoch(), 1);
  memory.write(0, Uint8Array.of(1));
  const first = memory.page(0);
  memory.write(1, Uint8Array.of(2));
  expect(memory.page(0)).toBe(first);

  const fork = memory.fork(nextEpoch());
  fork.write(2, Uint8Array.of(3));
  const copied = fork.page(0);
  expect(copied).not.toBe(first);
  fork.write(3, Uint8Array.of(4));
  expect(fork.page(0)).toBe(copied);
  expect([...contentOf(memory).subarray(0, 4)]).toEqual([1, 2, 0, 0]);
});

test("equal stamps mean equal content", () => {
  const image = PagedMemory.empty(SHARED, 1);
  image.write(10, Uint8Array.of(5));
  const a = image.fork(nextEpoch());
  const b = image.fork(nextEpoch());
  expect(a.stamp).toBe(b.stamp);
  a.write(10, Uint8Array.of(6));
  b.write(10, Uint8Array.of(6));
  expect(a.stamp).not.toBe(b.stamp);
  expect(a.stamp).not.toBe(image.stamp);
});
