/**
 * Every cycle there is in a network: in balances, contexts, messages, prepayments and streams, and every cycle that was consumed.
 * The sum changes only when cycles are made or lost by rule: provisional creation, minting, a canister deleted.
 */
import type { CanisterState } from "../../src/core/state/canister.ts";
import type { NetworkState } from "../../src/core/state/network-state.ts";

export function allCycles(state: NetworkState): bigint {
  let sum = 0n;
  for (const subnet of state.subnets.values()) {
    for (const canister of subnet.canisters.values()) sum += ofCanister(canister);
    for (const { message } of subnet.queues.messages()) sum += carried(message);
    for (const stream of subnet.streams.values()) for (const { message } of stream.arrivals()) sum += carried(message);
    sum += subnet.refunds.totalCycles;
    for (const call of subnet.pendingCalls.values()) sum += call.refundCycles;
    for (const consumed of Object.values(subnet.consumed)) sum += consumed;
  }
  return sum;
}

function ofCanister(canister: CanisterState): bigint {
  let sum =
    canister.balanceCycles +
    canister.reservedCycles +
    (canister.paused?.message.kind === "response" ? 0n : (canister.paused?.prepaidCycles ?? 0n));
  for (const consumed of Object.values(canister.consumed)) sum += consumed;
  for (const context of canister.callContexts.values()) sum += context.availableCycles;
  for (const callback of canister.callbacks.values()) sum += callback.prepaidExecutionCycles + callback.nominalTransmissionCycles;
  if (canister.paused?.message.kind === "response") sum += canister.paused.callback!.prepaidExecutionCycles;
  if (canister.status.kind === "stopping") {
    for (const request of canister.status.requests) sum += request.kind === "canister" ? request.request.cycles : 0n;
  }
  for (const { message } of canister.queues.messages()) sum += carried(message);
  return sum;
}

function carried(message: { readonly kind: string; readonly cycles?: bigint; readonly refundCycles?: bigint }): bigint {
  return message.cycles ?? message.refundCycles ?? 0n;
}
