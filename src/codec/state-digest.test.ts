import { createHash } from "node:crypto";
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { InvariantBroken } from "../base/assert.ts";
import { toHex } from "../base/bytes.ts";
import { nextEpoch } from "../base/epoch.ts";
import { OwnedQueue } from "../base/queue.ts";
import { SortedMap } from "../base/sorted-map.ts";
import { DigestWriter } from "./state-digest.ts";

const digest = (value: unknown): string => toHex(new DigestWriter(sha256.create()).value(value).digest());

const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, false),
    fc.integer(),
    fc.bigInt({ min: -(1n << 130n), max: 1n << 130n }),
    fc.string({ unit: "binary" }),
    fc.uint8Array(),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(fc.string({ minLength: 1 }), tie("value"), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value;

/** A text that is the same exactly for the same values. */
const shown = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) => {
    if (typeof v === "bigint") return { bigint: v.toString() };
    if (v instanceof Uint8Array) return { bytes: [...v] };
    if (v !== null && typeof v === "object" && !Array.isArray(v)) return { record: Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)) };
    return typeof v === "string" ? `"${v}` : v;
  });

test("same digest exactly for the same value", () => {
  fc.assert(
    fc.property(plain, plain, (a, b) => {
      expect(digest(a) === digest(b)).toBe(shown(a) === shown(b));
      expect(digest(structuredClone(a))).toBe(digest(a));
    }),
  );
});

test.each([
  [1, 1n],
  ["1", 1],
  [0n, null],
  [[["a"], "b"], [["a", "b"]]],
  ["ab", new Uint8Array([97, 98])],
  [1n << 64n, (1n << 64n) + 1n],
  [{ a: [] }, { a: {} }],
  [-1n, 1n],
])("%s and %s have different digests", (a, b) => {
  expect(digest(a)).not.toBe(digest(b));
});

test("order of insertion, epochs and absent fields are not in it", () => {
  const map = (keys: string[]): SortedMap<string, number> => {
    const sorted = SortedMap.empty<string, number>(nextEpoch());
    for (const key of keys) sorted.set(key, key.length);
    return sorted;
  };
  expect(digest({ epoch: 1, a: map(["x", "yy"]), b: 1 })).toBe(digest({ b: 1, a: map(["yy", "x"]), c: undefined, epoch: 2 }));
  expect(digest(new Map([["x", 1], ["yy", 2]]))).toBe(digest(map(["x", "yy"]))); // prettier-ignore
  expect(digest(new Set([3, 20]))).toBe(digest([3, 20]));
  const queue = OwnedQueue.empty<number>(nextEpoch());
  for (const item of [9, 3, 20]) queue.push(item);
  queue.shift();
  expect(digest(queue)).toBe(digest([3, 20]));
});

test("an object of a class writes itself, or is refused by name", () => {
  class Counted {
    digestTo(writer: DigestWriter): void {
      writer.number(5);
    }
  }
  class Opaque {}
  expect(digest(new Counted())).toBe(digest(5));
  expect(() => digest({ a: new Opaque() })).toThrow("class Opaque");
  for (const wrong of [Number.NaN, undefined, () => 1, new Map([[{}, 1]])]) expect(() => digest(wrong)).toThrow(InvariantBroken);
});

test("what does not fit the buffer is hashed all the same, by any implementation", () => {
  for (const length of [4090, 4096, 4097, 100_000]) {
    const value = [1, new Uint8Array(length).fill(7), "end"];
    expect(toHex(new DigestWriter(createHash("sha256")).value(value).digest())).toBe(digest(value));
  }
});
