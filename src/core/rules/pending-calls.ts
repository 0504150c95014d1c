/**
 * Answers to calls of the management canister that consensus delivers, in a later round than the one that accepted the call: signatures and
 * derived keys, which the network makes itself, and what came from outside: from the web (`outcalls.ts`), which it waits for no longer than a minute, and from those who stand behind
 * mock canisters (`mocks.ts`).
 *
 * Source: scheduling.md 2.1 ("Process all consensus responses"); management-canister.md 7. Replica: `rs/execution_environment/src/scheduler.rs`
 * (`execute_subnet_messages`, consensus queue; c7c5005). Ours: one round, as on PocketIC; mainnet takes several.
 */
import { assert } from "../../base/assert.ts";
import { thresholdAnswer } from "../management/threshold-answer.ts";
import type { SubnetState } from "../state/network-state.ts";
import type { PendingAnswer, PendingCall } from "../state/pending-calls.ts";
import { ErrorCode, RejectCode } from "../state/rejects.ts";
import type { World } from "../state/world.ts";
import { flexibleTimeout } from "./flexible-outcalls.ts";
import { answer } from "./respond.ts";

/** Source: management-canister.md 6. Replica: `CANISTER_HTTP_TIMEOUT_INTERVAL`. */
export const OUTCALL_TIMEOUT_NANOS = 60_000_000_000n;

/** Answers what can be answered in this round, in the order of the calls. */
export function answerPendingCalls(world: World, subnet: SubnetState): void {
  if (subnet.pendingCalls.size === 0) return;
  for (const call of [...subnet.pendingCalls.values()]) {
    if (call.sinceRound === subnet.round) continue;
    const given = call.arrived ?? ownAnswer(world, subnet, call);
    if (given !== null && !isLate(world, subnet, call)) settlePendingCall(world, subnet, call, given);
  }
}

/** What the network can say without the outside; `null` while it cannot. */
function ownAnswer(world: World, subnet: SubnetState, call: PendingCall): PendingAnswer | null {
  if (call.request.kind === "mock" || call.request.kind === "bitcoin") return null;
  if (call.request.kind !== "outcall") return thresholdAnswer(world, subnet, call, call.request);
  if (world.state.timeNanos <= call.sinceNanos + OUTCALL_TIMEOUT_NANOS) return null;
  if (call.request.flexible !== null) return flexibleTimeout();
  return { kind: "reject", reject: { code: RejectCode.SYS_TRANSIENT, message: "Canister http request timed out" } };
}

/** How long consensus takes is open. */
function isLate(world: World, subnet: SubnetState, { origin }: PendingCall): boolean {
  if (world.schedule.ordinary) return false;
  const message = { from: origin.canister, to: subnet.config.id, method: origin.method, message: "request" as const };
  return world.schedule.choose({ kind: "pendingAnswer", message }, 2) === 1;
}

/** Sends the answer with what is left of the cycles, and forgets the call. */
function settlePendingCall(world: World, subnet: SubnetState, call: PendingCall, given: PendingAnswer): void {
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
