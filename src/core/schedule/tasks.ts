/**
 * Heartbeats and global timers of a round: which canisters get which, before the messages of the first iteration.
 *
 * Source: scheduling.md 4. Replica: `rs/execution_environment/src/scheduler.rs`, `add_heartbeat_and_global_timer_tasks` (c7c5005).
 */
import { executionShortfall } from "../cycles/accounts.ts";
import { feesOf } from "../cycles/fees.ts";
import type { CanisterState, SystemTask } from "../state/canister.ts";
import type { CanisterId } from "../state/ids.ts";
import type { SubnetState } from "../state/network-state.ts";
import { editCanister, limitsOf, type World } from "../state/world.ts";

/** Tasks by canister, in the order in which they run. Costs the canisters with a heartbeat or a timer that is due. */
export function plannedTasks(world: World, subnet: SubnetState): Map<CanisterId, readonly SystemTask[]> {
  const planned = new Map<CanisterId, readonly SystemTask[]>();
  if (subnet.withHeartbeat.size === 0 && subnet.timers.size === 0) return planned;
  const candidates = new Set<CanisterId>(subnet.withHeartbeat.keys());
  const now = world.state.timeNanos.toString(16).padStart(16, "0");
  for (const [key, id] of subnet.timers.entries()) {
    if (key.slice(0, 16) > now) break;
    candidates.add(id);
  }
  for (const id of [...candidates].sort()) {
    const tasks = tasksOf(world, subnet, editCanister(subnet, id)!);
    if (tasks.length > 0) planned.set(id, tasks);
  }
  return planned;
}

const CYCLE = ["globalTimer", "heartbeat", "message"] as const;

/** The round-robin of one canister over timer, heartbeat and its messages. Moves its pointer. */
function tasksOf(world: World, subnet: SubnetState, canister: CanisterState): readonly SystemTask[] {
  if (canister.status.kind !== "running" || canister.paused !== null || canister.execution === null) return [];
  const exports = canister.execution.module.info.systemExports;
  const heartbeat = exports.has("canister_heartbeat");
  const timer =
    exports.has("canister_global_timer") && canister.globalTimerNanos !== 0n && canister.globalTimerNanos <= world.state.timeNanos;
  if (!heartbeat && !timer) return [];
  if (executionShortfall(feesOf(subnet.config), canister, limitsOf(world, subnet).messageInstructions) !== null) return [];
  const start = CYCLE.indexOf(canister.nextTask);
  if (canister.lowMemoryHook === "ready") {
    canister.nextTask = CYCLE[(start + 1) % CYCLE.length];
    return [];
  }
  for (let step = 0; step < CYCLE.length; step++) {
    const choice = CYCLE[(start + step) % CYCLE.length];
    const applicable = choice === "globalTimer" ? timer : choice === "heartbeat" ? heartbeat : canister.queues.hasInput;
    if (!applicable) continue;
    canister.nextTask = CYCLE[(start + step + 1) % CYCLE.length];
    if (choice === "message") return [];
    if (!timer) return ["heartbeat"];
    if (!heartbeat) return ["globalTimer"];
    return choice === "globalTimer" ? ["globalTimer", "heartbeat"] : ["heartbeat", "globalTimer"];
  }
  return [];
}
