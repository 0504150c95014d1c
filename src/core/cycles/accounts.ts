/**
 * Movements of a canister's cycles outside its own runs: prepayments and their refunds, fees, credits. The only functions that
 * write `balanceCycles`, `reservedCycles` and `consumed` besides `ExecutionView.applyTo` (a run's own account) and `charging.ts`.
 * Every function takes a canister that is for writing.
 *
 * Statistics count what `canister_metrics` shows: instructions and transmission when the unused part of their prepayment comes back,
 * everything else when it is taken; and on free subnets what would have been taken.
 *
 * Source: cycles.md 3. Replica: `rs/replicated_state/src/canister_state/system_state.rs` (`consume_cycles`, `refund_cycles`,
 * `observe_consumed_cycles_with_use_case`), `rs/cycles_account_manager/src/cycles_account_manager.rs` (c7c5005).
 */
import { minBigint, saturatingAddU128, saturatingSub } from "../../base/integers.ts";
import { responsePayloadBytes } from "../queues/sizes.ts";
import type { Callback, CanisterState, ConsumedCycles } from "../state/canister.ts";
import { isHeld } from "../state/long-execution.ts";
import type { Response } from "../state/messages.ts";
import type { UserError } from "../state/rejects.ts";
import { executionPrepayment, executionRefund, ingressInduction, managementInstructions, transmissionRefund, type Fees } from "./fees.ts";
import { idleUse, outOfCyclesError, shortfall, shortfallOf, type Shortfall } from "./freezing.ts";

/** What cycles are consumed for. */
export type UseCase = keyof ConsumedCycles;

/** Cycles that arrive: a refund, a deposit, a top-up. A balance saturates at 2^128 - 1. */
export function creditCycles(canister: CanisterState, cycles: bigint): void {
  if (cycles !== 0n) canister.balanceCycles = saturatingAddU128(canister.balanceCycles, cycles);
}

/** Cycles of a canister that has none yet. */
export function nothingConsumed(): ConsumedCycles {
  return {
    memory: 0n,
    computeAllocation: 0n,
    ingressInduction: 0n,
    instructions: 0n,
    requestAndResponseTransmission: 0n,
    uninstall: 0n,
    canisterCreation: 0n,
    httpOutcalls: 0n,
    burnedCycles: 0n,
  };
}

/** Counts consumed cycles. `nominalCycles` is what the subnet's fee is before it is made free. */
export function countConsumed(canister: CanisterState, useCase: UseCase, nominalCycles: bigint): void {
  if (nominalCycles !== 0n) canister.consumed[useCase] += nominalCycles;
}

/** Takes cycles for good. Storage and compute are paid from the reserved balance first. What the balance lacks is forgiven: callers check before. */
export function consumeCycles(canister: CanisterState, useCase: UseCase, cycles: bigint, nominalCycles: bigint = cycles): void {
  let rest = cycles;
  if (useCase === "memory" || useCase === "computeAllocation" || useCase === "uninstall") {
    const fromReserved = minBigint(rest, canister.reservedCycles);
    canister.reservedCycles -= fromReserved;
    rest -= fromReserved;
  }
  canister.balanceCycles = saturatingSub(canister.balanceCycles, rest);
  countConsumed(canister, useCase, nominalCycles);
}

/** Takes cycles to send them elsewhere, if the freezing threshold remains; nothing is counted. */
export function withdrawCycles(fees: Fees, canister: CanisterState, cycles: bigint, revealTopUp: boolean): UserError | null {
  const missing = shortfallOf(fees, canister, cycles);
  if (missing !== null) return outOfCyclesError(canister.id, missing, revealTopUp);
  canister.balanceCycles -= cycles;
  return null;
}

/** Whether the installed module is wasm64; an empty canister counts as wasm32. */
export function runsWasm64(canister: CanisterState): boolean {
  return canister.execution !== null && canister.execution.module.info.wasm64;
}

/** What is missing to prepay an execution, or `null`: tasks are skipped while something is. */
export function executionShortfall(fees: Fees, canister: CanisterState, instructions: number): Shortfall | null {
  return shortfallOf(fees, canister, executionPrepayment(fees, instructions, runsWasm64(canister)));
}

/**
 * Takes the price of the longest execution in advance, if the freezing threshold remains. `wasm64` is given for install_code, which is
 * priced by the new module.
 */
export function prepayExecution(
  fees: Fees,
  canister: CanisterState,
  instructions: number,
  revealTopUp: boolean,
  wasm64: boolean = runsWasm64(canister),
): bigint | UserError {
  const cycles = executionPrepayment(fees, instructions, wasm64);
  const error = withdrawCycles(fees, canister, cycles, revealTopUp);
  return error ?? cycles;
}

