/**
 * Which execution thread a canister of an iteration goes to: long executions and others never share one.
 *
 * Source: scheduling.md 5, "Core assignment". Replica: `rs/execution_environment/src/scheduler/round_schedule.rs`,
 * `partition_canisters_to_cores`, `apply_scheduling_strategy` (c7c5005).
 */
import type { CanisterId } from "../state/ids.ts";
import type { SubnetState } from "../state/network-state.ts";

/** Deals canisters out in the order in which it is asked. Only while there are long executions are all canisters looked at. */
export function dealer(subnet: SubnetState, long: ReadonlySet<CanisterId>, threads: number): (id: CanisterId) => number {
  const longThreads = long.size === 0 ? 0 : longThreadsOf(subnet, long, threads);
  const others = Math.max(threads - longThreads, 1);
  const firstOther = Math.min(longThreads, threads - 1);
  let longDealt = 0;
  let othersDealt = 0;
  return (id) => (long.has(id) ? longDealt++ % longThreads : firstOther + (othersDealt++ % others));
}

/** So many that long executions get their compute allocations and their part of what is free. */
function longThreadsOf(subnet: SubnetState, long: ReadonlySet<CanisterId>, threads: number): number {
  if (long.size === subnet.canisters.size) return Math.min(long.size, threads);
  let allocated = 0;
  let allocatedToLong = 0;
  for (const { id, settings } of subnet.canisters.values()) {
    allocated += settings.computeAllocation;
    if (long.has(id)) allocatedToLong += settings.computeAllocation;
  }
  const free = (threads - 1) * 100 - allocated;
  const wanted = Math.ceil((allocatedToLong + (free * long.size) / subnet.canisters.size) / 100);
  return Math.min(long.size, Math.max(1, wanted));
}
