/**
 * An installation of code: pre_upgrade on the old code, the new module, `(start)`, then init or post_upgrade. All of it happens or nothing; what
 * stays of a failure is the charge for its instructions and the lines it logged.
 *
 * It works on a copy of the canister's record, and of the memories under an epoch of their own, and takes the copy over when everything went well:
 * at once, or in the round in which its last slice would run (scheduling.md 3.1).
 *
 * Source: management-canister.md 4 (order of checks and effects), wasm.md 4.5 and 7, cycles.md 3. Replica:
 * `rs/execution_environment/src/execution/{install_code,install,upgrade}.rs` (c7c5005).
 */
import { nextEpoch } from "../../base/epoch.ts";
import { userErrorOf, wasmMemoryLimitExceeded } from "../canister/errors.ts";
import { prepayExecution, refundExecution, takePostponedIngressFees } from "../cycles/accounts.ts";
import { executionPrepayment, feesOf } from "../cycles/fees.ts";
import { shortfallOf, topUpCycles } from "../cycles/freezing.ts";
import { reservationCycles, reservationRefusal, saturation, threadMemoryBytes, type Saturation } from "../cycles/reservation.ts";
import type { CanisterState } from "../state/canister.ts";
import type { Limits } from "../state/limits.ts";
import { allocatedBytes, customSectionBytes } from "../state/memory-usage.ts";
import type { UserError } from "../state/rejects.ts";
import type { SubnetState } from "../state/network-state.ts";
import { at, emitPrinted, limitsOf, type World } from "../state/world.ts";
import { isController } from "./access.ts";
import { finish, type ManagementTools, type MethodContext } from "./call.ts";
import { cannotAffordInstallation } from "./code-errors.ts";
import { Attempt, type Installation, type Phase } from "./install-attempt.ts";
import { createModule } from "./module-creation.ts";
import * as errors from "./resource-errors.ts";

/** One that is over. */
export interface Installed {
  readonly kind: "installed";
  /** `null`: the code is installed. */
  readonly error: UserError | null;
  /** Of the round in which it ended. */
  readonly instructions: number;
}

/** An installation that has run and is not applied yet. Data: forks share it. */
export interface HeldInstallation {
  readonly installation: Installation;
  /** The record as the installation leaves it, if that can be applied. */
  readonly working: CanisterState;
  /** Why it cannot be. */
  readonly error: UserError | null;
  /** Of all phases. */
  readonly instructions: number;
  /** Instructions of each slice but the last, over all phases. */
  readonly slices: readonly number[];
  /** Slices whose turn has come. */
  readonly slicesDone: number;
  readonly phases: readonly Phase[];
  readonly prepaidCycles: bigint;
  readonly wasm64: boolean;
  /** As it began: the balance after the prepayment, memory, and how full the subnet was. */
  readonly startCycles: bigint;
  readonly startBytes: bigint;
  readonly startSaturation: Saturation;
}

/**
 * Installs code on a canister, for writing, whose controller asked for it. What takes more than a slice is held, for `finishInstallation` in the round
 * in which the replica would end it. `prepaidCycles` is given when the installation was aborted and starts over.
 */
export function install(
  context: MethodContext,
  canister: CanisterState,
  installation: Installation,
): Installed | { readonly kind: "held"; readonly held: HeldInstallation } {
  const { world, subnet, call } = context;
  const limits = limitsOf(world, subnet);
  const fees = feesOf(subnet.config);
  const limit = limits.installCodeInstructions;
  const created = installation.module.kind === "value" ? createModule(world, subnet, canister.id, installation.module.value) : null;
  // Priced by the new module, also for what the old one does; one that cannot be read counts as wasm32.
  const wasm64 = created !== null && created.module !== null && created.module.info.wasm64;

  const prepaidCycles = call.prepaidCycles ?? prepayExecution(fees, canister, limit, isController(canister, installation.sender), wasm64);
  if (typeof prepaidCycles !== "bigint")
    return { kind: "installed", error: cannotAffordInstallation(prepaidCycles.description), instructions: 0 };

  const attempt = new Attempt(context, canister, installation, limits);
  const error = attempt.perform(created);
  const { working, instructions, slices, phases } = attempt;
  const held: HeldInstallation = {
    ...{ installation, working, error, instructions, slices, phases, prepaidCycles, wasm64 },
    slicesDone: 1,
    startCycles: canister.balanceCycles,
    startBytes: allocatedBytes(canister),
    startSaturation: saturation(limits, threadMemoryBytes(limits, subnet.memoryUsageBytes)),
  };
  return slices.length > 0 ? { kind: "held", held } : finishInstallation(context, canister, held);
}

