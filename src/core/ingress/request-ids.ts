/**
 * Ids of the calls that users make in process: the same hash that an agent would compute over the same call, made fast.
 * Names, receivers, methods and senders repeat, so their hashes are kept; each call hashes its argument, its nonce and the whole.
 *
 * Source: interface spec, "Request ids"; the plain definition is `codec/request-id.ts`, which a test compares.
 */
import { fromHex, toHex } from "../../base/bytes.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import { encodeLeb128 } from "../../codec/leb128.ts";
import type { MessageId, PrincipalId } from "../state/ids.ts";

export interface CallContent {
  readonly sender: PrincipalId;
  readonly receiver: PrincipalId;
  readonly method: string;
  readonly arg: Uint8Array;
  readonly expiryNanos: bigint;
  readonly nonce: Uint8Array;
}

const FIELDS = ["request_type", "canister_id", "method_name", "arg", "sender", "ingress_expiry", "nonce"] as const;
type Field = (typeof FIELDS)[number];

const MAX_KEPT = 1024;
const HASH_BYTES = 32;

export class RequestIds {
  private readonly sha256: (bytes: Uint8Array) => Uint8Array;
  /** Pairs of name hash and value hash, in the order of the name hashes. */
  private readonly pairs = new Uint8Array(FIELDS.length * 2 * HASH_BYTES);
  private readonly placeOf: Readonly<Record<Field, number>>;
  private readonly texts = new Map<string, Uint8Array>();
  private readonly principals = new Map<PrincipalId, Uint8Array>();
  private lastExpiry = -1n;

  constructor(sha256: (bytes: Uint8Array) => Uint8Array) {
    this.sha256 = sha256;
    const hashes = FIELDS.map((field) => ({ field, hash: sha256(encodeUtf8(field)) }));
    hashes.sort((a, b) => (toHex(a.hash) < toHex(b.hash) ? -1 : 1));
    const placeOf: Partial<Record<Field, number>> = {};
    for (const [i, { field, hash }] of hashes.entries()) {
      this.pairs.set(hash, i * 2 * HASH_BYTES);
      placeOf[field] = (i * 2 + 1) * HASH_BYTES;
    }
    this.placeOf = placeOf as Record<Field, number>;
    this.put("request_type", this.sha256(encodeUtf8("call")));
  }

  idOf(call: CallContent): MessageId {
    if (call.expiryNanos !== this.lastExpiry) {
      this.put("ingress_expiry", this.sha256(encodeLeb128(call.expiryNanos)));
      this.lastExpiry = call.expiryNanos;
    }
    this.put("canister_id", this.principalHash(call.receiver));
    this.put("sender", this.principalHash(call.sender));
    this.put("method_name", this.textHash(call.method));
    this.put("arg", this.sha256(call.arg));
    this.put("nonce", this.sha256(call.nonce));
    return toHex(this.sha256(this.pairs)) as MessageId;
  }

  private put(field: Field, hash: Uint8Array): void {
    this.pairs.set(hash, this.placeOf[field]);
  }

  private textHash(text: string): Uint8Array {
    let hash = this.texts.get(text);
    if (hash === undefined) {
      if (this.texts.size >= MAX_KEPT) this.texts.clear();
      hash = this.sha256(encodeUtf8(text));
      this.texts.set(text, hash);
    }
    return hash;
  }

  private principalHash(principal: PrincipalId): Uint8Array {
    let hash = this.principals.get(principal);
    if (hash === undefined) {
      if (this.principals.size >= MAX_KEPT) this.principals.clear();
      hash = this.sha256(fromHex(principal));
      this.principals.set(principal, hash);
    }
    return hash;
  }
}

/** Bytes of a nonce, as agents send it. */
const NONCE_BYTES = 16;

/** Calls are counted, so that equal calls have different ids and runs repeat. */
export function nonceOf(count: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  for (let i = NONCE_BYTES - 1, rest = count; rest > 0; i--, rest = Math.floor(rest / 256)) nonce[i] = rest % 256;
  return nonce;
}
