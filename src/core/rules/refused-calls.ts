/**
 * Calls that the schedule has `call_perform` refuse, as the platform does when a queue, the subnet's callbacks or its message memory are full: others'
 * calls fill them too, so a canister cannot know.
 */
import type { OutgoingCall } from "../canister/types.ts";
import type { CanisterState } from "../state/canister.ts";
import type { World } from "../state/world.ts";

/**
 * No slot becomes free before an execution ends: one that only tries again and again ends at its limit of instructions. Under a schedule that injects
 * it ends there after so many refusals, as an exploration could not wait minutes for each such run.
 */
export const HOPELESS_REFUSALS = 20_000;

/** Whether the `index`-th call of an execution is refused, which asked for it. */
export type RefusesCall = (call: OutgoingCall, index: number) => boolean;

/** The schedule is asked once for each call, though an execution that traps is run twice. `undefined`: it is not asked. */
export function chosenRefusals({ schedule }: World, canister: CanisterState): RefusesCall | undefined {
  if (schedule.ordinary || schedule.injects !== true) return undefined;
  const answers: boolean[] = [];
  return ({ callee, method, timeoutSeconds }, index) => {
    const message = { from: canister.id, to: callee, method, message: "request" as const, isUnbounded: timeoutSeconds === null };
    return (answers[index] ??= schedule.choose({ kind: "refuseCall", message }, 2) === 1);
  };
}
