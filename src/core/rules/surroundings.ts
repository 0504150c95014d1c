/**
 * What a run sees of the world: its canister, its call and the subnet as they are when it begins, and what things cost. Only read.
 *
 * Source: interface spec, "System imports"; system-api.md 3. Replica: `rs/embedders/src/wasmtime_embedder/system_api.rs` (c7c5005).
 */
import { minBigint } from "../../base/integers.ts";
import { NO_BYTES } from "../../base/bytes.ts";
import { logCapacityBytes } from "../canister/log.ts";
import { runsWasm64 } from "../cycles/accounts.ts";
import { callCost, canisterCreation, feesOf, httpRequest, httpRequestV2, type Fees } from "../cycles/fees.ts";
import { signingPrice } from "../cycles/signing-price.ts";
import { ALGORITHMS, keyHolders, type KeyScheme } from "../state/chain-keys.ts";
import { mayView } from "../management/access.ts";
import type { CallContext, CanisterState } from "../state/canister.ts";
import { MANAGEMENT_CANISTER, type CanisterId, type PrincipalId, type SubnetId } from "../state/ids.ts";
import type { Limits } from "../state/limits.ts";
import type { CoarseTime } from "../state/messages.ts";
import type { SubnetState } from "../state/network-state.ts";
import { limitsOf, type World } from "../state/world.ts";
import type { ExecutionKind } from "./execution-kinds.ts";
import type { Quotas } from "./quotas.ts";
import type { RefusesCall } from "./refused-calls.ts";

const NANOS_PER_SECOND = 1_000_000_000n;

export interface ViewInput {
  readonly world: World;
  readonly subnet: SubnetState;
  /** As the run begins: prepayment taken, refunds credited, timer of a timer task inactive. Only read. */
  readonly canister: CanisterState;
  readonly kind: ExecutionKind;
  /** Calls that it makes and that are refused by choice; absent where no schedule is asked. */
  readonly refuses?: RefusesCall | undefined;
  readonly quotas: Quotas;
  /** `null` where there is none: installation, queries of users. */
  readonly context: CallContext | null;
  /** Where there is no call context; else the context's. */
  readonly caller?: PrincipalId;
  /** `(start)` runs for nobody in particular. */
  readonly isStart?: boolean;
  readonly callerInfo?: CallContext["callerInfo"];
  readonly refundedCycles?: bigint;
  readonly dataCertificate?: (() => Uint8Array) | null;
}

export abstract class Surroundings {
  readonly canisterId: CanisterId;
  readonly subnetId: SubnetId;
  readonly kind: ExecutionKind;
  readonly timeNanos: bigint;
  readonly caller: PrincipalId;
  readonly refundedCycles: bigint;
  readonly dataCertificate: (() => Uint8Array) | null;

  protected readonly world: World;
  protected readonly subnet: SubnetState;
  protected readonly canister: CanisterState;
  protected readonly context: CallContext | null;
  protected readonly fees: Fees;
  private readonly given: ViewInput;

  constructor(given: ViewInput) {
    const { world, subnet, canister, context } = given;
    this.given = given;
    this.world = world;
    this.subnet = subnet;
    this.canister = canister;
    this.context = context;
    this.kind = given.kind;
    this.fees = feesOf(subnet.config);
    this.canisterId = canister.id;
    this.subnetId = subnet.config.id;
    this.timeNanos = world.state.timeNanos;
    this.caller = context !== null ? context.caller : (given.caller ?? MANAGEMENT_CANISTER);
    this.refundedCycles = given.refundedCycles ?? 0n;
    this.dataCertificate = given.dataCertificate ?? null;
  }

  protected get limits(): Limits {
    return limitsOf(this.world, this.subnet);
  }

  /**
   * Backtraces are for those who may read the canister's log; `start` knows no caller, and so tells everybody.
   * Source: messaging.md 11.1. Replica: `remove_backtrace` in `rs/execution_environment/src/hypervisor.rs` (c7c5005).
   */
  get showsBacktraces(): boolean {
    return this.given.isStart === true || mayView(this.canister, this.canister.settings.logVisibility, this.caller);
  }

  get canisterVersion(): bigint {
    return BigInt(this.canister.version);
  }

  get status(): 1 | 2 | 3 {
    const { kind } = this.canister.status;
    return kind === "running" ? 1 : kind === "stopping" ? 2 : 3;
  }

  get printing(): boolean {
    return this.limits.printing;
  }

  get logCapacityBytes(): number {
    return logCapacityBytes(this.canister.settings);
  }

  get callerInfoData(): Uint8Array {
    return this.callerInfo?.data ?? NO_BYTES;
  }

  get callerInfoSigner(): Uint8Array {
    return this.callerInfo?.signer ?? NO_BYTES;
  }

  private get callerInfo(): CallContext["callerInfo"] {
    return this.context !== null ? this.context.callerInfo : (this.given.callerInfo ?? null);
  }

  get deadlineNanos(): bigint {
    const deadline: CoarseTime = this.context !== null && this.context.origin.kind === "canister" ? this.context.origin.deadline : 0;
    return deadline === 0 ? 0n : BigInt(deadline) * NANOS_PER_SECOND;
  }

  get answered(): boolean {
    return this.context !== null && this.context.responded;
  }

  get globalTimerNanos(): bigint {
    return this.canister.globalTimerNanos;
  }

  get contextInstructions(): number {
    return this.context === null ? 0 : this.context.instructions;
  }

  get environmentVariables(): readonly { readonly name: string; readonly value: string }[] {
    return this.canister.settings.environmentVariables;
  }

  get rootKeyDer(): Uint8Array {
    return this.world.state.subnets.get(this.world.state.rootSubnetId)!.config.publicKeyDer;
  }

  isController(principal: PrincipalId): boolean {
    return this.canister.settings.controllers.includes(principal);
  }

  // Prices.

  costCall(methodNameBytes: bigint, payloadBytes: bigint): bigint {
    return callCost(
      this.fees,
      minBigint(methodNameBytes + payloadBytes, (1n << 64n) - 1n),
      this.limits.messageInstructions,
      runsWasm64(this.canister),
    );
  }

  costCreateCanister(): bigint {
    return canisterCreation(this.fees);
  }

  costHttpRequest(requestBytes: bigint, maxResponseBytes: bigint): bigint {
    return httpRequest(this.fees, requestBytes, maxResponseBytes);
  }

  costHttpRequestV2(params: Parameters<typeof httpRequestV2>[1]): bigint {
    return httpRequestV2(this.fees, params);
  }

  costSign(scheme: KeyScheme, keyName: string, algorithm: number): bigint | 1 | 2 {
    if (algorithm < 0 || algorithm >= ALGORITHMS[scheme].length) return 1;
    const [first, ...others] = keyHolders(this.world.state, this.subnetId, keyName);
    return first === undefined ? 2 : signingPrice([first, ...others]);
  }
}
