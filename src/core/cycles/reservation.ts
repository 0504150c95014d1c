/**
 * Storage reservation: on a subnet that is filling up, whoever allocates more pays for years of storage in advance, the more the
 * fuller the subnet is. The amount moves from the main to the reserved balance.
 *
 * Source: cycles.md 5. Replica: `rs/cycles_account_manager/src/cycles_account_manager.rs` and `types.rs`,
 * `rs/execution_environment/src/execution_environment.rs` (c7c5005).
 */
import type { Limits } from "../state/limits.ts";
import { storage, type Fees } from "./fees.ts";

/**
 * Memory kept free for response callbacks, so that they can finish when the subnet is full: 2.5 GiB for each of four threads.
 * Replica: `rs/config/src/execution_environment.rs`, `SUBNET_MEMORY_RESERVATION`.
 */
const SUBNET_MEMORY_RESERVATION_BYTES = 4 * 2_560 * 2 ** 20;

/** How full the subnet is, as one execution thread sees it, bytes. */
export interface Saturation {
  readonly usageBytes: number;
  readonly thresholdBytes: number;
  readonly capacityBytes: number;
}

/**
 * The share of the subnet's free memory that one thread may hand out, bytes: capacity less what is taken and less what is kept for
 * callbacks, divided by the threads. Negative when the subnet is over full.
 */
export function threadMemoryBytes(limits: Limits, takenBytes: number): number {
  const free = Number(limits.subnetMemoryBytes) - SUBNET_MEMORY_RESERVATION_BYTES - takenBytes;
  return Math.trunc(free / limits.executionThreads);
}

/** What a response callback may hand out besides, per thread. */
export function threadReservationBytes(limits: Limits): number {
  return Math.floor(SUBNET_MEMORY_RESERVATION_BYTES / limits.executionThreads);
}

/** Saturation when a thread has this much left to hand out: what it has not left counts as used, the reserve for callbacks too. */
export function saturation(limits: Limits, availableBytes: number): Saturation {
  const capacityBytes = Math.floor(Number(limits.subnetMemoryBytes) / limits.executionThreads);
  const thresholdBytes = Math.floor(Number(limits.subnetMemoryReservationThresholdBytes) / limits.executionThreads);
  return {
    usageBytes: Math.max(0, capacityBytes - Math.max(0, availableBytes)),
    thresholdBytes: Math.min(thresholdBytes, capacityBytes),
    capacityBytes,
  };
}

/** The same after more was allocated. */
export function plus(saturation: Saturation, bytes: number): Saturation {
  return { ...saturation, usageBytes: Math.min(saturation.usageBytes + bytes, saturation.capacityBytes) };
}

/** Cycles to reserve for allocating so many more bytes: F(usage + bytes) - F(usage). */
export function reservationCycles(fees: Fees, saturation: Saturation, bytes: number): bigint {
  const after = plus(saturation, bytes);
  if (fees.free || bytes === 0 || after.usageBytes <= after.thresholdBytes) return 0n;
  return totalReservationCycles(fees, after) - totalReservationCycles(fees, saturation);
}

/** F(u): storage of what lies above the threshold, for half of the time that grows from 0 to 300 000 000 s as the subnet fills. */
function totalReservationCycles(fees: Fees, { usageBytes, thresholdBytes, capacityBytes }: Saturation): bigint {
  const above = BigInt(Math.max(0, usageBytes - thresholdBytes));
  const room = BigInt(capacityBytes - thresholdBytes);
  const seconds = room === 0n ? 0n : (fees.base.reservationSeconds * above) / room;
  return storage(fees, above, seconds / 2n);
}

/** Why cycles cannot be reserved. The limit is looked at first. */
export type ReservationRefusal =
  | { readonly kind: "limit"; readonly requestedCycles: bigint; readonly limitCycles: bigint }
  | { readonly kind: "balance"; readonly requestedCycles: bigint; readonly availableCycles: bigint };

/** May this amount move from main to reserved balance? The freezing threshold plays no part. */
export function reservationRefusal(
  amount: bigint,
  account: { readonly balanceCycles: bigint; readonly reservedCycles: bigint; readonly limitCycles: bigint },
): ReservationRefusal | null {
  if (amount === 0n) return null;
  const requestedCycles = account.reservedCycles + amount;
  if (requestedCycles > account.limitCycles) return { kind: "limit", requestedCycles, limitCycles: account.limitCycles };
  if (amount > account.balanceCycles) return { kind: "balance", requestedCycles: amount, availableCycles: account.balanceCycles };
  return null;
}
