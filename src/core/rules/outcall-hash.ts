/**
 * What nodes compare to see whether they got the same response to an HTTPS outcall: a hash that error texts show.
 *
 * Replica: `CanisterHttpResponse` in `rs/types/types/src/canister_http.rs`, `crypto_hash` in `rs/types/types/src/crypto/hash.rs` (c7c5005): SHA-256
 * of a domain and of what Rust's derived `Hash` feeds: numbers and lengths as 64 bits in little-endian, variants by their number.
 */
import { concat } from "../../base/bytes.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import type { CanisterId } from "../state/ids.ts";
import type { PendingAnswer, PendingCallId } from "../state/pending-calls.ts";
import { principalBytes } from "../state/principal.ts";

const DOMAIN = encodeUtf8("ic-canister-http-response-domain");
const MAX_PRINCIPAL_BYTES = 29;
/** Variants of a response's content. */
const SUCCESS = 0;
const REJECT = 1;
/** Ends a text. */
const END = Uint8Array.of(0xff);

/** The bytes to hash. */
export function hashedResponse(call: PendingCallId, canister: CanisterId, result: PendingAnswer): Uint8Array {
  const id = principalBytes(canister);
  const padded = new Uint8Array(MAX_PRINCIPAL_BYTES);
  padded.set(id);
  const content =
    result.kind === "reply"
      ? [u64(SUCCESS), u64(result.data.length), result.data]
      : [u64(REJECT), u64(result.reject.code), encodeUtf8(result.reject.message), END];
  return concat(Uint8Array.of(DOMAIN.length), DOMAIN, u64(call), u64(id.length), u64(MAX_PRINCIPAL_BYTES), padded, ...content);
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}
