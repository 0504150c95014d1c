/**
 * Executing a response: its callback, and the cleanup when that traps.
 *
 * The callback is unregistered and refunds are credited before anything runs, and stay whatever it does. Five percent of the
 * instructions are kept for cleanup, which runs on the state before the callback.
 *
 * Departure: while a long callback is held over rounds, the cycles that came back with the response are in the balance already.
 * Source: interface spec, "Message execution" (responses), "Callbacks"; messaging.md 7.2.
 * Replica: `rs/execution_environment/src/execution/response.rs` (c7c5005).
 */
import { cleanupFailed, userErrorOf, wasmModuleNotFound } from "../canister/errors.ts";
import { commit, commitOverlay, discard, type Overlay } from "../canister/outcome.ts";
import { run } from "../canister/run.ts";
import type { EntryPoint, Outcome } from "../canister/types.ts";
import {
  creditCycles,
  creditResponse,
  refundExecution,
  runsWasm64,
  takePostponedIngressFees,
  takePostponedIngressFeesBeforeCleanup,
} from "../cycles/accounts.ts";
import { feesOf } from "../cycles/fees.ts";
import type { CallContext, Callback } from "../state/canister.ts";
import type { Response } from "../state/messages.ts";
import type { UserError } from "../state/rejects.ts";
import { at, limitsOf } from "../state/world.ts";
import { PAGE_BYTES } from "../wasm/abi.ts";
import { queuesChanged } from "./bookkeeping.ts";
import { CONTEXT_DELETED, removeIfFinished, unregisterCallback } from "./call-contexts.ts";
import { appendLogs, applyEffects, viewOf } from "./effects.ts";
import { ExecutionView } from "./execution-view.ts";
import { conclude, emitExecuted, hold } from "./execution-end.ts";
import { NOTHING_RAN, type Ran } from "./message-execution.ts";
import { quotaError } from "./quotas.ts";
import { chosenFault, cutOff } from "./execution-faults.ts";
import { chosenRefusals } from "./refused-calls.ts";
import { runLimits } from "./run-limits.ts";
import type { Turn } from "./turn.ts";

/** Executes a response that was taken from the input queue. */
export function executeResponse(turn: Turn, response: Response): Ran {
  const { world, subnet, canister } = turn;
  const callback = unregisterCallback(subnet, canister, response.callbackId);
  if (callback === undefined) {
    // A late answer to a bounded-wait call: dropped silently, its cycles are credited (messaging.md 4).
    creditCycles(canister, response.refundCycles);
    world.emit({ kind: "dropped", ...at(world, subnet), tag: response.tag, reason: "its caller no longer waits for it" });
    return NOTHING_RAN;
  }
  const refundedCycles = creditResponse(feesOf(subnet.config), canister, callback, response);
  return executeCallback(turn, { response, callback, refundedCycles });
}

/** Runs the callback of a response whose cycles have been credited: also when an earlier run of it was aborted. */
export function executeCallback(turn: Turn, given: Omit<CallbackWork, "context">): Ran {
  const { world, subnet, canister } = turn;
  const { response, callback, refundedCycles } = given;
  const context = canister.callContexts.edit(callback.callContextId)!;
  if (context.deleted) {
    // The canister was uninstalled under this call: nothing runs, the unused prepayment comes back.
    settleInstructions(turn, callback, 0);
    world.emit({ kind: "dropped", ...at(world, subnet), tag: response.tag, reason: CONTEXT_DELETED });
    removeIfFinished(canister, context);
    queuesChanged(subnet, canister);
    return NOTHING_RAN;
  }
  const work: CallbackWork = { ...given, context };
  if (canister.execution === null) {
    return {
      ...NOTHING_RAN,
      heapDeltaBytes: finishFailed(turn, work, userErrorOf(canister.id, wasmModuleNotFound()), NOT_RUN),
    };
  }
  const entry = callbackEntry(work);
  const limits = limitsOf(world, subnet);
  const reserve = Math.floor((limits.messageInstructions * limits.cleanupReservePercent) / 100);
  const refuses = chosenRefusals(world, canister);
  // Callbacks are paid for when their call is made.
  const fault = chosenFault(world, {
    canister: canister.id,
    entry: response.payload.kind === "data" ? "replyCallback" : "rejectCallback",
    method: callback.method,
    from: response.respondent,
    tag: response.tag,
  });
  const outcome = run(
    world.pool,
    canister.execution,
    entry,
    () => new ExecutionView({ world, subnet, canister, kind: "callback", quotas: turn.quotas, context, refundedCycles, refuses }),
    cutOff(runLimits(limits, entry.kind, limits.messageInstructions - reserve), fault),
  );
  if (outcome.slices > 1) {
    const prepaidCycles = callback.prepaidExecutionCycles;
    hold(turn, outcome, {
      message: response,
      callback,
      refundedCycles,
      prepaidCycles,
      contextId: context.id,
      startedRound: turn.startedRound,
    });
    return { instructions: outcome.pausedSlices[0], held: true, heapDeltaBytes: 0 };
  }
  const heapDeltaBytes = finishResponse(turn, work, outcome, null);
  return { instructions: outcome.instructions, held: false, heapDeltaBytes };
}

/** The callback could not be run at all. */
const NOT_RUN = { instructions: 0, slices: 1 };

/** A response being executed, and who waited for it. */
export interface CallbackWork {
  readonly response: Response;
  readonly callback: Callback;
  /** For writing. */
  readonly context: CallContext;
  readonly refundedCycles: bigint;
}

