import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SubnetConfig } from "../state/network-state.ts";
import {
  callCost,
  callTransmission,
  canisterCreation,
  computePerDay,
  executionPrepayment,
  executionRefund,
  feesOf,
  httpRequest,
  httpRequestV2,
  ingressInduction,
  managementInstructions,
  payloadTransmission,
  signature,
  storage,
  storagePerDay,
  transmissionRefund,
  type Fees,
} from "./fees.ts";
import { signingPrice } from "./signing-price.ts";

const G = 1_000_000_000;
const MESSAGE = 40 * G;
const INSTALL = 300 * G;
const GIB = 2n ** 30n;

function config(fields: Partial<SubnetConfig> = {}): SubnetConfig {
  return {
    id: "01" as never,
    kind: "application",
    name: "application",
    nodeCount: 13,
    costSchedule: "normal",
    admins: [],
    ranges: [],
    allocationRange: { start: "" as never, end: "" as never },
    publicKeyDer: new Uint8Array(),
    isNns: false,
    keyNames: [],
    limits: null,
    ...fields,
  };
}

const on13 = feesOf(config());
const on34 = feesOf(config({ nodeCount: 34 }));
const onSystem = feesOf(config({ kind: "system", nodeCount: 34 }));
const onFree = feesOf(config({ costSchedule: "free", nodeCount: 34 }));

/** Rows of cycles.md 2 and the numbers of 3: item, on 13 nodes, on 34 nodes. */
const ROWS: readonly (readonly [string, (fees: Fees) => bigint, bigint, bigint])[] = [
  ["canister creation", canisterCreation, 500_000_000_000n, 1_307_692_307_692n],
  ["execution without instructions", (fees) => executionPrepayment(fees, 0, false), 5_000_000n, 13_076_923n],
  ["update, wasm32", (fees) => executionPrepayment(fees, MESSAGE, false), 40_005_000_000n, 104_628_461_538n],
  ["update, wasm64", (fees) => executionPrepayment(fees, MESSAGE, true), 80_005_000_000n, 209_243_846_153n],
  ["install_code, wasm32", (fees) => executionPrepayment(fees, INSTALL, false), 300_005_000_000n, 784_628_461_538n],
  ["install_code, wasm64", (fees) => executionPrepayment(fees, INSTALL, true), 600_005_000_000n, 1_569_243_846_153n],
  ["management instructions", (fees) => managementInstructions(fees, 1_048_576), 1_048_576n, 2_742_429n],
  ["call, without bytes and response", (fees) => fees.callFixed, 260_000n, 680_000n],
  ["a payload byte", (fees) => payloadTransmission(fees, 1), 1_000n, 2_615n],
  ["ten payload bytes, scaled together", (fees) => payloadTransmission(fees, 10), 10_000n, 26_153n],
  ["the largest response", (fees) => fees.responseTransmission, 2_097_152_000n, 5_484_859_076n],
  ["ingress, fixed", (fees) => ingressInduction(fees, 0), 1_200_000n, 3_138_461n],
  ["ingress of 100 bytes, scaled byte by byte", (fees) => ingressInduction(fees, 100), 1_400_000n, 3_138_461n + 523_000n],
  ["a GiB for a second", (fees) => storage(fees, GIB, 1n), 317_500n, 830_384n],
  ["a GiB for a day", (fees) => storagePerDay(fees, 2 ** 30), 27_432_000_000n, 71_745_230_769n],
  ["three percent of compute for a day", (fees) => computePerDay(fees, 3), 2_592_000_000_000n, 6_779_076_923_076n],
  ["a signature", signature, 10_000_000_000n, 26_153_846_153n],
  ["HTTPS outcall, empty", (fees) => httpRequest(fees, 0n, 0n), 49_140_000n, 171_360_000n],
  ["HTTPS outcall of 100 bytes for 1000", (fees) => httpRequest(fees, 100n, 1000n), 49_140_000n + 520_000n + 10_400_000n, 199_920_000n],
  ["HTTPS outcall without a maximum", (fees) => httpRequest(fees, 0n, null), 49_140_000n + 20_800_000_000n, 54_571_360_000n],
];

describe("the fee table", () => {
  test.each(ROWS)("%s", (_item, fee, base, larger) => {
    expect(fee(on13)).toBe(base);
    expect(fee(on34)).toBe(larger);
  });

  test("on system subnets only signatures cost", () => {
    for (const [item, fee] of ROWS) expect([item, fee(onSystem)]).toEqual([item, item === "a signature" ? 26_153_846_153n : 0n]);
  });

  test("with the free schedule nothing costs, and statistics know what it would have cost", () => {
    for (const [item, fee, , larger] of ROWS) {
      expect([item, fee(onFree)]).toEqual([item, 0n]);
      expect([item, fee(onFree.nominal)]).toEqual([item, larger]);
    }
    expect(on13.nominal).toBe(on13);
  });
});

