import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CONTROLLER, GIB, makeCanister, makeWorld, PAGE, subnetAt } from "../../../test/support/canister-record.ts";
import { memoryUsageBytes } from "../state/memory-usage.ts";
import { principalText } from "../state/principal.ts";
import { feesOf } from "./fees.ts";
import {
  freezingThresholdCycles,
  idleCyclesPerDay,
  idleUse,
  isFrozen,
  liquidBalanceCycles,
  outOfCyclesError,
  shortfall,
  shortfallOf,
  type Shortfall,
} from "./freezing.ts";

const world = makeWorld();
const fees = feesOf(subnetAt(world).config);
const fees34 = feesOf({ ...subnetAt(world).config, nodeCount: 34 });

test("memory usage is heap, stable memory, globals with the replica's own, module and history", () => {
  const canister = makeCanister(world, { code: { heapBytes: 3 * PAGE, stableBytes: 2 * PAGE, moduleBytes: 1_000, globals: 4 } });
  expect(memoryUsageBytes(canister)).toBe(5 * PAGE + 1_000 + 5 * 32);
  expect(memoryUsageBytes(makeCanister(world, { code: null }))).toBe(0);
});

describe("the idle rate [abstract-behavior#cycle-bookkeeping-and-resource-consumption]", () => {
  test("is storage of usage or allocation, whichever is larger, message memory, and compute", () => {
    const gib = 27_432_000_000n; // 317 500 a second
    const { settings } = makeCanister(world);
    const use = { memoryBytes: 2 * GIB, messageBytes: GIB };
    expect(idleCyclesPerDay(fees, settings, use)).toBe(3n * gib);
    expect(idleCyclesPerDay(fees, { ...settings, memoryAllocation: BigInt(5 * GIB) }, use)).toBe(6n * gib);
    expect(idleCyclesPerDay(fees, { ...settings, memoryAllocation: BigInt(GIB) }, use)).toBe(3n * gib);
    expect(idleCyclesPerDay(fees, { ...settings, computeAllocation: 2 }, use)).toBe(3n * gib + 2n * 864_000_000_000n);
  });

  test("is scaled part by part", () => {
    const { settings } = makeCanister(world);
    const use = { memoryBytes: 100_000, messageBytes: 100_000 };
    const part = (((100_000n * 317_500n * 86_400n) / 2n ** 30n) * 34n) / 13n;
    expect(idleCyclesPerDay(fees34, settings, use)).toBe(2n * part);
  });
});

describe("the freezing threshold [abstract-behavior#cycle-bookkeeping-and-resource-consumption]", () => {
  test("is the idle rate for the threshold's time, less the reserved balance", () => {
    const { settings } = makeCanister(world);
    const use = { memoryBytes: GIB, messageBytes: 0 };
    const threshold = 27_432_000_000n * 30n;
    expect(freezingThresholdCycles(fees, settings, use, 0n)).toBe(threshold);
    expect(freezingThresholdCycles(fees, settings, use, 1_000n)).toBe(threshold - 1_000n);
    expect(freezingThresholdCycles(fees, settings, use, threshold + 1n)).toBe(0n);
    expect(freezingThresholdCycles(fees, { ...settings, freezingThresholdSeconds: 0n }, use, 0n)).toBe(0n);
    expect(freezingThresholdCycles(fees, { ...settings, freezingThresholdSeconds: 1n }, use, 0n)).toBe(317_500n);
  });

  test("a balance of exactly the threshold and the amount is enough", () => {
    const canister = makeCanister(world, { code: { heapBytes: GIB } });
    const threshold = freezingThresholdCycles(fees, canister.settings, idleUse(canister), 0n);
    canister.balanceCycles = threshold + 10n;
    expect(shortfallOf(fees, canister, 10n)).toBeNull();
    expect(shortfallOf(fees, canister, 11n)).toEqual({
      availableCycles: threshold + 10n,
      requestedCycles: 11n,
      thresholdCycles: threshold,
    });
    canister.balanceCycles = threshold;
    expect(isFrozen(fees, canister)).toBe(false);
    canister.balanceCycles--;
    expect(isFrozen(fees, canister)).toBe(true);
  });

  test("nobody freezes on a system or a free subnet", () => {
    const subnet = subnetAt(world).config;
    for (const config of [
      { ...subnet, kind: "system" as const },
      { ...subnet, costSchedule: "free" as const },
    ]) {
      const canister = makeCanister(world, { balanceCycles: 0n, code: { heapBytes: 3 * GIB }, settings: { computeAllocation: 5 } });
      expect(isFrozen(feesOf(config), canister)).toBe(false);
    }
  });
});

test("the estimate answers as the exact formula does", () => {
  const { settings } = makeCanister(world);
  const cases = fc.record({
    nodes: fc.constantFrom(13, 34, 7, 28),
    memoryBytes: fc.nat(6 * GIB),
    messageBytes: fc.nat(GIB),
    allocation: fc.bigInt(0n, BigInt(8 * GIB)),
    percent: fc.nat(100),
    seconds: fc.oneof(fc.constant(2_592_000n), fc.bigInt(0n, 2n ** 64n - 1n)),
    reserved: fc.bigInt(0n, 10n ** 13n),
    requested: fc.bigInt(0n, 10n ** 14n),
    // Around the edge, and anywhere.
    offset: fc.oneof(fc.bigInt(-3n, 3n), fc.bigInt(-(10n ** 12n), 10n ** 15n)),
  });
  fc.assert(
    fc.property(cases, (c) => {
      const subnetFees = feesOf({ ...subnetAt(world).config, nodeCount: c.nodes });
      const changed = { ...settings, memoryAllocation: c.allocation, computeAllocation: c.percent, freezingThresholdSeconds: c.seconds };
      const use = { memoryBytes: c.memoryBytes, messageBytes: c.messageBytes };
      const threshold = freezingThresholdCycles(subnetFees, changed, use, c.reserved);
      const balance = threshold + c.requested + c.offset;
      if (balance < 0n) return;
      const enough = shortfall(subnetFees, changed, use, { balanceCycles: balance, reservedCycles: c.reserved }, c.requested) === null;
      expect(enough).toBe(balance >= threshold + c.requested);
    }),
    { numRuns: 2_000 },
  );
});

test("the liquid balance is never negative [canister-interface#system-api-cycles]", () => {
  expect(liquidBalanceCycles(10n, 3n)).toBe(7n);
  expect(liquidBalanceCycles(3n, 10n)).toBe(0n);
});

test("only controllers are told how much is missing", () => {
  const canister = makeCanister(world);
  const missing: Shortfall = { availableCycles: 70n, requestedCycles: 50n, thresholdCycles: 100n };
  const id = principalText(canister.id);
  expect(outOfCyclesError(canister.id, missing, false)).toEqual({ code: 207, description: `Canister ${id} is out of cycles` });
  expect(outOfCyclesError(canister.id, missing, canister.settings.controllers.includes(CONTROLLER)).description).toBe(
    `Canister ${id} is out of cycles: please top up the canister with at least 80 additional cycles`,
  );
});
