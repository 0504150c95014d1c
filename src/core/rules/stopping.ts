/**
 * The end of a round for canisters that are stopping: stopped where nothing is open any more, and stop requests that waited too long are answered.
 *
 * Source: interface spec, "IC Management Canister: Canister stopping"; messaging.md 7.4.
 */
import { completeStop, hasTimedOutStopRequest, isReadyToStop, timeOutStopRequests } from "../management/stop-canister.ts";
import type { SubnetState } from "../state/network-state.ts";
import { editCanister, type World } from "../state/world.ts";
import { sendOwed } from "./management-execution.ts";

export function settleStopping(world: World, subnet: SubnetState): void {
  if (subnet.stopping.size === 0) return;
  for (const id of [...subnet.stopping.keys()]) {
    const canister = subnet.canisters.get(id)!;
    if (isReadyToStop(canister)) sendOwed(world, subnet, completeStop(world, subnet, editCanister(subnet, id)!));
    else if (hasTimedOutStopRequest(canister, world.state.timeNanos)) {
      sendOwed(world, subnet, timeOutStopRequests(subnet, editCanister(subnet, id)!, world.state.timeNanos));
    }
  }
}
