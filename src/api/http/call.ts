/**
 * `call`: asynchronous in version 2, from version 3 on with the certified outcome.
 *
 * Source: interface spec, https-interface#http-sync-call-overview and #http-async-call-overview; http-interface.md 1.1.
 * Replica: `rs/http_endpoints/public/src/call` (c7c5005).
 */
import { fromHex } from "../../base/bytes.ts";
import { path } from "../../core/certification/certificate.ts";
import { envelopeSize, tooLarge } from "../../core/ingress/envelope-size.ts";
import { MANAGEMENT_CANISTER, type MessageId } from "../../core/state/ids.ts";
import { principalBytes, principalText } from "../../core/state/principal.ts";
import { errorCodeText, rejectCodeOf, type UserError } from "../../core/state/rejects.ts";
import { authenticate } from "./authentication.ts";
import { decodeFields, encodeFields } from "./cbor.ts";
import { parseEnvelope, type CallContent, type Envelope } from "./envelope.ts";
import { badRequest, HttpRefusal } from "./refusal.ts";
import { accepted, cborAnswer } from "./responses.ts";
import { PROVISIONAL_CREATION, type Target } from "./route.ts";
import type { ServedNetwork } from "./served.ts";

/** How the delegation of the certificate shows the canister ranges: by the version of the endpoint. */
export type CallVersion = 2 | 3 | 4;

const CREATION = ["create_canister", PROVISIONAL_CREATION];

/** `awaited` are the calls that somebody is kept waiting for: who sends one of them too is told to look for its status. */
export async function call(
  network: ServedNetwork,
  target: Target,
  version: CallVersion,
  body: Uint8Array,
  awaited: Set<MessageId>,
): Promise<Response> {
  const envelope = parseEnvelope(decodeFields(body), "call", (bytes) => network.platform.sha256(bytes));
  checkTarget(envelope, target);
  const { subnet } = target;
  const envelopeBytes = sizeOf(envelope);
  const problem = tooLarge(network.state.subnets.get(subnet)!.config, envelope.id, envelopeBytes);
  if (problem !== null) throw new HttpRefusal(413, problem);
  authenticate(envelope, network);
  const isKnown = network.state.subnets.get(subnet)!.ingressHistory.get(envelope.id) !== undefined;
  const answer = network.submit(inputOf(envelope, target, envelopeBytes));
  if (answer.kind === "refused") return rejected(answer.error, version);
  if (version === 2) return accepted("");
  // Of a message that is known the status is the answer, also when it is not final yet.
  if (isKnown) return certified(network, target, version, envelope.id);
  if (awaited.has(envelope.id)) return accepted("Duplicate request. Message is already being tracked and executed.");
  awaited.add(envelope.id);
  const isAnswered = await network.answered(envelope.id).finally(() => awaited.delete(envelope.id));
  if (!isAnswered) return accepted("Message did not complete execution and certification within the replica defined timeout.");
  return certified(network, target, version, envelope.id);
}

function checkTarget({ content }: Envelope<CallContent>, target: Target): void {
  const { canister, method } = content;
  if (target.kind === "subnet") {
    if (canister === MANAGEMENT_CANISTER && CREATION.includes(method)) return;
    throw badRequest(
      `Subnet call endpoint only accepts canister creation calls to the management canister (aaaaa-aa), got canister_id=${principalText(canister)} method_name='${method}'`,
    );
  }
  if (canister === MANAGEMENT_CANISTER || canister === target.id) return;
  throw badRequest(
    `Specified canister ID ${principalText(canister)} does not match effective canister ID in URL ${principalText(target.id)}`,
  );
}

/** As the replica keeps it, whatever bytes it came as. */
function sizeOf({ content, publicKey, signature, delegations }: Envelope<CallContent>): number {
  const { sender, canister, method, arg, nonce, senderInfo } = content;
  return envelopeSize({
    sender: sender.length / 2,
    receiver: canister.length / 2,
    method,
    arg: arg.length,
    nonce: nonce?.length ?? null,
    senderInfo: senderInfo && { info: senderInfo.info.length, signer: senderInfo.signer.length / 2, sig: senderInfo.sig.length },
    publicKey: publicKey?.length ?? null,
    signature: signature?.length ?? null,
    delegations: delegations.map(({ publicKey, targets, signature }) => ({
      publicKey: publicKey.length,
      targets: targets?.map((target) => target.length / 2) ?? null,
      signature: signature.length,
    })),
  });
}

function inputOf({ content, id }: Envelope<CallContent>, target: Target, envelopeBytes: number) {
  const { sender, canister, method, arg, expiryNanos, senderInfo } = content;
  return {
    kind: "ingress" as const,
    messageId: id,
    sender,
    receiver: canister,
    method,
    arg,
    expiryNanos,
    envelopeBytes,
    senderInfo: senderInfo === null ? null : { data: senderInfo.info, signer: principalBytes(senderInfo.signer) },
    subnet: target.subnet,
  };
}

function rejected(error: UserError, version: CallVersion): Response {
  const fields = { reject_code: rejectCodeOf(error.code), reject_message: error.description, error_code: errorCodeText(error.code) };
  return cborAnswer(encodeFields(version === 2 ? fields : { status: "non_replicated_rejection", ...fields }));
}

function certified(network: ServedNetwork, target: Target, version: CallVersion, id: MessageId): Response {
  const ranges =
    target.kind === "subnet"
      ? ({ kind: "none" } as const)
      : version === 4
        ? ({ kind: "tree", canister: target.id } as const)
        : ({ kind: "flat" } as const);
  const certificate = network.certificate({ subnet: target.subnet, paths: [path("request_status", fromHex(id))], ranges });
  return cborAnswer(encodeFields({ status: "replied", certificate }));
}
