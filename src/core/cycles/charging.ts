/**
 * Charging for what a canister holds: storage, then message memory, then compute allocation, for the whole seconds since the last time.
 * It ignores the freezing threshold and may take the last cycle. Whoever cannot pay is uninstalled by the rule that called.
 *
 * Source: cycles.md 3 ("Every >= 10 s") and 6. Replica: `rs/execution_environment/src/scheduler.rs`,
 * `rs/cycles_account_manager/src/cycles_account_manager.rs`, `charge_canister_for_resource_allocation_and_usage` (c7c5005).
 */
import type { CanisterState } from "../state/canister.ts";
import { CHARGE_INTERVAL_NANOS } from "../state/indexes.ts";
import { isHeld } from "../state/long-execution.ts";
import { consumeCycles, type UseCase } from "./accounts.ts";
import { SECONDS_PER_DAY, type Fees } from "./fees.ts";
import { idleRates, idleUse } from "./freezing.ts";

const NANOS_PER_SECOND = 1_000_000_000n;

/** Whether the canister's last charge is long enough ago. Nothing is charged while an execution is held. */
export function isChargeDue(canister: CanisterState, nowNanos: bigint): boolean {
  return !isHeld(canister) && canister.lastChargeNanos + CHARGE_INTERVAL_NANOS <= nowNanos;
}

/**
 * Charges one canister, for writing, at batch time `nowNanos`. Each charge is taken whole or not at all; at the first that cannot be paid the
 * others are skipped and the canister has run out: `false`. A part of a second is lost.
 */
export function chargeForResources(fees: Fees, canister: CanisterState, nowNanos: bigint): boolean {
  const elapsed = nowNanos - canister.lastChargeNanos;
  const seconds = elapsed > 0n ? elapsed / NANOS_PER_SECOND : 0n;
  canister.lastChargeNanos = nowNanos;
  const use = idleUse(canister);
  const rates = idleRates(fees, canister.settings, use);
  const nominal = fees.nominal === fees ? rates : idleRates(fees.nominal, canister.settings, use);
  const take = (useCase: UseCase, perDay: bigint, nominalPerDay: bigint): boolean => {
    const cycles = (perDay * seconds) / SECONDS_PER_DAY;
    if (cycles > canister.balanceCycles + canister.reservedCycles) return false;
    consumeCycles(canister, useCase, cycles, nominal === rates ? cycles : (nominalPerDay * seconds) / SECONDS_PER_DAY);
    return true;
  };
  return (
    take("memory", rates.memory, nominal.memory) &&
    take("memory", rates.messageMemory, nominal.messageMemory) &&
    take("computeAllocation", rates.compute, nominal.compute)
  );
}
