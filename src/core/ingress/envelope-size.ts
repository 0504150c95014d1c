/**
 * Size of a user's call as the replica keeps it: what the induction fee is counted on, and what may be too large.
 *
 * Whatever bytes a client sent, the replica writes the envelope anew: with the self-describing tag, without unknown fields, the content as a map of
 * indefinite length. Replica: `SignedRequestBytes` in `rs/types/types/src/messages.rs`, `HttpCallContent`, `Delegation` in `.../messages/http.rs` (c7c5005).
 */
import { utf8Length } from "../../base/utf8.ts";
import { ANONYMOUS, type MessageId } from "../state/ids.ts";
import type { SubnetConfig } from "../state/network-state.ts";
import type { CallContent } from "./request-ids.ts";

/** Lengths of an envelope's parts in bytes; `null` for what it does not have. */
export interface EnvelopeParts {
  readonly sender: number;
  readonly receiver: number;
  readonly method: string;
  readonly arg: number;
  readonly nonce: number | null;
  readonly senderInfo: { readonly info: number; readonly signer: number; readonly sig: number } | null;
  readonly publicKey: number | null;
  readonly signature: number | null;
  /** `targets`: the length of each. */
  readonly delegations: readonly {
    readonly publicKey: number;
    readonly targets: readonly number[] | null;
    readonly signature: number;
  }[];
}

const TAG = 3;
/** Of a map or array of less than 24 entries. */
const HEAD = 1;
/** Times are numbers of eight bytes. */
const TIME = 9;
const NULL = 1;
const ED25519_DER_BYTES = 44;
const ED25519_SIGNATURE_BYTES = 64;

export function envelopeSize(parts: EnvelopeParts): number {
  const { senderInfo, delegations } = parts;
  let bytes = TAG + HEAD + text("content") + contentSize(parts);
  bytes += optional("sender_pubkey", parts.publicKey) + optional("sender_sig", parts.signature);
  if (senderInfo !== null) {
    bytes += text("sender_info") + HEAD;
    bytes += field("info", senderInfo.info) + field("signer", senderInfo.signer) + field("sig", senderInfo.sig);
  }
  if (delegations.length > 0) bytes += text("sender_delegation") + HEAD;
  for (const { publicKey, targets, signature } of delegations) {
    bytes += HEAD + text("delegation") + HEAD + field("pubkey", publicKey) + text("expiration") + TIME;
    bytes += text("targets") + (targets === null ? NULL : targets.reduce((sum, target) => sum + sized(target), headOf(targets.length)));
    bytes += field("signature", signature);
  }
  return bytes;
}

function contentSize({ sender, receiver, method, arg, nonce }: EnvelopeParts): number {
  const ends = 2 * HEAD; // of a map of indefinite length
  const names = text("request_type") + text("call") + text("method_name") + sized(utf8Length(method));
  return (
    ends +
    names +
    field("canister_id", receiver) +
    field("arg", arg) +
    field("sender", sender) +
    text("ingress_expiry") +
    TIME +
    optional("nonce", nonce)
  );
}

type Call = Pick<CallContent, "sender" | "receiver" | "method" | "arg" | "nonce">;

/** Without a signature. */
export function unsignedSize({ sender, receiver, method, arg, nonce }: Call): number {
  const lengths = { sender: sender.length / 2, receiver: receiver.length / 2, method, arg: arg.length, nonce: nonce.length };
  return envelopeSize({ ...lengths, senderInfo: null, publicKey: null, signature: null, delegations: [] });
}

/** As an agent would send it: with an Ed25519 signature, unless the sender is anonymous. */
export function agentSize(call: Call): number {
  const signature = field("sender_pubkey", ED25519_DER_BYTES) + field("sender_sig", ED25519_SIGNATURE_BYTES);
  return unsignedSize(call) + (call.sender === ANONYMOUS ? 0 : signature);
}

/** Replica: `EXPECTED_MESSAGE_ID_LENGTH`, counted with every message. */
const MESSAGE_ID_BYTES = 32;
const MOST_BYTES = 2 * 2 ** 20;
const MOST_BYTES_SYSTEM = 3.5 * 2 ** 20;

/**
 * Why a message is too large for its subnet; `null` when it is not. Replica: `rs/http_endpoints/public/src/call.rs`; the limits of mainnet's registry
 * as in `rs/state_machine_tests/src/lib.rs` (c7c5005).
 */
export function tooLarge({ kind }: SubnetConfig, id: MessageId, envelopeBytes: number): string | null {
  const most = kind === "system" ? MOST_BYTES_SYSTEM : MOST_BYTES;
  const bytes = envelopeBytes + MESSAGE_ID_BYTES;
  if (bytes <= most) return null;
  return `Request 0x${id} is too large. Message byte size ${bytes} is larger than the max allowed ${most}.`;
}

function optional(name: string, length: number | null): number {
  return length === null ? 0 : field(name, length);
}

function field(name: string, length: number): number {
  return text(name) + sized(length);
}

function text(name: string): number {
  return sized(name.length);
}

/** A text or byte string of this length, with its head. */
function sized(length: number): number {
  return headOf(length) + length;
}

function headOf(count: number): number {
  return count < 24 ? 1 : count < 0x100 ? 2 : count < 0x1_0000 ? 3 : 5;
}
