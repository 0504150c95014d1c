/**
 * What `step` tells: everything that happened, in order, as plain data. Traces, pictures, journals and actors are made of these.
 *
 * Messages are numbered by `tag`, executions by `execution`. A message's parent is the execution that sent it.
 */
import type { CallContextId, CanisterId, MessageId, PrincipalId, SubnetId } from "./state/ids.ts";
import type { CoarseTime, MessageTag, ResponsePayload } from "./state/messages.ts";
import type { BitcoinQuestion, OutcallRequest, PendingCallId } from "./state/pending-calls.ts";
import type { ErrorCode, UserError } from "./state/rejects.ts";
import type { SystemTask } from "./state/canister.ts";
import type { Deviation } from "./schedule/recorder.ts";

interface At {
  readonly round: number;
  readonly timeNanos: bigint;
  readonly subnet: SubnetId;
}

/** A message came to be: submitted by a user, called by a canister, or answered. */
export interface SentEvent extends At {
  readonly kind: "sent";
  readonly tag: MessageTag;
  readonly message: "ingress" | "request" | "response";
  /** Execution that sent it; `null` for ingress and for responses made by the system. */
  readonly parent: number | null;
  /** For responses: the request answered. */
  readonly requestTag: MessageTag | null;
  readonly from: PrincipalId;
  readonly to: PrincipalId;
  /** Method of the call (for a response: of the request it answers, where known). */
  readonly method: string;
  /** Argument, or answer. */
  readonly payload: ResponsePayload;
  /** Attached, or refunded. */
  readonly cycles: bigint;
  readonly deadline: CoarseTime;
}

/** A message entered an input queue. */
export interface InductedEvent extends At {
  readonly kind: "inducted";
  readonly tag: MessageTag;
  readonly at: PrincipalId;
}

/** A message was dropped on its way (expired, shed, or its receiver forgot it). */
export interface DroppedEvent extends At {
  readonly kind: "dropped";
  readonly tag: MessageTag;
  readonly reason: string;
}

/** One entry point ran, or failed to start. */
export interface ExecutedEvent extends At {
  readonly kind: "executed";
  readonly execution: number;
  readonly canister: CanisterId;
  /** Message that caused it: a request, an ingress message, a response; `null` for system tasks. */
  readonly tag: MessageTag | null;
  readonly entry:
    | "update"
    | "replicatedQuery"
    | "replyCallback"
    | "rejectCallback"
    | "cleanup"
    | SystemTask
    | "management"
    | "init"
    | "preUpgrade"
    | "postUpgrade"
    | "start";
  readonly method: string;
  readonly contextId: CallContextId | null;
  /** Inner-round iteration, from 0. */
  readonly iteration: number;
  readonly instructions: number;
  /** Cycles charged for the execution itself. */
  readonly cycles: bigint;
  /** Cycles it accepted of those attached to its call; of a management call: those that do not come back. */
  readonly acceptedCycles: bigint;
  readonly result:
    | { readonly kind: "reply" | "none" }
    | { readonly kind: "reject"; readonly message: string }
    | { readonly kind: "trap"; readonly error: UserError };
  /** Text of the cleanup's own failure, or `null`. */
  readonly cleanup: "ran" | "failed" | null;
  /** Slices in which it was executed (time slicing), and the round of the first one; of a part of a management call, the round in which that ends. */
  readonly slices: number;
  readonly startedRound: number;
}

/** The system answered a call context that nothing could wake any more, or failed it. */
export interface IngressStatusEvent extends At {
  readonly kind: "ingressStatus";
  readonly messageId: MessageId;
  readonly tag: MessageTag;
  readonly status: IngressStatus;
}

/** Source: interface spec, "Request status". `rejected` carries what a user sees. */
export type IngressStatus =
  | { readonly kind: "received" }
  | { readonly kind: "processing" }
  | { readonly kind: "replied"; readonly data: Uint8Array }
  | { readonly kind: "rejected"; readonly code: number; readonly message: string; readonly errorCode: ErrorCode }
  | { readonly kind: "done" };

/**
 * A line of a canister: what it printed, and its traps. Where the network prints (`Limits.printing`) that is whole lines of every execution,
 * elsewhere what its log got. Text, mostly; any bytes.
 */
export interface PrintedEvent extends At {
  readonly kind: "printed";
  readonly canister: CanisterId;
  readonly content: Uint8Array;
}

export interface CanisterEvent extends At {
  readonly kind: "canister";
  readonly canister: CanisterId;
  readonly change:
    | "created"
    | "installed"
    | "reinstalled"
    | "upgraded"
    | "uninstalled"
    | "started"
    | "stopping"
    | "stopped"
    | "deleted"
    | "outOfCycles"
    | "snapshotTaken"
    | "snapshotLoaded";
}

/** A round of a subnet ended. */
export interface RoundEvent extends At {
  readonly kind: "round";
  readonly executions: number;
}

/** A canister asked the nodes for something on the web: whoever stands for the outside answers with an `outcall` input. */
export interface OutcallEvent extends At {
  readonly kind: "outcall";
  readonly call: PendingCallId;
  readonly canister: CanisterId;
  readonly tag: MessageTag;
  readonly request: OutcallRequest;
}

/** The schedule chose otherwise than the ordinary one. */
export interface ChosenEvent extends At {
  readonly kind: "chosen";
  readonly deviation: Deviation;
  /** Canister or subnet where it shows, and the message it is about, where there is one. */
  readonly at: PrincipalId | null;
  readonly tag: MessageTag | null;
}

/** A mock canister asked what to do: whoever stands behind it answers with a `mock` input. */
export interface MockEvent extends At {
  readonly kind: "mock";
  readonly call: PendingCallId;
  readonly canister: CanisterId;
  readonly tag: MessageTag;
  readonly data: Uint8Array;
}

/** A canister asked something of Bitcoin: whoever stands for the chain answers with a `bitcoin` input. */
export interface BitcoinEvent extends At {
  readonly kind: "bitcoin";
  readonly call: PendingCallId;
  readonly canister: CanisterId;
  readonly tag: MessageTag;
  readonly question: BitcoinQuestion;
}

/** Everything that a network tells of itself, told apart by `kind`. Each has its round, virtual time and subnet. */
export type NetworkEvent =
  | MockEvent
  | ChosenEvent
  | BitcoinEvent
  | OutcallEvent
  | SentEvent
  | InductedEvent
  | DroppedEvent
  | ExecutedEvent
  | IngressStatusEvent
  | PrintedEvent
  | CanisterEvent
  | RoundEvent;
