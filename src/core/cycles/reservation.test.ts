import fc from "fast-check";
import { expect, test } from "vitest";
import { GIB, makeWorld, subnetAt } from "../../../test/support/canister-record.ts";
import { defaultLimits } from "../state/limits.ts";
import { feesOf } from "./fees.ts";
import {
  plus,
  reservationCycles,
  reservationRefusal,
  saturation,
  threadMemoryBytes,
  threadReservationBytes,
  type Saturation,
} from "./reservation.ts";

const TIB = 2 ** 40;
const limits = defaultLimits("application");
const config = subnetAt(makeWorld()).config;
const fees = feesOf(config);
/** A whole subnet, not divided by threads. */
const whole = (usageBytes: number): Saturation => ({ usageBytes, thresholdBytes: 750 * GIB, capacityBytes: 2 * TIB });

/** F(u) of cycles.md 5, written out. */
function total(usage: bigint): bigint {
  const threshold = 750n * BigInt(GIB);
  const capacity = 2n * BigInt(TIB);
  const above = (usage < capacity ? usage : capacity) - threshold;
  if (above <= 0n) return 0n;
  const seconds = (300_000_000n * above) / (capacity - threshold);
  return (above * 317_500n * (seconds / 2n)) / BigInt(GIB);
}

test("nothing is reserved below the threshold, on system subnets, or for free", () => {
  expect(reservationCycles(fees, whole(700 * GIB), 50 * GIB)).toBe(0n);
  expect(reservationCycles(feesOf({ ...config, kind: "system" }), whole(800 * GIB), GIB)).toBe(0n);
  expect(reservationCycles(feesOf({ ...config, costSchedule: "free" }), whole(800 * GIB), GIB)).toBe(0n);
  expect(reservationCycles(fees, whole(800 * GIB), 0)).toBe(0n);
});

test("the reservation grows with the usage, up to five years of storage for the last byte's share", () => {
  expect(reservationCycles(fees, whole(750 * GIB), GIB)).toBe(total(751n * BigInt(GIB)));
  expect(reservationCycles(fees, whole(749 * GIB), 2 * GIB)).toBe(total(751n * BigInt(GIB)));
  const last = reservationCycles(fees, whole(2 * TIB - GIB), GIB);
  expect(last).toBe(total(2n * BigInt(TIB)) - total(2n * BigInt(TIB) - BigInt(GIB)));
  expect(last).toBeGreaterThan(317_500n * 299_000_000n);
  expect(reservationCycles(fees, whole(2 * TIB), GIB)).toBe(0n);
});

test("allocating in pieces reserves what allocating at once does", () => {
  const bytes = fc.nat(20 * GIB);
  fc.assert(
    fc.property(fc.integer({ min: 740 * GIB, max: 2 * TIB }), bytes, bytes, (usage, first, second) => {
      const start = whole(usage);
      const pieces = reservationCycles(fees, start, first) + reservationCycles(fees, plus(start, first), second);
      expect(pieces).toBe(reservationCycles(fees, start, first + second));
    }),
  );
});

test("a thread has a quarter of what is free, less what is kept for callbacks", () => {
  expect(threadReservationBytes(limits)).toBe(2.5 * GIB);
  expect(threadMemoryBytes(limits, 0)).toBe(512 * GIB - 2.5 * GIB);
  expect(threadMemoryBytes(limits, 2 * TIB)).toBe(-2.5 * GIB);
  expect(saturation(limits, threadMemoryBytes(limits, 0))).toEqual({
    usageBytes: 2.5 * GIB,
    thresholdBytes: 187.5 * GIB,
    capacityBytes: 512 * GIB,
  });
  expect(saturation(limits, -1).usageBytes).toBe(512 * GIB);
});

test("the limit is looked at before the balance, and the freezing threshold not at all", () => {
  const account = { balanceCycles: 10n, reservedCycles: 5n, limitCycles: 20n };
  expect(reservationRefusal(10n, account)).toBeNull();
  expect(reservationRefusal(16n, account)).toEqual({ kind: "limit", requestedCycles: 21n, limitCycles: 20n });
  expect(reservationRefusal(15n, account)).toEqual({ kind: "balance", requestedCycles: 15n, availableCycles: 10n });
  expect(reservationRefusal(0n, { ...account, limitCycles: 0n })).toBeNull();
});
