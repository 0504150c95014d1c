import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CONTROLLER,
  GIB,
  makeCanister,
  makeContext,
  makeWorld,
  PAGE,
  subnetAt,
  USER,
  type CanisterShape,
} from "../../../test/support/canister-record.ts";
import type { MemoryUse, OutgoingCall } from "../canister/types.ts";
import { takePostponedIngressFees } from "../cycles/accounts.ts";
import { feesOf } from "../cycles/fees.ts";
import { freezingThresholdCycles, idleUse } from "../cycles/freezing.ts";
import { reservationCycles, saturation, threadMemoryBytes } from "../cycles/reservation.ts";
import { MAX_RESPONSE_COUNT_BYTES } from "../queues/sizes.ts";
import type { CallContext, CanisterState } from "../state/canister.ts";
import { MANAGEMENT_CANISTER, type CallbackId, type PrincipalId } from "../state/ids.ts";
import { defaultLimits } from "../state/limits.ts";
import type { Request } from "../state/messages.ts";
import { canisterIdFromIndex, principalText } from "../state/principal.ts";
import type { World } from "../state/world.ts";
import { ExecutionView, CYCLES_MINTING_CANISTER } from "./execution-view.ts";
import type { ExecutionKind } from "./execution-kinds.ts";
import { quotaError, takeQuotas, threadQuotas, type Quotas } from "./quotas.ts";

const CALL_FEE = 42_102_412_000n;
const CALLEE = canisterIdFromIndex(77n);
const CLOSURE = { functionIndex: 0, envLo: 0, envHi: 0 };

function call(fields: Partial<OutgoingCall> = {}): OutgoingCall {
  return {
    callee: CALLEE,
    method: "go",
    arg: new Uint8Array(),
    cycles: 0n,
    onReply: CLOSURE,
    onReject: CLOSURE,
    onCleanup: null,
    timeoutSeconds: null,
    ...fields,
  };
}

interface Setup {
  readonly world: World;
  readonly canister: CanisterState;
  readonly quotas: Quotas;
  readonly memory: MemoryUse;
  view(kind?: ExecutionKind, context?: Partial<CallContext>): ExecutionView;
}

function setup(shape: CanisterShape = {}, world = makeWorld()): Setup {
  const subnet = subnetAt(world);
  const canister = makeCanister(world, shape);
  const quotas = threadQuotas(world, subnet);
  const { heapBytes = 0, stableBytes = 0 } = canister.execution ?? {};
  return {
    world,
    canister,
    quotas,
    memory: { heapBytes, stableBytes },
    view: (kind = "update", context = {}) => new ExecutionView({ world, subnet, canister, kind, quotas, context: makeContext(context) }),
  };
}

function threshold(world: World, canister: CanisterState, extra: { memoryBytes?: number; messageBytes?: number } = {}): bigint {
  const use = idleUse(canister);
  const more = { memoryBytes: use.memoryBytes + (extra.memoryBytes ?? 0), messageBytes: use.messageBytes + (extra.messageBytes ?? 0) };
  return freezingThresholdCycles(feesOf(subnetAt(world).config), canister.settings, more, canister.reservedCycles);
}

function request(canister: CanisterState, receiver: PrincipalId): Request {
  const callTree = { depth: 0, startNanos: 0n };
  return {
    kind: "request",
    tag: 1,
    sender: canister.id,
    receiver,
    callbackId: 1 as CallbackId,
    method: "",
    arg: new Uint8Array(),
    cycles: 0n,
    deadline: 0,
    callTree,
  };
}

