/**
 * The end of a round: while bounded-wait messages take more memory than the subnet has for them, the largest of the greediest canister goes.
 *
 * Source: messaging.md 5, "Best-effort shedding".
 */
import type { CanisterState } from "../state/canister.ts";
import type { SubnetState } from "../state/network-state.ts";
import { editCanister, limitsOf, type World } from "../state/world.ts";
import { queuesChanged } from "./bookkeeping.ts";
import { dropContext, settleDropped } from "./time-out.ts";

export function shedBestEffort(world: World, subnet: SubnetState): void {
  const limit = limitsOf(world, subnet).bestEffortMessageMemoryBytes;
  while (subnet.bestEffortMemoryBytes > limit) {
    // Only on this rare path are all canisters looked at. Of equally greedy ones the highest id goes, as in the replica.
    let greediest: CanisterState | null = null;
    for (const canister of subnet.canisters.values()) {
      const bytes = canister.queues.bestEffortMemoryBytes;
      if (bytes > 0 && (greediest === null || bytes >= greediest.queues.bestEffortMemoryBytes)) greediest = canister;
    }
    if (greediest === null) return;
    const canister = editCanister(subnet, greediest.id)!;
    settleDropped(world, subnet, canister.queues.shed(dropContext(world, subnet)));
    queuesChanged(subnet, canister);
  }
}
