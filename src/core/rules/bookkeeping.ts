/**
 * What every rule does after it changed a canister's queues or callbacks: keep the subnet's sets and totals true, so that a
 * round walks only the canisters that have something to do. `invariants.ts` compares each with its plain definition.
 */
import type { CanisterState } from "../state/canister.ts";
import type { CoarseTime } from "../state/messages.ts";
import { timerKey, type SubnetState } from "../state/network-state.ts";
import { editCanister, type World } from "../state/world.ts";

const NANOS_PER_SECOND = 1_000_000_000n;

/** Batch time in whole seconds, rounded down: the clock of deadlines. */
export function coarseNow(world: World): CoarseTime {
  return Number(world.state.timeNanos / NANOS_PER_SECOND);
}

/** After any change of a canister's queues, callbacks or held execution. Both records must be for writing. */
export function queuesChanged(subnet: SubnetState, canister: CanisterState): void {
  const { id, queues } = canister;
  const hasInput = queues.hasInput || canister.lowMemoryHook === "ready";
  if (hasInput !== subnet.withInput.has(id)) hasInput ? subnet.withInput.set(id, true) : subnet.withInput.delete(id);
  if (queues.hasOutput !== subnet.withOutput.has(id)) queues.hasOutput ? subnet.withOutput.set(id, true) : subnet.withOutput.delete(id);
  if ((canister.paused !== null) !== subnet.paused.has(id))
    canister.paused !== null ? subnet.paused.set(id, true) : subnet.paused.delete(id);

  subnet.guaranteedMemoryBytes += queues.guaranteedMemoryBytes - canister.countedGuaranteedBytes;
  subnet.bestEffortMemoryBytes += queues.bestEffortMemoryBytes - canister.countedBestEffortBytes;
  canister.countedGuaranteedBytes = queues.guaranteedMemoryBytes;
  canister.countedBestEffortBytes = queues.bestEffortMemoryBytes;

  subnet.touched.add(id);
}

/**
 * At the end of a round: where canisters stand among the deadlines. Most messages come and go within a round, and expiry is only looked at
 * when the next one begins.
 */
export function settleDeadlines(subnet: SubnetState): void {
  for (const id of subnet.touched) {
    const canister = editCanister(subnet, id);
    if (canister === undefined) continue;
    if (canister.queues.hasIdleTurns && !subnet.idleTurns.has(id)) subnet.idleTurns.set(id, true);
    const expiry = earliestExpiry(canister);
    const key = expiry === null ? null : timerKey(BigInt(expiry) * NANOS_PER_SECOND, id);
    if (key === canister.deadlineKey) continue;
    if (canister.deadlineKey !== null) subnet.deadlines.delete(canister.deadlineKey);
    if (key !== null) subnet.deadlines.set(key, id);
    canister.deadlineKey = key;
  }
  subnet.touched.clear();
}

/** When the first message, ingress message or callback of this canister can expire, or `null`. */
function earliestExpiry(canister: CanisterState): CoarseTime | null {
  const first = canister.expiringCallbacks.first();
  return earlier(
    first === undefined ? null : deadlineOfKey(first[0]),
    earlier(canister.queues.earliestExpiry(), canister.queues.earliestIngressExpiry()),
  );
}

function earlier(a: CoarseTime | null, b: CoarseTime | null): CoarseTime | null {
  if (a === null) return b;
  return b === null || a < b ? a : b;
}

/** Deadline of a key of `expiringCallbacks` (see `call-contexts.ts`). */
function deadlineOfKey(key: string): CoarseTime {
  return Number(key.slice(0, 12));
}
