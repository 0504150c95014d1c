import fc from "fast-check";
import { expect, test } from "vitest";
import { bigintOfBytes, compare, concat, equal, fromHex, toHex, u64BigEndian, u64OfWords } from "./bytes.ts";

const bytes = fc.uint8Array({ maxLength: 40 });
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });

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

test("integers come back from their bytes, and from their words, signed or not", () => {
  fc.assert(
    fc.property(u64, (value) => {
      const bytes = u64BigEndian(value);
      expect(BigInt("0x" + toHex(bytes))).toBe(value);
      expect(bigintOfBytes(bytes)).toBe(value);
      const view = new DataView(bytes.buffer);
      expect(u64OfWords(view.getUint32(4), view.getUint32(0))).toBe(value);
      expect(u64OfWords(view.getInt32(4), view.getInt32(0))).toBe(value);
    }),
  );
});
