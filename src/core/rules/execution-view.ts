/**
 * The scratch account of what a run does to the world (with what it sees, `surroundings.ts`, the `SystemView` of `canister/types.ts`).
 *
 * The rule makes one view per attempt. It reads the canister as the rule left it before the run (prepayment taken, refunds of a response
 * credited) and writes nothing; when the run succeeds and `commitError` finds nothing, `applyTo` moves the account into the record.
 * A trapped run's view is dropped. Requests, callbacks and call contexts are the rule's to make, from `plannedCalls`.
 *
 * Everything that costs more than a comparison is worked out when it is first asked for: most messages make no call and grow nothing.
 *
 * Source: messaging.md 2 and 8, wasm.md 5, cycles.md 3 to 5. Replica: `rs/embedders/src/wasmtime_embedder/system_api.rs`
 * (`MemoryUsage`, `push_output_request`), `.../system_api/sandbox_safe_system_state.rs` (c7c5005).
 */
import { assert } from "../../base/assert.ts";
import { minBigint, saturatingAddU128, saturatingSub } from "../../base/integers.ts";
import { utf8Length } from "../../base/utf8.ts";
import {
  insufficientCyclesInMemoryGrow,
  outOfCyclesInCall,
  outOfMemory,
  reservedCyclesLimitExceededInMemoryGrow,
  toolchainViolation,
  userErrorOf,
  wasmMemoryLimitExceeded,
  type ExecutionFailure,
} from "../canister/errors.ts";
import type { GrowthAnswer, MemoryUse, OutgoingCall, SystemView } from "../canister/types.ts";
import { countConsumed, creditCycles, runsWasm64 } from "../cycles/accounts.ts";
import { callTransmission, executionPrepayment } from "../cycles/fees.ts";
import {
  freezingThresholdCycles,
  liquidBalanceCycles,
  messageMemoryBytes,
  outOfCyclesError,
  outOfCyclesText,
  shortfall,
  topUpCycles,
  type Shortfall,
} from "../cycles/freezing.ts";
import { plus, reservationCycles, reservationRefusal, saturation, threadReservationBytes } from "../cycles/reservation.ts";
import { MAX_RESPONSE_COUNT_BYTES, REQUEST_STRUCT_BYTES } from "../queues/sizes.ts";
import type { CanisterState } from "../state/canister.ts";
import type { CanisterId } from "../state/ids.ts";
import { memoryUsageBytes } from "../state/memory-usage.ts";
import { principalText } from "../state/principal.ts";
import type { UserError } from "../state/rejects.ts";
import { CallSlots } from "./call-slots.ts";
import { EXECUTION_RULES, type ExecutionRules } from "./execution-kinds.ts";
import type { Quotas } from "./quotas.ts";
import { HOPELESS_REFUSALS, type RefusesCall } from "./refused-calls.ts";
import { Surroundings, type ViewInput } from "./surroundings.ts";

/** A call that `call_perform` took, and what was withdrawn for it. Attached cycles are in `call`. */
export interface PlannedCall {
  readonly call: OutgoingCall;
  /** For the callback's execution, and for carrying the response: parts of both come back. */
  readonly prepaidExecutionCycles: bigint;
  readonly prepaidTransmissionCycles: bigint;
  /** For carrying the request. */
  readonly transmissionFee: bigint;
  /** See `Callback.nominalTransmissionCycles`. */
  readonly nominalTransmissionCycles: bigint;
}

/** Source: the interface of the cycles minting canister; `rkp4c-7iaaa-aaaaa-aaaca-cai`. */
export const CYCLES_MINTING_CANISTER = "00000000000000040101" as CanisterId;

const NO_PLANNED_CALLS: readonly PlannedCall[] = [];
const GROW: GrowthAnswer = { kind: "grow" };
const REFUSE: GrowthAnswer = { kind: "refuse" };
const UNKNOWN = -1;

export class ExecutionView extends Surroundings implements SystemView {
  private readonly quotas: Quotas;
  private readonly rules: ExecutionRules;

  // The account.
  private readonly startCycles: bigint;
  private balance: bigint;
  /** Taken from the call context. */
  acceptedCycles = 0n;
  burnedCycles = 0n;
  mintedCycles = 0n;
  /** Moved to the reserved balance. */
  newlyReservedCycles = 0n;
  /** Attached to the call under construction, or to calls that were dropped and not yet detached. */
  attachedCycles = 0n;
  /** Heap and stable memory that the run grew beyond the memory allocation, bytes. */
  allocatedBytes = 0;
  /** Message memory of the calls taken, bytes. */
  guaranteedBytes = 0;
  bestEffortBytes = 0;

