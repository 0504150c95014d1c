import fc from "fast-check";
import { expect, test } from "vitest";
import { concat, toHex } from "../base/bytes.ts";
import { decodeLeb128, decodeSignedLeb128, encodeLeb128, encodeSignedLeb128 } from "./leb128.ts";

test("the examples of the specifications", () => {
  expect(toHex(encodeLeb128(0))).toBe("00");
  expect(toHex(encodeLeb128(624485))).toBe("e58e26");
  expect(toHex(encodeSignedLeb128(-123456))).toBe("c0bb78");
  expect([-1, 63, 64, -64, -65].map((n) => toHex(encodeSignedLeb128(n)))).toEqual(["7f", "3f", "c000", "40", "bf7f"]);
});

test("decode undoes encode, anywhere in a byte string, and the form is the shortest", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 1n << 130n }), fc.uint8Array(), (value, before) => {
      const bytes = encodeLeb128(value);
      expect(decodeLeb128(concat(before, bytes, Uint8Array.of(1)), before.length)).toEqual({ value, end: before.length + bytes.length });
      expect(bytes.length).toBe(Math.max(1, Math.ceil(value.toString(2).replace(/^0/, "").length / 7)));
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: -(1n << 130n), max: 1n << 130n }), (value) => {
      const bytes = encodeSignedLeb128(value);
      expect(decodeSignedLeb128(bytes)).toEqual({ value, end: bytes.length });
      expect(BigInt.asIntN(7 * (bytes.length - 1), value) === value && bytes.length > 1).toBe(false);
    }),
  );
});

test("numbers and bigints are written alike", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      expect(encodeLeb128(value)).toEqual(encodeLeb128(BigInt(value)));
      expect(encodeSignedLeb128(-value)).toEqual(encodeSignedLeb128(-BigInt(value)));
    }),
  );
});

test("refuses what is not in the set, and what ends too early", () => {
  for (const wrong of [-1, -1n, 0.5, 2 ** 53, Number.NaN]) expect(() => encodeLeb128(wrong)).toThrow("natural number");
  expect(() => encodeSignedLeb128(0.5)).toThrow("not an integer");
  expect(() => decodeLeb128(Uint8Array.of(0x80, 0x80))).toThrow("behind the end");
  expect(() => decodeSignedLeb128(Uint8Array.of())).toThrow("behind the end");
});
