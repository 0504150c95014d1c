/**
 * A canister as the network holds it: the nouns of the interface spec's "Abstract state", one record per canister.
 *
 * All records here are owned by epoch: read them freely, write only what an `edit…` function gave out.
 * Types of other rooms are imported as types only.
 */
import type { Epoch, Owned } from "../../base/epoch.ts";
import type { SortedMap } from "../../base/sorted-map.ts";
import type { CanisterLog } from "../canister/log.ts";
import type { ExecutionState } from "../canister/execution-state.ts";
import type { Closure } from "../canister/types.ts";
import type { CanisterQueues } from "../queues/canister-queues.ts";
import type { IndexedAs } from "./indexes.ts";
import type { CallbackId, CallContextId, CanisterId, MessageId, PrincipalId, SnapshotId, SubnetId } from "./ids.ts";
import type { LongExecution } from "./long-execution.ts";
import type { CallTree, CoarseTime, Ingress, MessageTag, Request } from "./messages.ts";
import type { CanisterSnapshot, CanisterSnapshots } from "./snapshots.ts";

export type Visibility =
  | { readonly kind: "controllers" }
  | { readonly kind: "public" }
  | { readonly kind: "allowedViewers"; readonly viewers: readonly PrincipalId[] };

/** Source: interface spec, "IC method create_canister" (settings); defaults as in management-canister.md 2.1. Replaced whole, never edited. */
export interface CanisterSettings {
  /** Sorted by bytes, without duplicates. */
  readonly controllers: readonly PrincipalId[];
  /** Percent. */
  readonly computeAllocation: number;
  /** Bytes; 0 is best effort. */
  readonly memoryAllocation: bigint;
  readonly freezingThresholdSeconds: bigint;
  readonly reservedCyclesLimit: bigint;
  readonly minimumIncomingCanisterCallCycles: bigint;
  /** Bytes; 0 is no limit. */
  readonly wasmMemoryLimit: bigint;
  readonly wasmMemoryThreshold: bigint;
  /** Bytes: 0, or a page at least. Absent: a page. */
  readonly logMemoryLimit?: bigint;
  readonly logVisibility: Visibility;
  readonly snapshotVisibility: Visibility;
  readonly statusVisibility: Visibility;
  /** Ordered by name bytes. */
  readonly environmentVariables: readonly { readonly name: string; readonly value: string }[];
}

/** Who is answered when a call context responds. */
export type CallOrigin =
  | {
      readonly kind: "ingress";
      readonly user: PrincipalId;
      readonly messageId: MessageId;
      readonly method: string;
      readonly tag: MessageTag;
    }
  | {
      readonly kind: "canister";
      readonly canister: CanisterId;
      readonly callbackId: CallbackId;
      readonly deadline: CoarseTime;
      readonly method: string;
      readonly tag: MessageTag;
    }
  /** Heartbeat, global timer, low-memory hook: nobody waits. */
  | { readonly kind: "systemTask"; readonly task: SystemTask; readonly tag: MessageTag };

export type SystemTask = "heartbeat" | "globalTimer" | "lowWasmMemory";

/** Source: interface spec, "Call contexts". Lives from the start of a call until it is answered and no callback is open. */
export interface CallContext extends Owned {
  readonly id: CallContextId;
  readonly origin: CallOrigin;
  /** Caller as `msg_caller` shows it, also in callbacks. */
  readonly caller: PrincipalId;
  readonly callerInfo: { readonly data: Uint8Array; readonly signer: Uint8Array } | null;
  readonly callTree: CallTree;
  readonly createdNanos: bigint;
  responded: boolean;
  /** The canister was uninstalled under this context: later responses only refund. */
  deleted: boolean;
  availableCycles: bigint;
  /** Instructions of all executions so far, for `performance_counter(1)`. */
  instructions: number;
  /** Callbacks registered and not yet run: the context ends when it has responded and this is 0. */
  openCallbacks: number;
}

/** A call this canister made and that is not answered yet. */
export interface Callback extends Owned {
  readonly id: CallbackId;
  readonly callContextId: CallContextId;
  /** The callee, canister or subnet, as the request is addressed. */
  readonly respondent: PrincipalId;
  readonly method: string;
  readonly onReply: Closure;
  readonly onReject: Closure;
  readonly onCleanup: Closure | null;
  readonly cyclesSent: bigint;
  /** Cycles withdrawn in advance for running the callback, and for carrying the response (cycles.md 3). */
  readonly prepaidExecutionCycles: bigint;
  readonly prepaidTransmissionCycles: bigint;
  /**
   * The whole call's transmission, request and largest response, as the fee is before a subnet is made free. Only for statistics:
   * less what the response leaves of it, it counts as consumed when the response arrives.
   */
  readonly nominalTransmissionCycles: bigint;
  readonly deadline: CoarseTime;
  /** Set when the deadline passed and `SYS_UNKNOWN` was enqueued: a later real response is dropped. */
  expired: boolean;
  readonly requestTag: MessageTag;
}

export type StopRequest =
  | { readonly kind: "ingress"; readonly message: Ingress; readonly sinceNanos: bigint }
  | { readonly kind: "canister"; readonly request: Request; readonly sinceNanos: bigint };

