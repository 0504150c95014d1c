/**
 * A round of one subnet: the ordinary choice of what goes next.
 *
 * Batch time is set; what expired is dropped; streams and the block's ingress are inducted; then iterations of management calls, tasks,
 * canisters and same-subnet induction until nothing is left or a limit is reached; then stopping, pruning, charging and streams.
 * Nothing is scanned: every walk is over a set kept by the rules (canisters with input, timers, deadlines, charges).
 *
 * Departure: a subnet that wrote more than 32 to 140 GiB since its last checkpoint goes on; there is no limit on the heap delta between checkpoints.
 * Source: scheduling.md 1, 2; messaging.md 6.1. Replica: `rs/execution_environment/src/scheduler.rs` (c7c5005).
 */
import type { RoundMakers } from "../inputs.ts";
import type { CallOrigin, CanisterState, SystemTask } from "../state/canister.ts";
import type { CanisterId, PrincipalId } from "../state/ids.ts";
import type { CanisterMessage, Ingress } from "../state/messages.ts";
import { canistersInLong } from "../state/long-execution.ts";
import type { SubnetState } from "../state/network-state.ts";
import { at, editCanister, limitsOf, type World } from "../state/world.ts";
import { queuesChanged, settleDeadlines } from "../rules/bookkeeping.ts";
import { executeCall, executeTask, type Ran } from "../rules/message-execution.ts";
import { executeResponse } from "../rules/response-execution.ts";
import { continueMessage, isInMessage } from "../rules/held-execution.ts";
import { continueInstallations } from "../rules/long-installation.ts";
import { answerPendingCalls } from "../rules/pending-calls.ts";
import { inductIngress } from "../rules/ingress-induction.ts";
import { inductStreams } from "../rules/stream-induction.ts";
import { executeManagementCalls } from "../rules/management-execution.ts";
import { buildStreams, inductOnSameSubnet } from "../rules/message-routing.ts";
import { chargeResources } from "../rules/resource-charging.ts";
import { shedBestEffort } from "../rules/shedding.ts";
import { settleStopping } from "../rules/stopping.ts";
import { expireIngress, timeOut } from "../rules/time-out.ts";
import { threadQuotas, type Quotas } from "../rules/quotas.ts";
import { deliverQueryReport } from "../rules/query-reports.ts";
import type { Turn } from "../rules/turn.ts";
import { abortBeyondLimit, checkpoint, forgetIdleTurns, isCheckpointRound } from "./checkpoints.ts";
import { creditRateLimits, openAccount, ordinaryOrder, settlePriorities, type RoundAccount } from "./priorities.ts";
import { dealer } from "./threads.ts";
import { plannedTasks } from "./tasks.ts";

/** Ingress calls of this round that are not answered yet. */
type Waiting = Extract<CallOrigin, { kind: "ingress" }>[];

/** Runs one round of the subnet at the current batch time. `makers`: of its block, if that is given. */
export function runRound(world: World, subnet: SubnetState, makers: RoundMakers | null): void {
  subnet.blockMakers.observe(world.state.timeNanos, makers);
  deliverQueryReport(subnet);
  timeOut(world, subnet);
  inductStreams(world, subnet);
  inductIngress(world, subnet);
  const executions = execute(world, subnet);
  buildStreams(world, subnet);
  shedBestEffort(world, subnet);
  settleDeadlines(subnet);
  if (isCheckpointRound(subnet, limitsOf(world, subnet))) forgetIdleTurns(subnet);
  subnet.updateTransactions += executions;
  world.emit({ kind: "round", ...at(world, subnet), executions });
  subnet.round++;
}

