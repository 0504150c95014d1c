/**
 * `delete_canister`: a stopped canister is gone, its cycles are burned, its id is never used again.
 *
 * Source: interface spec, "IC method delete_canister"; management-canister.md 3.
 */
import type { CanisterState } from "../state/canister.ts";
import { forgetCanister } from "../state/indexes.ts";
import type { SubnetState } from "../state/network-state.ts";
import { at } from "../state/world.ts";
import { requireControllerOrAdmin } from "./access.ts";
import { fail, reply, targetForWriting } from "./call.ts";
import { idOf } from "./candid.ts";
import { canisterNotFoundAdvised, cannotDeleteItself, notStopped, queuesNotEmpty } from "./errors.ts";
import { withArgument } from "./method.ts";

export const deleteCanister = withArgument("canister_id", ({ world, subnet, call }, { canister_id }) => {
  const id = idOf(canister_id);
  // A controller that is the canister itself is told so before it is looked up.
  if (call.sender === id) return fail(call, cannotDeleteItself(id));
  const found = targetForWriting(subnet, id);
  if (found.kind === "error") return fail(call, canisterNotFoundAdvised(id));
  const canister = found.value;
  const denied = requireControllerOrAdmin(canister, call.sender, subnet);
  if (denied !== null) return fail(call, denied);
  if (canister.status.kind !== "stopped") return fail(call, notStopped(id));
  if (canister.queues.hasInput || canister.queues.hasOutput) return fail(call, queuesNotEmpty(id));

  countDeleted(subnet, canister);
  forgetCanister(subnet, canister);
  subnet.canisters.delete(id);
  world.emit({ kind: "canister", ...at(world, subnet), canister: id, change: "deleted" });
  return reply(call);
});

/**
 * The cycles that are left count as consumed. Of what the canister had consumed before, the total that the subnet certifies counts all but outcalls twice:
 * as a deleted canister's, and by use. Replica: `rs/execution_environment/src/canister_manager.rs` (`delete_canister`) and
 * `SubnetMetrics::consumed_cycles_total` (c7c5005).
 */
function countDeleted(subnet: SubnetState, { balanceCycles, reservedCycles, consumed }: CanisterState): void {
  const all = Object.values(consumed).reduce((sum, cycles) => sum + cycles, 0n);
  subnet.consumed.deletedCanisters += balanceCycles + reservedCycles + all;
  subnet.consumedCountedTwice += all - consumed.httpOutcalls;
}
