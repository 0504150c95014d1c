import fc from "fast-check";
import { expect, test } from "vitest";
import * as integers from "./integers.ts";
import { U128_MAX, U64_MAX } from "./integers.ts";

const u64 = fc.bigInt({ min: 0n, max: U64_MAX });
const u128 = fc.bigInt({ min: 0n, max: U128_MAX });

test("checked operations give the exact result or null, saturating ones the nearest value", () => {
  fc.assert(
    fc.property(u64, u64, u128, u128, (a, b, c, d) => {
      const checked = (exact: bigint, max: bigint): bigint | null => (exact > max ? null : exact);
      expect(integers.checkedAddU64(a, b)).toBe(checked(a + b, U64_MAX));
      expect(integers.checkedMulU64(a, b)).toBe(checked(a * b, U64_MAX));
      expect(integers.checkedAddU128(c, d)).toBe(checked(c + d, U128_MAX));
      expect(integers.checkedMulU128(c, d)).toBe(checked(c * d, U128_MAX));
      expect(integers.saturatingAddU64(a, b)).toBe(checked(a + b, U64_MAX) ?? U64_MAX);
      expect(integers.saturatingMulU64(a, b)).toBe(checked(a * b, U64_MAX) ?? U64_MAX);
      expect(integers.saturatingAddU128(c, d)).toBe(checked(c + d, U128_MAX) ?? U128_MAX);
      expect(integers.saturatingMulU128(c, d)).toBe(checked(c * d, U128_MAX) ?? U128_MAX);
      expect(integers.saturatingSub(a, b)).toBe(a > b ? a - b : 0n);
      expect(integers.checkedSub(a, b)).toBe(a < b ? null : a - b);
    }),
  );
});

test("ceilDiv is the smallest quotient that covers", () => {
  fc.assert(
    fc.property(u128, fc.bigInt({ min: 1n, max: U64_MAX }), (a, b) => {
      const quotient = integers.ceilDiv(a, b);
      expect(quotient * b >= a && (quotient - 1n) * b < a).toBe(true);
    }),
  );
});

test("a value outside its range is a bug", () => {
  expect(integers.asU64(U64_MAX)).toBe(U64_MAX);
  expect(() => integers.asU64(U64_MAX + 1n)).toThrow("range of u64");
  expect(integers.asU128(U128_MAX)).toBe(U128_MAX);
  expect(() => integers.asU128(-1n)).toThrow("range of u128");
});

test("least, greatest, order", () => {
  expect([integers.minBigint(1n, 2n), integers.maxBigint(1n, 2n)]).toEqual([1n, 2n]);
  expect([3n, 1n, 2n, 2n].sort(integers.compareBigint)).toEqual([1n, 2n, 2n, 3n]);
});
