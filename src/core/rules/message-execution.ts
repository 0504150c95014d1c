/**
 * Executing a call: an update, a query called as an update, or a system task. (Responses: `response-execution.ts`.)
 *
 * Prepay, check, make the call context, run, then apply the outcome whole or not at all, and decide whether the call is
 * answered, waits, or never was answered.
 *
 * Source: interface spec, "Message execution"; messaging.md 7.1; cycles.md 3.
 * Replica: `rs/execution_environment/src/execution/call_or_task.rs` (c7c5005).
 */
import { methodNotFound, userErrorOf, wasmMemoryLimitExceeded, wasmModuleNotFound } from "../canister/errors.ts";
import { commit, commitOverlay, detach, discard, run, type Overlay } from "../canister/run.ts";
import type { EntryPoint, Outcome } from "../canister/types.ts";
import { PAGE_BYTES } from "../wasm/abi.ts";
import { prepayExecution, refundExecution, runsWasm64, takePostponedIngressFees } from "../cycles/accounts.ts";
import { executionPrepayment, feesOf } from "../cycles/fees.ts";
import type { ExecutedEvent } from "../events.ts";
import type { CallContext, CallOrigin, CanisterState, SystemTask } from "../state/canister.ts";
import { MANAGEMENT_CANISTER, type CallContextId, type CanisterId } from "../state/ids.ts";
import type { ExecutionFault } from "./open-outcomes.ts";
import type { LongMessage } from "../state/long-execution.ts";
import type { Ingress, Request } from "../state/messages.ts";
import { ErrorCode, RejectCode, type UserError } from "../state/rejects.ts";
import { principalText } from "../state/principal.ts";
import { reindexCanister } from "../state/indexes.ts";
import { at, limitsOf } from "../state/world.ts";
import { queuesChanged } from "./bookkeeping.ts";
import { createCallContext, removeIfFinished } from "./call-contexts.ts";
import { cannotPay, chosenFault, cutOff } from "./execution-faults.ts";
import { chosenRefusals } from "./refused-calls.ts";
import { applyEffects, appendLogs, viewOf } from "./effects.ts";
import { ExecutionView } from "./execution-view.ts";
import { quotaError } from "./quotas.ts";
import { runLimits } from "./run-limits.ts";
import { answer, respond, type CallResult } from "./respond.ts";
import type { Turn } from "./turn.ts";

/** What one turn of a canister cost the round. */
export interface Ran {
  /** Of a held execution only the slice whose turn it was. */
  readonly instructions: number;
  /** The execution needs more rounds; the canister does nothing else until then. */
  readonly held: boolean;
  /** Bytes of pages changed by this execution, counted to the round when its state is kept (scheduling.md 3.2). */
  readonly heapDeltaBytes: number;
}

/** Executes an ingress message or a request that was taken from the input queue; `again` when it was aborted, and prepaid then. */
export function executeCall(turn: Turn, message: Request | Ingress, again: Again | null = null): Ran {
  const { world, subnet, canister } = turn;
  const limits = limitsOf(world, subnet);
  const fees = feesOf(subnet.config);
  const info = canister.execution?.module.info;
  const isQuery = info?.methods.get(message.method) === "query";
  const limit = isQuery ? limits.queryInstructions : limits.messageInstructions;
  const caller = message.sender;
  const origin = originOf(message);
  const cycles = message.kind === "request" ? message.cycles : 0n;

  const fault = chosenFault(world, {
    canister: canister.id,
    entry: isQuery ? "replicatedQuery" : "update",
    method: message.method,
    from: caller,
    tag: message.tag,
  });
  const prepaidCycles =
    again?.prepaidCycles ??
    (fault?.kind === "outOfCycles"
      ? cannotPay(canister, executionPrepayment(fees, limit, runsWasm64(canister)))
      : prepayExecution(fees, canister, limit, canister.settings.controllers.includes(caller)));
  if (typeof prepaidCycles !== "bigint") return fail(turn, origin, message, isQuery, prepaidCycles, cycles, 0n);
  const refusal = refusalOf(canister, message);
  if (refusal !== null) {
    // The fixed part stays charged, as for any execution.
    const charged = refundExecution(fees, canister, {
      prepaidCycles,
      instructions: limit,
      instructionsLeft: limit,
      wasm64: runsWasm64(canister),
    });
    return fail(turn, origin, message, isQuery, refusal, cycles, charged);
  }
  const context = createCallContext(world, canister, {
    origin,
    caller,
    callerInfo: message.kind === "ingress" ? message.senderInfo : null,
    callTree: message.kind === "request" ? message.callTree : { depth: 0, startNanos: world.state.timeNanos },
    cycles,
  });
  const entry: EntryPoint = { kind: isQuery ? "replicatedQuery" : "update", method: message.method, arg: message.arg };
  return runInContext(turn, context, entry, { tag: message.tag, prepaidCycles, limit, message, fault });
}

