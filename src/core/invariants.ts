/**
 * What must hold of a network between two steps: every set and total that rules keep, against its plain definition; and what the
 * specification says of queues, callbacks and call contexts. For tests: it walks everything; `invariant-watch.ts` only what was touched.
 *
 * Source: interface spec, "Abstract state", "Invariants"; messaging.md 3, 5.
 */
import { assert } from "../base/assert.ts";
import type { CanisterState } from "./state/canister.ts";
import type { CallbackId, CallContextId, CanisterId, SubnetId } from "./state/ids.ts";
import { indexedAs } from "./state/indexes.ts";
import { isHeld, type LongMessage } from "./state/long-execution.ts";
import type { CoarseTime, Ingress, StreamMessage } from "./state/messages.ts";
import { timerKey, type NetworkState, type SubnetState } from "./state/network-state.ts";
import { canisterOfSnapshot, nextSnapshotId } from "./state/snapshots.ts";
import { route } from "./state/world.ts";
import type { Stream } from "./streams/stream.ts";

/** Everything, of the whole network. */
export function checkInvariants(state: NetworkState): void {
  for (const subnet of state.subnets.values()) {
    const sum = noShare();
    for (const canister of subnet.canisters.values()) addShare(sum, shareOf(subnet, canister));
    checkTotals(subnet, sum);
    checkSubnet(state, subnet);
  }
  checkReferences(state);
}

/** Totals that a subnet keeps of its canisters, and sets of them of which it keeps the size. */
const TOTALS = {
  callbackCount: "the open callbacks",
  guaranteedMemoryBytes: "the guaranteed-response memory",
  bestEffortMemoryBytes: "the best-effort memory",
  memoryUsageBytes: "the memory",
  customSectionBytes: "the custom sections",
  canisterStateBytes: "what is used",
} as const;
const SETS = ["withInput", "withOutput", "stopping", "withHeartbeat", "timers", "deadlines", "paused", "charges"] as const;

/** What one canister adds to each, or all of a subnet do. */
export type Share = Record<keyof typeof TOTALS | (typeof SETS)[number], number>;

export function noShare(): Share {
  return Object.fromEntries([...Object.keys(TOTALS), ...SETS].map((name) => [name, 0])) as Share;
}

export function addShare(sum: Share, share: Share, times: 1 | -1 = 1): void {
  for (const name of Object.keys(sum) as (keyof Share)[]) sum[name] += times * share[name];
}

/** What the canister adds to its subnet's totals and sets. Checks the canister itself, and that it is in the sets to which it belongs. */
export function shareOf(subnet: SubnetState, canister: CanisterState): Share {
  checkCanister(canister);
  checkDeadline(canister);
  const { id, queues } = canister;
  const place = indexedAs(canister);
  const member = (set: (typeof SETS)[number], is: boolean, has: boolean): number => {
    assert(is === has, `canister ${id} ${is ? "belongs" : "does not belong"} to the set ${set}`);
    return is ? 1 : 0;
  };
  return {
    callbackCount: canister.callbacks.size,
    guaranteedMemoryBytes: queues.guaranteedMemoryBytes,
    bestEffortMemoryBytes: queues.bestEffortMemoryBytes,
    memoryUsageBytes: place.memoryBytes,
    customSectionBytes: place.customSectionBytes,
    canisterStateBytes: place.usageBytes,
    withInput: member("withInput", queues.hasInput || canister.lowMemoryHook === "ready", subnet.withInput.has(id)),
    withOutput: member("withOutput", queues.hasOutput, subnet.withOutput.has(id)),
    paused: member("paused", canister.paused !== null, subnet.paused.has(id)),
    stopping: member("stopping", place.stopping, subnet.stopping.has(id)),
    withHeartbeat: member("withHeartbeat", place.heartbeat, subnet.withHeartbeat.has(id)),
    timers: member("timers", place.timer !== null, place.timer !== null && subnet.timers.get(place.timer) === id),
    charges: member("charges", place.charge !== null, place.charge !== null && subnet.charges.get(place.charge) === id),
    deadlines: member(
      "deadlines",
      canister.deadlineKey !== null,
      canister.deadlineKey !== null && subnet.deadlines.get(canister.deadlineKey) === id,
    ),
  };
}

