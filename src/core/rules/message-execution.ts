/**
 * Executing a call: an update, a query called as an update, or a system task. (Responses: `response-execution.ts`.)
 *
 * Prepay, check (`message-refusals.ts`), make the call context, run. What becomes of the outcome is in `execution-end.ts`.
 *
 * Source: interface spec, "Message execution"; messaging.md 7.1; cycles.md 3.
 * Replica: `rs/execution_environment/src/execution/call_or_task.rs` (c7c5005).
 */
import { run } from "../canister/run.ts";
import type { EntryPoint } from "../canister/types.ts";
import { prepayExecution, refundExecution, runsWasm64 } from "../cycles/accounts.ts";
import { executionPrepayment, feesOf } from "../cycles/fees.ts";
import type { CallContext, CallOrigin, SystemTask } from "../state/canister.ts";
import { MANAGEMENT_CANISTER } from "../state/ids.ts";
import type { LongMessage } from "../state/long-execution.ts";
import type { Ingress, Request } from "../state/messages.ts";
import type { UserError } from "../state/rejects.ts";
import { reindexCanister } from "../state/indexes.ts";
import { limitsOf } from "../state/world.ts";
import { queuesChanged } from "./bookkeeping.ts";
import { createCallContext } from "./call-contexts.ts";
import { cannotPay, chosenFault, cutOff } from "./execution-faults.ts";
import { chosenRefusals } from "./refused-calls.ts";
import { ExecutionView } from "./execution-view.ts";
import { runLimits } from "./run-limits.ts";
import { answer } from "./respond.ts";
import type { Turn } from "./turn.ts";
import { emitExecuted, finishCall, hold, type Started } from "./execution-end.ts";
import { callRefusal, hookRefusal } from "./message-refusals.ts";

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
  const refusal = callRefusal(canister, message);
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