function execute(world: World, subnet: SubnetState): number {
  const before = world.state.nextExecution;
  const limits = limitsOf(world, subnet);
  const waiting: Waiting = [];
  expireIngress(world, subnet);
  answerPendingCalls(world, subnet);
  let budget = limits.roundInstructions - Math.max(limits.sliceInstructions, limits.installCodeSliceInstructions) + 1;
  let managementBudget = Math.floor(limits.roundInstructions / 16);
  let heapDeltaBytes = 0;
  const longAtStart = subnet.paused.size === 0 ? NO_CANISTERS : new Set(canistersInLong(subnet, "message"));
  const account = openAccount();
  managementBudget -= continueInstallations(world, subnet, managementBudget);
  for (let iteration = 0; ; iteration++) {
    managementBudget -= executeManagementCalls(world, subnet, iteration, managementBudget, waiting);
    if (budget <= 0) break;
    const tasks = iteration === 0 ? plannedTasks(world, subnet) : NO_TASKS;
    const order = ordinaryOrder(subnet, { withTasks: tasks.keys(), iteration, longAtStart }, limits, account);
    if (order.length === 0) break;
    const used = executeIteration(world, subnet, {
      order,
      tasks,
      iteration,
      longAtStart,
      budget,
      waiting,
      account,
    });
    heapDeltaBytes += used.heapDeltaBytes;
    budget -= used.instructions + limits.canistersPerRoundOverheadInstructions * subnet.canisters.size;
    if (used.attempted === 0 || heapDeltaBytes >= limits.heapDeltaPerRoundBytes) break;
    inductOnSameSubnet(world, subnet);
  }
  markProcessing(world, subnet, waiting);
  settleStopping(world, subnet);
  subnet.ingressHistory.prune(world.state.timeNanos);
  chargeResources(world, subnet);
  settlePriorities(subnet, account);
  creditRateLimits(subnet, limits);
  if (isCheckpointRound(subnet, limits)) checkpoint(subnet);
  else abortBeyondLimit(subnet, limits.pausedExecutions);
  return world.state.nextExecution - before;
}

const NO_TASKS: ReadonlyMap<CanisterId, readonly SystemTask[]> = new Map();
const NO_TASKS_OF_ITS_OWN: readonly SystemTask[] = [];
const NO_CANISTERS: ReadonlySet<CanisterId> = new Set();

interface Iteration {
  readonly order: CanisterId[];
  readonly tasks: ReadonlyMap<CanisterId, readonly SystemTask[]>;
  readonly iteration: number;
  /** Canisters that were in the middle of a message when the round began. */
  readonly longAtStart: ReadonlySet<CanisterId>;
  readonly budget: number;
  readonly waiting: Waiting;
  readonly account: RoundAccount;
}

/** Long executions from before this round that have not ended yet. */
function goingOn(subnet: SubnetState, longAtStart: ReadonlySet<CanisterId>): ReadonlySet<CanisterId> {
  if (longAtStart.size === 0) return longAtStart;
  return new Set([...longAtStart].filter((id) => subnet.paused.has(id)));
}

interface Used {
  /** Of an iteration: the maximum over the threads. */
  readonly instructions: number;
  /** Messages, tasks and slices that were tried. */
  readonly attempted: number;
  readonly heapDeltaBytes: number;
}

/** What a thread may still use in an iteration. */
interface Budget {
  readonly instructions: number;
  readonly heapDeltaBytes: number;
}

interface Thread extends Budget {
  instructions: number;
  heapDeltaBytes: number;
  readonly quotas: Quotas;
}

/**
 * Canisters run on threads, dealt out like cards in their order. Threads do not see each other within an iteration, so running
 * them one canister after another gives the same state; each has its own budget.
 */
function executeIteration(world: World, subnet: SubnetState, given: Iteration): Used {
  const limits = limitsOf(world, subnet);
  const threads: Thread[] = [];
  const share = threadQuotas(world, subnet);
  const order = given.order;
  const threadOf = dealer(subnet, goingOn(subnet, given.longAtStart), limits.executionThreads);
  let attempted = 0;
  let instructions = 0;
  let heapDeltaBytes = 0;
  for (let position = 0; position < order.length; position++) {
    const id = nextCanister(world, subnet, order, position);
    const number = threadOf(id);
    const first = threads[number] === undefined;
    if (!first && (threads[number].instructions <= 0 || threads[number].heapDeltaBytes <= 0)) continue;
    const canister = editCanister(subnet, id);
    if (canister === undefined) continue;
    const thread = (threads[number] ??= {
      instructions: given.budget,
      heapDeltaBytes: limits.heapDeltaPerRoundBytes,
      quotas: { ...share },
    });
    const turn: Turn = {
      world,
      subnet,
      canister,
      iteration: given.iteration,
      startedRound: subnet.round,
      quotas: thread.quotas,
      waitingIngress: given.waiting,
    };
    const used = runCanister(turn, given.tasks.get(id) ?? NO_TASKS_OF_ITS_OWN, thread);
    thread.instructions -= used.instructions;
    thread.heapDeltaBytes -= used.heapDeltaBytes;
    attempted += used.attempted;
    instructions = Math.max(instructions, given.budget - thread.instructions);
    heapDeltaBytes += used.heapDeltaBytes;
    if (used.completed && isInMessage(canister)) (given.account.completed ??= new Set()).add(id);
    // First on its thread, nothing left to do, or a slice of a long execution done.
    const full = (first && given.iteration === 0) || !canister.queues.hasInput || isInMessage(canister) || given.longAtStart.has(id);
    if (full && used.attempted > 0) given.account.full.add(id);
  }
  return { instructions, attempted, heapDeltaBytes };
}

