/**
 * Executions that the replica would spread over several rounds: a slice a round is counted, and in the last one the outcome is applied.
 *
 * Source: scheduling.md 3.1 ("Deterministic time slicing"). The design's way: a message runs whole in the host, its outcome is held.
 * Departure: it is never aborted. The platform starts over what is under way at a checkpoint, and all but four long executions.
 * Ours: one slice a round, which is what the platform's limits come to.
 */
import { assert } from "../../base/assert.ts";
import { limitsOf } from "../state/world.ts";
import { queuesChanged } from "./bookkeeping.ts";
import { finishCall, type Ran } from "./message-execution.ts";
import { finishResponse } from "./response-execution.ts";
import type { Turn } from "./turn.ts";

/** One more slice of the canister's held execution. */
export function finishHeld(turn: Turn): Ran {
  const { world, subnet, canister } = turn;
  const paused = canister.paused;
  assert(paused !== null);
  const slice = limitsOf(world, subnet).sliceInstructions;
  if (subnet.round < paused.finishRound) return { instructions: slice, held: true, heapDeltaBytes: 0 };

  canister.paused = null;
  const { outcome, overlay, message } = paused;
  const context = canister.callContexts.edit(paused.contextId)!;
  const instructions = Math.min(slice, Math.max(0, outcome.instructions - slice * (outcome.slices - 1)));
  let heapDeltaBytes: number;
  if (message.kind === "response") {
    const work = { response: message, callback: paused.callback!, context, refundedCycles: 0n };
    heapDeltaBytes = finishResponse(turn, work, outcome, overlay);
  } else {
    const entry =
      message.kind === "task"
        ? message.task
        : canister.execution!.module.info.methods.get(message.method) === "query"
          ? "replicatedQuery"
          : "update";
    const tag = message.kind === "task" ? null : message.tag;
    const limits = limitsOf(world, subnet);
    const limit = entry === "replicatedQuery" ? limits.queryInstructions : limits.messageInstructions;
    heapDeltaBytes = finishCall(turn, context, entry, { tag, prepaidCycles: paused.prepaidCycles, limit, message }, outcome, overlay);
  }
  queuesChanged(subnet, canister);
  return { instructions, held: false, heapDeltaBytes };
}
