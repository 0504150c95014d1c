/**
 * Every cycle there is in a network: in balances, contexts, messages, prepayments and streams, and every cycle that was consumed.
 * The sum changes only when cycles are made: by provisional creation and minting, and by test commands. (Not where a canister of a subnet on which
 * nothing costs is deleted: what it consumed is counted as if it had cost.)
 */
import type { CanisterState } from "./state/canister.ts";
import type { LongExecution } from "./state/long-execution.ts";
import type { NetworkState } from "./state/network-state.ts";

export function allCycles(state: NetworkState): bigint {
  let sum = 0n;
  for (const subnet of state.subnets.values()) {
    const isFree = subnet.config.costSchedule === "free";
    for (const canister of subnet.canisters.values()) sum += ofCanister(canister, isFree);
    for (const { message } of subnet.queues.messages()) sum += carried(message);
    for (const [to, stream] of subnet.streams.entries()) {
      const back = to === subnet.config.id ? undefined : state.subnets.get(to)!.streams.get(subnet.config.id);
      for (const message of stream.unsettled(back)) sum += carried(message);
    }
    sum += subnet.refunds.totalCycles;
    for (const call of subnet.pendingCalls.values()) sum += call.refundCycles;
    sum += taken(subnet.consumed, isFree);
  }
  return sum;
}

/** Where nothing costs, `consumed` says what it would have cost, but for these. */
const TAKEN_ANYWAY: ReadonlySet<string> = new Set(["burnedCycles", "deletedCanisters", "droppedMessages"]);

function taken(consumed: Readonly<Record<string, bigint>>, isFree: boolean): bigint {
  return Object.entries(consumed).reduce((sum, [use, cycles]) => (!isFree || TAKEN_ANYWAY.has(use) ? sum + cycles : sum), 0n);
}

function ofCanister(canister: CanisterState, isFree: boolean): bigint {
  let sum = canister.balanceCycles + canister.reservedCycles + ofLongExecution(canister.paused);
  // Outcalls are counted by the subnet too.
  sum += taken({ ...canister.consumed, httpOutcalls: 0n }, isFree);
  for (const context of canister.callContexts.values()) sum += context.availableCycles;
  for (const callback of canister.callbacks.values()) {
    sum += callback.prepaidExecutionCycles + (isFree ? 0n : callback.nominalTransmissionCycles);
  }
  if (canister.status.kind === "stopping") {
    for (const request of canister.status.requests) sum += request.kind === "canister" ? request.request.cycles : 0n;
  }
  for (const { message } of canister.queues.messages()) sum += carried(message);
  return sum;
}

/** The prepayment; attached cycles of a request are the call context's while it is held. */
function ofLongExecution(long: LongExecution | null): bigint {
  if (long === null) return 0n;
  const attached = long.message.kind === "request" && (long.held === null || long.kind === "installation");
  return long.prepaidCycles + (attached ? carried(long.message) : 0n);
}

function carried(message: { readonly kind: string; readonly cycles?: bigint; readonly refundCycles?: bigint }): bigint {
  return message.cycles ?? message.refundCycles ?? 0n;
}