describe("what a run sees [canister-interface#system-api-imports]", () => {
  test("comes from the canister and its call context [abstract-behavior#call-context-creation]", () => {
    const { canister, view } = setup({ settings: { environmentVariables: [{ name: "A", value: "1" }] } });
    canister.globalTimerNanos = 9n;
    const origin = { kind: "canister", canister: CALLEE, callbackId: 3 as CallbackId, deadline: 7, method: "m", tag: 1 } as const;
    const seen = view("callback", { origin, caller: CALLEE, availableCycles: 12n, instructions: 99, responded: true });
    expect(seen).toMatchObject({
      canisterId: canister.id,
      subnetId: canister.subnetId,
      caller: CALLEE,
      status: 1,
      canisterVersion: 1n,
      deadlineNanos: 7_000_000_000n,
      answered: true,
      contextInstructions: 99,
      globalTimerNanos: 9n,
      refundedCycles: 0n,
      printing: false,
    });
    expect(seen.availableCycles()).toBe(12n);
    expect(seen.isController(CONTROLLER)).toBe(true);
    expect(seen.isController(USER)).toBe(false);
    expect(seen.rootKeyDer.length).toBe(133);
    expect(seen.environmentVariables).toEqual([{ name: "A", value: "1" }]);
  });

  test("has no deadline, no cycles and an empty caller without a call context [abstract-behavior#call-context-creation]", () => {
    const { world, canister, quotas } = setup();
    const view = new ExecutionView({ world, subnet: subnetAt(world), canister, kind: "install", quotas, context: null, caller: USER });
    expect([view.caller, view.deadlineNanos, view.availableCycles(), view.answered]).toEqual([USER, 0n, 0n, false]);
    expect(new ExecutionView({ world, subnet: subnetAt(world), canister, kind: "task", quotas, context: null }).caller).toBe(
      MANAGEMENT_CANISTER,
    );
  });
});

describe("cycles", () => {
  test("are accepted up to what the call context has, and raise the balance [canister-interface#system-api-cycles]", () => {
    const { view } = setup({ balanceCycles: 100n });
    const run = view("update", { availableCycles: 30n });
    expect([run.acceptCycles(20n), run.acceptCycles(20n), run.acceptCycles(20n)]).toEqual([20n, 10n, 0n]);
    expect([run.balanceCycles(), run.availableCycles(), run.acceptedCycles]).toEqual([130n, 0n, 30n]);
  });

  test("are burned and attached down to the freezing threshold and no further [canister-interface#system-api-cycles]", () => {
    const { world, canister, memory, view } = setup({ code: { heapBytes: GIB } });
    canister.balanceCycles = threshold(world, canister) + 100n;
    const run = view();
    expect(run.liquidBalanceCycles(memory)).toBe(100n);
    expect(run.attachCycles(101n, memory)).toBe(false);
    expect(run.attachCycles(40n, memory)).toBe(true);
    expect(run.burnCycles(1_000n, memory)).toBe(60n);
    expect(run.burnCycles(1_000n, memory)).toBe(0n);
    run.detachCycles(40n);
    expect(run.liquidBalanceCycles(memory)).toBe(40n);
    run.applyTo(canister);
    expect(canister.balanceCycles).toBe(threshold(world, canister) + 40n);
    expect(canister.consumed.burnedCycles).toBe(60n);
  });

  test("below the threshold nothing is liquid [canister-interface#system-api-cycles]", () => {
    const { memory, view } = setup({ code: { heapBytes: GIB }, balanceCycles: 5n });
    expect([view().liquidBalanceCycles(memory), view().burnCycles(1n, memory), view().attachCycles(0n, memory)]).toEqual([0n, 0n, false]);
  });

  test("are minted on the cycles minting canister only [replica: mint_cycles128]", () => {
    const { view, canister } = setup();
    expect(view().mintCycles(5n)).toMatchObject({ error: { code: 504 } });
    const error = (view().mintCycles(5n) as { error: { description: string } }).error.description;
    expect(error).toContain(
      `ic0.mint_cycles128 cannot be executed on non Cycles Minting Canister: ${principalText(canister.id)} != rkp4c-7iaaa-aaaaa-aaaca-cai`,
    );
    const minter = setup({ index: 4n, balanceCycles: 2n ** 128n - 3n });
    expect(minter.canister.id).toBe(CYCLES_MINTING_CANISTER);
    const run = minter.view();
    expect([run.mintCycles(2n), run.mintCycles(2n), run.balanceCycles()]).toEqual([2n, 0n, 2n ** 128n - 1n]);
  });
});

