/**
 * `query`: answered from the state as it is, and signed by a node.
 *
 * Source: interface spec, https-interface#http-query; http-interface.md 1.2. Replica: `rs/http_endpoints/public/src/query.rs` (c7c5005).
 */
import { answerFields, signAnswer, type QueryAnswer } from "../../core/certification/query-signature.ts";
import { MANAGEMENT_CANISTER } from "../../core/state/ids.ts";
import { principalBytes, principalText } from "../../core/state/principal.ts";
import { rejectCodeOf } from "../../core/state/rejects.ts";
import type { Answer } from "../../core/inputs.ts";
import { authenticate } from "./authentication.ts";
import { decodeFields, encodeFields } from "./cbor.ts";
import { parseEnvelope, type CallContent } from "./envelope.ts";
import { badRequest } from "./refusal.ts";
import { cborAnswer } from "./responses.ts";
import type { Target } from "./route.ts";
import type { ServedNetwork } from "./served.ts";

export function query(network: ServedNetwork, target: Target, version: 2 | 3, body: Uint8Array): Response {
  const { content, id, ...rest } = parseEnvelope(decodeFields(body), "query", (bytes) => network.platform.sha256(bytes));
  checkTarget(content, target);
  authenticate({ content, id, ...rest }, network);
  const { sender, canister, method, arg, senderInfo } = content;
  const info = senderInfo === null ? null : { data: senderInfo.info, signer: principalBytes(senderInfo.signer) };
  // The delegation of a data certificate is of the endpoint's form too.
  const ranges = version === 2 ? "flat" : "tree";
  const { subnet } = target;
  const answer = queryAnswer(network.query({ kind: "query", sender, receiver: canister, method, arg, senderInfo: info, subnet, ranges }));
  const { timestampNanos, signature, node } = signAnswer(network, { subnet, requestId: id, answer });
  const signatures = [{ timestamp: timestampNanos, signature, identity: principalBytes(node) }];
  return cborAnswer(encodeFields({ ...answerFields(answer), signatures }));
}

function checkTarget({ canister, method }: CallContent, target: Target): void {
  if (target.kind === "subnet") {
    if (canister === MANAGEMENT_CANISTER && method === "list_canisters") return;
    throw badRequest(
      `Subnet query endpoint only accepts queries to the management canister (aaaaa-aa) 'list_canisters' method, got canister_id=${principalText(canister)} method_name='${method}'`,
    );
  }
  if (canister === MANAGEMENT_CANISTER || canister === target.id) return;
  throw badRequest(
    `Specified canister ID ${principalText(canister)} does not match effective canister ID in URL ${principalText(target.id)}`,
  );
}

function queryAnswer(answer: Answer): QueryAnswer {
  switch (answer.kind) {
    case "replied":
    case "rejected":
      return answer;
    case "refused":
      return {
        kind: "rejected",
        reject: { code: rejectCodeOf(answer.error.code), message: answer.error.description },
        error: answer.error,
      };
    case "accepted":
      throw new Error("a query is answered at once");
  }
}
