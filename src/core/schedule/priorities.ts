/**
 * In which order canisters go: long executions first, then by accumulated priority and compute allocation, then by id; and what a round costs them.
 *
 * Source: scheduling.md 5. Replica: `rs/execution_environment/src/scheduler/round_schedule.rs` (c7c5005).
 * Ours: priorities are settled when a canister runs, not in every round for every canister. What it earns meanwhile is its compute allocation times the
 * rounds since, and its share of what others were charged: that is one sum for all of a subnet (`priorityHandedBack`).
 * Departure: every canister gets the same share, whatever its compute allocation, canisters that are idle are not charged, and priorities are
 * never reset; the order of canisters that compete for a full round can differ.
 */
import type { CanisterState } from "../state/canister.ts";
import { canistersInLong } from "../state/long-execution.ts";
import type { Limits } from "../state/limits.ts";
import type { CanisterId } from "../state/ids.ts";
import type { SubnetState } from "../state/network-state.ts";
import { editCanister } from "../state/world.ts";

/** Priority is counted in millionths of a percent. */
const PERCENT = 1_000_000;
/** Charged for a round in which a canister was first on its thread or had nothing left. */
const FULL_ROUND = 100 * PERCENT;
/** Below this priority does not fall, and above this it does not rise; the platform lets what is beyond it decay. */
const LOWEST = -2000 * PERCENT;
const HIGHEST = 500 * PERCENT;

/** What the canisters of a subnet did in a round, as far as they pay for it with priority. */
export interface RoundAccount {
  /** First on their thread in the first iteration, left without inputs, or with a slice of a long execution behind them. */
  readonly full: Set<CanisterId>;
  /** Of those that are in the middle of a message when the round ends: they ended another one before. `null`: none yet. */
  completed: Set<CanisterId> | null;
  /** Charged as if they had run. `null`: none yet. */
  rateLimited: Set<CanisterId> | null;
}

export function openAccount(): RoundAccount {
  return { full: new Set(), completed: null, rateLimited: null };
}

/** What an iteration chooses from. */
export interface Candidates {
  readonly withTasks: Iterable<CanisterId>;
  readonly iteration: number;
  /** Canisters that were in the middle of a message when the round began. */
  readonly longAtStart: ReadonlySet<CanisterId>;
}

/**
 * The canisters that have something to do in this iteration, in ordinary order. A canister whose long execution ended in this
 * round is not scheduled again in it. Replica: `start_iteration` (`long_execution_canisters`).
 */
export function ordinaryOrder(
  subnet: SubnetState,
  { withTasks, iteration, longAtStart }: Candidates,
  limits: Limits,
  account: RoundAccount,
): CanisterId[] {
  const ids = new Set<CanisterId>();
  if (limits.rateLimiting && iteration === 0) {
    account.rateLimited = new Set();
    for (const canister of subnet.canisters.values()) if (isRateLimited(canister, limits)) account.rateLimited.add(canister.id);
  }
  const anyPaused = subnet.paused.size > 0;
  if (anyPaused) for (const id of canistersInLong(subnet, "message")) ids.add(id);
  for (const id of subnet.withInput.keys()) if (!longAtStart.has(id) && (!anyPaused || !subnet.paused.has(id))) ids.add(id);
  for (const id of withTasks) ids.add(id);
  if (limits.rateLimiting) for (const id of ids) if (isRateLimited(subnet.canisters.get(id)!, limits)) ids.delete(id);
  return inOrder(subnet, [...ids]);
}

/** Long executions before others. Replica: `CanisterRoundState`, `Ord`. */
export function inOrder(subnet: SubnetState, ids: CanisterId[]): CanisterId[] {
  if (ids.length < 2) return ids;
  const ranked = ids.map((id) => {
    const canister = subnet.canisters.get(id)!;
    return { id, long: canister.paused, executedRounds: Math.max(canister.executedRounds, 1), priority: rank(subnet, canister) };
  });
  ranked.sort((a, b) => {
    if ((a.long !== null) !== (b.long !== null)) return a.long !== null ? -1 : 1;
    // More executed rounds first, an aborted execution counting as just begun, so that it does not starve.
    if (a.long !== null && a.executedRounds !== b.executedRounds) return b.executedRounds - a.executedRounds;
    if (a.priority !== b.priority) return b.priority - a.priority;
    if (a.long !== null && a.long.startedRound !== b.long!.startedRound) return a.long.startedRound - b.long!.startedRound;
    return a.id < b.id ? -1 : 1;
  });
  return ranked.map(({ id }) => id);
}

