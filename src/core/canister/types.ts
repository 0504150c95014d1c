/**
 * One canister run: what goes in and what comes out. The seam between `core/canister` (which executes an entry point) and
 * `core/rules` (which decides what to run and applies the outcome whole, or not at all). A run knows no queues and no network.
 */
import type { ExecutionFailure } from "./errors.ts";
import type { CanisterId, PrincipalId, SubnetId } from "../state/ids.ts";
import type { UserError } from "../state/rejects.ts";

/** A callback as the canister registered it: a table index and an environment. */
export interface Closure {
  readonly functionIndex: number;
  /** Environment, low and high word (high is 0 in wasm32 modules). */
  readonly envLo: number;
  readonly envHi: number;
}

/** What to execute. Interface spec, "Entry points"; context letters as in the overview of imports. */
export type EntryPoint =
  | { readonly kind: "start" } // s
  | { readonly kind: "init"; readonly arg: Uint8Array } // I
  | { readonly kind: "postUpgrade"; readonly arg: Uint8Array } // I
  | { readonly kind: "preUpgrade" } // G
  | { readonly kind: "update"; readonly method: string; readonly arg: Uint8Array } // U
  | { readonly kind: "replicatedQuery"; readonly method: string; readonly arg: Uint8Array } // RQ
  | { readonly kind: "query"; readonly method: string; readonly arg: Uint8Array } // NRQ
  | { readonly kind: "transform"; readonly method: string; readonly arg: Uint8Array } // TQ
  | { readonly kind: "compositeQuery"; readonly method: string; readonly arg: Uint8Array } // CQ: the method may be of kind query or composite_query
  | { readonly kind: "replyCallback"; readonly closure: Closure; readonly data: Uint8Array; readonly composite: boolean } // Ry, CRy
  | {
      readonly kind: "rejectCallback";
      readonly closure: Closure;
      readonly code: number;
      readonly message: string;
      readonly composite: boolean;
    } // Rt, CRt
  | { readonly kind: "cleanup"; readonly closure: Closure; readonly code: number; readonly composite: boolean } // C, CC
  | { readonly kind: "inspectMessage"; readonly method: string; readonly arg: Uint8Array } // F
  | { readonly kind: "heartbeat" } // T
  | { readonly kind: "globalTimer" } // T
  | { readonly kind: "lowWasmMemory" }; // T

/** A call as `call_perform` handed it over. Source: interface spec, "Inter-canister calls". */
export interface OutgoingCall {
  readonly callee: PrincipalId;
  readonly method: string;
  readonly arg: Uint8Array;
  readonly cycles: bigint;
  readonly onReply: Closure;
  readonly onReject: Closure;
  readonly onCleanup: Closure | null;
  /** Whole seconds, capped at 300, of a bounded-wait call; `null` for unbounded wait. */
  readonly timeoutSeconds: number | null;
}

/** Memory of the canister as the run has it at this moment, in bytes; for thresholds and limits. */
export interface MemoryUse {
  readonly heapBytes: number;
  readonly stableBytes: number;
}

/** Whether memory may grow: yes; no, the operation returns -1; or no, the run traps with this error. */
export type GrowthAnswer = { readonly kind: "grow" } | { readonly kind: "refuse" } | { readonly kind: "trap"; readonly error: UserError };

/**
 * What a run sees of the world, and the scratch account of what it does to it. The rule makes one per attempt;
 * when the run succeeds the rule applies what the view has gathered, when it traps the view is dropped.
 * Everything the System API knows of cycles and calls goes through here, so `core/canister` has no fees and no queues.
 */
export interface SystemView {
  readonly canisterId: CanisterId;
  readonly subnetId: SubnetId;
  /** Batch time in nanoseconds. */
  readonly timeNanos: bigint;
  readonly canisterVersion: bigint;
  /** 1 running, 2 stopping, 3 stopped. */
  readonly status: 1 | 2 | 3;
  /** Caller of the call context; `""` for system tasks. */
  readonly caller: PrincipalId;
  /** `sender_info` of the envelope; empty where there is none. */
  readonly callerInfoData: Uint8Array;
  readonly callerInfoSigner: Uint8Array;
  /** Of the call context, in nanoseconds; 0 for none. */
  readonly deadlineNanos: bigint;
  /** Whether an earlier execution of the same call context has answered: answering again traps. */
  readonly answered: boolean;
  /** What the global timer is set to, nanoseconds; 0n when inactive (a timer's own task has it deactivated already). */
  readonly globalTimerNanos: bigint;
  /** Cycles that came back with the response whose callback runs. */
  readonly refundedCycles: bigint;
  /** Instructions of earlier executions in the same call context (`performance_counter(1)`). */
  readonly contextInstructions: number;
  /** Ordered by name bytes. */
  readonly environmentVariables: readonly { readonly name: string; readonly value: string }[];
  /** DER of the root subnet's public key. */
  readonly rootKeyDer: Uint8Array;
  /** The data certificate, where `data_certificate_present` is 1 (made only when asked); else `null`. */
  readonly dataCertificate: (() => Uint8Array) | null;
  /** Whether whoever gets an error of this run may see its backtrace. */
  readonly showsBacktraces: boolean;
  /** Whether `debug_print` is printed, and charged for it. */
  readonly printing: boolean;
  /** What a log of one run holds at most. */
  readonly logCapacityBytes: number;

  isController(principal: PrincipalId): boolean;

