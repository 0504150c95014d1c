/**
 * Answering a call context: to the user through the ingress history, to a calling canister through the reserved slot of the
 * output queue. What the context did not accept travels back with the answer.
 *
 * Source: interface spec, "Message execution" and "Ingress message responses"; messaging.md 7.1 step 6.
 */
import type { IngressStatus } from "../events.ts";
import type { CanisterQueues } from "../queues/canister-queues.ts";
import type { CallContext, CallOrigin, CanisterState } from "../state/canister.ts";
import type { MessageId, PrincipalId } from "../state/ids.ts";
import type { MessageTag, Response, ResponsePayload } from "../state/messages.ts";
import type { SubnetState } from "../state/network-state.ts";
import { ErrorCode, rejectCodeOf, RejectCode, rejectFromError, type UserError } from "../state/rejects.ts";
import { ellipsize, ellipsizeReject } from "../state/reject-text.ts";
import { at, type World } from "../state/world.ts";

/** What a call ends with, before it takes the form its caller sees. */
export type CallResult =
  | { readonly kind: "reply"; readonly data: Uint8Array }
  /** `msg_reject`. */
  | { readonly kind: "reject"; readonly message: string; readonly uncut?: boolean }
  /** Failed execution: the caller's text is prefixed with the error code. */
  | { readonly kind: "error"; readonly error: UserError; readonly uncut?: boolean }
  /** A reject of the system that has its own form for canisters (no error-code prefix). */
  | { readonly kind: "systemReject"; readonly code: RejectCode; readonly message: string; readonly error: UserError };

/** Longest error text in the ingress history, bytes; head and tail are kept alike. Source: messaging.md 1.1. */
const USER_ERROR = { maxBytes: 8192, headBytes: 4096, tailBytes: 4093 };

/** Answers an open context and marks it. The caller of this function deletes the context when no callback is open. */
export function respond(
  world: World,
  subnet: SubnetState,
  canister: CanisterState,
  context: CallContext,
  result: CallResult,
  parent: number | null,
): void {
  const refund = context.availableCycles;
  context.responded = true;
  context.availableCycles = 0n;
  answer(world, subnet, canister, context.origin, result, refund, parent);
}

/** Who answers: a canister, or a subnet for its management canister. `queues` are for writing. */
export interface Respondent {
  readonly id: PrincipalId;
  readonly queues: CanisterQueues;
}

/** Sends an answer where a call came from, whether or not a context was ever made for it. */
export function answer(
  world: World,
  subnet: SubnetState,
  respondent: Respondent,
  origin: CallOrigin,
  result: CallResult,
  refundCycles: bigint,
  parent: number | null,
): void {
  switch (origin.kind) {
    case "systemTask":
      return;
    case "ingress":
      return answerIngress(world, subnet, respondent.id, origin, result, parent);
    case "canister": {
      const response: Response = {
        kind: "response",
        tag: world.state.nextTag++,
        requestTag: origin.tag,
        originator: origin.canister,
        respondent: respondent.id,
        callbackId: origin.callbackId,
        refundCycles,
        payload: payloadForCanister(result),
        deadline: origin.deadline,
      };
      respondent.queues.pushOutputResponse(response);
      emitResponse(world, subnet, response, origin.method, parent);
    }
  }
}

/** The terminal status of an ingress message. */
export function answerIngress(
  world: World,
  subnet: SubnetState,
  from: PrincipalId,
  origin: { readonly user: PrincipalId; readonly messageId: MessageId; readonly method: string; readonly tag: MessageTag },
  result: CallResult,
  parent: number | null,
): void {
  const status = statusForUser(result);
  subnet.ingressHistory.set(origin.messageId, status, { receiver: from, user: origin.user }, world.state.timeNanos);
  const payload: ResponsePayload =
    status.kind === "replied"
      ? { kind: "data", data: status.data }
      : { kind: "reject", code: status.code as RejectCode, message: status.message };
  world.emit({
    kind: "sent",
    ...at(world, subnet),
    tag: world.state.nextTag++,
    message: "response",
    parent,
    requestTag: origin.tag,
    from,
    to: origin.user,
    method: origin.method,
    payload,
    cycles: 0n,
    deadline: 0,
  });
  world.emit({ kind: "ingressStatus", ...at(world, subnet), messageId: origin.messageId, tag: origin.tag, status });
}

/** What a user reads in the ingress history. Source: messaging.md 7.1, 11. */
function statusForUser(result: CallResult): Extract<IngressStatus, { kind: "replied" | "rejected" }> {
  switch (result.kind) {
    case "reply":
      return { kind: "replied", data: result.data };
    case "reject":
      return { kind: "rejected", code: RejectCode.CANISTER_REJECT, message: result.message, errorCode: ErrorCode.CanisterRejectedMessage };
    case "error":
    case "systemReject":
      return {
        kind: "rejected",
        code: rejectCodeOf(result.error.code),
        message: ellipsize(result.error.description, USER_ERROR),
        errorCode: result.error.code,
      };
  }
}

/**
 * What a calling canister gets. Source: messaging.md 1.1 (cut), 7.1 (prefix). Replica: texts of replicated queries are left whole, `From<Result<..>>
 * for Payload` in `rs/types/types/src/messages/inter_canister.rs` (c7c5005).
 */
function payloadForCanister(result: CallResult): ResponsePayload {
  switch (result.kind) {
    case "reply":
      return { kind: "data", data: result.data };
    case "reject":
      return {
        kind: "reject",
        code: RejectCode.CANISTER_REJECT,
        message: result.uncut === true ? result.message : ellipsizeReject(result.message),
      };
    case "systemReject":
      return { kind: "reject", code: result.code, message: ellipsizeReject(result.message) };
    case "error": {
      const { code, message } = rejectFromError(result.error);
      return { kind: "reject", code, message: result.uncut === true ? message : ellipsizeReject(message) };
    }
  }
}

export function emitResponse(world: World, subnet: SubnetState, response: Response, method: string, parent: number | null): void {
  world.emit({
    kind: "sent",
    ...at(world, subnet),
    tag: response.tag,
    message: "response",
    parent,
    requestTag: response.requestTag,
    from: response.respondent,
    to: response.originator,
    method,
    payload: response.payload,
    cycles: response.refundCycles,
    deadline: response.deadline,
  });
}