/** A canister that changed too much memory, or installed too much, does nothing until it has been worked off. Source: scheduling.md 3.2. */
function isRateLimited(canister: CanisterState, limits: Limits): boolean {
  return (
    canister.heapDeltaDebitBytes >= limits.heapDeltaRateLimitBytes ||
    canister.installCodeDebitInstructions >= limits.installCodeRateLimitInstructions
  );
}

/** At the end of a round: what each canister's debits go down by. Looks at all canisters, where this limit is switched on. */
export function creditRateLimits(subnet: SubnetState, limits: Limits): void {
  if (!limits.rateLimiting) return;
  for (const { id, heapDeltaDebitBytes, installCodeDebitInstructions } of [...subnet.canisters.values()]) {
    if (heapDeltaDebitBytes === 0 && installCodeDebitInstructions === 0) continue;
    const canister = editCanister(subnet, id)!;
    canister.heapDeltaDebitBytes = Math.max(0, heapDeltaDebitBytes - limits.heapDeltaRateLimitBytes);
    canister.installCodeDebitInstructions = Math.max(0, installCodeDebitInstructions - limits.installCodeRateLimitInstructions);
  }
}

/** What canisters are ordered by. */
function rank(subnet: SubnetState, canister: CanisterState): number {
  return priorityOf(subnet, canister) + PERCENT * canister.settings.computeAllocation;
}

/** Accumulated priority as of this round. */
function priorityOf(subnet: SubnetState, canister: CanisterState): number {
  const earned = PERCENT * canister.settings.computeAllocation * (subnet.round - canister.prioritySettledRound);
  return Math.min(HIGHEST, canister.accumulatedPriority + subnet.priorityHandedBack + earned);
}

/**
 * The end of a round: everybody who had a full one pays for it, and what they pay is handed back to all. A long execution pays for its first round at
 * once and for the others when it ends, as the rounds of an aborted one are free. Replica: `RoundSchedule::finish_round`.
 */
export function settlePriorities(subnet: SubnetState, { full, completed, rateLimited }: RoundAccount): void {
  for (const id of rateLimited ?? []) {
    const canister = full.has(id) ? undefined : editCanister(subnet, id);
    if (canister !== undefined) charge(subnet, canister, 1);
  }
  for (const id of full) {
    const canister = editCanister(subnet, id);
    if (canister === undefined) continue;
    const { paused } = canister;
    const long = paused !== null && paused.kind === "message" ? paused : null;
    const executedRounds = canister.executedRounds + 1;
    const ended = long === null || completed?.has(id) === true;
    const begun = long !== null && long.startedRound === subnet.round && executedRounds === 1;
    canister.executedRounds = ended ? 0 : executedRounds;
    charge(subnet, canister, (begun ? 1 : 0) + (ended ? Math.max(executedRounds - 1, 1) : 0) + (rateLimited?.has(id) === true ? 1 : 0));
  }
  if (subnet.priorityOwed <= 0 || subnet.canisters.size === 0) return;
  const share = Math.floor(subnet.priorityOwed / subnet.canisters.size);
  subnet.priorityHandedBack += share;
  subnet.priorityOwed -= share * subnet.canisters.size;
}

/** Settles what a canister has earned, and takes a hundred percent for each round. */
function charge(subnet: SubnetState, canister: CanisterState, rounds: number): void {
  const before = canister.accumulatedPriority;
  const priority = Math.max(LOWEST, priorityOf(subnet, canister) - rounds * FULL_ROUND);
  canister.accumulatedPriority = priority - subnet.priorityHandedBack;
  canister.prioritySettledRound = subnet.round;
  subnet.priorityOwed += before - canister.accumulatedPriority;
}
