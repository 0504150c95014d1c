/**
 * Calls of the management canister: taken from the subnet's queues and answered, or held (`stop_canister`).
 *
 * Source: interface spec, "The IC management canister"; scheduling.md 2.1 step 1; management-canister.md 1.2.
 */
import { startWalk } from "../queues/canister-queues.ts";
import type {
  Answered,
  InstallAccount,
  InstallPhase,
  ManagementCall,
  ManagementOutcome,
  ManagementTools,
  OwedAnswer,
} from "../management/call.ts";
import { plainError } from "../management/call.ts";
import { targetOfCall } from "../management/routing.ts";
import { executeManagement } from "../management/execute.ts";
import { METHODS } from "../management/methods.ts";
import type { CallOrigin, CanisterState } from "../state/canister.ts";
import { MANAGEMENT_CANISTER } from "../state/ids.ts";
import { canistersInLong, isHeld } from "../state/long-execution.ts";
import type { CanisterMessage, Ingress, Request } from "../state/messages.ts";
import type { SubnetState } from "../state/network-state.ts";
import { at, editCanister, type World } from "../state/world.ts";
import { assert } from "../../base/assert.ts";
import { queuesChanged } from "./bookkeeping.ts";
import type { ExecutionKind } from "./execution-kinds.ts";
import { ExecutionView } from "./execution-view.ts";
import { threadQuotas } from "./quotas.ts";
import { answer, type CallResult } from "./respond.ts";

/** Runs what can run; returns the instructions counted to the round's budget for management calls. */
export function executeManagementCalls(
  world: World,
  subnet: SubnetState,
  iteration: number,
  budget: number,
  waitingIngress: Extract<CallOrigin, { kind: "ingress" }>[],
): number {
  const { queues } = subnet;
  let used = 0;
  let walk = startWalk();
  for (;;) {
    const message = queues.peekInput();
    if (message === undefined) return used;
    assert(message.kind !== "response", "nobody answers the management canister");
    if (isBlocked(subnet, message, budget - used)) {
      if (!queues.skipInput(walk)) return used;
      continue;
    }
    queues.popInput();
    walk = startWalk();
    used += execute(world, subnet, message, iteration, waitingIngress);
    world.afterExecution?.();
  }
}

/** What must wait for a later round is passed over. Source: scheduling.md 2.1 step 1. Replica: `can_execute_subnet_msg`. */
function isBlocked(subnet: SubnetState, message: CanisterMessage | Ingress, budget: number): boolean {
  if (message.kind === "response") return false;
  const info = METHODS.get(message.method);
  const spent = budget <= 0 && info?.countsTowardRound === true;
  if (info === undefined || (subnet.paused.size === 0 && !spent)) return false;
  const id = targetOfCall(message.method, message.arg);
  const target = id === null ? undefined : subnet.canisters.get(id);
  if (target === undefined) return false;
  if (spent) return true;
  // What modifies a canister waits for all that it is in the middle of; the rest only for what must not see a change: not for an aborted message.
  const { paused } = target;
  if (paused !== null && (isHeld(target) || paused.kind === "installation" || info.waitsForAborted)) return true;
  return INSTALLATIONS.has(message.method) && canistersInLong(subnet, "installation").length > 0;
}

/** One of these at a time may last over rounds; the others wait for it. */
const INSTALLATIONS: ReadonlySet<string> = new Set(["install_code", "install_chunked_code"]);

function execute(
  world: World,
  subnet: SubnetState,
  message: Request | Ingress,
  iteration: number,
  waitingIngress: Extract<CallOrigin, { kind: "ingress" }>[],
): number {
  const call = callOf(message);
  const outcome = executeManagement(world, subnet, call, managementTools(iteration));
  switch (outcome.kind) {
    case "answered":
      answerCall(world, subnet, message, outcome, iteration);
      return outcome.instructions;
    case "held":
      wait(message, waitingIngress);
      return holdInstallation(subnet, message, outcome, subnet.round);
    case "pending":
      emitExecuted(world, subnet, message, outcome, iteration);
      hold(world, subnet, message, outcome);
      return 0;
    case "waiting":
      emitExecuted(world, subnet, message, outcome, iteration);
      wait(message, waitingIngress);
      return 0;
  }
}

export function callOf(message: Request | Ingress, prepaidCycles?: bigint): ManagementCall {
  return {
    source: message.kind === "request" ? { kind: "request", request: message } : { kind: "ingress", message },
    sender: message.sender,
    method: message.method,
    arg: message.arg,
    cycles: message.kind === "request" ? message.cycles : 0n,
    prepaidCycles,
  };
}

export function managementTools(iteration: number): ManagementTools {
  return { iteration, installAccount };
}