/** What an execution was allowed and what it left; `wasm64` as when it was prepaid. */
export interface ExecutionAccount {
  readonly prepaidCycles: bigint;
  /** Instructions that were prepaid. */
  readonly instructions: number;
  readonly instructionsLeft: number;
  readonly wasm64: boolean;
}

/** Gives back what an execution did not use, and counts the rest. Returns the cycles the execution cost. */
export function refundExecution(fees: Fees, canister: CanisterState, account: ExecutionAccount): bigint {
  const { prepaidCycles, instructions, wasm64 } = account;
  const left = Math.min(Math.max(account.instructionsLeft, 0), instructions);
  const refund = executionRefund(fees, left, wasm64, prepaidCycles);
  creditCycles(canister, refund);
  const nominal = fees.nominal;
  if (nominal === fees) countConsumed(canister, "instructions", prepaidCycles - refund);
  else {
    const prepaid = executionPrepayment(nominal, instructions, wasm64);
    countConsumed(canister, "instructions", prepaid - executionRefund(nominal, left, wasm64, prepaid));
  }
  return prepaidCycles - refund;
}

/**
 * What a response brings before its callback runs, whatever the callback then does: the cycles the callee did not accept, and the part of
 * the prepaid transmission that the response did not need. Returns the former, as `msg_cycles_refunded` shows them.
 */
export function creditResponse(fees: Fees, canister: CanisterState, callback: Callback, response: Response): bigint {
  const refund = minBigint(response.refundCycles, callback.cyclesSent);
  const bytes = responsePayloadBytes(response);
  const unused = transmissionRefund(fees, bytes, callback.prepaidTransmissionCycles);
  creditCycles(canister, refund + unused);
  const nominal = fees.nominal;
  const nominalUnused = nominal === fees ? unused : transmissionRefund(nominal, bytes, nominal.responseTransmission);
  countConsumed(canister, "requestAndResponseTransmission", callback.nominalTransmissionCycles - nominalUnused);
  return refund;
}

/**
 * The fee for inducting an ingress message of so many bytes. While an execution of this canister is held, its balance must not change: the fee is
 * then checked against what earlier postponed fees leave, and postponed to the end of that execution.
 */
export function chargeIngressInduction(fees: Fees, canister: CanisterState, envelopeBytes: number, revealTopUp: boolean): UserError | null {
  const cycles = ingressInduction(fees, envelopeBytes);
  const postponed = isHeld(canister);
  const balanceCycles = postponed ? saturatingSub(canister.balanceCycles, canister.postponedIngressCycles) : canister.balanceCycles;
  const account = { balanceCycles, reservedCycles: canister.reservedCycles };
  const missing = shortfall(fees, canister.settings, idleUse(canister), account, cycles);
  if (missing !== null) return outOfCyclesError(canister.id, missing, revealTopUp);
  if (postponed) canister.postponedIngressCycles += cycles;
  else consumeCycles(canister, "ingressInduction", cycles);
  return null;
}

/** Takes the postponed induction fees, when the held execution ends (before its own changes are applied) or is given up. */
export function takePostponedIngressFees(canister: CanisterState): void {
  if (canister.postponedIngressCycles === 0n) return;
  consumeCycles(canister, "ingressInduction", canister.postponedIngressCycles);
  canister.postponedIngressCycles = 0n;
}

/**
 * The same before a cleanup's changes are applied. A cleanup must always be able to run: where the balance does not cover both, part of the
 * postponed fees is forgiven, as much as the platform forgives.
 */
export function takePostponedIngressFeesBeforeCleanup(canister: CanisterState, removedCycles: bigint): void {
  const { balanceCycles, postponedIngressCycles } = canister;
  if (balanceCycles < postponedIngressCycles + removedCycles)
    canister.postponedIngressCycles = minBigint(postponedIngressCycles, removedCycles);
  takePostponedIngressFees(canister);
}

/**
 * A management method's own work, charged to the canister it is about. Not counted in the statistics: the platform counts instructions when
 * a prepayment is settled, and this has none.
 */
export function chargeManagementInstructions(
  fees: Fees,
  canister: CanisterState,
  instructions: number,
  revealTopUp: boolean,
): UserError | null {
  return withdrawCycles(fees, canister, managementInstructions(fees, instructions), revealTopUp);
}

/** All that is left, main and reserved, of a canister uninstalled for having no cycles. */
export function burnRemainingCycles(canister: CanisterState): void {
  consumeCycles(canister, "uninstall", canister.balanceCycles + canister.reservedCycles);
}
