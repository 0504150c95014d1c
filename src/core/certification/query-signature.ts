/**
 * A node's signature on the answer to a query: who has the subnet's node keys sees which node gave it, of which state.
 *
 * Source: interface spec, https-interface#http-query; http-interface.md 1.2.
 */
import { concat, fromHex } from "../../base/bytes.ts";
import { representationIndependentHash } from "../../codec/request-id.ts";
import type { Answer } from "../inputs.ts";
import type { MessageId, PrincipalId, SubnetId } from "../state/ids.ts";
import { errorCodeText } from "../state/rejects.ts";
import { domainSeparator } from "./hash-tree.ts";
import type { Certifying } from "./certificate.ts";
import { keyIndex, nodeOf } from "./topology-tree.ts";

export interface NodeSignature {
  /** Of the state that answered. */
  readonly timestampNanos: bigint;
  /** Ed25519, 64 bytes. */
  readonly signature: Uint8Array;
  readonly node: PrincipalId;
}

/** An answer as it is signed and as it is sent, by the names of its fields. */
export type AnswerFields =
  | { readonly status: "replied"; readonly reply: { readonly arg: Uint8Array } }
  | { readonly status: "rejected"; readonly reject_code: number; readonly reject_message: string; readonly error_code?: string };

export type QueryAnswer = Extract<Answer, { kind: "replied" | "rejected" }>;

export function answerFields(answer: QueryAnswer): AnswerFields {
  if (answer.kind === "replied") return { status: "replied", reply: { arg: answer.data } };
  const { reject, error } = answer;
  const errorCode = error === null ? {} : { error_code: errorCodeText(error.code) };
  return { status: "rejected", reject_code: reject.code, reject_message: reject.message, ...errorCode };
}

const RESPONSE = domainSeparator("ic-response");

/** Signed by a node of the subnet, the first unless another is named. `requestId` is the query's. */
export function signAnswer({ state, platform }: Certifying, { subnet, requestId, answer, node = 0 }: SignedAnswer): NodeSignature {
  const signed = { ...answerFields(answer), timestamp: state.timeNanos, request_id: fromHex(requestId) };
  const message = concat(RESPONSE, representationIndependentHash(signed, platform.sha256));
  return {
    timestampNanos: state.timeNanos,
    signature: platform.networkKeys.signAsNode(keyIndex(state, subnet), node, message),
    node: nodeOf(state, subnet, node, platform).id,
  };
}

export interface SignedAnswer {
  readonly subnet: SubnetId;
  readonly requestId: MessageId;
  readonly answer: QueryAnswer;
  /** Number of the node. */
  readonly node?: number;
}
