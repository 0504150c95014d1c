import { expect, test } from "vitest";
import { CanneryError } from "../base/cannery-error.ts";
import { instantNanos, nanosOf } from "./duration.ts";

test("spans in any parts, exact for whole numbers", () => {
  expect(nanosOf(5n)).toBe(5n);
  expect(nanosOf({ days: 1, hours: 2, minutes: 3, seconds: 4, millis: 5, nanos: 6 })).toBe(93_784_005_000_006n);
  expect(nanosOf({ days: 36_500_001 })).toBe(36_500_001n * 86_400_000_000_000n);
  expect(nanosOf({ seconds: 0.25, nanos: 2n ** 70n })).toBe(250_000_000n + 2n ** 70n);
  expect(nanosOf({})).toBe(0n);
});

test("instants as nanoseconds or as dates", () => {
  expect(instantNanos(7n)).toBe(7n);
  expect(instantNanos(new Date("2024-01-01T00:00:00.001Z"))).toBe(1_704_067_200_001_000_000n);
  expect(() => instantNanos(new Date("no"))).toThrow(CanneryError);
});

test("what is no span is refused", () => {
  for (const wrong of [-1n, { seconds: -1 }, { seconds: Number.NaN }, { weeks: 1 }, 5, null, { seconds: 1n }]) {
    expect(() => nanosOf(wrong as never)).toThrow(CanneryError);
  }
});
