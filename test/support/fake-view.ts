/**
 * A system view without a network, for tests of single runs: plain fields that a test sets, and a record of what was asked of it.
 */
import { LOG_CAPACITY_BYTES } from "../../src/core/canister/log.ts";
import { NO_BYTES } from "../../src/base/bytes.ts";
import { minBigint, saturatingSub } from "../../src/base/integers.ts";
import type { GrowthAnswer, MemoryUse, OutgoingCall, RunLimits, SystemView } from "../../src/core/canister/types.ts";
import type { CanisterId, PrincipalId, SubnetId } from "../../src/core/state/ids.ts";
import { canisterIdFromIndex } from "../../src/core/state/principal.ts";
import type { UserError } from "../../src/core/state/rejects.ts";

export const TEST_CANISTER: CanisterId = canisterIdFromIndex(7n);
export const TEST_SUBNET = "aa".repeat(28) + "02";
export const TEST_CALLER = "0102030401" as PrincipalId;

export class FakeView implements SystemView {
  canisterId = TEST_CANISTER;
  subnetId = TEST_SUBNET as SubnetId;
  timeNanos = 1_620_328_630_000_000_001n;
  canisterVersion = 5n;
  status: 1 | 2 | 3 = 1;
  caller = TEST_CALLER;
  callerInfoData: Uint8Array = NO_BYTES;
  callerInfoSigner: Uint8Array = NO_BYTES;
  deadlineNanos = 0n;
  answered = false;
  globalTimerNanos = 0n;
  refundedCycles = 0n;
  contextInstructions = 0;
  environmentVariables: readonly { readonly name: string; readonly value: string }[] = [];
  rootKeyDer: Uint8Array = new Uint8Array(133).fill(9);
  dataCertificate: (() => Uint8Array) | null = null;
  printing = false;
  logCapacityBytes = LOG_CAPACITY_BYTES;
  showsBacktraces = false;

  controllers: readonly PrincipalId[] = [];
  balance = 1_000_000_000_000n;
  freezingThreshold = 0n;
  available = 0n;
  burned = 0n;
  /** Set on the cycles minting canister only. */
  mayMint = false;
  performs = true;
  performed: OutgoingCall[] = [];
  detached = 0n;
  heapAnswer: (memory: MemoryUse, deltaBytes: number) => GrowthAnswer = () => ({ kind: "grow" });
  stableAnswer: (memory: MemoryUse, deltaBytes: number) => GrowthAnswer = () => ({ kind: "grow" });
  asked: string[] = [];

  constructor(fields: Partial<FakeView> = {}) {
    Object.assign(this, fields);
  }

  isController(principal: PrincipalId): boolean {
    return this.controllers.includes(principal);
  }

  balanceCycles(): bigint {
    return this.balance;
  }

  liquidBalanceCycles(): bigint {
    return saturatingSub(this.balance, this.freezingThreshold);
  }

  availableCycles(): bigint {
    return this.available;
  }

  acceptCycles(max: bigint): bigint {
    const accepted = minBigint(max, this.available);
    this.available -= accepted;
    this.balance += accepted;
    return accepted;
  }

  burnCycles(amount: bigint): bigint {
    const burned = minBigint(amount, this.liquidBalanceCycles());
    this.balance -= burned;
    this.burned += burned;
    return burned;
  }

  mintCycles(amount: bigint): bigint | { readonly error: UserError } {
    if (!this.mayMint) return { error: { code: 504, description: "this canister mints nothing" } };
    this.balance += amount;
    return amount;
  }

  attachCycles(amount: bigint): boolean {
    if (amount > this.liquidBalanceCycles()) return false;
    this.balance -= amount;
    return true;
  }

  detachCycles(amount: bigint): void {
    this.balance += amount;
    this.detached += amount;
  }

  readonly isRetryingEndlessly = false;

  performCall(call: OutgoingCall): boolean {
    if (this.performs) this.performed.push(call);
    return this.performs;
  }

  growHeap(memory: MemoryUse, deltaBytes: number): GrowthAnswer {
    this.asked.push(`heap ${memory.heapBytes}+${deltaBytes}`);
    return this.heapAnswer(memory, deltaBytes);
  }

  growStable(memory: MemoryUse, deltaBytes: number): GrowthAnswer {
    this.asked.push(`stable ${memory.stableBytes}+${deltaBytes}`);
    return this.stableAnswer(memory, deltaBytes);
  }

  costCall(methodNameBytes: bigint, payloadBytes: bigint): bigint {
    return 1_000_000n + methodNameBytes + payloadBytes;
  }

  costCreateCanister(): bigint {
    return 500_000_000_000n;
  }

  costHttpRequest(requestBytes: bigint, maxResponseBytes: bigint): bigint {
    return (requestBytes << 64n) | maxResponseBytes;
  }

  costHttpRequestV2(params: Parameters<SystemView["costHttpRequestV2"]>[0]): bigint {
    const { requestBytes, roundtripMillis, rawResponseBytes, transformedResponseBytes, transformInstructions } = params;
    return (
      requestBytes + 10n * roundtripMillis + 100n * rawResponseBytes + 1000n * transformedResponseBytes + 10_000n * transformInstructions
    );
  }

  costSign(scheme: "ecdsa" | "schnorr" | "vetkd", keyName: string, algorithm: number): bigint | 1 | 2 {
    if (algorithm > (scheme === "schnorr" ? 1 : 0)) return 1;
    return keyName === "key_1" ? 26_153_846_153n : 2;
  }
}

const G = 1_000_000_000;

/** Limits of an update on an application subnet, unsliced unless a test says otherwise. */
export function testLimits(changes: Partial<RunLimits> = {}): RunLimits {
  return {
    instructions: 40 * G,
    sliceInstructions: 40 * G,
    stackBytes: 384 * 1024,
    replyBytes: 2 * 2 ** 20,
    requestBytes: 10 * 2 ** 20,
    stablePagesAccessed: 2 ** 19,
    stablePagesDirtied: 2 ** 19,
    ...changes,
  };
}
