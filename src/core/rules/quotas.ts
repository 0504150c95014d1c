/**
 * What is left of the subnet's memory and callbacks while a round executes.
 *
 * Source: messaging.md 2 and 5, cycles.md 5. Replica: `rs/execution_environment/src/execution_environment.rs`
 * (`scaled_subnet_available_memory`), `rs/execution_environment/src/execution/common.rs` (c7c5005).
 */
import { outOfMemory, userErrorOf } from "../canister/errors.ts";
import { threadMemoryBytes } from "../cycles/reservation.ts";
import type { SubnetState } from "../state/network-state.ts";
import type { UserError } from "../state/rejects.ts";
import { limitsOf, type World } from "../state/world.ts";
import type { ExecutionView } from "./execution-view.ts";

/**
 * What one execution thread may still hand out: `threadQuotas` at the start of each iteration of a round (and of a query), lowered by
 * `takeQuotas` after each run that is committed. The platform divides the subnet's free memory, but not its callbacks, by its threads.
 */
export interface Quotas {
  memoryBytes: number;
  guaranteedMessageBytes: number;
  callbacks: number;
}

export function threadQuotas(world: World, subnet: SubnetState): Quotas {
  const limits = limitsOf(world, subnet);
  return {
    memoryBytes: threadMemoryBytes(limits, subnet.memoryUsageBytes),
    guaranteedMessageBytes: Math.trunc(guaranteedMemoryLeft(world, subnet) / limits.executionThreads),
    callbacks: limits.subnetCallbackSoftLimit - subnet.callbackCount,
  };
}

/** Guaranteed-response message memory that is free: what canisters and the management canister's queues leave. */
export function guaranteedMemoryLeft(world: World, subnet: SubnetState): number {
  return limitsOf(world, subnet).guaranteedMessageMemoryBytes - subnet.guaranteedMemoryBytes - subnet.queues.guaranteedMemoryBytes;
}

/**
 * Of a run held over rounds: the error when the subnet has not the memory any more that the run took. Its changes must be dropped then. For others
 * it is always `null`, since the run itself was told.
 */
export function quotaError(quotas: Quotas, view: ExecutionView): UserError | null {
  const fits = (bytes: number, available: number) => bytes === 0 || bytes <= available;
  const memory = fits(view.allocatedBytes, quotas.memoryBytes + view.reserveBytes);
  return memory && fits(view.guaranteedBytes, quotas.guaranteedMessageBytes) ? null : userErrorOf(view.canisterId, outOfMemory());
}

/** Takes what a run used, when it is committed; when it is not (`quotaError`), nothing is taken. */
export function takeQuotas(quotas: Quotas, view: ExecutionView): UserError | null {
  const error = quotaError(quotas, view);
  if (error !== null) return error;
  quotas.memoryBytes -= view.allocatedBytes;
  quotas.guaranteedMessageBytes -= view.guaranteedBytes;
  quotas.callbacks -= view.plannedCalls.length;
  return null;
}
