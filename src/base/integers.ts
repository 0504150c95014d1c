/**
 * Integers on `bigint`: the bounds of u64 and u128, and arithmetic that stops at them.
 */

export const U64_MAX: bigint = (1n << 64n) - 1n;
export const U128_MAX: bigint = (1n << 128n) - 1n;

export function isU64(value: bigint): boolean {
  return value >= 0n && value <= U64_MAX;
}

export function saturatingAddU128(a: bigint, b: bigint): bigint {
  return minBigint(a + b, U128_MAX);
}

/** a - b, or 0 when b is larger. */
export function saturatingSub(a: bigint, b: bigint): bigint {
  return a > b ? a - b : 0n;
}

export function minBigint(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

export function maxBigint(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
