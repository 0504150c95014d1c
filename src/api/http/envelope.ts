/**
 * Requests as clients send them: an envelope of content, key, signature and delegations; and the content's id.
 *
 * Fields that the specification does not know are left out here and so are not part of the id: a signature over them fails.
 * Source: interface spec, https-interface#authentication; http-interface.md 2.
 */
import { toHex } from "../../base/bytes.ts";
import { isFields, type CborFields } from "../../codec/cbor.ts";
import { representationIndependentHash, type HashableMap, type Sha256 } from "../../codec/request-id.ts";
import type { MessageId, PrincipalId } from "../../core/state/ids.ts";
import { blobOf, fieldsOf, listOf, natOf, optional, textOf, undecodable } from "./cbor.ts";
import { badRequest, type HttpRefusal } from "./refusal.ts";

export interface SenderInfo {
  readonly info: Uint8Array;
  readonly signer: PrincipalId;
  readonly sig: Uint8Array;
}

interface Common {
  readonly sender: PrincipalId;
  readonly expiryNanos: bigint;
  readonly nonce: Uint8Array | null;
}

export interface CallContent extends Common {
  readonly type: "call" | "query";
  readonly canister: PrincipalId;
  readonly method: string;
  readonly arg: Uint8Array;
  readonly senderInfo: SenderInfo | null;
}

export interface ReadStateContent extends Common {
  readonly type: "read_state";
  readonly paths: readonly (readonly Uint8Array[])[];
}

export type Content = CallContent | ReadStateContent;

export interface SignedDelegation {
  readonly publicKey: Uint8Array;
  readonly expirationNanos: bigint;
  readonly targets: readonly PrincipalId[] | null;
  readonly permissions: string | null;
  readonly signature: Uint8Array;
  /** What is signed. */
  readonly hash: Uint8Array;
}

export interface Envelope<C extends Content = Content> {
  readonly content: C;
  readonly id: MessageId;
  readonly publicKey: Uint8Array | null;
  readonly signature: Uint8Array | null;
  readonly delegations: readonly SignedDelegation[];
}

/** `type` is what the endpoint takes. */
export function parseEnvelope(fields: CborFields, type: "call" | "query", sha256: Sha256): Envelope<CallContent>;
export function parseEnvelope(fields: CborFields, type: "read_state", sha256: Sha256): Envelope<ReadStateContent>;
export function parseEnvelope(fields: CborFields, type: Content["type"], sha256: Sha256): Envelope {
  const content = fields["content"];
  if (!isFields(content)) throw undecodable("missing field `content`");
  const given = textOf(content, "request_type");
  if (given !== type) throw undecodable(`unknown variant \`${given}\`, expected \`${type}\``);
  const publicKey = optional(fields, "sender_pubkey", blobOf);
  const signature = optional(fields, "sender_sig", blobOf);
  const delegations = optional(fields, "sender_delegation", listOf);
  const parsed = type === "read_state" ? readStateOf(content) : callOf(content, type);
  if ((publicKey === null) !== (signature === null) || (publicKey === null && delegations !== null)) {
    const got = [publicKey, signature, delegations].map((part) => (part === null ? "None" : "Some(..)"));
    throw malformed(type, "MissingPubkeyOrSignature", `Got (${got.join(", ")})`);
  }
  return {
    content: parsed,
    id: toHex(representationIndependentHash(hashable(content, type), sha256)) as MessageId,
    publicKey,
    signature,
    delegations: (delegations ?? []).map((delegation) => delegationOf(delegation, type, sha256)),
  };
}

const MALFORMED = { MissingPubkeyOrSignature: "missing pubkey or signature", InvalidPrincipalId: "invalid princial id" };

/** What has the form of a request and is none: calls show the replica's error, others print it. Replica: `HttpRequestError` (c7c5005). */
function malformed(type: Content["type"], what: keyof typeof MALFORMED, why: string): HttpRefusal {
  if (type === "call") return badRequest(`Could not parse body as call message: ${MALFORMED[what]}: ${why}`);
  return badRequest(`Malformed request: ${what}(${JSON.stringify(why)})`);
}

function callOf(content: CborFields, type: "call" | "query"): CallContent {
  const info = optional(content, "sender_info", fieldsOf);
  return {
    type,
    ...commonOf(content, type),
    canister: principalOf(blobOf(content, "canister_id"), type),
    method: textOf(content, "method_name"),
    arg: blobOf(content, "arg"),
    senderInfo: info && { info: blobOf(info, "info"), signer: principalOf(blobOf(info, "signer"), type), sig: blobOf(info, "sig") },
  };
}

function readStateOf(content: CborFields): ReadStateContent {
  const paths = listOf(content, "paths").map((path) => {
    if (!Array.isArray(path)) throw undecodable("a path is an array of blobs");
    return path.map((label: unknown) => {
      if (!(label instanceof Uint8Array)) throw undecodable("a label of a path is a blob");
      return label;
    });
  });
  return { type: "read_state", ...commonOf(content, "read_state"), paths };
}

function commonOf(content: CborFields, type: Content["type"]): Common {
  return {
    sender: principalOf(blobOf(content, "sender"), type),
    expiryNanos: natOf(content, "ingress_expiry"),
    nonce: optional(content, "nonce", blobOf),
  };
}

const MAX_PRINCIPAL_BYTES = 29;

function principalOf(bytes: Uint8Array, type: Content["type"]): PrincipalId {
  if (bytes.length > MAX_PRINCIPAL_BYTES) throw malformed(type, "InvalidPrincipalId", "Bytes is longer than 29 bytes.");
  return toHex(bytes) as PrincipalId;
}

/** Known fields only, as they came. */
function hashable(content: CborFields, type: Content["type"]): HashableMap {
  const names = ["request_type", "sender", "ingress_expiry", "nonce"];
  const own = type === "read_state" ? ["paths"] : ["canister_id", "method_name", "arg", "sender_info"];
  const fields: Record<string, unknown> = {};
  for (const name of [...names, ...own]) if (content[name] !== undefined && content[name] !== null) fields[name] = content[name];
  const info = fields["sender_info"];
  if (isFields(info)) fields["sender_info"] = { info: info["info"], signer: info["signer"], sig: info["sig"] };
  return fields as HashableMap;
}

/** Every field that the specification has is hashed, also those that are not looked at. Source: http-interface.md 2.3 (5). */
function delegationOf(value: unknown, type: Content["type"], sha256: Sha256): SignedDelegation {
  if (!isFields(value) || !isFields(value["delegation"])) throw undecodable("missing field `delegation`");
  const { delegation } = value as { readonly delegation: CborFields };
  const targets = optional(delegation, "targets", listOf);
  const permissions = optional(delegation, "permissions", textOf);
  const parsed = {
    publicKey: blobOf(delegation, "pubkey"),
    expirationNanos: natOf(delegation, "expiration"),
    targets:
      targets?.map((target) => {
        if (!(target instanceof Uint8Array)) throw undecodable("a delegation target is a blob");
        return principalOf(target, type);
      }) ?? null,
    permissions,
    signature: blobOf(value, "signature"),
  };
  const signed: HashableMap = {
    pubkey: parsed.publicKey,
    expiration: parsed.expirationNanos,
    ...(targets === null ? {} : { targets: targets as Uint8Array[] }),
    ...(permissions === null ? {} : { permissions }),
  };
  return { ...parsed, hash: representationIndependentHash(signed, sha256) };
}