export type CanisterStatus =
  { readonly kind: "running" } | { readonly kind: "stopping"; readonly requests: readonly StopRequest[] } | { readonly kind: "stopped" };

/** Source: interface spec, "Canister history". The newest 20 entries are kept, all are counted. */
export interface HistoryEntry {
  readonly timestampNanos: bigint;
  readonly canisterVersion: number;
  readonly origin:
    | { readonly kind: "user"; readonly user: PrincipalId }
    | { readonly kind: "canister"; readonly canister: CanisterId; readonly version: bigint | null };
  readonly details:
    | { readonly kind: "creation"; readonly controllers: readonly PrincipalId[]; readonly environmentVariablesHash: Uint8Array | null }
    | { readonly kind: "codeUninstall" }
    | { readonly kind: "codeDeployment"; readonly mode: "install" | "reinstall" | "upgrade"; readonly moduleHash: string }
    | {
        readonly kind: "loadSnapshot";
        /** `null` for one of the canister's own. */
        readonly fromCanister: CanisterId | null;
        readonly snapshotId: SnapshotId;
        readonly canisterVersion: number;
        readonly takenAtNanos: bigint;
        readonly source: CanisterSnapshot["source"];
      }
    | { readonly kind: "controllersChange"; readonly controllers: readonly PrincipalId[] };
}

/** Cycles this canister consumed, by use case (canister_metrics). */
export type ConsumedCycles = Record<
  | "memory"
  | "computeAllocation"
  | "ingressInduction"
  | "instructions"
  | "requestAndResponseTransmission"
  | "uninstall"
  | "canisterCreation"
  | "httpOutcalls"
  | "burnedCycles",
  bigint
>;

export interface CanisterState extends Owned {
  readonly id: CanisterId;
  readonly subnetId: SubnetId;
  readonly createdNanos: bigint;
  /** When code was installed or upgraded, or a snapshot loaded; `null` when empty. */
  installedNanos: bigint | null;
  settings: CanisterSettings;
  status: CanisterStatus;
  balanceCycles: bigint;
  reservedCycles: bigint;
  /** Induction fees of ingress messages that came while an execution is held: taken when it ends (cycles.md 3). */
  postponedIngressCycles: bigint;
  consumed: ConsumedCycles;
  /** Code and memories; `null` when empty. */
  execution: ExecutionState | null;
  readonly queues: CanisterQueues;
  readonly callContexts: SortedMap<CallContextId, CallContext>;
  readonly callbacks: SortedMap<CallbackId, Callback>;
  /** Callbacks of bounded-wait calls that can still expire, keyed by deadline (12 digits) and id. */
  readonly expiringCallbacks: SortedMap<string, CallbackId>;
  /** What it is in the middle of, if that lasts over rounds. */
  paused: LongExecution | null;
  nextCallContextId: number;
  nextCallbackId: number;
  certifiedData: Uint8Array;
  /** Nanoseconds; 0n when inactive. */
  globalTimerNanos: bigint;
  /** Source: interface spec, "Canister version". */
  version: number;
  history: { readonly total: number; readonly entries: readonly HistoryEntry[] };
  log: CanisterLog;
  /** Key in the subnet's `deadlines`, and message memory counted in the subnet's totals: see `rules/bookkeeping.ts`. */
  deadlineKey: string | null;
  countedGuaranteedBytes: number;
  countedBestEffortBytes: number;
  /** Heap and stable memory when the subnet's sets were last brought up to date, bytes. */
  indexedBytes: number;
  /** Where the round-robin over timer, heartbeat and messages stands (scheduling.md 4). */
  nextTask: "globalTimer" | "heartbeat" | "message";
  lowMemoryHook: "notSatisfied" | "ready" | "executed";
  /** Accumulated priority in millionths of a percent (scheduling.md 5), less the subnet's `priorityHandedBack`; settled in a round. */
  accumulatedPriority: number;
  /** Rounds with a slice of the long execution that it is in the middle of, since that began or was aborted last; they are not charged yet. */
  executedRounds: number;
  prioritySettledRound: number;
  /** Batch time of the last charge for storage and compute. */
  lastChargeNanos: bigint;
  heapDeltaDebitBytes: number;
  installCodeDebitInstructions: number;
  /** Custom sections' bytes and the uploaded module's bytes count as memory; kept here so that usage needs no walk. */
  chunkStore: ReadonlyMap<string, Uint8Array>;
  /** Replaced whole. */
  snapshots: CanisterSnapshots;
  queryStats: { calls: number; instructions: number; requestBytes: number; responseBytes: number };
  /** Where this canister stands in the subnet's sets; written by `indexes.ts` only, `NOT_INDEXED` at creation. */
  indexed: IndexedAs;
}

/** A copy of the record for another owner; collections inside are forked, not copied. */
export function copyCanister(canister: CanisterState, epoch: Epoch): CanisterState {
  return {
    ...canister,
    epoch,
    consumed: { ...canister.consumed },
    queryStats: { ...canister.queryStats },
    execution: canister.execution === null ? null : canister.execution.copy(epoch),
    queues: canister.queues.copy(epoch),
    callContexts: canister.callContexts.fork(epoch),
    callbacks: canister.callbacks.fork(epoch),
    expiringCallbacks: canister.expiringCallbacks.fork(epoch),
    log: canister.log.copy(epoch),
  };
}
