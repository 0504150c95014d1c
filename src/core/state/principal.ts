/**
 * Principals as text and as bytes. Inside, a principal is the hex of its bytes (see `ids.ts`); text is what people,
 * URLs and error messages use.
 *
 * Source: interface spec, "Principals" and "Textual representation of principals".
 */
import { base32Decode, base32Encode, getCrc32 } from "@icp-sdk/core/principal";
import { assert } from "../../base/assert.ts";
import { concat, fromHex, toHex, u64BigEndian } from "../../base/bytes.ts";
import { isU64 } from "../../base/integers.ts";
import type { CanisterId, PrincipalId } from "./ids.ts";

/** Source: interface spec, "Principals". */
const MAX_BYTES = 29;
/** Class bytes, at the end of a principal. Source: interface spec, "Special forms of Principals". */
const OPAQUE = "01";
const SELF_AUTHENTICATING = 0x02;
/** Of a canister id: eight bytes of index, then these. Replica: `rs/types/base_types/src/canister_id.rs` (c7c5005). */
const CANISTER_ID_END = "01" + OPAQUE;

/** A text, or a byte string, that is no principal. The message says why. */
export class InvalidPrincipal extends Error {
  override name = "InvalidPrincipal";
}

/** Texts of the ids asked for lately: the same few ids are printed again and again. */
const texts = new Map<PrincipalId, string>();
const MAX_CACHED_TEXTS = 4096;

/** `aaaaa-aa` for the management canister, `rwlgt-iiaaa-aaaaa-aaaaa-cai` for a canister. */
export function principalText(id: PrincipalId): string {
  const known = texts.get(id);
  if (known !== undefined) return known;
  const text = textOfBytes(fromHex(id));
  if (texts.size >= MAX_CACHED_TEXTS) texts.clear();
  texts.set(id, text);
  return text;
}

function textOfBytes(bytes: Uint8Array): string {
  const checksum = new Uint8Array(4);
  new DataView(checksum.buffer).setUint32(0, getCrc32(bytes));
  return base32Encode(concat(checksum, bytes)).replace(/.{5}(?=.)/g, "$&-");
}

/**
 * The principal that a text stands for. Letters of either case are read; dashes must be where the canonical text has
 * them. Throws `InvalidPrincipal`.
 */
export function parsePrincipal(text: string): PrincipalId {
  const fail = (why: string): never => {
    throw new InvalidPrincipal(`${JSON.stringify(text)} is not a principal: ${why}`);
  };
  const canonical = text.toLowerCase();
  if (text.length > 63) fail("it is longer than 63 characters");
  const wrong = /[^a-z2-7-]/.exec(canonical);
  if (wrong !== null) fail(`a principal has letters, digits from 2 to 7 and dashes, and no ${JSON.stringify(wrong[0])}`);
  const bytes = base32Decode(canonical.replaceAll("-", ""));
  if (bytes.length < 4) fail("it is too short to hold a checksum");
  const id = toHex(bytes.subarray(4)) as PrincipalId;
  if (bytes.length > 4 + MAX_BYTES) fail(`it stands for more than ${MAX_BYTES} bytes`);
  const expected = principalText(id);
  if (expected.replaceAll("-", "") !== canonical.replaceAll("-", "")) fail("its checksum is wrong, so some character is");
  if (expected !== canonical) fail(`the dashes are misplaced, expected ${JSON.stringify(expected)}`);
  return id;
}

/** Throws `InvalidPrincipal` for more than 29 bytes. */
export function principalOfBytes(bytes: Uint8Array): PrincipalId {
  if (bytes.length > MAX_BYTES) throw new InvalidPrincipal(`a principal has at most ${MAX_BYTES} bytes, not ${bytes.length}`);
  return toHex(bytes) as PrincipalId;
}

/** A fresh array, the caller's to keep. */
export function principalBytes(id: PrincipalId): Uint8Array {
  return fromHex(id);
}

/** The order of a set of principals on the platform: shorter ones first. Replica: `Principal` of the crate `ic_principal`, which derives its order from its fields. */
export function comparePrincipals(a: PrincipalId, b: PrincipalId): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** The canister id with this index (a u64): ids are ordered as their indices are. */
export function canisterIdFromIndex(index: bigint): CanisterId {
  assert(isU64(index), "a canister's index is a u64");
  return (toHex(u64BigEndian(index)) + CANISTER_ID_END) as CanisterId;
}

/** `null` when the principal does not have the form of a canister id. */
export function indexOfCanisterId(id: PrincipalId): bigint | null {
  return id.length === 20 && id.endsWith(CANISTER_ID_END) ? BigInt("0x" + id.slice(0, 16)) : null;
}

/** The principal of who holds the key: users, nodes, subnets. `der` is the DER of the public key. */
export function selfAuthenticatingPrincipal(der: Uint8Array, sha224: (bytes: Uint8Array) => Uint8Array): PrincipalId {
  return principalOfBytes(concat(sha224(der), Uint8Array.of(SELF_AUTHENTICATING)));
}
