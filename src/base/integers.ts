/**
 * Sized integers on `bigint`: amounts are kept within u64 or u128 by these functions and by nothing else.
 */
import { assert } from "./assert.ts";

export const U64_MAX: bigint = (1n << 64n) - 1n;
export const U128_MAX: bigint = (1n << 128n) - 1n;

export function isU64(value: bigint): boolean {
  return value >= 0n && value <= U64_MAX;
}

export function isU128(value: bigint): boolean {
  return value >= 0n && value <= U128_MAX;
}

/** The value itself; anything outside u64 is a bug of ours. */
export function asU64(value: bigint): bigint {
  assert(isU64(value), "a value left the range of u64");
  return value;
}

/** The value itself; anything outside u128 is a bug of ours. */
export function asU128(value: bigint): bigint {
  assert(isU128(value), "a value left the range of u128");
  return value;
}

/** `null` on overflow. */
export function checkedAddU64(a: bigint, b: bigint): bigint | null {
  return inRange(a + b, U64_MAX);
}

/** `null` on overflow. */
export function checkedAddU128(a: bigint, b: bigint): bigint | null {
  return inRange(a + b, U128_MAX);
}

/** `null` on overflow. */
export function checkedMulU64(a: bigint, b: bigint): bigint | null {
  return inRange(a * b, U64_MAX);
}

/** `null` on overflow. */
export function checkedMulU128(a: bigint, b: bigint): bigint | null {
  return inRange(a * b, U128_MAX);
}

/** `null` when b is larger. */
export function checkedSub(a: bigint, b: bigint): bigint | null {
  return a >= b ? a - b : null;
}

export function saturatingAddU64(a: bigint, b: bigint): bigint {
  return minBigint(a + b, U64_MAX);
}

export function saturatingAddU128(a: bigint, b: bigint): bigint {
  return minBigint(a + b, U128_MAX);
}

export function saturatingMulU64(a: bigint, b: bigint): bigint {
  return minBigint(a * b, U64_MAX);
}

export function saturatingMulU128(a: bigint, b: bigint): bigint {
  return minBigint(a * b, U128_MAX);
}

/** a - b, or 0 when b is larger. */
export function saturatingSub(a: bigint, b: bigint): bigint {
  return a > b ? a - b : 0n;
}

/** a / b, rounded up; a is not negative and b is positive. */
export function ceilDiv(a: bigint, b: bigint): bigint {
  assert(a >= 0n && b > 0n);
  return (a + b - 1n) / b;
}

export function minBigint(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

export function maxBigint(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** For sorting. */
export function compareBigint(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function inRange(value: bigint, max: bigint): bigint | null {
  return value <= max ? value : null;
}