describe("call_perform", () => {
  test("withdraws 42 102 412 000 cycles and 1 000 for each byte of name and argument [canister-interface#system-api-call]", () => {
    const { canister, memory, view } = setup({ balanceCycles: 10n ** 13n });
    const run = view();
    expect(run.attachCycles(500n, memory)).toBe(true);
    expect(run.performCall(call({ method: "ö", arg: new Uint8Array(8), cycles: 500n }), memory)).toBe(true);
    expect(run.balanceCycles()).toBe(10n ** 13n - 500n - CALL_FEE - 10_000n);
    const [planned] = run.plannedCalls;
    expect(planned).toMatchObject({
      prepaidExecutionCycles: 40_005_000_000n,
      prepaidTransmissionCycles: 2_097_152_000n,
      transmissionFee: 270_000n,
      nominalTransmissionCycles: 2_097_422_000n,
    });
    run.applyTo(canister);
    expect(canister.balanceCycles).toBe(run.balanceCycles());
    // Instructions and transmission count when the response settles them.
    expect(Object.values(canister.consumed).every((cycles) => cycles === 0n)).toBe(true);
  });

  test("withdraws twice the execution on wasm64, and what cost_call said [canister-interface#system-api-cycle-cost]", () => {
    const { memory, view } = setup({ code: { wasm64: true } });
    const run = view();
    const before = run.balanceCycles();
    expect(run.costCall(2n, 0n)).toBe(82_102_414_000n);
    run.performCall(call(), memory);
    expect(before - run.balanceCycles()).toBe(82_102_414_000n);
  });

  test("costs nothing on system and free subnets, where the free one counts it", () => {
    const system = setup({ balanceCycles: 0n }, makeWorld([{ kind: "system", name: "system" }]));
    const run = system.view();
    expect([run.performCall(call(), system.memory), run.balanceCycles(), run.guaranteedBytes]).toEqual([true, 0n, 0]);
    const free = setup({ balanceCycles: 0n }, makeWorld([{ kind: "application", name: "application", costSchedule: "free" }]));
    const freeRun = free.view();
    expect([freeRun.performCall(call(), free.memory), freeRun.balanceCycles(), freeRun.guaranteedBytes]).toEqual([
      true,
      0n,
      MAX_RESPONSE_COUNT_BYTES,
    ]);
    expect(freeRun.plannedCalls[0]).toMatchObject({
      prepaidExecutionCycles: 0n,
      transmissionFee: 0n,
      nominalTransmissionCycles: 2_097_414_000n,
    });
  });

  describe("refuses, in this order: [replica: checks of call_perform]", () => {
    test("message memory of an unbounded wait, by the thread's share, and gives it back when a later step fails", () => {
      const { quotas, memory, view } = setup();
      expect(quotas.guaranteedMessageBytes).toBe((15 * GIB) / 4);
      quotas.guaranteedMessageBytes = 2 * MAX_RESPONSE_COUNT_BYTES;
      const run = view();
      expect([run.performCall(call(), memory), run.performCall(call(), memory), run.performCall(call(), memory)]).toEqual([
        true,
        true,
        false,
      ]);
      expect(run.performCall(call({ timeoutSeconds: 1 }), memory)).toBe(true);
      expect([run.guaranteedBytes, run.bestEffortBytes]).toEqual([2 * MAX_RESPONSE_COUNT_BYTES, 178]);
    });

    test("an argument above 2 MiB takes its own size of message memory", () => {
      const { memory, view } = setup();
      const run = view();
      run.performCall(call({ arg: new Uint8Array(3 * 2 ** 20) }), memory);
      expect(run.guaranteedBytes).toBe(176 + 2 + 3 * 2 ** 20);
    });

    test("message memory whose storage would freeze the canister, in updates and tasks only", () => {
      const { world, canister, quotas, memory, view } = setup({
        code: { heapBytes: GIB },
        settings: { freezingThresholdSeconds: 10n ** 9n },
      });
      // Enough for the call itself, but not for the storage of its message memory.
      canister.balanceCycles = threshold(world, canister, { messageBytes: 178 }) + CALL_FEE + 2_000n;
      const needed = threshold(world, canister, { messageBytes: MAX_RESPONSE_COUNT_BYTES }) - threshold(world, canister);
      expect(needed).toBeGreaterThan(CALL_FEE);
      quotas.callbacks = 1;
      for (let id = 1; id <= 50; id++) canister.callbacks.set(id as CallbackId, {} as never);
      for (const kind of ["update", "task"] as const) {
        const run = view(kind);
        expect(run.performCall(call(), memory)).toBe(false);
        expect(run.performCall(call({ timeoutSeconds: 1 }), memory)).toBe(true); // the one callback was not used up
      }
      // Elsewhere the fee is checked with the new message memory all the same, but after the callbacks.
      const callback = view("callback");
      expect(callback.performCall(call(), memory)).toBe(false);
      expect(callback.performCall(call({ timeoutSeconds: 1 }), memory)).toBe(false);
    });

    test("callbacks: the larger of the subnet's pool and what the canister has of its own 50", () => {
      const { canister, quotas, memory, view } = setup({ balanceCycles: 10n ** 16n });
      quotas.callbacks = 3;
      for (let id = 1; id <= 49; id++) canister.callbacks.set(id as CallbackId, {} as never);
      const pooled = view();
      expect([1, 2, 3, 4].map(() => pooled.performCall(call(), memory))).toEqual([true, true, true, false]);
      quotas.callbacks = -5;
      const own = view();
      expect([1, 2].map(() => own.performCall(call(), memory))).toEqual([true, false]);
    });

    test("cycles: the fee must leave the freezing threshold", () => {
      const { world, canister, memory, view } = setup({ code: { heapBytes: GIB } });
      const needed = threshold(world, canister, { messageBytes: MAX_RESPONSE_COUNT_BYTES }) + CALL_FEE + 2_000n;
      canister.balanceCycles = needed;
      expect(view().performCall(call(), memory)).toBe(true);
      canister.balanceCycles = needed - 1n;
      expect(view().performCall(call(), memory)).toBe(false);
      // A bounded wait needs its own bytes of message memory only.
      expect(view().performCall(call({ timeoutSeconds: 10 }), memory)).toBe(true);
    });

    test("the management canister: one counter for all its names, the fewest slots of any of them", () => {
      const world = makeWorld([
        { kind: "application", name: "application" },
        { kind: "system", name: "nns" },
      ]);
      const { canister, memory, view } = setup({ balanceCycles: 10n ** 17n }, world);
      const [own, nns] = world.state.subnetOrder;
      const bitcoin = "0000000001a000040101" as PrincipalId;
      for (let i = 0; i < 498; i++) canister.queues.pushOutputRequest(request(canister, bitcoin), 0n);
      const run = view();
      expect(run.performCall(call({ callee: MANAGEMENT_CANISTER }), memory)).toBe(true);
      expect(run.performCall(call({ callee: nns }), memory)).toBe(true);
      for (const callee of [own, nns, MANAGEMENT_CANISTER, bitcoin]) expect(run.performCall(call({ callee }), memory)).toBe(false);
      expect(run.performCall(call(), memory)).toBe(true);
    });

    test("slots of the destination: 500 less those in use when the execution began", () => {
      const { canister, memory, view } = setup({ balanceCycles: 10n ** 17n });
      const run = view();
      const taken = Array.from({ length: 501 }, () => run.performCall(call(), memory));
      expect(taken.filter(Boolean).length).toBe(500);
      expect(taken[500]).toBe(false);
      expect(run.performCall(call({ callee: canister.id }), memory)).toBe(true);
      for (let i = 0; i < 499; i++) canister.queues.pushOutputRequest(request(canister, CALLEE), 0n);
      const later = view();
      expect([later.performCall(call(), memory), later.performCall(call(), memory)]).toEqual([true, false]);
    });
  });

  test("what fails takes no cycles and no message memory, and leaves attached cycles to be detached [canister-interface#system-api-call]", () => {
    const { canister, memory, view } = setup({ balanceCycles: 10n ** 17n });
    for (let i = 0; i < 500; i++) canister.queues.pushOutputRequest(request(canister, CALLEE), 0n);
    const run = view();
    run.attachCycles(7n, memory);
    expect(run.performCall(call({ cycles: 7n }), memory)).toBe(false);
    expect([run.balanceCycles(), run.attachedCycles, run.guaranteedBytes]).toEqual([10n ** 17n - 7n, 7n, 0]);
    run.detachCycles(7n);
    run.applyTo(canister);
    expect(canister.balanceCycles).toBe(10n ** 17n);
  });

  test("composite queries have the same limits, and need the fees though they never pay them", () => {
    const { world, canister, memory, view } = setup({ code: { heapBytes: GIB } });
    canister.balanceCycles = threshold(world, canister);
    expect(view("composite").performCall(call(), memory)).toBe(false);
    canister.balanceCycles = 10n ** 17n;
    const run = view("compositeCallback");
    expect(Array.from({ length: 501 }, () => run.performCall(call(), memory)).lastIndexOf(true)).toBe(499);
  });
});

