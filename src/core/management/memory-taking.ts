/**
 * What a management method pays before a canister's memory may become another size: the subnet's memory, the freezing threshold, the method's own
 * instructions, the reservation of cycles.
 *
 * Source: cycles.md 4, 5. Replica: `cycles_and_memory_usage_checks_and_updates` in `rs/execution_environment/src/canister_manager.rs` (c7c5005).
 */
import { feesOf, managementInstructions } from "../cycles/fees.ts";
import { idleUse, outOfCyclesError, shortfall, topUpCycles } from "../cycles/freezing.ts";
import { reservationCycles, reservationRefusal, saturation, threadMemoryBytes } from "../cycles/reservation.ts";
import type { CanisterState } from "../state/canister.ts";
import type { PrincipalId } from "../state/ids.ts";
import { memoryUsageBytes, withAllocation } from "../state/memory-usage.ts";
import type { SubnetState } from "../state/network-state.ts";
import { limitsOf, type World } from "../state/world.ts";
import { isController } from "./access.ts";
import type { Decoded } from "./candid.ts";
import * as errors from "./resource-errors.ts";

/** What is taken from the balance. */
export interface MemoryPrice {
  readonly instructionCycles: bigint;
  /** Moves from the main to the reserved balance. */
  readonly reservationCycles: bigint;
}

/** The price of a memory of this size, if it can be paid. Nothing is written. */
export function memoryPrice(
  world: World,
  subnet: SubnetState,
  canister: CanisterState,
  wanted: { readonly usageBytes: number; readonly instructions?: number; readonly sender: PrincipalId },
): Decoded<MemoryPrice> {
  const limits = limitsOf(world, subnet);
  const fees = feesOf(subnet.config);
  const refuse = (error: ReturnType<typeof errors.cannotAffordMemoryGrow>): Decoded<MemoryPrice> => ({ kind: "error", error });
  const { memoryAllocation, reservedCyclesLimit } = canister.settings;
  const before = withAllocation(memoryAllocation, memoryUsageBytes(canister));
  const after = withAllocation(memoryAllocation, wanted.usageBytes);
  const grown = after > before ? after - before : 0n;
  const available = threadMemoryBytes(limits, subnet.memoryUsageBytes);
  if (grown > BigInt(Math.max(0, available))) return refuse(errors.subnetMemoryOversubscribed(grown, BigInt(Math.max(0, available))));

  const use = { ...idleUse(canister), memoryBytes: wanted.usageBytes };
  const frozen = shortfall(fees, canister.settings, use, canister, 0n);
  if (frozen !== null) return refuse(errors.cannotAffordMemoryGrow(grown, topUpCycles(frozen)));
  const instructionCycles = managementInstructions(fees, wanted.instructions ?? 0);
  const missing = shortfall(fees, canister.settings, use, canister, instructionCycles);
  if (missing !== null) {
    return refuse(errors.cannotAffordOperation(outOfCyclesError(canister.id, missing, isController(canister, wanted.sender))));
  }

  const cycles = reservationCycles(fees, saturation(limits, available), Number(grown));
  const balanceCycles = canister.balanceCycles - instructionCycles;
  const { reservedCycles } = canister;
  const refusal = reservationRefusal(cycles, { balanceCycles, reservedCycles, limitCycles: reservedCyclesLimit });
  if (refusal?.kind === "limit") {
    return refuse(errors.reservedLimitExceededByGrow(grown, refusal.limitCycles, refusal.requestedCycles - refusal.limitCycles));
  }
  if (refusal?.kind === "balance") {
    return refuse(errors.cannotAffordMemoryGrow(grown, refusal.requestedCycles - refusal.availableCycles));
  }
  return { kind: "value", value: { instructionCycles, reservationCycles: cycles } };
}

/** Takes the price. As every management method's instructions, these are in no statistics (`chargeManagementInstructions`). */
export function payMemory(canister: CanisterState, price: MemoryPrice): void {
  canister.balanceCycles -= price.instructionCycles + price.reservationCycles;
  canister.reservedCycles += price.reservationCycles;
}