/** The subnet's totals and sets are those of its canisters together. */
export function checkTotals(subnet: SubnetState, sum: Share): void {
  for (const total of Object.keys(TOTALS) as (keyof typeof TOTALS)[]) {
    assert(subnet[total] === sum[total], `the subnet counts ${TOTALS[total]} of its canisters`);
  }
  for (const set of SETS) {
    assert(subnet[set].size === sum[set], `the set ${set} of subnet ${subnet.config.id} has no entries of others`);
  }
}

/** What a subnet has beside its canisters. */
function checkSubnet(state: NetworkState, subnet: SubnetState): void {
  subnet.certifiedCanisters.check(subnet.canisters);
  subnet.queues.check();
  subnet.ingressHistory.check();
  for (const [to, stream] of subnet.streams.entries()) stream.check(streamBack(state, subnet, to));
}

function streamBack(state: NetworkState, subnet: SubnetState, to: SubnetId): Stream | undefined {
  return to === subnet.config.id ? undefined : state.subnets.get(to)!.streams.get(subnet.config.id);
}

/**
 * "Referenced call contexts exist, unless the origins have expired deadlines": of whatever is on its way, of whoever still owes an answer, and of whoever
 * waits for a canister to stop. A bounded wait may be over before that is known everywhere.
 */
function checkReferences(state: NetworkState): void {
  const waits = (caller: CanisterId, callbackId: CallbackId, deadline: CoarseTime): void => {
    const home = route(state, caller);
    const canister = home === null ? undefined : state.subnets.get(home)!.canisters.get(caller);
    assert(deadline !== 0 || canister?.callbacks.has(callbackId) === true, `canister ${caller} waits for what it is owed`);
  };
  const travels = (message: StreamMessage | Ingress): void => {
    if (message.kind === "request") waits(message.sender, message.callbackId, message.deadline);
    if (message.kind === "response") waits(message.originator, message.callbackId, message.deadline);
  };
  for (const subnet of state.subnets.values()) {
    for (const { message } of subnet.queues.messages()) travels(message);
    for (const [to, stream] of subnet.streams.entries())
      for (const message of stream.unsettled(streamBack(state, subnet, to))) travels(message);
    for (const { queues, callContexts, status } of subnet.canisters.values()) {
      for (const { message } of queues.messages()) travels(message);
      for (const { responded, origin } of callContexts.values()) {
        if (!responded && origin.kind === "canister") waits(origin.canister, origin.callbackId, origin.deadline);
      }
      if (status.kind !== "stopping") continue;
      for (const one of status.requests) if (one.kind === "canister") travels(one.request);
    }
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
    assert(!context.deleted || context.responded, "a deleted call context was not awaiting a response");
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
  assert((canister.execution === null) === (canister.installedNanos === null), "what has code was given it at some time");
  assert(canister.balanceCycles >= 0n && canister.reservedCycles >= 0n, "balances are never negative");
  checkSnapshots(canister);
}

function checkSnapshots({ id, snapshots, execution }: CanisterState): void {
  let sizeBytes = 0;
  let last = "";
  for (const [key, snapshot] of snapshots.list) {
    assert(key === snapshot.id && canisterOfSnapshot(key) === id, "a snapshot is listed under its id, which names its canister");
    assert(last < key, "snapshots are in the order of their making");
    assert(snapshot.heap.epoch !== execution?.heap.epoch, "no canister writes the pages of its snapshots");
    sizeBytes += snapshot.sizeBytes;
    last = key;
  }
  assert(snapshots.sizeBytes === sizeBytes, "snapshots count what they take of the canister's memory");
  assert(last < nextSnapshotId({ id, snapshots }), "ids of snapshots are never used again");
}