  private planned: PlannedCall[] | null = null;
  private readonly refuses: RefusesCall | undefined;
  /** Calls that could be taken. */
  private callsTried = 0;
  private refusedInARow = 0;
  private slots: CallSlots | null = null;
  /** Memory of the canister besides heap and stable memory, bytes. */
  private fixedBytes = UNKNOWN;
  /** Message memory of the canister before the run, bytes. */
  private startMessageBytes = UNKNOWN;

  constructor(given: ViewInput) {
    super(given);
    this.quotas = given.quotas;
    this.refuses = given.refuses;
    this.rules = EXECUTION_RULES[given.kind];
    this.startCycles = given.canister.balanceCycles;
    this.balance = given.canister.balanceCycles;
  }

  // Cycles.

  balanceCycles(): bigint {
    return this.balance;
  }

  liquidBalanceCycles(memory: MemoryUse): bigint {
    return liquidBalanceCycles(this.balance, this.thresholdCycles(this.memoryBytes(memory)));
  }

  availableCycles(): bigint {
    return this.context === null ? 0n : this.context.availableCycles - this.acceptedCycles;
  }

  acceptCycles(max: bigint): bigint {
    const accepted = minBigint(max, this.availableCycles());
    this.acceptedCycles += accepted;
    this.balance = saturatingAddU128(this.balance, accepted);
    return accepted;
  }

  burnCycles(amount: bigint, memory: MemoryUse): bigint {
    const burned = minBigint(amount, this.liquidBalanceCycles(memory));
    this.balance -= burned;
    this.burnedCycles += burned;
    return burned;
  }

  mintCycles(amount: bigint): bigint | { readonly error: UserError } {
    if (this.canisterId !== CYCLES_MINTING_CANISTER) {
      const minter = principalText(CYCLES_MINTING_CANISTER);
      const reason = `ic0.mint_cycles128 cannot be executed on non Cycles Minting Canister: ${principalText(this.canisterId)} != ${minter}`;
      return { error: userErrorOf(this.canisterId, toolchainViolation(reason)) };
    }
    const balance = saturatingAddU128(this.balance, amount);
    const minted = balance - this.balance;
    this.balance = balance;
    this.mintedCycles += minted;
    return minted;
  }

  attachCycles(amount: bigint, memory: MemoryUse): boolean {
    if (this.missing(amount, this.memoryBytes(memory), this.messageBytes()) !== null) return false;
    this.balance -= amount;
    this.attachedCycles += amount;
    return true;
  }

  detachCycles(amount: bigint): void {
    this.balance += amount;
    this.attachedCycles -= amount;
  }

  // Calls.

  /** In the order of `call_perform`. */
  get plannedCalls(): readonly PlannedCall[] {
    return this.planned ?? NO_PLANNED_CALLS;
  }

  /**
   * The steps of messaging.md 2. What an earlier step has counted down stays so when a later step fails, except message memory.
   *
   * Calls of composite queries go the same way: they withdraw the fees too, though nothing of the account is kept, and so a canister that could not
   * pay for a call cannot make one in a query either. Replica: all of it is one function for every context.
   */
  performCall(call: OutgoingCall, memory: MemoryUse): boolean {
    const isTaken = this.takeCall(call, memory);
    this.refusedInARow = isTaken ? 0 : this.refusedInARow + 1;
    return isTaken;
  }

  /** Only where a schedule is asked: see `HOPELESS_REFUSALS`. */
  get isRetryingEndlessly(): boolean {
    return this.refuses !== undefined && this.refusedInARow >= HOPELESS_REFUSALS;
  }

