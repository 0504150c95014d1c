/**
 * Every so many rounds a subnet makes a checkpoint of its state, which knows no work that is half done: what lasts over rounds is aborted, and some of
 * what a subnet only keeps in memory is forgotten.
 *
 * Source: scheduling.md 1, 2 (step 15). Replica: `finish_round` in `rs/execution_environment/src/scheduler.rs` (c7c5005).
 */
import { abort } from "../rules/held-execution.ts";
import { canistersInLong, isHeld } from "../state/long-execution.ts";
import type { Limits } from "../state/limits.ts";
import type { SubnetState } from "../state/network-state.ts";
import { editCanister } from "../state/world.ts";
import { inOrder } from "./priorities.ts";

/** The last step of a round that ends with a checkpoint. */
export function checkpoint(subnet: SubnetState): void {
  // The next installation of each module pays for its compilation in full again (wasm.md 4.5).
  for (const hash of [...subnet.compiledModules.keys()]) subnet.compiledModules.delete(hash);
  for (const id of [...subnet.paused.keys()]) abort(subnet, id);
}

/** After such a round, when the streams are built: whose turn it is is not kept for empty queues. Replica: `garbage_collect_canister_queues`. */
export function forgetIdleTurns(subnet: SubnetState): void {
  subnet.queues.forgetTurns();
  for (const id of [...subnet.idleTurns.keys()]) {
    editCanister(subnet, id)!.queues.forgetTurns();
    subnet.idleTurns.delete(id);
  }
}

/** Whether the round that runs now ends with a checkpoint. */
export function isCheckpointRound(subnet: SubnetState, limits: Limits): boolean {
  return (subnet.round + 1) % limits.checkpointRounds === 0;
}

/** The last step of every other round: of the messages that are held, those first in order stay; installations all do. */
export function abortBeyondLimit(subnet: SubnetState, limit: number): void {
  if (subnet.paused.size <= limit) return;
  const held = canistersInLong(subnet, "message").filter((id) => isHeld(subnet.canisters.get(id)!));
  for (const id of inOrder(subnet, held).slice(limit)) abort(subnet, id);
}
