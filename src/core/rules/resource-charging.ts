/**
 * Charging for storage and compute at the end of a round, every ten seconds for each canister; who cannot pay is uninstalled.
 *
 * Source: interface spec, "Canister out of cycles"; cycles.md 3, 6. Walks only the canisters whose charge is due.
 */
import { chargeForResources, isChargeDue } from "../cycles/charging.ts";
import { feesOf } from "../cycles/fees.ts";
import { uninstallForLackOfCycles } from "../management/uninstall-code.ts";
import type { CanisterId } from "../state/ids.ts";
import { reindexCanister } from "../state/indexes.ts";
import type { SubnetState } from "../state/network-state.ts";
import { editCanister, type World } from "../state/world.ts";
import { queuesChanged } from "./bookkeeping.ts";
import { sendOwed } from "./management-execution.ts";

export function chargeResources(world: World, subnet: SubnetState): void {
  const first = subnet.charges.first();
  const now = world.state.timeNanos.toString(16).padStart(16, "0");
  if (first === undefined || first[0].slice(0, 16) > now) return;
  const due: CanisterId[] = [];
  for (const [key, id] of subnet.charges.entries()) {
    if (key.slice(0, 16) > now) break;
    due.push(id);
  }
  for (const id of due.sort()) {
    const canister = editCanister(subnet, id)!;
    if (!isChargeDue(canister, world.state.timeNanos)) continue;
    if (chargeForResources(feesOf(subnet.config), canister, world.state.timeNanos)) {
      reindexCanister(subnet, canister);
      continue;
    }
    sendOwed(world, subnet, uninstallForLackOfCycles(world, subnet, canister));
    queuesChanged(subnet, canister);
  }
}