  /** Main balance now: at the start after prepayment, less what this run spent, plus what it accepted. */
  balanceCycles(): bigint;
  /** Balance above the freezing threshold with this memory; never negative. */
  liquidBalanceCycles(memory: MemoryUse): bigint;
  /** Unaccepted cycles of the call context. */
  availableCycles(): bigint;
  /** Moves min(max, available) to the balance and returns it. */
  acceptCycles(max: bigint): bigint;
  /** Burns min(amount, liquid) and returns it. */
  burnCycles(amount: bigint, memory: MemoryUse): bigint;
  /** Mints on the cycles minting canister only; a contract violation text otherwise. */
  mintCycles(amount: bigint): bigint | { readonly error: UserError };
  /** Takes cycles to attach to the call under construction; false when they exceed the liquid balance. */
  attachCycles(amount: bigint, memory: MemoryUse): boolean;
  /** Gives attached cycles back when a call is dropped. */
  detachCycles(amount: bigint): void;
  /** `call_perform`: checks memory, callbacks, cycles and slots in the platform's order; true when the call was taken. On false nothing was taken and attached cycles are still the caller's to detach. */
  performCall(call: OutgoingCall, memory: MemoryUse): boolean;
  /** Whether so many calls were refused one after the other that the run is given up, as one that ends at its limit of instructions. */
  readonly isRetryingEndlessly: boolean;

  /** May the heap grow? Asked after the module's own maximum was found to allow it. `peakBytes` is the size after growth. */
  growHeap(memory: MemoryUse, deltaBytes: number): GrowthAnswer;
  /** May stable memory grow? Asked after the size limit was found to allow it. */
  growStable(memory: MemoryUse, deltaBytes: number): GrowthAnswer;

  /** `cost_*` functions; a number is the API's error result (1 unknown curve, 2 unknown key). */
  costCall(methodNameBytes: bigint, payloadBytes: bigint): bigint;
  costCreateCanister(): bigint;
  costHttpRequest(requestBytes: bigint, maxResponseBytes: bigint): bigint;
  costHttpRequestV2(params: {
    requestBytes: bigint;
    roundtripMillis: bigint;
    rawResponseBytes: bigint;
    transformedResponseBytes: bigint;
    transformInstructions: bigint;
  }): bigint;
  costSign(scheme: "ecdsa" | "schnorr" | "vetkd", keyName: string, algorithm: number): bigint | 1 | 2;
}

/** Limits of one execution, parameters of the network. */
export interface RunLimits {
  /** Instructions of the whole message. */
  readonly instructions: number;
  /** The limit that the error text names, where it is not `instructions`: a callback's text names the whole message's limit, its cleanup reserve included. */
  readonly reportedInstructions?: number;
  /** What it ends with at the limit, where that is not the limit itself. */
  readonly endsAs?: ExecutionFailure;
  /** Instructions per slice; equal to `instructions` where there is no slicing. */
  readonly sliceInstructions: number;
  readonly stackBytes: number;
  /** Largest reply or reject, bytes. */
  readonly replyBytes: number;
  /** Largest request under construction (name + argument), bytes: 10 MiB. */
  readonly requestBytes: number;
  /** Stable pages of 4 KiB that may be accessed, and dirtied, in this execution (wasm.md 5.1). */
  readonly stablePagesAccessed: number;
  readonly stablePagesDirtied: number;
}

export interface LogRecord {
  readonly timestampNanos: bigint;
  readonly content: Uint8Array;
}

/** What one run logged: the newest records that fit the log's capacity. `dropped` older ones were pushed out within the run; they only count in the numbering. */
export interface LogDelta {
  readonly dropped: number;
  readonly records: readonly LogRecord[];
}

/** How an execution ended. */
export type RunResult =
  | { readonly kind: "reply"; readonly data: Uint8Array }
  | { readonly kind: "reject"; readonly message: string }
  /** Returned without answering. */
  | { readonly kind: "none" }
  /** Trapped, or ran against a limit. `error.description` is the platform's full text (`Error from Canister <id>: …`). */
  | { readonly kind: "trap"; readonly error: UserError };

/**
 * The outcome of one run, as data. Memory is not applied yet: exactly one of `commit`, `discard` or `detach`
 * (see `outcome.ts`) must follow before the canister runs again.
 */
export interface Outcome {
  readonly result: RunResult;
  /** Instructions to charge, dirty heap pages included, capped at the limit. */
  readonly instructions: number;
  /** How many rounds the replica would need (time slicing): 1 when the first slice was enough. */
  readonly slices: number;
  /** Instructions of each slice that ended with a pause, in order; the last slice used the rest. One that only copies dirty pages counts 0 instructions here. */
  readonly pausedSlices: readonly number[];
  /** In the order of `call_perform`. Empty on a trap. */
  readonly calls: readonly OutgoingCall[];
  /** The account this run kept (cycles); meaningful when it did not trap. */
  readonly view: SystemView;
  readonly certifiedData: Uint8Array | null;
  /** Nanoseconds; 0n deactivates; `null` when not set in this run. */
  readonly globalTimerNanos: bigint | null;
  readonly acceptedMessage: boolean;
  /** Also in queries and on traps; a canister keeps them from replicated executions only. */
  readonly logs: LogDelta;
  /** Lines to show: what was printed and whole, where the network prints; else, of replicated executions, what was logged. */
  readonly printed: readonly Uint8Array[];
  /** Heap size after the run, bytes. */
  readonly heapBytes: number;
  readonly stableBytes: number;
  /** Heap pages whose content the run changed; 0 in contexts that are not charged for them (queries, inspect_message). */
  readonly dirtyHeapPages: number;
  /** Stable pages written, whatever the bytes. */
  readonly dirtyStablePages: number;
}
