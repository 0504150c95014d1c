import { describe, expect, test } from "vitest";
import { CONTROLLER, GIB, makeCanister, makeWorld, subnetAt, USER } from "../../../test/support/canister-record.ts";
import type { Callback, CanisterState } from "../state/canister.ts";
import type { LongExecution } from "../state/long-execution.ts";
import type { Response, ResponsePayload } from "../state/messages.ts";
import { principalText } from "../state/principal.ts";
import type { UserError } from "../state/rejects.ts";
import {
  chargeIngressInduction,
  chargeManagementInstructions,
  consumeCycles,
  creditCycles,
  creditResponse,
  executionShortfall,
  prepayExecution,
  refundExecution,
  takePostponedIngressFees,
  takePostponedIngressFeesBeforeCleanup,
} from "./accounts.ts";
import { callTransmission, feesOf } from "./fees.ts";
import { freezingThresholdCycles, idleUse } from "./freezing.ts";

const world = makeWorld();
const config = subnetAt(world).config;
const fees = feesOf(config);
const free = feesOf({ ...config, costSchedule: "free" });
const MESSAGE = 40_000_000_000;

function threshold(canister: CanisterState): bigint {
  return freezingThresholdCycles(fees, canister.settings, idleUse(canister), canister.reservedCycles);
}

describe("an execution", () => {
  test("is prepaid above the freezing threshold, and costs 5 M and its instructions in the end", () => {
    const canister = makeCanister(world, { code: { heapBytes: GIB } });
    const start = threshold(canister) + 40_005_000_000n;
    canister.balanceCycles = start;
    const prepaidCycles = prepayExecution(fees, canister, MESSAGE, false) as bigint;
    expect(prepaidCycles).toBe(40_005_000_000n);
    expect(canister.balanceCycles).toBe(threshold(canister));
    expect(canister.consumed.instructions).toBe(0n);
    const cost = refundExecution(fees, canister, {
      prepaidCycles,
      instructions: MESSAGE,
      instructionsLeft: MESSAGE - 1_234,
      wasm64: false,
    });
    expect(cost).toBe(5_001_234n);
    expect(canister.balanceCycles).toBe(start - 5_001_234n);
    expect(canister.consumed.instructions).toBe(5_001_234n);
  });

  test("that cannot be prepaid is IC0207 and takes nothing", () => {
    const canister = makeCanister(world, { code: { heapBytes: GIB } });
    canister.balanceCycles = threshold(canister) + 40_004_999_999n;
    const before = canister.balanceCycles;
    expect(executionShortfall(fees, canister, MESSAGE)).not.toBeNull();
    const error = prepayExecution(fees, canister, MESSAGE, canister.settings.controllers.includes(CONTROLLER)) as UserError;
    expect(error.code).toBe(207);
    expect(error.description).toBe(
      `Canister ${principalText(canister.id)} is out of cycles: please top up the canister with at least 1 additional cycles`,
    );
    expect((prepayExecution(fees, canister, MESSAGE, canister.settings.controllers.includes(USER)) as UserError).description).toBe(
      `Canister ${principalText(canister.id)} is out of cycles`,
    );
    expect(canister.balanceCycles).toBe(before);
  });

  test("costs twice the instructions on wasm64, and install_code is priced by the module it is told", () => {
    const canister = makeCanister(world, { code: { wasm64: true } });
    const prepaidCycles = prepayExecution(fees, canister, MESSAGE, false) as bigint;
    expect(prepaidCycles).toBe(80_005_000_000n);
    expect(refundExecution(fees, canister, { prepaidCycles, instructions: MESSAGE, instructionsLeft: MESSAGE - 10, wasm64: true })).toBe(
      5_000_020n,
    );
    expect(prepayExecution(fees, canister, 300_000_000_000, false, false)).toBe(300_005_000_000n);
    expect(prepayExecution(fees, makeCanister(world, { code: null }), MESSAGE, false)).toBe(40_005_000_000n);
  });

  test("is only counted on a free subnet", () => {
    const canister = makeCanister(world, { balanceCycles: 0n });
    const prepaidCycles = prepayExecution(free, canister, MESSAGE, false) as bigint;
    expect(refundExecution(free, canister, { prepaidCycles, instructions: MESSAGE, instructionsLeft: MESSAGE - 7, wasm64: false })).toBe(
      0n,
    );
    expect([canister.balanceCycles, canister.consumed.instructions]).toEqual([0n, 5_000_007n]);
  });
});