test("a call withdraws 42 102 412 000 and 1 000 a byte, and twice the execution on wasm64", () => {
  for (const bytes of [0n, 1n, 1_234n]) {
    expect(callCost(on13, bytes, MESSAGE, false)).toBe(42_102_412_000n + 1_000n * bytes);
    expect(callCost(on13, bytes, MESSAGE, true)).toBe(82_102_412_000n + 1_000n * bytes);
  }
  expect(callCost(onFree, 5n, MESSAGE, false)).toBe(0n);
  expect(callCost(onSystem, 5n, MESSAGE, false)).toBe(0n);
});

test("what call_perform withdraws is what cost_call says, on every subnet", () => {
  fc.assert(
    fc.property(fc.constantFrom(on13, on34, onSystem, onFree), fc.nat(10_485_760), fc.boolean(), (fees, bytes, wasm64) => {
      expect(callTransmission(fees, bytes) + executionPrepayment(fees, MESSAGE, wasm64)).toBe(
        callCost(fees, BigInt(bytes), MESSAGE, wasm64),
      );
    }),
  );
});

test("cost_call takes sizes beyond any call", () => {
  expect(callCost(on13, 2n ** 64n - 1n, MESSAGE, false)).toBe(42_102_412_000n + 1_000n * (2n ** 64n - 1n));
});

test("fixed and variable part of an execution share one division", () => {
  // Alone they would give floor(13 076 923.07) + floor(2.61).
  expect(executionPrepayment(on34, 1, false)).toBe(13_076_925n);
  expect(executionRefund(on34, 1, false, 100n)).toBe(2n);
});

test("a refund is the variable part for what is left, at most what was prepaid", () => {
  const prepaid = executionPrepayment(on13, MESSAGE, false);
  expect(prepaid - executionRefund(on13, MESSAGE - 1_234, false, prepaid)).toBe(5_000_000n + 1_234n);
  expect(executionRefund(on13, MESSAGE, true, prepaid)).toBe(prepaid); // a canister that became wasm64 meanwhile
  expect(executionRefund(on13, 10, true, prepaid)).toBe(20n);
});

test("a response gives back what its bytes do not need", () => {
  expect(transmissionRefund(on13, 100, on13.responseTransmission)).toBe(2_097_152_000n - 100_000n);
  expect(transmissionRefund(on34, 1, on34.responseTransmission)).toBe(5_484_859_076n - 2_615n);
  expect(transmissionRefund(on13, 2_097_152, on13.responseTransmission)).toBe(0n);
  expect(transmissionRefund(on13, 2_097_152, 5n)).toBe(0n);
});

test("numbers scale exactly like integers of any size", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.maxSafeNat(), fc.boolean(), (nodeCount, instructions, wasm64) => {
      const fees = feesOf(config({ nodeCount }));
      const small = Math.floor(instructions / 4);
      const rate = wasm64 ? 2n : 1n;
      expect(executionPrepayment(fees, small, wasm64)).toBe(((5_000_000n + rate * BigInt(small)) * BigInt(nodeCount)) / 13n);
    }),
  );
});

test("the later price of outcalls is the same on every kind of subnet, except free ones", () => {
  const request = {
    requestBytes: 100n,
    roundtripMillis: 250n,
    rawResponseBytes: 2_000n,
    transformedResponseBytes: 500n,
    transformInstructions: 130_013n,
  };
  const n = 34n;
  const inner = 1_000_000n + 5_000n + 140_000n * n + 800n * n * n + 100_000n + 75_000n + 10_001n + (10n * n + 650n) * 500n;
  expect(httpRequestV2(on34, request)).toBe(inner * n);
  expect(httpRequestV2(onSystem, request)).toBe(inner * n);
  expect(httpRequestV2(onFree, request)).toBe(0n);
});

test("a signature has the price of the largest subnet that holds the key", () => {
  expect(signingPrice([config({ nodeCount: 13 }), config({ nodeCount: 34, kind: "system" })])).toBe(26_153_846_153n);
  expect(signingPrice([config({ nodeCount: 13 }), config({ nodeCount: 13, costSchedule: "free" })])).toBe(0n);
});

test("storage is rounded once before and once after scaling", () => {
  // 1 byte for 10 000 s: floor(317 500 × 10 000 / 2^30) = 2, then floor(2 × 34 / 13) = 5.
  expect(storage(on13, 1n, 10_000n)).toBe(2n);
  expect(storage(on34, 1n, 10_000n)).toBe(5n);
});
