/** Messages for tests of queues and streams. */
import type { CallbackId, CanisterId, MessageId, PrincipalId } from "../state/ids.ts";
import type { CoarseTime, Ingress, Request, Response } from "../state/messages.ts";
import { RejectCode } from "../state/rejects.ts";

/** A principal with this one byte. */
export const principal = (byte: number): PrincipalId => byte.toString(16).padStart(2, "0") as PrincipalId;

/** The canister whose queues are under test. */
export const OWN: CanisterId = principal(0x50);

let lastTag = 0;

export function requestFrom(
  sender: PrincipalId,
  receiver: PrincipalId,
  options: { callback?: number; deadline?: CoarseTime; cycles?: bigint; argBytes?: number } = {},
): Request {
  return {
    kind: "request",
    tag: ++lastTag,
    sender,
    receiver,
    callbackId: (options.callback ?? lastTag) as CallbackId,
    method: "m",
    arg: new Uint8Array(options.argBytes ?? 0),
    cycles: options.cycles ?? 0n,
    deadline: options.deadline ?? 0,
    callTree: { depth: 0, startNanos: 0n },
  };
}

export function replyTo(request: Request, options: { refund?: bigint; bytes?: number } = {}): Response {
  return {
    kind: "response",
    tag: ++lastTag,
    requestTag: request.tag,
    originator: request.sender,
    respondent: request.receiver,
    callbackId: request.callbackId,
    refundCycles: options.refund ?? 0n,
    payload: { kind: "data", data: new Uint8Array(options.bytes ?? 0) },
    deadline: request.deadline,
  };
}

/** What the caller gets when the deadline of a bounded-wait call has passed. */
export function deadlineReject(request: Request): Response {
  return { ...replyTo(request), payload: { kind: "reject", code: RejectCode.SYS_UNKNOWN, message: "Call deadline has expired." } };
}

export function ingressFrom(user: PrincipalId, options: { effective?: CanisterId | null; expiryNanos?: bigint } = {}): Ingress {
  const tag = ++lastTag;
  return {
    kind: "ingress",
    tag,
    messageId: tag.toString(16).padStart(64, "0") as MessageId,
    sender: user,
    receiver: OWN,
    effectiveCanisterId: options.effective === undefined ? OWN : options.effective,
    method: "m",
    arg: new Uint8Array(0),
    expiryNanos: options.expiryNanos ?? 1_000_000_000_000n,
    envelopeBytes: 0,
    senderInfo: null,
  };
}
