/**
 * In which order canisters go: long executions first, then by accumulated priority and compute allocation, then by id.
 *
 * Source: scheduling.md 5. Replica: `rs/execution_environment/src/scheduler/round_schedule.rs` (c7c5005).
 * Ours: priorities are settled when a canister runs, not in every round for every canister: what a canister earns while it is idle is its
 * compute allocation times the rounds since. Departure: the free capacity handed back to all canisters alike is left out, as it moves nobody past anybody.
 */
import type { CanisterState } from "../state/canister.ts";
import type { Limits } from "../state/limits.ts";
import type { CanisterId } from "../state/ids.ts";
import type { SubnetState } from "../state/network-state.ts";

/** Percent charged for a round in which a canister was first on its thread or had nothing left. */
const FULL_ROUND = 100;
/** Percent; below this priority does not fall. */
const LOWEST = -2000;
/** Percent; above this it does not rise. */
const HIGHEST = 500;

/**
 * The canisters that have something to do in this iteration, in ordinary order. Held executions take part in the first
 * iteration only, as one slice a round is theirs; `longAtStart`, the canisters that had one when the round began, are not scheduled
 * again in it even when theirs has ended. Replica: `start_iteration` (`long_execution_canisters`).
 */
export function ordinaryOrder(
  subnet: SubnetState,
  withTasks: Iterable<CanisterId>,
  iteration: number,
  longAtStart: ReadonlySet<CanisterId>,
  limits: Limits,
): CanisterId[] {
  const ids: CanisterId[] = [];
  const seen = new Set<CanisterId>();
  const add = (id: CanisterId): void => {
    if (seen.has(id)) return;
    seen.add(id);
    if (limits.rateLimiting && isRateLimited(subnet.canisters.get(id)!, limits)) return;
    ids.push(id);
  };
  const anyPaused = subnet.paused.size > 0;
  if (anyPaused && iteration === 0) for (const id of subnet.paused.keys()) add(id);
  for (const id of subnet.withInput.keys()) if (!longAtStart.has(id) && (!anyPaused || !subnet.paused.has(id))) add(id);
  for (const id of withTasks) add(id);
  if (ids.length < 2) return ids;
  const ranked = ids.map((id) => {
    const canister = subnet.canisters.get(id)!;
    return { id, long: canister.paused !== null, priority: priorityOf(subnet, canister) + canister.settings.computeAllocation };
  });
  ranked.sort((a, b) => {
    if (a.long !== b.long) return a.long ? -1 : 1;
    if (a.priority !== b.priority) return b.priority - a.priority;
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
    const canister = subnet.canisters.edit(id)!;
    canister.heapDeltaDebitBytes = Math.max(0, heapDeltaDebitBytes - limits.heapDeltaRateLimitBytes);
    canister.installCodeDebitInstructions = Math.max(0, installCodeDebitInstructions - limits.installCodeRateLimitInstructions);
  }
}

/** Accumulated priority in percent as of this round. */
function priorityOf(subnet: SubnetState, canister: CanisterState): number {
  const earned = canister.settings.computeAllocation * Math.max(0, subnet.round - canister.lastFullExecutionRound);
  return Math.min(HIGHEST, canister.accumulatedPriority + earned);
}

/** After a canister's turn; `full` when it was first on its thread or consumed all its inputs. Charged once a round. */
export function chargeTurn(subnet: SubnetState, canister: CanisterState, full: boolean): void {
  if (!full || canister.lastFullExecutionRound === subnet.round) return;
  canister.accumulatedPriority = Math.max(LOWEST, priorityOf(subnet, canister) - FULL_ROUND);
  canister.lastFullExecutionRound = subnet.round;
}
