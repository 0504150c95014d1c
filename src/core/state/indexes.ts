/**
 * The sets a subnet keeps so that a round costs what happens in it and not what exists.
 *
 * `reindexCanister` is called after anything that can change them: execution, settings, lifecycle methods, charging.
 * The plain definitions are below, and tests compare. What queues and callbacks decide (`withOutput`, `deadlines`, message memory)
 * is kept by `rules/bookkeeping.ts`; `forgetCanister` takes a deleted canister out of those too.
 */
import type { SortedMap } from "../../base/sorted-map.ts";
import type { PreparedModule } from "../wasm/module-info.ts";
import type { CanisterState } from "./canister.ts";
import type { CanisterId, PrincipalId } from "./ids.ts";
import { customSectionBytes, memoryUsageBytes, withAllocation } from "./memory-usage.ts";
import { timerKey, type SubnetState } from "./network-state.ts";

/** Where a canister stands in the subnet's sets; so that a key can be taken out when the canister already has a new one. */
export interface IndexedAs {
  readonly heartbeat: boolean;
  readonly stopping: boolean;
  /** Key in `timers`, or `null`. */
  readonly timer: string | null;
  /** Key in `charges`, or `null`. */
  readonly charge: string | null;
  /** Usage or allocation, whichever is larger: what the canister takes of the subnet's memory. */
  readonly memoryBytes: number;
  readonly usageBytes: number;
  readonly customSectionBytes: number;
  /** What certificates show, beside the time of creation; compared by identity, as all of it is replaced and never written. */
  readonly controllers: readonly PrincipalId[] | null;
  readonly certifiedData: Uint8Array | null;
  readonly module: PreparedModule | null;
  readonly installedNanos: bigint | null;
}

/** Of a canister that is in no set yet. */
export const NOT_INDEXED: IndexedAs = {
  heartbeat: false,
  stopping: false,
  timer: null,
  charge: null,
  memoryBytes: 0,
  usageBytes: 0,
  customSectionBytes: 0,
  controllers: null,
  certifiedData: null,
  module: null,
  installedNanos: null,
};

const CERTIFIED = ["controllers", "certifiedData", "module", "installedNanos"] as const;

/** Storage and compute are charged when this much time has passed. Source: cycles.md 3. */
export const CHARGE_INTERVAL_NANOS = 10_000_000_000n;

/** The plain definition: where the canister belongs. */
export function indexedAs(canister: CanisterState): IndexedAs {
  const usageBytes = memoryUsageBytes(canister);
  return {
    heartbeat: canister.execution !== null && canister.execution.module.info.systemExports.has("canister_heartbeat"),
    stopping: canister.status.kind === "stopping",
    timer: canister.globalTimerNanos === 0n ? null : timerKey(canister.globalTimerNanos, canister.id),
    charge: timerKey(canister.lastChargeNanos + CHARGE_INTERVAL_NANOS, canister.id),
    memoryBytes: Number(withAllocation(canister.settings.memoryAllocation, usageBytes)),
    usageBytes,
    customSectionBytes: canister.execution === null ? 0 : customSectionBytes(canister.execution.module.info.customSections),
    controllers: canister.settings.controllers,
    certifiedData: canister.certifiedData,
    module: canister.execution?.module ?? null,
    installedNanos: canister.installedNanos,
  };
}

/** Whether the canister has something to execute besides heartbeat and timer: the plain definition of `withInput`. */
function hasWork(canister: CanisterState): boolean {
  return canister.queues.hasInput || canister.lowMemoryHook === "ready";
}

/** Brings the subnet's sets up to date with the canister. Both must be for writing. */
export function reindexCanister(subnet: SubnetState, canister: CanisterState): void {
  move(subnet, canister, indexedAs(canister));
  const { execution } = canister;
  canister.indexedBytes = execution === null ? 0 : execution.heapBytes + execution.stableBytes;
  const work = hasWork(canister);
  if (work !== subnet.withInput.has(canister.id)) mark(subnet.withInput, canister.id, work);
}

/** Takes a canister out of every set, before it is deleted. */
export function forgetCanister(subnet: SubnetState, canister: CanisterState): void {
  move(subnet, canister, NOT_INDEXED);
  if (canister.deadlineKey !== null) subnet.deadlines.delete(canister.deadlineKey);
  canister.deadlineKey = null;
  subnet.guaranteedMemoryBytes -= canister.countedGuaranteedBytes;
  subnet.bestEffortMemoryBytes -= canister.countedBestEffortBytes;
  canister.countedGuaranteedBytes = 0;
  canister.countedBestEffortBytes = 0;
  subnet.callbackCount -= canister.callbacks.size;
  subnet.withInput.delete(canister.id);
  subnet.withOutput.delete(canister.id);
  subnet.paused.delete(canister.id);
  subnet.idleTurns.delete(canister.id);
}

function mark(set: SortedMap<CanisterId, true>, id: CanisterId, member: boolean): void {
  if (member) set.set(id, true);
  else set.delete(id);
}

function move(subnet: SubnetState, canister: CanisterState, next: IndexedAs): void {
  const { id, indexed } = canister;
  if (next.heartbeat !== indexed.heartbeat) mark(subnet.withHeartbeat, id, next.heartbeat);
  if (next.stopping !== indexed.stopping) mark(subnet.stopping, id, next.stopping);
  if (next.timer !== indexed.timer) {
    if (indexed.timer !== null) subnet.timers.delete(indexed.timer);
    if (next.timer !== null) subnet.timers.set(next.timer, id);
  }
  if (next.charge !== indexed.charge) {
    if (indexed.charge !== null) subnet.charges.delete(indexed.charge);
    if (next.charge !== null) subnet.charges.set(next.charge, id);
  }
  subnet.memoryUsageBytes += next.memoryBytes - indexed.memoryBytes;
  subnet.customSectionBytes += next.customSectionBytes - indexed.customSectionBytes;
  subnet.canisterStateBytes += next.usageBytes - indexed.usageBytes;
  if (CERTIFIED.some((field) => next[field] !== indexed[field])) subnet.certifiedCanisters.changed(id);
  canister.indexed = next;
}
