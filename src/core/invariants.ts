/**
 * What must hold of a network between two steps: every set and total that rules keep, against its plain definition; and what the
 * specification says of queues, callbacks and call contexts. For tests: it walks everything.
 *
 * Source: interface spec, "Abstract state" (invariants); messaging.md 3, 5.
 */
import { assert } from "../base/assert.ts";
import type { CanisterState } from "./state/canister.ts";
import type { CallContextId } from "./state/ids.ts";
import { indexedAs } from "./state/indexes.ts";
import { isHeld, type LongMessage } from "./state/long-execution.ts";
import { timerKey, type NetworkState, type SubnetState } from "./state/network-state.ts";

export function checkInvariants(state: NetworkState): void {
  for (const subnet of state.subnets.values()) checkSubnet(state, subnet);
}

function checkSubnet(state: NetworkState, subnet: SubnetState): void {
  let callbacks = 0;
  let guaranteed = 0;
  let bestEffort = 0;
  let memory = 0;
  let customSections = 0;
  let used = 0;
  const indexed = { withInput: 0, withOutput: 0, stopping: 0, withHeartbeat: 0, timers: 0, deadlines: 0, paused: 0, charges: 0 };
  for (const canister of subnet.canisters.values()) {
    checkCanister(canister);
    callbacks += canister.callbacks.size;
    guaranteed += canister.queues.guaranteedMemoryBytes;
    bestEffort += canister.queues.bestEffortMemoryBytes;
    const place = indexedAs(canister);
    memory += place.memoryBytes;
    customSections += place.customSectionBytes;
    used += place.usageBytes;
    const expect = (set: keyof typeof indexed, is: boolean, has: boolean): void => {
      assert(is === has, `canister ${canister.id} ${is ? "belongs" : "does not belong"} to the set ${set}`);
      if (is) indexed[set]++;
    };
    const { id, queues } = canister;
    expect("withInput", queues.hasInput || canister.lowMemoryHook === "ready", subnet.withInput.has(id));
    expect("withOutput", queues.hasOutput, subnet.withOutput.has(id));
    expect("paused", canister.paused !== null, subnet.paused.has(id));
    expect("stopping", place.stopping, subnet.stopping.has(id));
    expect("withHeartbeat", place.heartbeat, subnet.withHeartbeat.has(id));
    expect("timers", place.timer !== null, place.timer !== null && subnet.timers.get(place.timer) === id);
    expect("charges", place.charge !== null, place.charge !== null && subnet.charges.get(place.charge) === id);
    expect("deadlines", canister.deadlineKey !== null, canister.deadlineKey !== null && subnet.deadlines.get(canister.deadlineKey) === id);
    checkDeadline(canister);
  }
  for (const [set, size] of Object.entries(indexed)) {
    assert(subnet[set as keyof typeof indexed].size === size, `the set ${set} of subnet ${subnet.config.id} has no entries of others`);
  }
  assert(subnet.callbackCount === callbacks, "the subnet counts the open callbacks of its canisters");
  assert(subnet.guaranteedMemoryBytes === guaranteed, "the subnet counts the guaranteed-response memory of its canisters");
  assert(subnet.bestEffortMemoryBytes === bestEffort, "the subnet counts the best-effort memory of its canisters");
  assert(subnet.memoryUsageBytes === memory, "the subnet counts the memory of its canisters");
  assert(subnet.customSectionBytes === customSections, "the subnet counts the custom sections of its canisters");
  assert(subnet.canisterStateBytes === used, "the subnet counts what its canisters use");
  subnet.certifiedCanisters.check(subnet.canisters);
  subnet.queues.check();
  subnet.ingressHistory.check();
  for (const [to, stream] of subnet.streams.entries()) {
    stream.check(to === subnet.config.id ? undefined : state.subnets.get(to)!.streams.get(subnet.config.id));
  }
}

/** No message or callback expires before the time under which the canister is listed. */
function checkDeadline(canister: CanisterState): void {
  const first = canister.expiringCallbacks.first();
  const times = [
    canister.queues.earliestExpiry(),
    canister.queues.earliestIngressExpiry(),
    first === undefined ? null : Number(first[0].slice(0, 12)),
  ];
  const earliest = times.reduce((a, b) => (a === null ? b : b === null || a < b ? a : b), null);
  const key = earliest === null ? null : timerKey(BigInt(earliest) * 1_000_000_000n, canister.id);
  assert(canister.deadlineKey === key, `canister ${canister.id} is listed under its earliest deadline`);
}

/** The call context of a message that is held, or of a response, also when it was aborted. */
function inMiddleOf(long: LongMessage): CallContextId | null {
  return long.held?.contextId ?? long.callback?.callContextId ?? null;
}

function checkCanister(canister: CanisterState): void {
  const long = canister.paused?.kind === "message" ? canister.paused : null;
  canister.queues.check();
  const open = new Map<number, number>();
  let expiring = 0;
  for (const callback of canister.callbacks.values()) {
    assert(canister.callContexts.has(callback.callContextId), "every callback belongs to a call context");
    open.set(callback.callContextId, (open.get(callback.callContextId) ?? 0) + 1);
    if (callback.deadline !== 0 && !callback.expired) expiring++;
  }
  assert(canister.expiringCallbacks.size <= expiring, "only bounded-wait callbacks that are open can expire");
  for (const context of canister.callContexts.values()) {
    const held = long !== null && inMiddleOf(long) === context.id ? 1 : 0;
    assert(context.openCallbacks === (open.get(context.id) ?? 0), "a call context counts its open callbacks");
    assert(!context.responded || context.availableCycles === 0n, "an answered call context holds no cycles");
    const alive = !context.responded && !context.deleted && context.origin.kind !== "systemTask";
    assert(alive || context.openCallbacks + held > 0, "a finished call context is removed");
    assert(!alive || context.openCallbacks + held > 0, "an unanswered call context waits for something (starvation)");
  }
  if (canister.status.kind === "stopped") {
    assert(canister.callbacks.size === 0 && canister.callContexts.size === 0, "a stopped canister has nothing open");
  }
  assert(isHeld(canister) || canister.postponedIngressCycles === 0n, "induction fees are postponed only while an execution is held");
  const context = long === null ? null : inMiddleOf(long);
  assert(context === null || canister.callContexts.has(context), "a long execution has its call context");
  assert(canister.balanceCycles >= 0n && canister.reservedCycles >= 0n, "balances are never negative");
}
