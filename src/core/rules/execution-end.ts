/**
 * How an execution ends: held until the round in which the replica would end it, or its outcome applied whole or not at all, and then the call is
 * answered, waits, or never was answered.
 *
 * Source: interface spec, "Message execution"; messaging.md 7.1; scheduling.md 3.1.
 * Replica: `rs/execution_environment/src/execution/call_or_task.rs` (c7c5005).
 */
import { commit, commitOverlay, detach, discard, type Overlay } from "../canister/outcome.ts";
import type { EntryPoint, Outcome } from "../canister/types.ts";
import { PAGE_BYTES } from "../wasm/abi.ts";
import { refundExecution, runsWasm64, takePostponedIngressFees } from "../cycles/accounts.ts";
import { feesOf } from "../cycles/fees.ts";
import type { ExecutedEvent } from "../events.ts";
import type { CallContext, CanisterState, SystemTask } from "../state/canister.ts";
import type { CallContextId, CanisterId } from "../state/ids.ts";
import type { ExecutionFault } from "./open-outcomes.ts";
import type { LongMessage } from "../state/long-execution.ts";
import type { Ingress, Request } from "../state/messages.ts";
import { ErrorCode, RejectCode } from "../state/rejects.ts";
import { principalText } from "../state/principal.ts";
import { at } from "../state/world.ts";
import { queuesChanged } from "./bookkeeping.ts";
import { removeIfFinished } from "./call-contexts.ts";
import { applyEffects, appendLogs, viewOf } from "./effects.ts";
import { quotaError } from "./quotas.ts";
import { respond, type CallResult } from "./respond.ts";
import type { Turn } from "./turn.ts";

/** What an execution was started with, needed again when it ends. */
export interface Started {
  readonly tag: number | null;
  readonly prepaidCycles: bigint;
  readonly limit: number;
  readonly message: Request | Ingress | { readonly kind: "task"; readonly task: SystemTask };
  readonly fault?: ExecutionFault | null;
}

/** Keeps what has run until the round in which the replica would end it. The first slice's turn has come. */
export function hold(
  { subnet, canister }: Turn,
  outcome: Outcome,
  given: Omit<LongMessage, "kind" | "held"> & { readonly contextId: CallContextId },
): void {
  const { contextId, ...what } = given;
  viewOf(outcome).hold();
  const held = { contextId, outcome, overlay: detach(outcome), slicesDone: 1, balanceCycles: canister.balanceCycles };
  canister.paused = { kind: "message", ...what, held };
  queuesChanged(subnet, canister);
}

/** Applies the outcome of a call or task; returns its heap delta in bytes. `overlay` has its changes when it was held over several rounds. */
export function finishCall(
  turn: Turn,
  context: CallContext,
  entry: EntryPoint["kind"],
  started: Started,
  outcome: Outcome,
  overlay: Overlay | null,
): number {
  const { world, subnet, canister } = turn;
  const execution = world.state.nextExecution++;
  const isQuery = entry === "replicatedQuery";

  takePostponedIngressFees(canister);
  let result = outcome.result;
  if (result.kind !== "trap") {
    const refused = viewOf(outcome).commitError(canister, outcome) ?? quotaError(turn.quotas, viewOf(outcome));
    if (refused !== null) result = { kind: "trap", error: refused };
  }
  const keepsMemory = result.kind !== "trap" && !isQuery;
  if (overlay !== null) {
    if (keepsMemory) commitOverlay(canister.execution!, overlay);
  } else if (keepsMemory) commit(outcome);
  else discard(outcome);

  appendLogs(turn, outcome);
  context.instructions += outcome.instructions;
  const charged = refundExecution(feesOf(subnet.config), canister, {
    prepaidCycles: started.prepaidCycles,
    instructions: started.limit,
    instructionsLeft: started.limit - outcome.instructions,
    wasm64: runsWasm64(canister),
  });
  emitExecuted(turn, execution, {
    tag: started.tag,
    entry: entry as ExecutedEvent["entry"],
    method: started.message.kind === "task" ? "" : started.message.method,
    contextId: context.id,
    instructions: outcome.instructions,
    cycles: charged,
    acceptedCycles: result.kind === "trap" ? 0n : viewOf(outcome).acceptedCycles,
    result,
    cleanup: null,
    slices: outcome.slices,
  });
  if (result.kind !== "trap") applyEffects(turn, context, outcome, execution, !isQuery);
  conclude(turn, context, result, execution, isQuery);
  queuesChanged(subnet, canister);
  return keepsMemory ? (outcome.dirtyHeapPages + outcome.dirtyStablePages) * PAGE_BYTES : 0;
}

/**
 * Answered, waiting, or never to be answered: the table of messaging.md 7.1 step 6.
 * Source: interface spec, "Call context starvation" for the last case.
 */
export function conclude(turn: Turn, context: CallContext, result: Outcome["result"], execution: number, isQuery = false): void {
  const { world, subnet, canister } = turn;
  if (!context.responded && !context.deleted && context.origin.kind !== "systemTask") {
    const callResult = resultOf(canister, context, result, isQuery);
    if (callResult !== null) respond(world, subnet, canister, context, callResult, execution);
    else if (context.origin.kind === "ingress") turn.waitingIngress.push(context.origin);
  }
  removeIfFinished(canister, context);
}

function resultOf(canister: CanisterState, context: CallContext, result: Outcome["result"], isQuery: boolean): CallResult | null {
  switch (result.kind) {
    case "reply":
      return { kind: "reply", data: result.data };
    case "reject":
      return { kind: "reject", message: result.message, uncut: isQuery };
    case "trap":
      return context.openCallbacks > 0 ? null : { kind: "error", error: result.error, uncut: isQuery };
    case "none":
      if (context.openCallbacks > 0 && !isQuery) return null;
      return didNotReply(canister.id);
  }
}

function didNotReply(id: CanisterId): CallResult {
  return {
    kind: "systemReject",
    code: RejectCode.CANISTER_ERROR,
    message: "No response",
    error: { code: ErrorCode.CanisterDidNotReply, description: `Canister ${principalText(id)} did not reply to the call` },
  };
}

/** Everything an `executed` event tells beyond where and when. */
type Executed = Omit<
  ExecutedEvent,
  "kind" | "round" | "timeNanos" | "subnet" | "execution" | "canister" | "iteration" | "startedRound" | "result"
> & {
  readonly result: Outcome["result"] | ExecutedEvent["result"];
};

export function emitExecuted(turn: Turn, execution: number, what: Executed): void {
  const { world, subnet, canister, iteration, startedRound } = turn;
  const result: ExecutedEvent["result"] =
    what.result.kind === "trap"
      ? { kind: "trap", error: what.result.error }
      : what.result.kind === "reject"
        ? { kind: "reject", message: what.result.message }
        : { kind: what.result.kind };
  world.emit({ kind: "executed", ...at(world, subnet), execution, canister: canister.id, iteration, startedRound, ...what, result });
}
