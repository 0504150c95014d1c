/**
 * Messages that the replica would spread over several rounds: a slice is counted when their turn comes, with the last one the outcome is
 * applied. At a checkpoint all of them are aborted, and after every other round those beyond the subnet's limit: what has run is thrown away.
 *
 * Source: scheduling.md 3.1 ("Deterministic time slicing"). The design's way: a message runs whole in the host, its outcome is held.
 * Replica: `rs/execution_environment/src/scheduler.rs` (`finish_round`, `abort_canister`), `execution_environment.rs` (c7c5005).
 */
import { assert } from "../../base/assert.ts";
import { engineError, userErrorOf } from "../canister/errors.ts";
import type { Outcome } from "../canister/types.ts";
import { takePostponedIngressFees } from "../cycles/accounts.ts";
import type { CanisterState } from "../state/canister.ts";
import type { CanisterId } from "../state/ids.ts";
import type { HeldRun, LongMessage } from "../state/long-execution.ts";
import type { SubnetState } from "../state/network-state.ts";
import { editCanister, limitsOf } from "../state/world.ts";
import { queuesChanged } from "./bookkeeping.ts";
import { finishCall } from "./execution-end.ts";
import { executeCall, executeTask, NOTHING_RAN, type Ran } from "./message-execution.ts";
import { executeCallback, finishResponse } from "./response-execution.ts";
import type { Turn } from "./turn.ts";

/** One more slice of the message that the canister is in the middle of; the first one again when it was aborted. */
export function continueMessage(given: Turn, long: LongMessage): Ran {
  const turn = { ...given, startedRound: long.startedRound };
  const { subnet, canister } = turn;
  const { held } = long;
  if (held === null) return startOver(turn, long);
  const { outcome, slicesDone } = held;
  if (canister.balanceCycles !== held.balanceCycles) return fail(turn, long, held);
  if (slicesDone < outcome.pausedSlices.length) {
    canister.paused = { ...long, held: { ...held, slicesDone: slicesDone + 1 } };
    return { instructions: outcome.pausedSlices[slicesDone], held: true, heapDeltaBytes: 0 };
  }
  canister.paused = null;
  const heapDeltaBytes = finish(turn, long, held);
  queuesChanged(subnet, canister);
  const before = outcome.pausedSlices.reduce((sum, instructions) => sum + instructions, 0);
  return { instructions: Math.max(0, outcome.instructions - before), held: false, heapDeltaBytes };
}

/**
 * Cycles came while the message was under way, such as those of a dropped bounded-wait call: the platform gives up what has run. Only the
 * fixed part of its price stays charged; of a callback the cleanup runs. Replica: `resume` in `call_or_task.rs` and `response.rs`.
 */
function fail(turn: Turn, long: LongMessage, held: HeldRun): Ran {
  const { subnet, canister } = turn;
  const { message } = long;
  const isQuery = message.kind !== "task" && message.kind !== "response" && isQueryMethod(canister, message.method);
  const what =
    message.kind === "task"
      ? "a canister task"
      : message.kind === "response"
        ? "a response call"
        : isQuery
          ? "a replicated query"
          : "an update call";
  const error = userErrorOf(canister.id, engineError(`Failed to apply system changes: Mismatch in cycles balance when resuming ${what}`));
  const result = { kind: "trap" as const, error, backtrace: null };
  const outcome: Outcome = { ...held.outcome, result, instructions: 0, logs: { dropped: 0, records: [] }, printed: [] };
  canister.paused = null;
  finish(turn, long, { ...held, outcome });
  queuesChanged(subnet, canister);
  return NOTHING_RAN;
}

function isQueryMethod(canister: CanisterState, method: string): boolean {
  return canister.execution!.module.info.methods.get(method) === "query";
}

/** Applies what was held; returns the heap delta in bytes. */
function finish(turn: Turn, long: LongMessage, { contextId, outcome, overlay }: HeldRun): number {
  const { world, subnet, canister } = turn;
  const { message, callback, refundedCycles, prepaidCycles } = long;
  const context = canister.callContexts.edit(contextId)!;
  if (message.kind === "response")
    return finishResponse(turn, { response: message, callback: callback!, context, refundedCycles }, outcome, overlay);
  const isQuery = message.kind !== "task" && isQueryMethod(canister, message.method);
  const entry = message.kind === "task" ? message.task : isQuery ? "replicatedQuery" : "update";
  const limits = limitsOf(world, subnet);
  const limit = isQuery ? limits.queryInstructions : limits.messageInstructions;
  const tag = message.kind === "task" ? null : message.tag;
  return finishCall(turn, context, entry, { tag, prepaidCycles, limit, message }, outcome, overlay);
}

function startOver(turn: Turn, long: LongMessage): Ran {
  const { subnet, canister } = turn;
  const { message, callback, refundedCycles } = long;
  canister.paused = null;
  queuesChanged(subnet, canister);
  if (message.kind === "response") return executeCallback(turn, { response: message, callback: callback!, refundedCycles });
  return message.kind === "task" ? executeTask(turn, message.task, long) : executeCall(turn, message, long);
}

/**
 * Throws away what has run of a message or an installation; induction fees that were postponed meanwhile are taken. A call's context goes with it, to be
 * made anew, and its attached cycles are the message's again.
 */
export function abort(subnet: SubnetState, id: CanisterId): void {
  const canister = editCanister(subnet, id)!;
  const long = canister.paused;
  assert(long !== null);
  if (long.held === null) return;
  if (long.kind === "message" && long.message.kind !== "response") canister.callContexts.delete(long.held.contextId);
  canister.paused = { ...long, held: null };
  canister.executedRounds = 0;
  takePostponedIngressFees(canister);
}

/** Whether the canister goes on with a message that it is in the middle of. */
export function isInMessage(canister: CanisterState): boolean {
  return canister.paused !== null && canister.paused.kind === "message";
}