/** An execution that was aborted and starts over: what stays of its first start. */
export type Again = Pick<LongMessage, "prepaidCycles">;

/** Executes a heartbeat, a timer or the low-memory hook; `again` as of `executeCall`. */
export function executeTask(turn: Turn, task: SystemTask, again: Again | null = null): Ran {
  const { world, subnet, canister } = turn;
  const limits = limitsOf(world, subnet);
  const limit = limits.messageInstructions;
  const fault = chosenFault(world, { canister: canister.id, entry: task, method: "", from: MANAGEMENT_CANISTER, tag: null });
  const prepaidCycles =
    again?.prepaidCycles ?? (fault?.kind === "outOfCycles" ? null : prepayExecution(feesOf(subnet.config), canister, limit, false));
  if (typeof prepaidCycles !== "bigint") {
    // The hook stays due until it can be paid for, and nothing else runs before it.
    if (task === "lowWasmMemory") canister.lowMemoryHook = "ready";
    return NOTHING_RAN;
  }
  const refusal = task === "lowWasmMemory" ? hookRefusal(canister) : null;
  if (refusal !== null) return failTask(turn, prepaidCycles, refusal);
  if (task === "globalTimer") {
    // Part of the base state of the execution: it stays inactive even if the handler traps (scheduling.md 4).
    canister.globalTimerNanos = 0n;
    reindexCanister(subnet, canister);
  }
  const context = createCallContext(world, canister, {
    origin: { kind: "systemTask", task, tag: 0 },
    caller: MANAGEMENT_CANISTER,
    callerInfo: null,
    callTree: { depth: 0, startNanos: world.state.timeNanos },
    cycles: 0n,
  });
  return runInContext(turn, context, { kind: task }, { tag: null, prepaidCycles, limit, message: { kind: "task", task }, fault });
}

/** The hook is due whatever the canister's status and code are. Replica: `validate_message`. */
function hookRefusal(canister: CanisterState): UserError | null {
  const { execution } = canister;
  if (canister.status.kind !== "running") return notRunning(canister);
  if (execution === null) return userErrorOf(canister.id, wasmModuleNotFound());
  if (execution.module.info.systemExports.has("canister_on_low_wasm_memory")) return null;
  return userErrorOf(canister.id, methodNotFound("system", "canister_on_low_wasm_memory"));
}

/** Nobody is told; the fixed part of the prepayment stays charged. */
function failTask(turn: Turn, prepaidCycles: bigint, error: UserError): Ran {
  const { world, subnet, canister } = turn;
  const instructions = limitsOf(world, subnet).messageInstructions;
  const account = { prepaidCycles, instructions, instructionsLeft: instructions, wasm64: runsWasm64(canister) };
  emitExecuted(turn, world.state.nextExecution++, {
    tag: null,
    entry: "lowWasmMemory",
    method: "",
    contextId: null,
    instructions: 0,
    cycles: refundExecution(feesOf(subnet.config), canister, account),
    acceptedCycles: 0n,
    result: { kind: "trap", error },
    cleanup: null,
    slices: 1,
  });
  queuesChanged(subnet, canister);
  return NOTHING_RAN;
}

export const NOTHING_RAN: Ran = { instructions: 0, held: false, heapDeltaBytes: 0 };

/** What an execution was started with, needed again when it ends. */
export interface Started {
  readonly tag: number | null;
  readonly prepaidCycles: bigint;
  readonly limit: number;
  readonly message: Request | Ingress | { readonly kind: "task"; readonly task: SystemTask };
  readonly fault?: ExecutionFault | null;
}

