/**
 * Answers to calls of the management canister that consensus delivers: signatures and derived keys, which the network makes itself, in a
 * later round than the one that accepted the call.
 *
 * Source: scheduling.md 2.1 ("Process all consensus responses"); management-canister.md 7. Replica: `rs/execution_environment/src/scheduler.rs`
 * (`execute_subnet_messages`, consensus queue; c7c5005). Ours: one round, as on PocketIC; mainnet takes several.
 */
import { assert } from "../../base/assert.ts";
import { thresholdAnswer } from "../management/threshold-answer.ts";
import type { SubnetState } from "../state/network-state.ts";
import type { PendingAnswer, PendingCall } from "../state/pending-calls.ts";
import { ErrorCode } from "../state/rejects.ts";
import type { World } from "../state/world.ts";
import { answer } from "./respond.ts";

/** Answers what can be answered in this round, in the order of the calls. */
export function answerPendingCalls(world: World, subnet: SubnetState): void {
  if (subnet.pendingCalls.size === 0) return;
  for (const call of [...subnet.pendingCalls.values()]) {
    if (call.sinceRound === subnet.round || isLate(world, subnet, call)) continue;
    settlePendingCall(world, subnet, call, thresholdAnswer(world, subnet, call));
  }
}

/** How long consensus takes is open. */
function isLate(world: World, subnet: SubnetState, { origin }: PendingCall): boolean {
  if (world.schedule.ordinary) return false;
  const message = { from: origin.canister, to: subnet.config.id, method: origin.method, message: "request" as const };
  return world.schedule.choose({ kind: "pendingAnswer", message }, 2) === 1;
}

/** Sends the answer with what is left of the cycles, and forgets the call. */
export function settlePendingCall(world: World, subnet: SubnetState, call: PendingCall, given: PendingAnswer): void {
  assert(subnet.pendingCalls.delete(call.id), "a call is answered once");
  const result =
    given.kind === "reply"
      ? given
      : {
          kind: "systemReject" as const,
          ...given.reject,
          error: { code: ErrorCode.CanisterRejectedMessage, description: given.reject.message },
        };
  answer(world, subnet, { id: subnet.config.id, queues: subnet.queues }, call.origin, result, call.refundCycles, null);
}
