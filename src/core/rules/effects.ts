/**
 * Applying what a run did, when it did not trap: cycles, certified data, timer, version, and the calls it made.
 * Memory has been committed by the caller of these functions.
 *
 * Source: interface spec, "Message execution" (state after); messaging.md 2, 2.1; system-api.md 4.1 (effects kept, by context).
 */
import { assert } from "../../base/assert.ts";
import { logCapacityBytes } from "../canister/log.ts";
import type { Outcome } from "../canister/types.ts";
import { standsForChain } from "../management/bitcoin.ts";
import { resolveManagementCall } from "../management/routing.ts";
import { updateLowMemoryHook } from "../management/low-memory-hook.ts";
import type { CallContext } from "../state/canister.ts";
import { MANAGEMENT_CANISTER, type CallbackId, type PrincipalId } from "../state/ids.ts";
import { reindexCanister } from "../state/indexes.ts";
import type { CoarseTime, Request } from "../state/messages.ts";
import { ellipsizeReject } from "../state/reject-text.ts";
import type { Reject } from "../state/rejects.ts";
import { at, emitPrinted } from "../state/world.ts";
import { coarseNow } from "./bookkeeping.ts";
import { registerCallback } from "./call-contexts.ts";
import type { ExecutionView, PlannedCall } from "./execution-view.ts";
import { rejectResponse } from "./message-routing.ts";
import { emitResponse } from "./respond.ts";
import { takeQuotas } from "./quotas.ts";
import type { Turn } from "./turn.ts";

/** The account of a run, which the rule itself made. */
export function viewOf(outcome: Outcome): ExecutionView {
  return outcome.view as ExecutionView;
}

/** `memoryKept` is false for a query called as an update: then only cycles, the log and the version stay. */
export function applyEffects(turn: Turn, context: CallContext, outcome: Outcome, execution: number, memoryKept: boolean): void {
  const { canister } = turn;
  const view = viewOf(outcome);
  const full = takeQuotas(turn.quotas, view);
  assert(full === null, "quotas were checked before the run was committed");
  view.applyTo(canister);
  context.availableCycles -= view.acceptedCycles;
  if (memoryKept) applyMemoryEffects(turn, context, outcome, execution);
  // Last: calls of the management canister name the version that this execution saw.
  canister.version++;
}

function applyMemoryEffects(turn: Turn, context: CallContext, outcome: Outcome, execution: number): void {
  const { subnet, canister } = turn;
  if (outcome.certifiedData !== null) canister.certifiedData = outcome.certifiedData;
  const timerSet = outcome.globalTimerNanos !== null && outcome.globalTimerNanos !== canister.globalTimerNanos;
  if (timerSet) canister.globalTimerNanos = outcome.globalTimerNanos!;
  const grown = canister.indexedBytes !== outcome.heapBytes + outcome.stableBytes;
  if (grown) {
    canister.indexedBytes = outcome.heapBytes + outcome.stableBytes;
    updateLowMemoryHook(canister);
  }
  if (timerSet || grown || outcome.certifiedData !== null) reindexCanister(subnet, canister);
  for (const planned of viewOf(outcome).plannedCalls) sendCall(turn, context, planned, execution);
}

/** Registers the callback and puts the request into the output queue. */
function sendCall(turn: Turn, context: CallContext, planned: PlannedCall, execution: number): void {
  const { world, subnet, canister } = turn;
  const { call } = planned;
  const id = canister.nextCallbackId++ as CallbackId;
  const deadline: CoarseTime = call.timeoutSeconds === null ? 0 : coarseNow(world) + call.timeoutSeconds;
  const resolved = receiverOf(turn, call.callee, call.method, call.arg);
  const request: Request = {
    kind: "request",
    tag: world.state.nextTag++,
    sender: canister.id,
    receiver: resolved.receiver,
    callbackId: id,
    method: call.method,
    arg: call.arg,
    cycles: call.cycles,
    deadline,
    callTree: { depth: context.callTree.depth + 1, startNanos: context.callTree.startNanos },
  };
  registerCallback(subnet, canister, context, {
    epoch: canister.epoch,
    id,
    callContextId: context.id,
    respondent: resolved.receiver,
    method: call.method,
    onReply: call.onReply,
    onReject: call.onReject,
    onCleanup: call.onCleanup,
    cyclesSent: call.cycles,
    prepaidExecutionCycles: planned.prepaidExecutionCycles,
    prepaidTransmissionCycles: planned.prepaidTransmissionCycles,
    nominalTransmissionCycles: planned.nominalTransmissionCycles,
    deadline,
    expired: false,
    requestTag: request.tag,
  });
  world.emit({
    kind: "sent",
    ...at(world, subnet),
    tag: request.tag,
    message: "request",
    parent: execution,
    requestTag: null,
    from: request.sender,
    to: call.callee,
    method: request.method,
    payload: { kind: "data", data: request.arg },
    cycles: request.cycles,
    deadline,
  });
  if (resolved.reject === null) {
    canister.queues.pushOutputRequest(request, world.state.timeNanos);
    return;
  }
  // Never leaves: the answer is in the caller's own input queue at once (messaging.md 6.1).
  const response = rejectResponse(world, request, resolved.reject);
  emitResponse(world, subnet, response, request.method, null);
  canister.queues.pushImmediateReject(response, "local");
}

/** The callee as the queues know it: a call of the management canister is addressed to the subnet that executes it. */
function receiverOf(turn: Turn, callee: PrincipalId, method: string, arg: Uint8Array): { receiver: PrincipalId; reject: Reject | null } {
  const { world, subnet, canister } = turn;
  const asked = standsForChain(world, callee, method) ? MANAGEMENT_CANISTER : callee;
  if (asked !== MANAGEMENT_CANISTER && !world.state.subnets.has(asked)) return { receiver: callee, reject: null };
  const resolved = resolveManagementCall(world, subnet, canister, { callee: asked, method, arg });
  if (resolved.kind === "subnet") return { receiver: resolved.subnet, reject: null };
  return { receiver: subnet.config.id, reject: { ...resolved.reject, message: ellipsizeReject(resolved.reject.message) } };
}

/** What was logged, and printed; on traps too. */
export function appendLogs(turn: Turn, outcome: Outcome): void {
  const { world, subnet, canister } = turn;
  if (outcome.logs.records.length > 0) canister.log.append(outcome.logs, logCapacityBytes(canister.settings));
  emitPrinted(world, subnet, canister.id, outcome.printed);
}
