import { describe, expect, test } from "vitest";
import { GIB, makeCanister, makeWorld, subnetAt } from "../../../test/support/canister-record.ts";
import type { LongExecution } from "../state/long-execution.ts";
import { burnRemainingCycles } from "./accounts.ts";
import { chargeForResources, isChargeDue } from "./charging.ts";
import { feesOf } from "./fees.ts";

const world = makeWorld();
const config = subnetAt(world).config;
const fees = feesOf(config);
const SECOND = 1_000_000_000n;
const PER_GIB = 317_500n;
const PER_PERCENT = 10_000_000n;

function later(canister: { lastChargeNanos: bigint }, seconds: bigint): bigint {
  return canister.lastChargeNanos + seconds * SECOND;
}

test("is due ten seconds after the last one, and never while an execution is held", () => {
  const canister = makeCanister(world);
  expect(isChargeDue(canister, later(canister, 10n) - 1n)).toBe(false);
  expect(isChargeDue(canister, later(canister, 10n))).toBe(true);
  canister.paused = { held: {} } as LongExecution;
  expect(isChargeDue(canister, later(canister, 10n))).toBe(false);
});

test("takes storage and compute for whole seconds, and loses the rest of a second", () => {
  const canister = makeCanister(world, { code: { heapBytes: 2 * GIB }, settings: { computeAllocation: 3 }, balanceCycles: 10n ** 12n });
  const now = later(canister, 12n) + 999_999_999n;
  expect(chargeForResources(fees, canister, now)).toBe(true);
  // The module has one global of 32 bytes beside the heap: less than a cycle a day.
  const storage = 12n * 2n * PER_GIB;
  const compute = 12n * 3n * PER_PERCENT;
  expect(canister.balanceCycles).toBe(10n ** 12n - storage - compute);
  expect(canister.consumed).toMatchObject({ memory: storage, computeAllocation: compute });
  expect(canister.lastChargeNanos).toBe(now);
});

test("charges the allocation where it is larger than the usage", () => {
  const canister = makeCanister(world, { code: null, settings: { memoryAllocation: BigInt(4 * GIB) }, balanceCycles: 10n ** 12n });
  chargeForResources(fees, canister, later(canister, 10n));
  expect(canister.consumed.memory).toBe(40n * PER_GIB);
});

test("a rate below 8 640 cycles a day costs nothing at ten-second intervals", () => {
  // 330 bytes cost 8 430 cycles a day, 340 bytes 8 686.
  const cheap = makeCanister(world, { code: null, settings: { memoryAllocation: 330n }, balanceCycles: 5n });
  const dearer = makeCanister(world, { code: null, settings: { memoryAllocation: 340n }, balanceCycles: 5n });
  expect(chargeForResources(fees, cheap, later(cheap, 10n))).toBe(true);
  expect(chargeForResources(fees, dearer, later(dearer, 10n))).toBe(true);
  expect(cheap.balanceCycles).toBe(5n);
  expect(dearer.balanceCycles).toBe(4n);
});

describe("paying [abstract-behavior#cycle-bookkeeping-and-resource-consumption]", () => {
  test("comes from the reserved balance first, down to the last cycle", () => {
    const cost = 10n * PER_GIB;
    const canister = makeCanister(world, {
      code: null,
      settings: { memoryAllocation: BigInt(GIB) },
      reservedCycles: 100n,
      balanceCycles: cost - 100n,
    });
    expect(chargeForResources(fees, canister, later(canister, 10n))).toBe(true);
    expect([canister.reservedCycles, canister.balanceCycles]).toEqual([0n, 0n]);
    expect(canister.consumed.memory).toBe(cost);
  });

  test("is whole or not at all; after the first charge that fails nothing more is taken", () => {
    const settings = { memoryAllocation: BigInt(GIB), computeAllocation: 1 };
    const cost = 10n * PER_GIB;
    const rich = makeCanister(world, { code: null, settings, balanceCycles: cost + 7n });
    expect(chargeForResources(fees, rich, later(rich, 10n))).toBe(false);
    expect(rich.balanceCycles).toBe(7n); // storage paid, compute not
    const poor = makeCanister(world, { code: null, settings, balanceCycles: cost - 1n, reservedCycles: 0n });
    expect(chargeForResources(fees, poor, later(poor, 10n))).toBe(false);
    expect(poor.balanceCycles).toBe(cost - 1n);
    expect(poor.lastChargeNanos).toBe(later(rich, 0n));
  });

  test("what is left of a canister that ran out is burned", () => {
    const canister = makeCanister(world, { balanceCycles: 7n, reservedCycles: 3n });
    burnRemainingCycles(canister);
    expect([canister.balanceCycles, canister.reservedCycles, canister.consumed.uninstall]).toEqual([0n, 0n, 10n]);
  });

  test("is only counted on a free subnet", () => {
    const canister = makeCanister(world, { code: { heapBytes: GIB }, settings: { computeAllocation: 1 }, balanceCycles: 0n });
    expect(chargeForResources(feesOf({ ...config, costSchedule: "free" }), canister, later(canister, 10n))).toBe(true);
    expect(canister.balanceCycles).toBe(0n);
    expect(canister.consumed).toMatchObject({ memory: 10n * PER_GIB, computeAllocation: 10n * PER_PERCENT });
  });
});