  private takeCall(call: OutgoingCall, memory: MemoryUse): boolean {
    const payloadBytes = utf8Length(call.method) + call.arg.length;
    const memoryBytes = this.memoryBytes(memory);

    // 2. Message memory, and its storage. System subnets do without.
    let guaranteedBytes = 0;
    let bestEffortBytes = 0;
    if (this.subnet.config.kind !== "system") {
      const countedBytes = REQUEST_STRUCT_BYTES + payloadBytes;
      if (call.timeoutSeconds === null) guaranteedBytes = Math.max(countedBytes, MAX_RESPONSE_COUNT_BYTES);
      else bestEffortBytes = countedBytes;
    }
    const messageBytes = this.messageBytes() + guaranteedBytes + bestEffortBytes;
    if (guaranteedBytes + bestEffortBytes > 0 && this.rules.growthThreshold && this.missing(0n, memoryBytes, messageBytes) !== null)
      return false;
    if (guaranteedBytes > 0 && this.guaranteedBytes + guaranteedBytes > this.quotas.guaranteedMessageBytes) return false;

    // 3. Callbacks.
    this.slots ??= new CallSlots(this.canister, this.world.state, this.availableCallbacks());
    if (!this.slots.takeCallback()) return false;

    // 4. Fees.
    const wasm64 = runsWasm64(this.canister);
    const transmission = callTransmission(this.fees, payloadBytes);
    const execution = executionPrepayment(this.fees, this.limits.messageInstructions, wasm64);
    const fee = transmission + execution;
    if (this.missing(fee, memoryBytes, messageBytes) !== null) return false;

    // 5, 6. Slots to the management canister, and of this destination.
    if (!this.slots.takeRoom(call.callee)) return false;

    if (this.refuses?.(call, this.callsTried++) === true) return false;

    this.balance -= fee;
    this.attachedCycles -= call.cycles;
    this.guaranteedBytes += guaranteedBytes;
    this.bestEffortBytes += bestEffortBytes;
    (this.planned ??= []).push({
      call,
      prepaidExecutionCycles: execution,
      prepaidTransmissionCycles: this.fees.responseTransmission,
      transmissionFee: transmission - this.fees.responseTransmission,
      nominalTransmissionCycles: this.fees.nominal === this.fees ? transmission : callTransmission(this.fees.nominal, payloadBytes),
    });
    return true;
  }

  /** Callbacks this message may create: what the subnet's pool has, and at least what the canister's own quota has. */
  private availableCallbacks(): number {
    const ownQuota = this.limits.canisterGuaranteedCallbackQuota - this.canister.callbacks.size;
    return Math.max(this.quotas.callbacks, ownQuota, 0);
  }

  // Memory.

  growHeap(memory: MemoryUse, deltaBytes: number): GrowthAnswer {
    const limit = this.canister.settings.wasmMemoryLimit;
    if (this.rules.heapLimit && limit !== 0n && memory.heapBytes + deltaBytes > Number(limit)) {
      return this.trap(wasmMemoryLimitExceeded({ limitBytes: limit, usedBytes: BigInt(memory.heapBytes + deltaBytes) }));
    }
    return this.allocate(memory, deltaBytes) ?? this.trap(outOfMemory());
  }

  growStable(memory: MemoryUse, deltaBytes: number): GrowthAnswer {
    return this.allocate(memory, deltaBytes) ?? REFUSE;
  }

  /**
   * The checks that heap and stable memory share. Only what goes beyond the memory allocation counts. `null` when the subnet has no memory
   * left, which the two tell differently.
   */
  private allocate(memory: MemoryUse, deltaBytes: number): GrowthAnswer | null {
    const { rules } = this;
    if (!rules.growthThreshold && !rules.growthTaken) return GROW;
    const { settings } = this.canister;
    const allocation = Number(settings.memoryAllocation);
    const usedBytes = this.memoryBytes(memory);
    const bytes = Math.max(usedBytes + deltaBytes, allocation) - Math.max(usedBytes, allocation);
    if (bytes === 0) return GROW;

    if (rules.growthThreshold) {
      const missing = this.missing(0n, usedBytes + deltaBytes, this.messageBytes());
      if (missing !== null) return this.trap(this.insufficientCycles(bytes, topUpCycles(missing)));
    }
    if (rules.growthTaken) {
      if (this.allocatedBytes + bytes > this.quotas.memoryBytes + this.reserveBytes) return null;
      const before = plus(saturation(this.limits, this.quotas.memoryBytes), this.allocatedBytes);
      const cycles = reservationCycles(this.fees, before, bytes);
      const reservedCycles = this.reservedCycles();
      const refusal = reservationRefusal(cycles, {
        balanceCycles: this.balance,
        reservedCycles,
        limitCycles: settings.reservedCyclesLimit,
      });
      if (refusal?.kind === "limit") return this.trap(reservedCyclesLimitExceededInMemoryGrow({ bytes: BigInt(bytes), ...refusal }));
      if (refusal?.kind === "balance") return this.trap(this.insufficientCycles(bytes, refusal.requestedCycles - refusal.availableCycles));
      this.balance -= cycles;
      this.newlyReservedCycles += cycles;
    }
    this.allocatedBytes += bytes;
    return GROW;
  }

