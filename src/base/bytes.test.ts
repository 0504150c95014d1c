import fc from "fast-check";
import { expect, test } from "vitest";
import {
  compare,
  concat,
  equal,
  fromHex,
  hiWord,
  loWord,
  readU128,
  readU64,
  toHex,
  u64BigEndian,
  u64OfWords,
  writeU128,
  writeU64,
} from "./bytes.ts";

const bytes = fc.uint8Array({ maxLength: 40 });
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const u128 = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n });

test("hex comes back as the bytes, and is Node's", () => {
  fc.assert(
    fc.property(bytes, (value) => {
      expect(toHex(value)).toBe(Buffer.from(value).toString("hex"));
      expect(fromHex(toHex(value))).toEqual(value);
      expect(fromHex(toHex(value).toUpperCase())).toEqual(value);
    }),
  );
});

test.each([
  ["abc", "odd number of digits (3)"],
  ["0g", 'position 1: "g"'],
  ["é0", 'position 0: "é"'],
  ["0ı", 'position 1: "ı"'],
])("%j is no hex: %s", (text, why) => {
  expect(() => fromHex(text)).toThrow(why);
});

test("order and equality are those of the hex texts", () => {
  fc.assert(
    fc.property(bytes, bytes, fc.nat(3), (a, b, common) => {
      const c = concat(a.subarray(0, common), b);
      for (const other of [a, b, c]) {
        expect(Math.sign(compare(a, other))).toBe(toHex(a) < toHex(other) ? -1 : toHex(a) > toHex(other) ? 1 : 0);
        expect(equal(a, other)).toBe(toHex(a) === toHex(other));
      }
    }),
  );
});

test("concat puts parts one after the other", () => {
  fc.assert(
    fc.property(fc.array(bytes), (parts) => {
      expect(toHex(concat(...parts))).toBe(parts.map(toHex).join(""));
    }),
  );
});

test("integers come back, at any offset", () => {
  const view = new DataView(new ArrayBuffer(40));
  fc.assert(
    fc.property(u64, u128, fc.nat(24), (small, large, offset) => {
      writeU64(view, offset, small);
      expect(readU64(view, offset)).toBe(small);
      writeU128(view, offset, large);
      expect(readU128(view, offset)).toBe(large);
      expect(u64OfWords(loWord(small), hiWord(small))).toBe(small);
      expect(u64OfWords(loWord(small) | 0, hiWord(small) | 0)).toBe(small);
      expect(BigInt("0x" + toHex(u64BigEndian(small)))).toBe(small);
    }),
  );
});

test("the least significant byte comes first", () => {
  const array = new Uint8Array(16);
  writeU128(new DataView(array.buffer), 0, 0x0102n << 64n);
  expect(toHex(array)).toBe("00000000000000000201000000000000");
});
