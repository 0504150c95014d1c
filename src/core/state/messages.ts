/**
 * Messages in the network: requests and responses between canisters, ingress messages from users.
 *
 * Source: interface spec, "Abstract behavior", Messages; messaging.md 1. Each carries a `tag`, our own number for the trace;
 * it is never visible to canisters and in no rule.
 */
import type { CallbackId, CanisterId, MessageId, PrincipalId } from "./ids.ts";
import type { Reject } from "./rejects.ts";

/** Whole seconds since the Unix epoch, rounded down: the coarse time in which deadlines are counted. 0 means no deadline. */
export type CoarseTime = number;

/** Numbers the messages of a network in the order they came to be; for traces only. */
export type MessageTag = number;

/** Position in a call tree; not visible to canisters. */
export interface CallTree {
  readonly depth: number;
  readonly startNanos: bigint;
}

export interface Request {
  readonly kind: "request";
  readonly tag: MessageTag;
  readonly sender: CanisterId;
  /** A canister, or the id of the subnet whose management canister is meant. */
  readonly receiver: PrincipalId;
  readonly callbackId: CallbackId;
  readonly method: string;
  readonly arg: Uint8Array;
  /** Attached cycles. */
  readonly cycles: bigint;
  /** 0 for unbounded wait. */
  readonly deadline: CoarseTime;
  readonly callTree: CallTree;
}

export type ResponsePayload = { readonly kind: "data"; readonly data: Uint8Array } | ({ readonly kind: "reject" } & Reject);

export interface Response {
  readonly kind: "response";
  readonly tag: MessageTag;
  /** Tag of the request that is answered. */
  readonly requestTag: MessageTag;
  /** The caller, who gets this response. */
  readonly originator: CanisterId;
  /** The callee, canister or subnet. */
  readonly respondent: PrincipalId;
  readonly callbackId: CallbackId;
  readonly refundCycles: bigint;
  readonly payload: ResponsePayload;
  /** Of the request. */
  readonly deadline: CoarseTime;
}

/** Credits cycles of a dropped bounded-wait message; nobody is told. */
export interface Refund {
  readonly kind: "refund";
  readonly tag: MessageTag;
  readonly recipient: CanisterId;
  readonly cycles: bigint;
}

/** What travels between canisters and in streams. */
export type CanisterMessage = Request | Response;
export type StreamMessage = Request | Response | Refund;

/** A call by a user, through consensus. Source: interface spec, "Request submission". */
export interface Ingress {
  readonly kind: "ingress";
  readonly tag: MessageTag;
  readonly messageId: MessageId;
  readonly sender: PrincipalId;
  /** Callee; `""` for the management canister. */
  readonly receiver: PrincipalId;
  /** Canister that pays and that the call is about; for management calls from the argument, `null` where there is none. */
  readonly effectiveCanisterId: CanisterId | null;
  readonly method: string;
  readonly arg: Uint8Array;
  readonly expiryNanos: bigint;
  /** Size of the signed envelope, for the induction fee. */
  readonly envelopeBytes: number;
  readonly senderInfo: { readonly data: Uint8Array; readonly signer: Uint8Array } | null;
}
