/**
 * Copies of the large records for another owner: what a snapshot or a fork touches. Collections are forked in O(1);
 * what lies below is copied when it is first written.
 */
import { nextEpoch, type Epoch } from "../../base/epoch.ts";
import type { NetworkState, SubnetState } from "./network-state.ts";

export function copySubnet(subnet: SubnetState, epoch: Epoch): SubnetState {
  return {
    ...subnet,
    epoch,
    canisters: subnet.canisters.fork(epoch),
    certifiedCanisters: subnet.certifiedCanisters.copy(epoch),
    queues: subnet.queues.copy(epoch),
    streams: subnet.streams.fork(epoch),
    refunds: subnet.refunds.copy(epoch),
    ingressHistory: subnet.ingressHistory.copy(epoch),
    queryStatistics: subnet.queryStatistics.copy(epoch),
    pendingIngress: subnet.pendingIngress.fork(epoch),
    pendingCalls: subnet.pendingCalls.fork(epoch),
    consumed: { ...subnet.consumed },
    blockMakers: subnet.blockMakers.copy(),
    randomness: subnet.randomness.copy(),
    withInput: subnet.withInput.fork(epoch),
    withOutput: subnet.withOutput.fork(epoch),
    stopping: subnet.stopping.fork(epoch),
    withHeartbeat: subnet.withHeartbeat.fork(epoch),
    timers: subnet.timers.fork(epoch),
    deadlines: subnet.deadlines.fork(epoch),
    touched: new Set(subnet.touched),
    idleTurns: subnet.idleTurns.fork(epoch),
    charges: subnet.charges.fork(epoch),
    paused: subnet.paused.fork(epoch),
    compiledModules: subnet.compiledModules.fork(epoch),
  };
}

/** The same network for a new owner. The old record must not be written any more, or only by an owner of yet another epoch. */
export function copyNetwork(state: NetworkState): NetworkState {
  const epoch = nextEpoch();
  return { ...state, epoch, subnets: state.subnets.fork(epoch), prng: state.prng.copy() };
}