describe("growing memory [replica: memory limits]", () => {
  const MIB = 2 ** 20;

  test("beyond wasm_memory_limit traps with IC0539 in updates and installation, and nowhere else", () => {
    const { canister, memory, view } = setup({ code: { heapBytes: 2 * MIB }, settings: { wasmMemoryLimit: BigInt(3 * MIB) } });
    for (const kind of ["update", "install"] as const) {
      expect(view(kind).growHeap(memory, MIB)).toEqual({ kind: "grow" });
      const answer = view(kind).growHeap(memory, MIB + PAGE);
      expect(answer).toEqual({
        kind: "trap",
        error: {
          code: 539,
          description:
            `Error from Canister ${principalText(canister.id)}: Canister exceeded its current Wasm memory limit of 3145728 bytes. ` +
            "The peak Wasm memory usage was 3211264 bytes. If the canister reaches 4GiB, then it may stop functioning and may become unrecoverable. " +
            "Please reach out to the canister owner to investigate the reason for the increased memory usage. " +
            "It might be necessary to move data from the Wasm memory to the stable memory. If such high Wasm memory usage is expected and safe, " +
            "then the developer can increase the Wasm memory limit in the canister settings..\n" +
            "Try checking the canister for a possible memory leak or modifying it to use more stable memory instead of Wasm memory. " +
            "See documentation: https://internetcomputer.org/docs/current/references/execution-errors#wasm-memory-limit-exceeded",
        },
      });
      expect(view(kind).growStable(memory, 100 * MIB)).toEqual({ kind: "grow" });
    }
    const others = ["replicatedQuery", "task", "callback", "cleanup", "preUpgrade", "query", "composite", "compositeCallback"] as const;
    for (const kind of others) expect([kind, view(kind).growHeap(memory, 2 * MIB)]).toEqual([kind, { kind: "grow" }]);
    canister.settings = { ...canister.settings, wasmMemoryLimit: 0n };
    expect(view().growHeap(memory, 2 * MIB)).toEqual({ kind: "grow" });
  });

  test("traps with IC0532 where it would freeze, in updates and tasks; controllers learn what is missing", () => {
    const { world, canister, memory, view } = setup({ code: { heapBytes: GIB } });
    canister.balanceCycles = threshold(world, canister, { memoryBytes: PAGE }) - 3n;
    const id = principalText(canister.id);
    const help =
      "Try topping up the canister. See documentation: https://internetcomputer.org/docs/current/references/execution-errors#insufficient-cycles-in-memory-grow";
    for (const kind of ["update", "task"] as const) {
      for (const grow of ["growHeap", "growStable"] as const) {
        expect(view(kind, { caller: USER })[grow](memory, PAGE)).toEqual({
          kind: "trap",
          error: {
            code: 532,
            description: `Error from Canister ${id}: Canister cannot grow memory by 65536 bytes due to insufficient cycles..\n${help}`,
          },
        });
        expect(view(kind, { caller: CONTROLLER })[grow](memory, PAGE)).toMatchObject({
          error: { description: expect.stringContaining("insufficient cycles. At least 3 additional cycles are required..\n") },
        });
      }
    }
    for (const kind of ["callback", "cleanup", "install", "replicatedQuery"] as const)
      expect(view(kind).growHeap(memory, PAGE)).toEqual({ kind: "grow" });
    canister.balanceCycles += 3n;
    expect(view().growHeap(memory, PAGE)).toEqual({ kind: "grow" });
  });

  test("without subnet memory traps for the heap and is refused for stable memory; callbacks may use the reserve", () => {
    const { quotas, memory, view } = setup({ balanceCycles: 10n ** 17n });
    expect(quotas.memoryBytes).toBe(509.5 * GIB);
    quotas.memoryBytes = 3 * PAGE;
    const run = view();
    expect(run.growHeap(memory, 2 * PAGE)).toEqual({ kind: "grow" });
    expect(run.growHeap(memory, 2 * PAGE)).toMatchObject({ kind: "trap", error: { code: 507 } });
    expect(run.growStable(memory, 2 * PAGE)).toEqual({ kind: "refuse" });
    expect(run.growStable(memory, PAGE)).toEqual({ kind: "grow" });
    expect(run.allocatedBytes).toBe(3 * PAGE);
    expect(view("callback").growStable(memory, 2 * GIB)).toEqual({ kind: "grow" });
    for (const kind of ["install", "preUpgrade", "replicatedQuery", "query", "composite"] as const) {
      expect([kind, view(kind).growStable(memory, 400 * GIB)]).toEqual([kind, { kind: "grow" }]);
    }
  });

  test("by nothing is always allowed, and within the memory allocation nothing is taken", () => {
    const { canister, quotas, memory, view } = setup({ code: { heapBytes: PAGE }, balanceCycles: 0n });
    quotas.memoryBytes = -1;
    expect([view().growHeap(memory, 0), view().growStable(memory, 0)]).toEqual([{ kind: "grow" }, { kind: "grow" }]);
    canister.settings = { ...canister.settings, memoryAllocation: BigInt(PAGE + 32 + 2 * PAGE) };
    expect(view().growHeap(memory, 2 * PAGE)).toEqual({ kind: "grow" });
    expect(view().growHeap(memory, 2 * PAGE + 1)).toMatchObject({ kind: "trap", error: { code: 532 } });
    expect(view().growHeap({ heapBytes: PAGE, stableBytes: PAGE }, PAGE)).toEqual({ kind: "grow" });
  });

  describe("on a subnet above the reservation threshold", () => {
    const limits = defaultLimits("application");
    const taken = 900 * GIB;

    function full(shape: CanisterShape): Setup {
      const made = setup(shape);
      made.quotas.memoryBytes = threadMemoryBytes(limits, taken);
      return made;
    }
    const reserve = (allocated: number, bytes: number) => {
      const fees = feesOf(subnetAt(makeWorld()).config);
      const start = saturation(limits, threadMemoryBytes(limits, taken));
      return reservationCycles(fees, { ...start, usageBytes: start.usageBytes + allocated }, bytes);
    };

    test("moves cycles to the reserved balance, step by step", () => {
      const { canister, memory, view } = full({
        settings: { freezingThresholdSeconds: 0n, reservedCyclesLimit: 10n ** 15n },
        reservedCycles: 11n,
      });
      const before = canister.balanceCycles;
      const run = view();
      run.growHeap(memory, GIB);
      run.growStable({ ...memory, heapBytes: GIB }, GIB);
      const cycles = reserve(0, 2 * GIB);
      expect(cycles).toBeGreaterThan(0n);
      expect([run.newlyReservedCycles, run.balanceCycles()]).toEqual([cycles, before - cycles]);
      run.applyTo(canister);
      expect([canister.balanceCycles, canister.reservedCycles]).toEqual([before - cycles, 11n + cycles]);
    });

    test("the limit traps with IC0534 before the balance is looked at", () => {
      const cycles = reserve(0, GIB);
      const { canister, memory, view } = full({ settings: { freezingThresholdSeconds: 0n, reservedCyclesLimit: cycles - 1n } });
      expect(view("callback").growHeap(memory, GIB)).toMatchObject({
        kind: "trap",
        error: {
          code: 534,
          description: expect.stringContaining(
            `Canister cannot grow memory by 1073741824 bytes due to its reserved cycles limit. The current limit (${cycles - 1n}) would be exceeded by 1..\n` +
              "Try increasing the canister's reserved cycles limit.",
          ),
        },
      });
      canister.settings = { ...canister.settings, reservedCyclesLimit: cycles };
      canister.balanceCycles = cycles - 1n;
      expect(view("callback", { caller: CONTROLLER }).growHeap(memory, GIB)).toMatchObject({
        error: { code: 532, description: expect.stringContaining("At least 1 additional cycles are required.") },
      });
      canister.balanceCycles = cycles;
      expect(view("callback").growHeap(memory, GIB)).toEqual({ kind: "grow" });
    });
  });
});

