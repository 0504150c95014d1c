/**
 * Whatever changes a canister's memory, with every kind of memory allocation: what the subnet counts, and that it fails, to the byte and to the
 * cycle, where the subnet's memory ends, where the reserved cycles limit does, at the freezing threshold, and where there is nothing to reserve.
 *
 * Source: cycles.md 4, 5. Replica: `rs/execution_environment/tests/memory_matrix.rs` (c7c5005) has the same matrix.
 */
import { describe, expect, test } from "vitest";
import { freezingThresholdCycles, idleUse } from "../../src/core/cycles/freezing.ts";
import { feesOf } from "../../src/core/cycles/fees.ts";
import { allocatedBytes, memoryMetrics, memoryUsageBytes, withAllocation } from "../../src/core/state/memory-usage.ts";
import { Scenario, said, type CallEnd } from "../support/scenario.ts";
import { OPERATIONS, type Kind, type Operation } from "./memory-operations.ts";
import { createEmpty, MESSAGE, prices, setBalance, used } from "./sheet.ts";

const GIB = 2n ** 30n;
const YEAR = 31_536_000n;
const APPLICATION = { kind: "application" as const, name: "application" };
/** Of the subnet's memory 10 GiB are kept for callbacks; the rest is four threads'. */
const KEPT = 10n * GIB;
const SUBNET = KEPT + GIB / 2n;
/** Above what is taken before a run, below what is when its operation begins, so that this one reserves cycles and nothing before it does. */
const RESERVING = KEPT + 288n * 2n ** 20n;
const PLENTY = 10n ** 17n;
type Allocation = "none" | "crossed" | "large";

interface Conditions {
  readonly allocation: Allocation;
  /** The freezing threshold dominates what is reserved, or the other way. */
  readonly threshold: "long" | "short";
  readonly cycles?: bigint;
  readonly reservedLimit?: bigint;
  /** What the subnet has left to hand out when the operation begins. */
  readonly freeBytes?: bigint;
}

interface Outcome {
  readonly error: string | null;
  readonly allocatedBytes: bigint;
  readonly reservedCycles: bigint;
  /** The balance below which it fails, by the rules. */
  readonly neededCycles: bigint;
}

const THRESHOLD = { long: 100n * YEAR, short: 86_400n };

/** A network in which everything is prepared; it is put back before each run. */
class Prepared {
  readonly scene = new Scenario(
    { subnets: [APPLICATION, APPLICATION], limits: { subnetMemoryBytes: SUBNET, subnetMemoryReservationThresholdBytes: RESERVING } },
    { checkInvariants: false },
  );
  readonly id = createEmpty(this.scene, PLENTY);
  private readonly filler = createEmpty(this.scene, PLENTY);
  private readonly setup: unknown;
  private readonly beginning;
  private readonly of: Operation<unknown>;

  constructor(of: Operation<unknown>) {
    this.of = of;
    this.scene.setSettings(this.filler, { reserved_cycles_limit: PLENTY });
    this.setup = of.setup(this.scene, this.id);
    this.beginning = this.scene.net.snapshot();
  }

  run(given: Conditions, change: bigint): Outcome {
    const { scene, id, of } = this;
    scene.net.restore(this.beginning);
    const subnet = () => scene.net.state.subnets.get(scene.subnet(0))!;
    const allocated = () => allocatedBytes(scene.canister(id));
    scene.setSettings(id, {
      freezing_threshold: THRESHOLD[given.threshold],
      memory_allocation: { none: 0n, crossed: BigInt(memoryUsageBytes(scene.canister(id))) + change / 2n, large: GIB / 16n }[
        given.allocation
      ],
      reserved_cycles_limit: given.reservedLimit ?? PLENTY,
    });
    this.fill(given.freeBytes ?? 2n ** 25n);
    const message = of.prepare?.(scene, id) ?? null;
    const cycles = given.cycles ?? PLENTY;
    setBalance(scene, id, cycles);

    const history = () => memoryMetrics(scene.canister(id)).canisterHistory;
    const before = { allocated: allocated(), subnet: subnet().memoryUsageBytes, history: history() };
    expect(scene.canister(id).reservedCycles).toBe(0n);
    const error = this.failure(of.run(scene, id, this.setup, message));

    const canister = scene.canister(id);
    const { reservedCycles } = canister;
    expect(BigInt(subnet().memoryUsageBytes - before.subnet)).toBe(allocated() - before.allocated);
    // What management methods but installations write into the history is counted, but not looked at before.
    const unseen = of.kind === "management" ? history() - before.history : 0;
    const memoryBytes = memoryUsageBytes(canister) - unseen;
    const allocatedBy = withAllocation(canister.settings.memoryAllocation, memoryBytes) - before.allocated;
    const frozen = freezingThresholdCycles(feesOf(subnet().config), canister.settings, { ...idleUse(canister), memoryBytes }, 0n);
    const kept = reservedCycles > frozen ? reservedCycles : frozen;
    const usedUp = cycles - canister.balanceCycles - reservedCycles;
    const neededCycles = isCallback(of)
      ? reservedCycles - prices(13n).transmissionRefund(0n)
      : usedUp + kept + (error === null && of.kind === "entry" ? this.prepaidCycles() : 0n);
    return { error, allocatedBytes: allocatedBy, reservedCycles, neededCycles };
  }