/** Applies an installation that has run, or what stays of one that failed. */
export function finishInstallation(
  { world, subnet, tools }: Pick<MethodContext, "world" | "subnet" | "tools">,
  canister: CanisterState,
  held: HeldInstallation,
): Installed {
  const { installation, instructions, prepaidCycles, wasm64 } = held;
  const limits = limitsOf(world, subnet);
  const fees = feesOf(subnet.config);
  for (const phase of held.phases) tell(world, subnet, tools, held, phase);
  const account = {
    prepaidCycles,
    instructions: limits.installCodeInstructions,
    instructionsLeft: limits.installCodeInstructions - instructions,
    wasm64,
  };
  let { error } = held;
  if (error === null) {
    // Cycles that arrived meanwhile are the canister's all the same.
    const balanceCycles = canister.balanceCycles + held.working.balanceCycles - held.startCycles;
    const working = {
      ...held.working,
      balanceCycles,
      consumed: { ...held.working.consumed },
      postponedIngressCycles: canister.postponedIngressCycles,
    };
    refundExecution(fees, working, account);
    takePostponedIngressFees(working);
    error = settle(subnet, limits, working, held);
    if (error === null) {
      takeOver(canister, working);
      // What was held may be shared with forks.
      if (held.slices.length > 0) canister.execution = canister.execution!.copy(nextEpoch());
      subnet.compiledModules.set(canister.execution!.module.hash, true);
    }
  }
  if (error !== null) {
    canister.log = held.working.log.copy(canister.epoch);
    takePostponedIngressFees(canister);
    refundExecution(fees, canister, account);
  }
  if (limits.rateLimiting) canister.installCodeDebitInstructions += instructions;
  finish(subnet, canister);
  if (error === null) {
    world.emit({ kind: "canister", ...at(world, subnet), canister: canister.id, change: CHANGES[installation.mode.kind] });
  }
  const before = held.slices.reduce((sum, slice) => sum + slice, 0);
  return { kind: "installed", error, instructions: Math.max(0, instructions - before) };
}

const CHANGES = { install: "installed", reinstall: "reinstalled", upgrade: "upgraded" } as const;

/** Everything an installation writes. */
function takeOver(canister: CanisterState, working: CanisterState): void {
  canister.execution = working.execution;
  canister.installedNanos = working.installedNanos;
  canister.log = working.log.copy(canister.epoch);
  canister.balanceCycles = working.balanceCycles;
  canister.reservedCycles = working.reservedCycles;
  canister.postponedIngressCycles = working.postponedIngressCycles;
  canister.consumed = working.consumed;
  canister.certifiedData = working.certifiedData;
  canister.globalTimerNanos = working.globalTimerNanos;
  canister.version = working.version;
  canister.history = working.history;
}

/** Events of an entry point. */
function tell(world: World, subnet: SubnetState, { iteration }: ManagementTools, held: HeldInstallation, { entry, outcome }: Phase): void {
  const { installation, working, wasm64 } = held;
  const where = at(world, subnet);
  emitPrinted(world, subnet, working.id, outcome.printed);
  const fees = feesOf(subnet.config);
  const { result, instructions, slices } = outcome;
  world.emit({
    kind: "executed",
    ...where,
    execution: world.state.nextExecution++,
    canister: working.id,
    tag: installation.tag,
    entry,
    method: installation.method,
    contextId: null,
    iteration,
    instructions,
    cycles: executionPrepayment(fees, instructions, wasm64) - executionPrepayment(fees, 0, wasm64),
    acceptedCycles: 0n,
    result: result.kind === "trap" ? { kind: "trap", error: result.error } : { kind: "none" },
    cleanup: null,
    slices,
    startedRound: subnet.round,
  });
}

/** The last checks: size of the heap, reservation and freezing threshold of what was allocated, memory of the subnet. `working` is for writing. */
function settle(subnet: SubnetState, limits: Limits, working: CanisterState, held: HeldInstallation): UserError | null {
  const { wasmMemoryLimit, reservedCyclesLimit } = working.settings;
  const heapBytes = BigInt(working.execution!.heapBytes);
  if (wasmMemoryLimit !== 0n && heapBytes > wasmMemoryLimit) {
    return userErrorOf(working.id, wasmMemoryLimitExceeded({ limitBytes: wasmMemoryLimit, usedBytes: heapBytes }));
  }
  const grown = allocatedBytes(working) - held.startBytes;
  if (grown <= 0n) return customSectionRefusal(subnet, limits, working);
  const fees = feesOf(subnet.config);
  const available = threadMemoryBytes(limits, subnet.memoryUsageBytes);
  const cycles = reservationCycles(fees, held.startSaturation, Number(grown));
  const { balanceCycles, reservedCycles } = working;
  const refusal = reservationRefusal(cycles, { balanceCycles, reservedCycles, limitCycles: reservedCyclesLimit });
  if (refusal?.kind === "limit") {
    return errors.reservedLimitExceededByGrow(grown, refusal.limitCycles, refusal.requestedCycles - refusal.limitCycles);
  }
  if (refusal?.kind === "balance") return errors.cannotAffordMemoryGrow(grown, refusal.requestedCycles - refusal.availableCycles);
  working.balanceCycles -= cycles;
  working.reservedCycles += cycles;
  const missing = shortfallOf(fees, working, 0n);
  if (missing !== null) return errors.cannotAffordMemoryGrow(grown, topUpCycles(missing));
  const refused = customSectionRefusal(subnet, limits, working);
  if (refused !== null) return refused;
  if (grown > BigInt(available)) return errors.subnetMemoryOversubscribed(grown, BigInt(Math.max(0, available)));
  return null;
}

/** A subnet has room of its own for custom sections, of which an execution thread sees its part. */
function customSectionRefusal(subnet: SubnetState, limits: Limits, working: CanisterState): UserError | null {
  const available = Math.trunc((limits.subnetCustomSectionBytes - subnet.customSectionBytes) / limits.executionThreads);
  const grown = customSectionBytes(working.execution!.module.info.customSections) - working.indexed.customSectionBytes;
  return grown > 0 && grown > available ? errors.customSectionsOversubscribed(BigInt(grown), BigInt(Math.max(0, available))) : null;
}