describe("before its changes are committed, a run [replica: cycles at the end of executions]", () => {
  test("must leave the threshold computed with the memory it leaves", () => {
    const { world, canister, view } = setup({ code: { heapBytes: GIB } });
    const after = { heapBytes: GIB + PAGE, stableBytes: 0 };
    canister.balanceCycles = threshold(world, canister, { memoryBytes: PAGE }) + 10n;
    const run = view();
    run.burnCycles(10n, after);
    expect(run.removedCycles).toBe(10n);
    expect(run.commitError(canister, after)).toBeNull();
    // An ingress message was inducted while the execution was held.
    canister.postponedIngressCycles = 1n;
    takePostponedIngressFees(canister);
    expect(run.commitError(canister, after)).toEqual({ code: 207, description: `Canister ${principalText(canister.id)} is out of cycles` });
  });

  test("cannot count on what it accepted", () => {
    const { world, canister, view } = setup({ code: { heapBytes: GIB } });
    canister.balanceCycles = threshold(world, canister);
    const run = view("update", { availableCycles: 10n ** 12n });
    run.acceptCycles(10n ** 12n);
    const after = { heapBytes: GIB + PAGE, stableBytes: 0 };
    expect(run.growHeap({ heapBytes: GIB, stableBytes: 0 }, PAGE)).toEqual({ kind: "grow" });
    expect(run.removedCycles).toBe(0n);
    expect(run.commitError(canister, after)?.code).toBe(207);
  });

  test("that is a callback must only stay above zero, and fails with IC0504", () => {
    const { canister, memory, view } = setup({ balanceCycles: 100n, settings: { freezingThresholdSeconds: 0n } });
    const run = view("callback", { caller: CONTROLLER });
    expect(run.burnCycles(60n, memory)).toBe(60n);
    canister.balanceCycles = 60n;
    expect(run.commitError(canister, memory)).toBeNull();
    canister.balanceCycles = 59n;
    const id = principalText(canister.id);
    expect(run.commitError(canister, memory)).toEqual({
      code: 504,
      description: `Error from Canister ${id}: Canister ${id} is out of cycles: please top up the canister with at least 1 additional cycles`,
    });
  });

  test("that is a cleanup, an installation or a query has nothing to keep", () => {
    const { canister, memory, view } = setup({ code: { heapBytes: GIB }, balanceCycles: 0n });
    for (const kind of ["cleanup", "install", "query", "composite"] as const) expect(view(kind).commitError(canister, memory)).toBeNull();
  });

  test("finds its thread's quotas lowered by the runs before it", () => {
    const { quotas, memory, view } = setup({ balanceCycles: 10n ** 17n });
    const before = { ...quotas };
    const run = view();
    run.performCall(call(), memory);
    run.growHeap(memory, PAGE);
    expect(takeQuotas(quotas, run)).toBeNull();
    expect(quotas).toEqual({
      memoryBytes: before.memoryBytes - PAGE,
      guaranteedMessageBytes: before.guaranteedMessageBytes - MAX_RESPONSE_COUNT_BYTES,
      callbacks: before.callbacks - 1,
    });
    // A held run whose memory went to others meanwhile.
    expect(quotaError({ ...quotas, memoryBytes: PAGE - 1 }, run)?.code).toBe(507);
    expect(quotaError({ ...quotas, guaranteedMessageBytes: 0 }, run)?.code).toBe(507);
    expect(quotaError({ ...quotas, memoryBytes: -1, guaranteedMessageBytes: -1 }, view())).toBeNull();
  });
});

