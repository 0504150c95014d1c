/**
 * What a canister costs while it does nothing: storage, message memory and compute allocation, every ten seconds; the reserved balance; running out.
 *
 * Source: cycles.md 3 ("Every >= 10 s"), 4, 5, 6.
 */
import { describe, expect, test } from "vitest";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { allCycles } from "../support/all-cycles.ts";
import { Scenario } from "../support/scenario.ts";
import { call, growStable, program, reply, spin } from "../universal/program.ts";
import { consumed, costOf, createEmpty, cyclesOf, prices, roundsOf, setBalance, SHORT_SLICES } from "./sheet.ts";

const GIB = 2n ** 30n;
const APPLICATION = { kind: "application" as const, name: "application" };

function one(nodes = 13, limits = {}) {
  const scene = new Scenario({ subnets: [{ ...APPLICATION, nodeCount: nodes }, APPLICATION], latency: "mainnet", limits });
  const id = scene.puppet({ cycles: 10n ** 16n });
  return { scene, id, price: prices(BigInt(nodes)) };
}

/** Lets so many seconds pass from one charge to the next; the round that charges takes one of them. */
function charge(scene: Scenario, seconds: number): void {
  scene.pass(seconds - 1);
  scene.rounds();
}

/** Charges what is due, so that the next charge is counted from now. */
function settle(scene: Scenario): void {
  charge(scene, 20);
}

/** Memory as `canister_status` tells it. */
function memoryOf(scene: Scenario, id: CanisterId): bigint {
  return BigInt(scene.canister(id).indexed.memoryBytes);
}

describe.each([13, 34])(
  "on %i nodes [abstract-behavior#cycle-bookkeeping-and-resource-consumption] [replica: charges for resources]",
  (nodes) => {
    test("memory that is used costs by the second; what is allocated costs as if it were used", () => {
      const { scene, id, price } = one(nodes);
      settle(scene);
      const bytes = memoryOf(scene, id);
      for (const seconds of [10, 11, 4_000]) {
        expect(costOf(scene, id, () => charge(scene, seconds))).toBe(price.storage(bytes, BigInt(seconds)));
      }
      scene.setSettings(id, { memory_allocation: GIB });
      settle(scene);
      expect(costOf(scene, id, () => charge(scene, 10))).toBe(price.storage(GIB, 10n));
      expect(price.storage(GIB, 10n)).toBe(nodes === 13 ? 3_175_000n : 8_303_846n);
    });

    test("an allocation smaller than the usage changes nothing", () => {
      const { scene, id, price } = one(nodes);
      scene.setSettings(id, { memory_allocation: 2n ** 20n });
      scene.run(id, program(growStable(400), reply()));
      settle(scene);
      const used = memoryOf(scene, id);
      expect(used).toBeGreaterThan(400n * 65_536n);
      expect(costOf(scene, id, () => charge(scene, 1_000))).toBe(price.storage(used, 1_000n));
    });

    test("compute allocation costs by percent and second", () => {
      const { scene, id, price } = one(nodes);
      scene.setSettings(id, { compute_allocation: 7n });
      settle(scene);
      const before = consumed(scene, id);
      const cost = costOf(scene, id, () => charge(scene, 10));
      expect(cost).toBe(price.storage(memoryOf(scene, id), 10n) + price.compute(7n, 10n));
      expect(consumed(scene, id).computeAllocation - before.computeAllocation).toBe(price.compute(7n, 10n));
      expect(price.compute(1n, 10n)).toBe(nodes === 13 ? 100_000_000n : 261_538_461n);
    });

    test("memory of messages costs like storage, on its own", () => {
      const { scene, id, price } = one(nodes);
      const far = scene.puppet({ subnet: 1 });
      scene.start(id, call(far, { arg: reply(), times: 100 }));
      roundsOf(scene, 0);
      // Until the answers come: a hundred reservations of 2 MiB and some.
      const messages = BigInt(scene.canister(id).queues.guaranteedMemoryBytes);
      expect(messages).toBeGreaterThan(100n * 2_097_152n);
      scene.pass(20);
      roundsOf(scene, 0);
      scene.pass(99);
      const cost = costOf(scene, id, () => roundsOf(scene, 0));
      expect(cost).toBe(price.storage(memoryOf(scene, id), 100n) + price.storage(messages, 100n));
    });

    test("idle_cycles_burned_per_day is the rate", () => {
      const { scene, id, price } = one(nodes);
      scene.setSettings(id, { memory_allocation: 3n * GIB, compute_allocation: 2n });
      settle(scene);
      expect(costOf(scene, id, () => charge(scene, 86_400))).toBe(price.idle(3n * GIB, 0n, 2n));
    });
  },
);