function runInContext(turn: Turn, context: CallContext, entry: EntryPoint, started: Started): Ran {
  const { world, subnet, canister } = turn;
  const refuses = chosenRefusals(world, canister);
  const outcome = run(
    world.pool,
    canister.execution!,
    entry,
    () => new ExecutionView({ world, subnet, canister, kind: kindOf(entry.kind), quotas: turn.quotas, context, refuses }),
    cutOff(runLimits(limitsOf(world, subnet), entry.kind, started.limit), started.fault ?? null),
  );
  if (outcome.slices > 1) {
    // Deterministic time slicing: it has run, but its end lies in a later round (scheduling.md 3.1).
    const { message, prepaidCycles } = started;
    hold(turn, outcome, {
      message,
      callback: null,
      refundedCycles: 0n,
      prepaidCycles,
      contextId: context.id,
      startedRound: turn.startedRound,
    });
    if (context.origin.kind === "ingress") turn.waitingIngress.push(context.origin);
    return { instructions: outcome.pausedSlices[0], held: true, heapDeltaBytes: 0 };
  }
  const heapDeltaBytes = finishCall(turn, context, entry.kind, started, outcome, null);
  return { instructions: outcome.instructions, held: false, heapDeltaBytes };
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

/** Checks before running, in the platform's order after the prepayment: status, (cycles attached,) module, method, memory limit, composite query. */
function refusalOf(canister: CanisterState, message: Request | Ingress): UserError | null {
  const { method } = message;
  if (canister.status.kind !== "running") return notRunning(canister);
  const tooFew = message.kind === "request" ? tooFewCycles(canister, message) : null;
  if (tooFew !== null) return tooFew;
  if (canister.execution === null) return userErrorOf(canister.id, wasmModuleNotFound());
  const kind = canister.execution.module.info.methods.get(method);
  if (kind === undefined) return userErrorOf(canister.id, methodNotFound("update", method));
  if (kind === "update") {
    const limitBytes = canister.settings.wasmMemoryLimit;
    const usedBytes = BigInt(canister.execution.heapBytes);
    if (limitBytes > 0n && usedBytes > limitBytes) return userErrorOf(canister.id, wasmMemoryLimitExceeded({ limitBytes, usedBytes }));
  }
  if (kind === "composite_query") {
    return { code: ErrorCode.CompositeQueryCalledInReplicatedMode, description: "Composite query cannot be called in replicated mode" };
  }
  return null;
}

function notRunning({ id, status }: CanisterState): UserError {
  const code = status.kind === "stopped" ? ErrorCode.CanisterStopped : ErrorCode.CanisterStopping;
  return { code, description: `Canister ${principalText(id)} is not running` };
}

/**
 * Another canister's call must bring what the setting asks for. Source: interface spec, "minimum_incoming_canister_call_cycles"; messaging.md 7.7.
 * Ours: code, text and place among the checks, which are not known.
 */
function tooFewCycles({ id, settings }: CanisterState, { sender, cycles }: Request): UserError | null {
  const least = settings.minimumIncomingCanisterCallCycles;
  if (cycles >= least || sender === id) return null;
  const description = `Canister ${principalText(id)} takes calls with at least ${least} cycles, ${cycles} were attached`;
  return { code: ErrorCode.InsufficientCyclesInCall, description };
}

function fail(
  turn: Turn,
  origin: CallOrigin,
  message: Request | Ingress,
  isQuery: boolean,
  error: UserError,
  refundCycles: bigint,
  cycles: bigint,
): Ran {
  const { world, subnet, canister } = turn;
  const execution = world.state.nextExecution++;
  emitExecuted(turn, execution, {
    tag: message.tag,
    entry: isQuery ? "replicatedQuery" : "update",
    method: message.method,
    contextId: null,
    instructions: 0,
    cycles,
    acceptedCycles: 0n,
    result: { kind: "trap", error },
    cleanup: null,
    slices: 1,
  });
  answer(world, subnet, canister, origin, { kind: "error", error }, refundCycles, execution);
  queuesChanged(subnet, canister);
  return NOTHING_RAN;
}

function kindOf(entry: EntryPoint["kind"]): "update" | "replicatedQuery" | "task" {
  return entry === "update" || entry === "replicatedQuery" ? entry : "task";
}

function originOf(message: Request | Ingress): CallOrigin {
  if (message.kind === "ingress") {
    return { kind: "ingress", user: message.sender, messageId: message.messageId, method: message.method, tag: message.tag };
  }
  const { sender, callbackId, deadline, method, tag } = message;
  return { kind: "canister", canister: sender, callbackId, deadline, method, tag };
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