test("prices are those of the own subnet, and of the subnet that holds the key [canister-interface#system-api-cycle-cost]", () => {
  const world = makeWorld([
    { kind: "application", name: "application" },
    { kind: "application", name: "fiduciary" },
  ]);
  const { canister, quotas } = setup({}, world);
  const view = new ExecutionView({
    world,
    subnet: subnetAt(world),
    canister,
    kind: "update",
    quotas,
    context: null,
  });
  expect(view.costCreateCanister()).toBe(500_000_000_000n);
  expect(view.costHttpRequest(0n, 0n)).toBe(49_140_000n);
  expect(view.costSign("ecdsa", "key_1", 0)).toBe(26_153_846_153n);
  expect([view.costSign("ecdsa", "key_1", 1), view.costSign("schnorr", "key_1", 1), view.costSign("vetkd", "other", 0)]).toEqual([
    1,
    26_153_846_153n,
    2,
  ]);
  expect(view.costCall(2n ** 64n - 1n, 2n ** 64n - 1n)).toBe(CALL_FEE + 1_000n * (2n ** 64n - 1n));
});

describe("conservation", () => {
  type Step =
    | { readonly kind: "accept"; readonly cycles: bigint }
    | { readonly kind: "burn"; readonly cycles: bigint }
    | {
        readonly kind: "call";
        readonly cycles: bigint;
        readonly bytes: number;
        readonly perform: boolean;
        readonly bounded: boolean;
        readonly callee: number;
      }
    | { readonly kind: "grow"; readonly pages: number; readonly stable: boolean };
  const amount = fc.oneof(fc.bigInt(0n, 10n ** 12n), fc.bigInt(0n, 10n ** 15n));
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ kind: fc.constant("accept" as const), cycles: amount }),
    fc.record({ kind: fc.constant("burn" as const), cycles: amount }),
    fc.record({
      kind: fc.constant("call" as const),
      cycles: amount,
      bytes: fc.nat(3_000_000),
      perform: fc.boolean(),
      bounded: fc.boolean(),
      callee: fc.nat(3),
    }),
    fc.record({ kind: fc.constant("grow" as const), pages: fc.nat(40_000), stable: fc.boolean() }),
  );
  const kinds = fc.constantFrom<ExecutionKind>("update", "task", "callback", "replicatedQuery", "cleanup");

  test("whatever a run does, its balance and what it spent are what it began with and accepted", () => {
    const nodes = [13, 34];
    const worlds = nodes.map((nodeCount) => makeWorld([{ kind: "application", name: "application", nodeCount }]));
    fc.assert(
      fc.property(
        fc.constantFrom(...worlds),
        kinds,
        fc.bigInt(0n, 10n ** 15n),
        fc.boolean(),
        fc.array(step, { maxLength: 20 }),
        (world, kind, balanceCycles, filling, steps) => {
          const { canister, quotas, memory, view } = setup({ balanceCycles, code: { heapBytes: GIB } }, world);
          if (filling) quotas.memoryBytes = threadMemoryBytes(defaultLimits("application"), 1_500 * GIB);
          const run = view(kind, { availableCycles: 10n ** 13n });
          const use = { ...memory };
          for (const s of steps) {
            if (s.kind === "accept") run.acceptCycles(s.cycles);
            else if (s.kind === "burn") run.burnCycles(s.cycles, use);
            else if (s.kind === "grow") {
              const answer = s.stable ? run.growStable(use, s.pages * PAGE) : run.growHeap(use, s.pages * PAGE);
              if (answer.kind === "trap") break;
              if (answer.kind === "grow") s.stable ? (use.stableBytes += s.pages * PAGE) : (use.heapBytes += s.pages * PAGE);
            } else {
              if (!run.attachCycles(s.cycles, use)) break; // traps
              const callee = [CALLEE, canister.id, MANAGEMENT_CANISTER, canister.subnetId][s.callee]!;
              const made = call({ cycles: s.cycles, arg: new Uint8Array(s.bytes), callee, timeoutSeconds: s.bounded ? 10 : null });
              if (!s.perform || !run.performCall(made, use)) run.detachCycles(s.cycles);
            }
            const inCalls = run.plannedCalls.reduce(
              (sum, c) => sum + c.call.cycles + c.prepaidExecutionCycles + c.prepaidTransmissionCycles + c.transmissionFee,
              0n,
            );
            const total = run.balanceCycles() + inCalls + run.attachedCycles + run.burnedCycles + run.newlyReservedCycles;
            expect(total).toBe(balanceCycles + run.acceptedCycles);
            expect(run.acceptedCycles + run.availableCycles()).toBe(10n ** 13n);
            expect(run.balanceCycles()).toBeGreaterThanOrEqual(0n);
          }
          const left = run.balanceCycles();
          const reserved = canister.reservedCycles + run.newlyReservedCycles;
          run.applyTo(canister);
          expect([canister.balanceCycles, canister.reservedCycles]).toEqual([left, reserved]);
        },
      ),
      { numRuns: 300 },
    );
  });
});