test("nothing is charged before ten seconds are over; a part of a second is lost [replica: charges for resources]", () => {
  const { scene, id, price } = one();
  scene.setSettings(id, { memory_allocation: GIB });
  settle(scene);
  expect(costOf(scene, id, () => charge(scene, 9))).toBe(0n);
  scene.pass(0.5);
  expect(costOf(scene, id, () => scene.rounds())).toBe(price.storage(GIB, 10n));
  // 10.5 seconds were charged as 10, and the next charge is counted from there.
  scene.pass(8.6);
  expect(costOf(scene, id, () => scene.rounds())).toBe(0n);
  scene.pass(0);
  expect(costOf(scene, id, () => scene.rounds())).toBe(price.storage(GIB, 10n));
});

test("a rate below 8 640 a day costs nothing at ten-second intervals [replica: charges for resources]", () => {
  const { scene } = one();
  const empty = createEmpty(scene);
  settle(scene);
  const bytes = memoryOf(scene, empty);
  expect(prices(13n).idle(bytes)).toBeLessThan(8_640n);
  expect(costOf(scene, empty, () => charge(scene, 10))).toBe(0n);
  expect(costOf(scene, empty, () => charge(scene, 86_400))).toBe(prices(13n).idle(bytes));
});

test("nothing is charged while an execution lasts; then for the whole time [replica: charges for resources]", () => {
  const { scene, id, price } = one(13, SHORT_SLICES);
  scene.setSettings(id, { memory_allocation: GIB });
  settle(scene);
  const last = scene.canister(id).lastChargeNanos;
  scene.start(id, program(spin(5_000_000), reply()));
  scene.rounds(2);
  const before = consumed(scene, id).memory;
  scene.pass(60);
  scene.rounds();
  expect(scene.canister(id).paused).not.toBeNull();
  expect(consumed(scene, id).memory).toBe(before);
  for (let i = 0; i < 40 && scene.canister(id).paused !== null; i++) scene.rounds();
  scene.rounds();
  const seconds = (scene.canister(id).lastChargeNanos - last) / 1_000_000_000n;
  expect(seconds).toBeGreaterThan(60n);
  expect(consumed(scene, id).memory - before).toBe(price.storage(GIB, seconds));
});

describe("on a subnet that is fuller than the threshold [replica: storage reservation] [replica: charges for resources]", () => {
  /** 16 GiB, of which 10 are kept for callbacks and count as used; a quarter of everything for each thread. */
  const LIMITS = { subnetMemoryBytes: 2n ** 34n, subnetMemoryReservationThresholdBytes: 2n ** 33n };
  const [CAPACITY, THRESHOLD] = [2n ** 32n, 2n ** 31n];

  /** F(u) of the sheet. */
  function F(u: bigint): bigint {
    const above = (u < CAPACITY ? u : CAPACITY) - THRESHOLD;
    if (above <= 0n) return 0n;
    const D = (300_000_000n * above) / (CAPACITY - THRESHOLD);
    return (above * 317_500n * (D / 2n)) / GIB;
  }
  /** Usage as a thread sees it: what is not left to hand out. */
  const usage = (scene: Scenario): bigint => {
    const subnet = scene.net.state.subnets.get(scene.subnet(0))!;
    return CAPACITY - (2n ** 34n - 10n * GIB - BigInt(subnet.memoryUsageBytes)) / 4n;
  };

  test("new memory moves cycles from the main to the reserved balance, by how full the subnet is", () => {
    const { scene, id } = one(13, LIMITS);
    const U = usage(scene);
    const before = scene.canister(id).reservedCycles;
    scene.run(id, program(growStable(160), reply()));
    const bytes = 160n * 65_536n;
    expect(scene.canister(id).reservedCycles - before).toBe(F(U + bytes) - F(U));
    expect(F(U + bytes) - F(U)).toBeGreaterThan(0n);
  });

  test("no more than reserved_cycles_limit; the limit cannot be set below what is reserved", () => {
    const { scene, id } = one(13, LIMITS);
    const reserved = scene.canister(id).reservedCycles;
    const U = usage(scene);
    const amount = F(U + 65_536n) - F(U);
    scene.setSettings(id, { reserved_cycles_limit: reserved + amount - 1n });
    expect(scene.run(id, growStable(1))).toMatch(/^IC0534/);
    expect(() => scene.setSettings(id, { reserved_cycles_limit: reserved - 1n })).toThrow(/IC0540/);
    scene.setSettings(id, { reserved_cycles_limit: reserved + amount });
    scene.run(id, program(growStable(1), reply()));
    expect(scene.canister(id).reservedCycles).toBe(reserved + amount);
  });

  test("the reserved balance pays for storage first, lowers the freezing threshold, and does not come back", () => {
    const { scene, id } = one(13, LIMITS);
    scene.run(id, program(growStable(160), reply()));
    settle(scene);
    const { balanceCycles, reservedCycles } = scene.canister(id);
    charge(scene, 1_000);
    expect(scene.canister(id).balanceCycles).toBe(balanceCycles);
    expect(reservedCycles - scene.canister(id).reservedCycles).toBe(prices(13n).storage(memoryOf(scene, id), 1_000n));
    const kept = scene.canister(id).reservedCycles;
    scene.uninstall(id);
    expect(scene.canister(id).reservedCycles).toBe(kept);
  });

  test("what is reserved burns when the canister is deleted", () => {
    const { scene, id } = one(13, LIMITS);
    scene.run(id, program(growStable(160), reply()));
    const total = allCycles(scene.net.state);
    scene.manageOne("stop_canister", id);
    scene.manageOne("delete_canister", id);
    expect(scene.net.state.subnets.get(scene.subnet(0))!.consumed.deletedCanisters).toBeGreaterThan(10n ** 13n);
    expect(allCycles(scene.net.state)).toBe(total);
  });
});