function callbackEntry({ response, callback }: CallbackWork): EntryPoint {
  const { payload } = response;
  return payload.kind === "data"
    ? { kind: "replyCallback", closure: callback.onReply, data: payload.data, composite: false }
    : { kind: "rejectCallback", closure: callback.onReject, code: payload.code, message: payload.message, composite: false };
}

/** Applies the callback's outcome, or runs the cleanup; returns the heap delta in bytes. `overlay` has the changes of a held run. */
export function finishResponse(turn: Turn, work: CallbackWork, outcome: Outcome, overlay: Overlay | null): number {
  const { canister } = turn;
  const { context, callback, response } = work;
  takePostponedIngressFees(canister);
  let error = outcome.result.kind === "trap" ? outcome.result.error : null;
  error ??= viewOf(outcome).commitError(canister, outcome) ?? quotaError(turn.quotas, viewOf(outcome));
  if (error !== null) {
    if (overlay === null) discard(outcome);
    appendLogs(turn, outcome);
    return finishFailed(turn, work, error, outcome);
  }
  if (overlay !== null) commitOverlay(canister.execution!, overlay);
  else commit(outcome);
  appendLogs(turn, outcome);
  context.instructions += outcome.instructions;
  const execution = turn.world.state.nextExecution++;
  const cycles = settleInstructions(turn, callback, outcome.instructions);
  emitExecuted(turn, execution, {
    tag: response.tag,
    entry: response.payload.kind === "data" ? "replyCallback" : "rejectCallback",
    method: callback.method,
    contextId: context.id,
    instructions: outcome.instructions,
    cycles,
    acceptedCycles: viewOf(outcome).acceptedCycles,
    result: outcome.result,
    cleanup: null,
    slices: outcome.slices,
  });
  applyEffects(turn, context, outcome, execution, true);
  conclude(turn, context, outcome.result, execution);
  queuesChanged(turn.subnet, canister);
  return (outcome.dirtyHeapPages + outcome.dirtyStablePages) * PAGE_BYTES;
}

/** The callback failed: the cleanup runs where there is one, and the callback's error is the result all the same. */
function finishFailed(
  turn: Turn,
  work: CallbackWork,
  failed: UserError,
  { instructions: used, slices }: Pick<Outcome, "instructions" | "slices">,
): number {
  const { world, subnet, canister } = turn;
  const { context, callback, response } = work;
  const cleanup = callback.onCleanup !== null && canister.execution !== null ? runCleanup(turn, work, used) : null;
  const cleanupError = cleanup !== null && cleanup.result.kind === "trap" ? cleanup.result.error : null;
  const error = cleanupError === null ? failed : cleanupFailed(canister.id, failed, cleanupError);
  const instructions = used + (cleanup?.instructions ?? 0);
  context.instructions += instructions;
  if (cleanup !== null) {
    takePostponedIngressFeesBeforeCleanup(canister, cleanupError === null ? viewOf(cleanup).removedCycles : 0n);
    if (cleanupError === null) commit(cleanup);
    else discard(cleanup);
    appendLogs(turn, cleanup);
  } else takePostponedIngressFees(canister);
  const execution = world.state.nextExecution++;
  const cycles = settleInstructions(turn, callback, instructions);
  const result: Outcome["result"] = { kind: "trap", error };
  emitExecuted(turn, execution, {
    tag: response.tag,
    entry: response.payload.kind === "data" ? "replyCallback" : "rejectCallback",
    method: callback.method,
    contextId: context.id,
    instructions,
    cycles,
    acceptedCycles: cleanup !== null && cleanupError === null ? viewOf(cleanup).acceptedCycles : 0n,
    result,
    cleanup: cleanup === null ? null : cleanupError === null ? "ran" : "failed",
    slices,
  });
  if (cleanup !== null && cleanupError === null) applyEffects(turn, context, cleanup, execution, true);
  conclude(turn, context, result, execution);
  queuesChanged(subnet, canister);
  return cleanup !== null && cleanupError === null ? (cleanup.dirtyHeapPages + cleanup.dirtyStablePages) * PAGE_BYTES : 0;
}

/** Runs with whatever instructions remain of the message, the reserve included. */
function runCleanup(turn: Turn, work: CallbackWork, used: number): Outcome {
  const { world, subnet, canister } = turn;
  const { context, callback, response, refundedCycles } = work;
  const limits = limitsOf(world, subnet);
  const code = response.payload.kind === "data" ? 0 : response.payload.code;
  return run(
    world.pool,
    canister.execution!,
    { kind: "cleanup", closure: callback.onCleanup!, code, composite: false },
    () => new ExecutionView({ world, subnet, canister, kind: "cleanup", quotas: turn.quotas, context, refundedCycles }),
    runLimits(limits, "cleanup", Math.max(0, limits.messageInstructions - used)),
  );
}

/** Gives back what the callback and its cleanup did not use of their prepayment; returns the cycles they cost. */
function settleInstructions(turn: Turn, callback: Callback, used: number): bigint {
  const { world, subnet, canister } = turn;
  const instructions = limitsOf(world, subnet).messageInstructions;
  return refundExecution(feesOf(subnet.config), canister, {
    prepaidCycles: callback.prepaidExecutionCycles,
    instructions,
    instructionsLeft: instructions - used,
    wasm64: runsWasm64(canister),
  });
}