describe("a response [message-execution-properties#property-10]", () => {
  const callback = {
    cyclesSent: 500n,
    prepaidTransmissionCycles: fees.responseTransmission,
    nominalTransmissionCycles: callTransmission(fees, 40),
  } as Callback;
  const response = (payload: ResponsePayload, refundCycles = 0n) => ({ kind: "response", payload, refundCycles }) as Response;

  test("brings the cycles that were not accepted and the transmission it did not need", () => {
    const canister = makeCanister(world, { balanceCycles: 0n });
    expect(creditResponse(fees, canister, callback, response({ kind: "data", data: new Uint8Array(100) }, 200n))).toBe(200n);
    expect(canister.balanceCycles).toBe(200n + 2_097_152_000n - 100_000n);
    expect(canister.consumed.requestAndResponseTransmission).toBe(260_000n + 40_000n + 100_000n);
  });

  test("that is a reject counts its text and one byte", () => {
    const canister = makeCanister(world, { balanceCycles: 0n });
    creditResponse(fees, canister, callback, response({ kind: "reject", code: 4, message: "nö" }));
    expect(canister.balanceCycles).toBe(2_097_152_000n - 4_000n);
  });

  test("cannot bring more than was sent", () => {
    expect(creditResponse(fees, makeCanister(world), callback, response({ kind: "data", data: new Uint8Array() }, 501n))).toBe(500n);
  });

  test("is only counted on a free subnet", () => {
    const canister = makeCanister(world, { balanceCycles: 0n });
    creditResponse(
      free,
      canister,
      { ...callback, prepaidTransmissionCycles: 0n },
      response({ kind: "data", data: new Uint8Array(100) }, 200n),
    );
    expect([canister.balanceCycles, canister.consumed.requestAndResponseTransmission]).toEqual([200n, 400_000n]);
  });
});

describe("inducting ingress", () => {
  test("must leave the freezing threshold", () => {
    const canister = makeCanister(world, { code: { heapBytes: GIB } });
    canister.balanceCycles = threshold(canister) + 1_400_000n;
    expect(chargeIngressInduction(fees, canister, 100, false)).toBeNull();
    expect([canister.balanceCycles, canister.consumed.ingressInduction]).toEqual([threshold(canister), 1_400_000n]);
    expect(chargeIngressInduction(fees, canister, 100, false)?.code).toBe(207);
  });

  test("is postponed while an execution is held, and counts against what is left of the balance", () => {
    const canister = makeCanister(world, { code: { heapBytes: GIB } });
    const start = threshold(canister) + 2_800_000n;
    canister.balanceCycles = start;
    canister.paused = { held: {} } as LongExecution;
    expect(chargeIngressInduction(fees, canister, 100, false)).toBeNull();
    expect(chargeIngressInduction(fees, canister, 100, false)).toBeNull();
    expect(chargeIngressInduction(fees, canister, 0, false)?.code).toBe(207);
    expect([canister.balanceCycles, canister.postponedIngressCycles, canister.consumed.ingressInduction]).toEqual([start, 2_800_000n, 0n]);
    takePostponedIngressFees(canister);
    expect([canister.balanceCycles, canister.postponedIngressCycles, canister.consumed.ingressInduction]).toEqual([
      start - 2_800_000n,
      0n,
      2_800_000n,
    ]);
  });

  test("is partly forgiven where a cleanup could not be paid otherwise", () => {
    const canister = makeCanister(world, { balanceCycles: 100n });
    canister.postponedIngressCycles = 80n;
    takePostponedIngressFeesBeforeCleanup(canister, 30n);
    expect(canister.balanceCycles).toBe(70n);
    canister.postponedIngressCycles = 40n;
    takePostponedIngressFeesBeforeCleanup(canister, 30n);
    expect(canister.balanceCycles).toBe(30n);
  });
});

test("a management method's instructions are taken and, as on the platform, not counted", () => {
  const canister = makeCanister(world, { balanceCycles: 10_000_000n });
  expect(chargeManagementInstructions(fees, canister, 1_000_000, false)).toBeNull();
  expect([canister.balanceCycles, canister.consumed.instructions]).toEqual([9_000_000n, 0n]);
});

test("only storage, compute and uninstallation are paid from the reserved balance", () => {
  const canister = makeCanister(world, { balanceCycles: 100n, reservedCycles: 50n });
  consumeCycles(canister, "burnedCycles", 10n);
  expect([canister.balanceCycles, canister.reservedCycles]).toEqual([90n, 50n]);
  consumeCycles(canister, "memory", 60n);
  expect([canister.balanceCycles, canister.reservedCycles]).toEqual([80n, 0n]);
});

test("a balance ends at 2^128 - 1", () => {
  const canister = makeCanister(world, { balanceCycles: 2n ** 128n - 5n });
  creditCycles(canister, 10n);
  expect(canister.balanceCycles).toBe(2n ** 128n - 1n);
});