describe("a canister that cannot pay [abstract-behavior#canister-out-of-cycles] [replica: charges for resources]", () => {
  const SECONDS = 100_000;

  /** Storage, messages and compute that fall due at once. */
  function due(balance: (charges: { storage: bigint; compute: bigint }) => bigint) {
    const { scene, id, price } = one();
    scene.setSettings(id, { memory_allocation: GIB, compute_allocation: 3n, freezing_threshold: 0n });
    settle(scene);
    const charges = { storage: price.storage(GIB, BigInt(SECONDS)), compute: price.compute(3n, BigInt(SECONDS)) };
    setBalance(scene, id, balance(charges));
    const before = consumed(scene, id);
    charge(scene, SECONDS);
    const after = consumed(scene, id);
    const of = (use: keyof typeof after): bigint => after[use] - before[use];
    return { scene, id, charges, of, gone: scene.canister(id).execution === null };
  }

  test("is charged down to nothing, whatever its freezing threshold", () => {
    const { scene, id, charges, of, gone } = due(({ storage, compute }) => storage + compute);
    expect(gone).toBe(false);
    expect(cyclesOf(scene, id)).toBe(0n);
    expect([of("memory"), of("computeAllocation")]).toEqual([charges.storage, charges.compute]);
  });

  test("is uninstalled when the first charge is one cycle short: nothing of it is taken, all that is left burns", () => {
    const { scene, id, charges, of, gone } = due(({ storage }) => storage - 1n);
    expect(gone).toBe(true);
    expect(cyclesOf(scene, id)).toBe(0n);
    expect([of("memory"), of("computeAllocation"), of("uninstall")]).toEqual([0n, 0n, charges.storage - 1n]);
  });

  test("is uninstalled when a later charge is short: the earlier ones are taken", () => {
    const { scene, id, charges, of, gone } = due(({ storage, compute }) => storage + compute - 1n);
    expect(gone).toBe(true);
    expect(cyclesOf(scene, id)).toBe(0n);
    expect([of("memory"), of("computeAllocation"), of("uninstall")]).toEqual([charges.storage, 0n, charges.compute - 1n]);
    const { settings } = scene.canister(id);
    expect([settings.memoryAllocation, settings.computeAllocation]).toEqual([0n, 0]);
  });

  test("can be topped up and installed again", () => {
    const { scene, id, gone } = due(() => 5n);
    expect(gone).toBe(true);
    setBalance(scene, id, 10n ** 13n);
    const wasm = scene.install("(module)");
    expect(wasm).toBeDefined();
    expect(scene.reinstall(id, "install", new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).kind).toBe("replied");
  });
});
