import fc from "fast-check";
import { expect, test } from "vitest";
import { utcText } from "./utc.ts";

test("days, seconds and fractions", () => {
  expect(utcText(0n)).toBe("1970-01-01 00:00:00 UTC");
  expect(utcText(1_746_143_718_005_285_297n)).toBe("2025-05-01 23:55:18.005285297 UTC");
  expect(utcText(1_500_000_000n)).toBe("1970-01-01 00:00:01.500 UTC");
  expect(utcText(1_000_020_000n)).toBe("1970-01-01 00:00:01.000020 UTC");
});

test("the calendar is that of JavaScript's dates", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
      const expected = new Date(seconds * 1000).toISOString().replace("T", " ").replace(".000Z", " UTC");
      expect(utcText(BigInt(seconds) * 1_000_000_000n)).toBe(expected);
    }),
  );
});
