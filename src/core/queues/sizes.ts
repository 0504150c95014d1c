/**
 * How many bytes a message counts for: in message memory, in streams, when shedding.
 *
 * The replica counts the payload plus the size of its own structs on a 64-bit machine; the sums below are of those.
 * Replica: `rs/types/types/src/messages/inter_canister.rs` (`CountBytes`), `rs/types/types/src/messages.rs` (c7c5005).
 */
import { utf8Length } from "../../base/utf8.ts";
import type { CanisterMessage, Request, Response, StreamMessage } from "../state/messages.ts";

/** The shared pointer with its tag (16) and the request struct (152, aligned to 160). */
export const REQUEST_STRUCT_BYTES = 176;
/** The shared pointer with its tag (16) and the response struct (120, aligned to 128). */
const RESPONSE_STRUCT_BYTES = 144;
/** The shared pointer with its tag (16) and the refund struct (48). */
const REFUND_STRUCT_BYTES = 64;
/** A reject code in a response. */
const REJECT_CODE_BYTES = 1;

/** Largest payload of a response, and of a request that leaves its subnet. Source: messaging.md 1.1. */
export const MAX_INTER_CANISTER_PAYLOAD_BYTES = 2 * 2 ** 20;

/** What is reserved for the response of a guaranteed call, at the caller and at the callee. Source: messaging.md 5. */
export const MAX_RESPONSE_COUNT_BYTES = RESPONSE_STRUCT_BYTES + MAX_INTER_CANISTER_PAYLOAD_BYTES;

/** Bytes of the name and the argument. */
function requestPayloadBytes(request: Request): number {
  return utf8Length(request.method) + request.arg.length;
}

/** Bytes of the data, or of the reject code and its text. */
export function responsePayloadBytes(response: Response): number {
  const { payload } = response;
  return payload.kind === "data" ? payload.data.length : REJECT_CODE_BYTES + utf8Length(payload.message);
}

/** Bytes a message counts for wherever bytes of messages are counted. */
export function countBytes(message: StreamMessage): number {
  switch (message.kind) {
    case "request":
      return REQUEST_STRUCT_BYTES + requestPayloadBytes(message);
    case "response":
      return RESPONSE_STRUCT_BYTES + responsePayloadBytes(message);
    case "refund":
      return REFUND_STRUCT_BYTES;
  }
}

/** Guaranteed-response memory needed to enqueue a request, in an output or an input queue; 0 for bounded-wait calls. */
export function guaranteedMemoryForRequest(request: Request): number {
  return request.deadline === 0 ? Math.max(countBytes(request), MAX_RESPONSE_COUNT_BYTES) : 0;
}

/** A call that does not wait beyond a deadline: its messages may be dropped. */
export function isBestEffort(message: CanisterMessage): boolean {
  return message.deadline !== 0;
}