/** All that a canister has to do, back to back, while the thread's budget lasts. Replica: `execute_canisters_on_thread`. */
function runCanister(turn: Turn, tasks: readonly SystemTask[], budget: Budget): Used & { readonly completed: boolean } {
  const { world, subnet, canister } = turn;
  const limits = limitsOf(world, subnet);
  let attempted = 0;
  let instructions = 0;
  let heapDeltaBytes = 0;
  let completed = false;
  const account = (ran: Ran): void => {
    attempted++;
    instructions += ran.instructions + limits.messageOverheadInstructions;
    heapDeltaBytes += ran.heapDeltaBytes;
    if (!ran.held && ran.instructions > 0) completed = true;
    if (!ran.held) world.afterExecution?.();
  };
  const within = (): boolean => instructions < budget.instructions && heapDeltaBytes < budget.heapDeltaBytes;
  const rest = tasks[Symbol.iterator]();
  while (within()) {
    const { paused } = canister;
    if (paused !== null) {
      if (paused.kind === "installation") break;
      account(continueMessage(turn, paused));
      // When a long execution ends, its canister is not scheduled again in this round.
      if (paused.held !== null && canister.paused === null) break;
      continue;
    }
    const task = takeHook(turn) ? "lowWasmMemory" : rest.next().value;
    if (task !== undefined) {
      account(executeTask(turn, task));
      continue;
    }
    const message = nextMessage(world, canister);
    if (message === undefined) break;
    account(message.kind === "response" ? executeResponse(turn, message) : executeCall(turn, message));
  }
  if (limits.rateLimiting) canister.heapDeltaDebitBytes += heapDeltaBytes;
  if (completed) instructions += limits.canisterOverheadInstructions;
  queuesChanged(subnet, canister);
  return { instructions, attempted, heapDeltaBytes, completed };
}

/** The low-memory hook goes before everything else, as soon as it is due. Source: scheduling.md 4. */
function takeHook({ canister }: Turn): boolean {
  if (canister.lowMemoryHook !== "ready") return false;
  canister.lowMemoryHook = "executed";
  return true;
}

/** The canister at this place of the iteration: the ordinary one, or by choice one of those behind it, which then changes places. */
function nextCanister(world: World, subnet: SubnetState, order: CanisterId[], position: number): CanisterId {
  const left = order.length - position;
  if (!world.schedule.ordinary && left > 1) {
    const option = world.schedule.choose({ kind: "canister", subnet: subnet.config.id, candidates: order.slice(position) }, left);
    order.splice(position, 0, ...order.splice(position + option, 1));
  }
  return order[position];
}

/** The next message from the input queues; `undefined` when there is none, or when the schedule leaves the rest for later. */
function nextMessage(world: World, canister: CanisterState): CanisterMessage | Ingress | undefined {
  const { queues } = canister;
  if (world.schedule.ordinary || !queues.hasInput) return queues.popInput();
  const messages = queues.inputCandidates();
  const candidates = messages.map((message) => ({ ...endpoints(message, canister), message: message.kind, tag: message.tag }));
  const option = world.schedule.choose({ kind: "message", canister: canister.id, candidates }, candidates.length + 1);
  return option === candidates.length ? undefined : queues.popInput(option);
}

function endpoints(message: CanisterMessage | Ingress, canister: CanisterState): { from: PrincipalId; to: PrincipalId; method: string } {
  if (message.kind !== "response") return { from: message.sender, to: message.receiver, method: message.method };
  return { from: message.respondent, to: message.originator, method: canister.callbacks.get(message.callbackId)?.method ?? "" };
}

/** Source: messaging.md 9: `processing` is written when the call did not finish in the round in which it started. */
function markProcessing(world: World, subnet: SubnetState, waiting: Waiting): void {
  for (const origin of waiting) {
    const entry = subnet.ingressHistory.get(origin.messageId);
    if (entry?.status.kind !== "received") continue;
    const status = { kind: "processing" } as const;
    subnet.ingressHistory.set(origin.messageId, status, { receiver: entry.receiver, user: entry.user }, world.state.timeNanos);
    world.emit({ kind: "ingressStatus", ...at(world, subnet), messageId: origin.messageId, tag: origin.tag, status });
  }
}