/** A user's call that is not answered yet. */
function wait(message: Request | Ingress, waitingIngress: Extract<CallOrigin, { kind: "ingress" }>[]): void {
  const origin = originOf(message);
  if (origin.kind === "ingress") waitingIngress.push(origin);
}

/** Keeps an installation until its last slice; returns the instructions of the first. */
export function holdInstallation(
  subnet: SubnetState,
  message: Request | Ingress,
  { canister: id, held }: Extract<ManagementOutcome, { kind: "held" }>,
  startedRound: number,
): number {
  const canister = editCanister(subnet, id)!;
  canister.paused = { kind: "installation", message, startedRound, prepaidCycles: held.prepaidCycles, held };
  queuesChanged(subnet, canister);
  return held.slices[0];
}

/** Sends the answer, and what others are owed by this call. */
export function answerCall(world: World, subnet: SubnetState, message: Request | Ingress, outcome: Answered, iteration: number): void {
  const execution = emitExecuted(world, subnet, message, outcome, iteration);
  const result: CallResult =
    outcome.result.kind === "reply" ? { kind: "reply", data: outcome.result.data } : plainError(outcome.result.error);
  answer(world, subnet, { id: subnet.config.id, queues: subnet.queues }, originOf(message), result, outcome.refundCycles, execution);
  sendOwed(world, subnet, outcome.alsoAnswered);
}

function emitExecuted(
  world: World,
  subnet: SubnetState,
  message: Request | Ingress,
  outcome: ManagementOutcome,
  iteration: number,
): number {
  const execution = world.state.nextExecution++;
  world.emit({
    kind: "executed",
    ...at(world, subnet),
    execution,
    canister: MANAGEMENT_CANISTER,
    tag: message.tag,
    entry: "management",
    method: message.method,
    contextId: null,
    iteration,
    instructions: outcome.kind === "answered" ? outcome.instructions : 0,
    cycles: 0n,
    acceptedCycles: "refundCycles" in outcome && message.kind === "request" ? message.cycles - outcome.refundCycles : 0n,
    result: eventResult(outcome),
    cleanup: null,
    slices: 1,
    startedRound: subnet.round,
  });
  return execution;
}

/** A call that consensus answers later. */
function hold(
  world: World,
  subnet: SubnetState,
  message: Request | Ingress,
  { request, refundCycles }: Extract<ManagementOutcome, { kind: "pending" }>,
): void {
  const origin = originOf(message);
  assert(origin.kind === "canister", "users' calls are answered at once");
  const id = subnet.nextPendingCallId++;
  const call = { id, origin, refundCycles, sinceRound: subnet.round, sinceNanos: world.state.timeNanos, request, arrived: null };
  subnet.pendingCalls.set(id, call);
  const event = { ...at(world, subnet), call: id, canister: origin.canister, tag: message.tag };
  if (request.kind === "outcall") world.emit({ kind: "outcall", ...event, request });
  if (request.kind === "mock") world.emit({ kind: "mock", ...event, data: request.payload });
  if (request.kind === "bitcoin") world.emit({ kind: "bitcoin", ...event, question: request.question });
}

function eventResult(outcome: ManagementOutcome) {
  if (outcome.kind !== "answered") return { kind: "none" as const };
  return outcome.result.kind === "reply" ? { kind: "reply" as const } : { kind: "trap" as const, error: outcome.result.error };
}

function originOf(message: Request | Ingress): Exclude<CallOrigin, { kind: "systemTask" }> {
  const { method, tag } = message;
  if (message.kind === "ingress") return { kind: "ingress", user: message.sender, messageId: message.messageId, method, tag };
  return { kind: "canister", canister: message.sender, callbackId: message.callbackId, deadline: message.deadline, method, tag };
}

/** Answers owed to others than the caller of a management call: to callers of an uninstalled canister, to those who wait for a stop. */
export function sendOwed(world: World, subnet: SubnetState, owed: readonly OwedAnswer[]): void {
  for (const { to, respondent, result, refundCycles } of owed) {
    if (respondent === subnet.config.id) {
      answer(world, subnet, { id: respondent, queues: subnet.queues }, to, result, refundCycles, null);
      continue;
    }
    const canister = editCanister(subnet, respondent)!;
    answer(world, subnet, canister, to, result, refundCycles, null);
    queuesChanged(subnet, canister);
  }
}

/** The account of an execution inside install_code, which is in a layer below this one. */
function installAccount(world: World, subnet: SubnetState, canister: CanisterState, phase: InstallPhase): InstallAccount {
  const kind: ExecutionKind = phase.entry === "preUpgrade" ? "preUpgrade" : "install";
  const view = new ExecutionView({
    world,
    subnet,
    canister,
    kind,
    quotas: threadQuotas(world, subnet),
    context: null,
    caller: phase.caller,
    isStart: phase.entry === "start",
  });
  return { view, apply: (target) => view.applyTo(target) };
}
