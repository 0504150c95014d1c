import fc from "fast-check";
import { expect, test } from "vitest";
import { isU64, maxBigint, minBigint, saturatingAddU128, saturatingSub, U128_MAX, U64_MAX } from "./integers.ts";

const u128 = fc.bigInt({ min: 0n, max: U128_MAX });

test("saturating operations give the exact result, or the nearest that there is", () => {
  fc.assert(
    fc.property(u128, u128, (a, b) => {
      expect(saturatingAddU128(a, b)).toBe(a + b > U128_MAX ? U128_MAX : a + b);
      expect(saturatingSub(a, b)).toBe(a > b ? a - b : 0n);
    }),
  );
});

test("u64 goes from 0 to its largest", () => {
  expect([-1n, 0n, U64_MAX, U64_MAX + 1n].map(isU64)).toEqual([false, true, true, false]);
});

test("least, greatest", () => {
  expect([minBigint(1n, 2n), maxBigint(1n, 2n)]).toEqual([1n, 2n]);
});
