/**
 * Executions that the schedule makes end otherwise: the canister cannot pay, runs out of instructions, or traps after so many.
 *
 * Ours: the platform decides none of this by chance. It is what a canister must be ready for all the same, in code that does more on another day: more
 * data, a dearer upgrade, a balance that others have used up.
 */
import { calledTrap } from "../canister/errors.ts";
import type { RunLimits } from "../canister/types.ts";
import { outOfCyclesError } from "../cycles/freezing.ts";
import { EXECUTION_OPTIONS, executionFault, type ExecutionFault } from "./open-outcomes.ts";
import type { ExecutionConcern } from "../schedule/schedule.ts";
import type { CanisterState } from "../state/canister.ts";
import type { UserError } from "../state/rejects.ts";
import type { World } from "../state/world.ts";

/** How this execution is to end; `null` for: as it ends. */
export function chosenFault({ schedule }: World, execution: ExecutionConcern): ExecutionFault | null {
  if (schedule.ordinary || schedule.injects !== true) return null;
  return executionFault(schedule.choose({ kind: "execution", execution }, EXECUTION_OPTIONS));
}

/** The limits of an execution that is to end so. */
export function cutOff(limits: RunLimits, fault: ExecutionFault | null): RunLimits {
  if (fault === null || fault.kind === "outOfCycles") return limits;
  const instructions = Math.min(limits.instructions, fault.after);
  return {
    ...limits,
    instructions,
    sliceInstructions: Math.min(limits.sliceInstructions, instructions),
    reportedInstructions: limits.reportedInstructions ?? limits.instructions,
    ...(fault.kind === "trap" ? { endsAs: calledTrap("a trap chosen by the schedule") } : {}),
  };
}

/** What a canister without cycles is told. */
export function cannotPay(canister: CanisterState, requestedCycles: bigint): UserError {
  return outOfCyclesError(canister.id, { availableCycles: 0n, requestedCycles, thresholdCycles: 0n }, false);
}