  private insufficientCycles(bytes: number, missingCycles: bigint): ExecutionFailure {
    return insufficientCyclesInMemoryGrow(BigInt(bytes), this.revealsTopUp() ? missingCycles : null);
  }

  private trap(failure: ExecutionFailure): GrowthAnswer {
    return { kind: "trap", error: userErrorOf(this.canisterId, failure) };
  }

  // For the rule.

  /** What the run takes from the balance on the whole (0 when it gains), which the commit check asks for. */
  get removedCycles(): bigint {
    return saturatingSub(this.startCycles, this.balance);
  }

  /** Memory of the subnet's reserve for callbacks that this run may use, bytes. */
  get reserveBytes(): number {
    return this.rules.response ? threadReservationBytes(this.limits) : 0;
  }

  /** Fixes what the run started from, before its outcome is held over rounds in which the canister's queues and memory change. */
  hold(): void {
    this.memoryBytes({ heapBytes: 0, stableBytes: 0 });
    this.messageBytes();
  }

  /** Whether the caller may know how many cycles are missing. */
  revealsTopUp(): boolean {
    return this.isController(this.caller);
  }

  /**
   * The check "before its changes are committed" (cycles.md 3), against the canister as it is now: after postponed ingress fees were taken, and with
   * the memory that the run leaves. Not `null`: the changes must be dropped, the instructions are charged all the same. Accepted cycles
   * do not count towards what remains.
   */
  commitError(canister: CanisterState, memory: MemoryUse): UserError | null {
    const { balanceCycles } = canister;
    switch (this.rules.commit) {
      case "nothing":
        return null;
      case "zero": {
        if (balanceCycles >= this.removedCycles) return null;
        const missing: Shortfall = { availableCycles: balanceCycles, requestedCycles: this.removedCycles, thresholdCycles: 0n };
        const { code, help, traced } = outOfCyclesInCall(this.canisterId);
        return userErrorOf(this.canisterId, { code, help, traced, text: outOfCyclesText(this.canisterId, missing, this.revealsTopUp()) });
      }
      case "threshold": {
        const use = { memoryBytes: this.memoryBytes(memory), messageBytes: this.messageBytes() };
        const account = { balanceCycles, reservedCycles: canister.reservedCycles + this.newlyReservedCycles };
        const missing = shortfall(this.fees, canister.settings, use, account, this.removedCycles);
        return missing === null ? null : outOfCyclesError(this.canisterId, missing, this.revealsTopUp());
      }
    }
  }

  /** Moves the account into the record, which is for writing. */
  applyTo(canister: CanisterState): void {
    assert(this.attachedCycles === 0n, "cycles of calls that were dropped have been detached");
    if (this.balance > this.startCycles) creditCycles(canister, this.balance - this.startCycles);
    else if (this.balance < this.startCycles)
      canister.balanceCycles = saturatingSub(canister.balanceCycles, this.startCycles - this.balance);
    if (this.newlyReservedCycles !== 0n) canister.reservedCycles += this.newlyReservedCycles;
    countConsumed(canister, "burnedCycles", this.burnedCycles);
  }

  // Inside.

  private reservedCycles(): bigint {
    return this.canister.reservedCycles + this.newlyReservedCycles;
  }

  private memoryBytes(memory: MemoryUse): number {
    if (this.fixedBytes === UNKNOWN) {
      const { execution } = this.canister;
      this.fixedBytes = memoryUsageBytes(this.canister) - (execution === null ? 0 : execution.heapBytes + execution.stableBytes);
    }
    return this.fixedBytes + memory.heapBytes + memory.stableBytes;
  }

  private messageBytes(): number {
    if (this.startMessageBytes === UNKNOWN) this.startMessageBytes = messageMemoryBytes(this.canister);
    return this.startMessageBytes + this.guaranteedBytes + this.bestEffortBytes;
  }

  private thresholdCycles(memoryBytes: number): bigint {
    const use = { memoryBytes, messageBytes: this.messageBytes() };
    return freezingThresholdCycles(this.fees, this.canister.settings, use, this.reservedCycles());
  }

  /** What is missing to spend this much and keep the freezing threshold; `null` when nothing is. */
  private missing(cycles: bigint, memoryBytes: number, messageBytes: number): Shortfall | null {
    const account = { balanceCycles: this.balance, reservedCycles: this.reservedCycles() };
    return shortfall(this.fees, this.canister.settings, { memoryBytes, messageBytes }, account, cycles);
  }
}