  /** A cleanup runs after an error that is meant. */
  private failure(end: CallEnd): string | null {
    if (end.kind === "replied") return null;
    const text = said(end);
    return this.of.kind === "cleanup" && !text.includes("call_on_cleanup also failed") ? null : text;
  }

  /** Leaves so much of the subnet's memory to a thread. Another canister takes the rest, in steps, as it is a thread's part that it may take at once. */
  private fill(freeBytes: bigint): void {
    for (;;) {
      const left = SUBNET - KEPT - BigInt(this.scene.net.state.subnets.get(this.scene.subnet(0))!.memoryUsageBytes);
      if (left / 4n === freeBytes) return;
      const surplus = left - 4n * freeBytes;
      const held = allocatedBytes(this.scene.canister(this.filler));
      this.scene.setSettings(this.filler, { memory_allocation: held + (surplus < left / 4n ? surplus : left / 4n) });
    }
  }

  /** What an update prepays and has back only after its memory has grown. */
  private prepaidCycles(): bigint {
    return prices(13n).S(MESSAGE - used(this.scene, this.id, "update"));
  }
}

const isCallback = ({ kind }: Operation<unknown>): boolean => kind === "reply" || kind === "cleanup";

/** What a failure begins with, or has in it: where the subnet's memory ends, … */
const NO_MEMORY: Record<Kind, RegExp | null> = {
  entry: /^IC0507|^IC0502: .* unreachable/,
  // Callbacks have memory of their own.
  reply: null,
  cleanup: null,
  install: /^IC0101/,
  allocation: /^IC0101/,
  management: /^IC0101/,
};
/** … where the limit of reserved cycles is passed, … */
const LIMIT: Record<Kind, RegExp> = {
  entry: /^IC0534/,
  reply: /^IC0534/,
  cleanup: /^IC0503.*due to its reserved cycles limit/s,
  install: /^IC0534/,
  allocation: /^IC0533/,
  management: /^IC0534/,
};
/** … and where one cycle is missing: of the freezing threshold, or of what is to be reserved. */
const ONE_CYCLE: Record<Kind, RegExp> = {
  entry: /^IC0532.*at least 1 additional cycles/is,
  reply: /^IC0532.*at least 1 additional cycles/is,
  cleanup: /^IC0503.*cannot grow memory.*at least 1 additional cycles/is,
  install: /^IC0532.*at least 1 additional cycles/is,
  allocation: /^IC0531.*at least 1 additional cycles/is,
  management: /^IC0(532|207).*at least 1 additional cycles/is,
};

describe.each(Object.entries(OPERATIONS))("%s [replica: memory matrix]", (_, of) => {
  const prepared = new Prepared(of);
  const once = prepared.run({ allocation: "none", threshold: "long" }, 0n);

  test.each(["none", "crossed", "large"] as const)("allocation: %s", (allocation) => {
    const change = of.change === "stays" ? 0n : once.allocatedBytes;
    for (const threshold of ["long", "short"] as const) {
      const run = (more: Partial<Conditions> = {}) => prepared.run({ allocation, threshold, ...more }, change);
      const dry = run();
      const { allocatedBytes, reservedCycles, neededCycles } = dry;
      expect(dry.error).toBeNull();
      expect(reservedCycles > 0n).toBe(allocatedBytes > 0n);
      if (of.kind !== "allocation") expect(Math.sign(Number(allocatedBytes))).toBe(signOf(of.change, allocation));
      if (allocatedBytes <= 0n) {
        expect(run({ freeBytes: 0n }).error).toBeNull();
        continue;
      }
      expect(run({ freeBytes: allocatedBytes }).error).toBeNull();
      expect(run({ freeBytes: allocatedBytes - 1n }).error ?? "").toMatch(NO_MEMORY[of.kind] ?? /^$/);
      expect(run({ reservedLimit: reservedCycles }).error).toBeNull();
      expect(run({ reservedLimit: reservedCycles - 1n }).error).toMatch(LIMIT[of.kind]);
      // Callbacks do not ask what the freezing threshold is, only whether there is what they reserve.
      expect(run({ cycles: neededCycles }).error).toBeNull();
      expect(run({ cycles: neededCycles - 1n }).error).toMatch(ONE_CYCLE[of.kind]);
    }
  });
});

/** Whether more or less is allocated afterwards: nothing changes where the allocation covers it, before and after. */
function signOf(change: Operation<unknown>["change"], allocation: Allocation): number {
  if (change === "stays" || allocation === "large") return 0;
  return change === "grows" ? 1 : -1;
}
