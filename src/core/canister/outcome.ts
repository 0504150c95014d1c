/**
 * What becomes of a run, exactly once and before the canister runs again: `commit`, `discard`, or `detach` to keep the changes apart (composite queries,
 * executions that the replica spreads over rounds): then the next run starts from the overlay's state, and `commitOverlay` makes it the canister's.
 */
import { assert } from "../../base/assert.ts";
import { nextEpoch } from "../../base/epoch.ts";
import { TRACKED } from "./entry-points.ts";
import type { ExecutionState } from "./execution-state.ts";
import type { Instance, InstancePool } from "./instances.ts";
import type { Outcome } from "./types.ts";

/** Pages that a commit wrote: what counts as heap delta (scheduling.md 3.2). */
export interface CommittedPages {
  readonly heapPages: number;
  readonly stablePages: number;
}

/**
 * A state with a run's changes, kept apart from the canister's own: run on it as on any state. It shares what was not changed with the
 * state it came from, which must not be written while the overlay is in use.
 */
export interface Overlay {
  readonly state: ExecutionState;
  /** Of the state it came from, when it was made. */
  readonly baseStamps: Stamps;
  /** Pages of the run that made it. */
  readonly pages: CommittedPages;
}

interface Stamps {
  readonly heap: number;
  readonly stable: number;
  readonly globals: number;
}

const NO_PAGES: CommittedPages = { heapPages: 0, stablePages: 0 };

/** What belongs to an outcome until it is settled. */
export interface Pending {
  readonly pool: InstancePool;
  readonly instance: Instance;
  readonly state: ExecutionState;
}

/** An outcome as `run` gives it. */
export interface RunOutcome extends Outcome {
  /** `null` when nothing ran. */
  pending: Pending | null | "settled";
}

function isOfRun(outcome: Outcome): outcome is RunOutcome {
  return "pending" in outcome;
}

function take(outcome: Outcome): Pending | null {
  assert(isOfRun(outcome), "an outcome comes from run()");
  const { pending } = outcome;
  assert(pending !== "settled", "an outcome is committed, discarded or detached exactly once");
  outcome.pending = "settled";
  return pending;
}

export function release({ pool, instance }: Pending): void {
  instance.context.end();
  pool.release(instance);
}

/** Writes what a run did into its state, which is for writing. */
export function commit(outcome: Outcome): CommittedPages {
  const pending = take(outcome);
  if (pending === null) return NO_PAGES;
  const { instance, state } = pending;
  assert(outcome.result.kind !== "trap", "nothing of a trap is committed");
  assert((instance.context.bit & TRACKED) !== 0, "nothing of a query or of inspect_message is committed");
  apply(instance, state);
  release(pending);
  return { heapPages: outcome.dirtyHeapPages, stablePages: outcome.dirtyStablePages };
}

/** Forgets what a run did. */
export function discard(outcome: Outcome): void {
  const pending = take(outcome);
  if (pending === null) return;
  pending.instance.restore(pending.state);
  release(pending);
}

/**
 * Takes the changes of a run out as data; `state` is not touched. A run that can have none to keep (a trap, a plain query) leaves an
 * overlay that is equal to its base.
 */
export function detach(outcome: Outcome): Overlay {
  const pending = take(outcome);
  assert(pending !== null, "an outcome without a run has no changes to keep");
  const { instance, state } = pending;
  const overlay = state.copy(nextEpoch());
  const keeps = outcome.result.kind !== "trap" && (instance.context.bit & TRACKED) !== 0;
  if (keeps) apply(instance, overlay);
  else instance.restore(state);
  release(pending);
  const pages = keeps ? { heapPages: outcome.dirtyHeapPages, stablePages: outcome.dirtyStablePages } : NO_PAGES;
  return { state: overlay, baseStamps: stampsOf(state), pages };
}

/** Makes an overlay's content that of the state it came from (or of that state's copy for the current owner, which is for writing). */
export function commitOverlay(state: ExecutionState, overlay: Overlay): CommittedPages {
  assert(isUnchanged(state, overlay), "the state has not changed since the overlay was taken");
  state.heap = overlay.state.heap.fork(state.epoch);
  state.stable = overlay.state.stable.fork(state.epoch);
  state.writeGlobals(overlay.state.globals, 0);
  return overlay.pages;
}

function isUnchanged(state: ExecutionState, overlay: Overlay): boolean {
  const now = stampsOf(state);
  const then = overlay.baseStamps;
  return now.heap === then.heap && now.stable === then.stable && now.globals === then.globals;
}

function stampsOf(state: ExecutionState): Stamps {
  return { heap: state.heap.stamp, stable: state.stable.stamp, globals: state.globalsStamp };
}

function apply(instance: Instance, state: ExecutionState): void {
  instance.commitTo(state);
  instance.context.stable.commitTo(state.stable);
}
