/**
 * How the gateway asks canisters: as anybody who has no identity, by queries and updates.
 */
import { concat, fromHex, toHex, u64BigEndian } from "../../base/bytes.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import { representationIndependentHash } from "../../codec/request-id.ts";
import { unsignedSize } from "../../core/ingress/envelope-size.ts";
import { ANONYMOUS, type MessageId, type PrincipalId } from "../../core/state/ids.ts";
import { RejectCode, rejectCodeOf } from "../../core/state/rejects.ts";
import { route } from "../../core/state/world.ts";
import type { ServedNetwork } from "../http/served.ts";
import { GatewayFailure } from "./failure.ts";

/** Of a query or an update as it is sent. Source: pocketic-server.md 9; http-interface.md 1.1. */
const MAX_QUERY_BYTES = 4 * 2 ** 20;
const MAX_UPDATE_BYTES = 2 * 2 ** 20;
/** Ahead of the network's clock, as agents have it. */
const EXPIRY_NANOS = 240_000_000_000n;
/** How often an update is waited for, each time as long as a synchronous call waits: about five minutes, as agents do. */
const MAX_WAITS = 30;

/** The reply; a reject is a `GatewayFailure`. */
export function askQuery(network: ServedNetwork, receiver: PrincipalId, method: string, arg: Uint8Array): Uint8Array {
  if (arg.length > MAX_QUERY_BYTES) throw tooLarge(arg.length, MAX_QUERY_BYTES);
  // The certificate in the answer is of the time that clients have.
  network.now();
  // Ours: with ranges in the older form, which every library that checks responses knows; `@dfinity/response-verification` for JavaScript knows no other.
  const answer = network.query({ kind: "query", sender: ANONYMOUS, receiver, method, arg, senderInfo: null, ranges: "flat" });
  switch (answer.kind) {
    case "replied":
      return answer.data;
    case "rejected":
      throw rejected(answer.reject.code, answer.reject.message);
    case "refused":
      throw rejected(rejectCodeOf(answer.error.code), answer.error.description);
    case "accepted":
      throw new Error("a query is answered at once");
  }
}

/** The reply; a reject is a `GatewayFailure`. */
export async function askUpdate(network: ServedNetwork, receiver: PrincipalId, method: string, arg: Uint8Array): Promise<Uint8Array> {
  const subnet = route(network.state, receiver)!;
  const content = {
    request_type: "call",
    canister_id: fromHex(receiver),
    method_name: method,
    arg,
    sender: fromHex(ANONYMOUS),
    ingress_expiry: network.now() + EXPIRY_NANOS,
    // No two messages of a network have the same number, so no two requests have the same id.
    nonce: concat(encodeUtf8("gateway "), u64BigEndian(BigInt(network.state.nextTag))),
  };
  const envelopeBytes = unsignedSize({ sender: ANONYMOUS, receiver, method, arg, nonce: content.nonce });
  if (envelopeBytes > MAX_UPDATE_BYTES) throw tooLarge(envelopeBytes, MAX_UPDATE_BYTES);
  const messageId = toHex(representationIndependentHash(content, (bytes) => network.platform.sha256(bytes))) as MessageId;
  const answer = network.submit({
    kind: "ingress",
    messageId,
    sender: ANONYMOUS,
    receiver,
    method,
    arg,
    expiryNanos: content.ingress_expiry,
    envelopeBytes,
    senderInfo: null,
    subnet,
  });
  if (answer.kind === "refused") throw rejected(rejectCodeOf(answer.error.code), answer.error.description);
  for (let waits = 0; waits < MAX_WAITS; waits++) if (await network.answered(messageId)) break;
  const status = network.state.subnets.get(subnet)!.ingressHistory.get(messageId)?.status;
  if (status?.kind === "replied") return status.data;
  if (status?.kind === "rejected") throw rejected(status.code, status.message);
  throw new GatewayFailure("backend_other", `The call of ${method} was not answered in time.`);
}

/** Source: dfinity/ic-gateway `src/routing/error_cause.rs` (from `HttpGatewayError`). */
function rejected(code: number, message: string): GatewayFailure {
  if (code === RejectCode.DESTINATION_INVALID) return new GatewayFailure("canister_not_found", message);
  if (code === RejectCode.CANISTER_ERROR) return new GatewayFailure("canister_error", message);
  if (code === RejectCode.CANISTER_REJECT) return new GatewayFailure("canister_reject", message);
  if (code === RejectCode.SYS_TRANSIENT && message.includes("frozen")) return new GatewayFailure("canister_frozen", message);
  return new GatewayFailure("backend_other", message);
}

function tooLarge(bytes: number, most: number): GatewayFailure {
  return new GatewayFailure("backend_http_gateway", `The message to the canister has ${bytes} bytes, and may have ${most}.`);
}
