/**
 * What follows when a message is timed out or shed.
 *
 * Source: messaging.md 5, "Dropped or timed-out message". Replica: `on_message_dropped` in
 * `rs/replicated_state/src/canister_state/queues.rs` (c7c5005).
 */
import type { PrincipalId } from "../state/ids.ts";
import type { MessageTag, Request, Response } from "../state/messages.ts";
import { RejectCode } from "../state/rejects.ts";
import { isBestEffort } from "./sizes.ts";

/** What dropping messages needs of the world. */
export interface DropContext {
  /** Whether this id is hosted by the subnet of these queues: its canisters, and the subnet itself. */
  isLocal(id: PrincipalId): boolean;
  nextTag(): MessageTag;
}

/** A message that was timed out or shed, and what followed. */
export type DroppedMessage =
  /** An own request that never left: `reject` is in the own input queue already, with the full refund. */
  | { readonly kind: "ownRequest"; readonly message: Request; readonly reject: Response }
  /** Best-effort request in the input queue: its cycles go to `message.sender` as a refund message. */
  | { readonly kind: "inputRequest"; readonly message: Request }
  /** Best-effort response in the output queue: its refund goes to `message.originator` as a refund message. */
  | { readonly kind: "outputResponse"; readonly message: Response }
  /** Shed best-effort response in the input queue: `reject` (6, without cycles) stands in its place; the refund goes to `message.originator`, who owns these queues, as a refund message. */
  | { readonly kind: "inputResponse"; readonly message: Response; readonly reject: Response };

/** For a request that provably never left: not SYS_UNKNOWN, and everything attached comes back. Shed requests get the same text. */
export function timeoutReject(request: Request, tag: MessageTag): Response {
  return {
    kind: "response",
    tag,
    requestTag: request.tag,
    originator: request.sender,
    respondent: request.receiver,
    callbackId: request.callbackId,
    refundCycles: request.cycles,
    payload: { kind: "reject", code: RejectCode.SYS_TRANSIENT, message: "Request timed out." },
    deadline: request.deadline,
  };
}

/** Stands in the place of a shed response. Its cycles travel apart from it. */
export function shedReject(response: Response, tag: MessageTag): Response {
  return {
    ...response,
    tag,
    refundCycles: 0n,
    payload: { kind: "reject", code: RejectCode.SYS_UNKNOWN, message: "Response was dropped." },
  };
}

/**
 * Stands for a bounded-wait response that did not come in time, or was shed. The replica keeps only the callback's id,
 * so a marker takes no message memory and is not shed.
 */
export function isMarker(response: Response): boolean {
  return isBestEffort(response) && response.payload.kind === "reject" && response.payload.code === RejectCode.SYS_UNKNOWN;
}
