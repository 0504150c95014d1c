/**
 * Whether a request may be believed: its expiry, its nonce, its sender, the chain of delegations, the signature. In the replica's order and words.
 *
 * Source: interface spec, https-interface#authentication; http-interface.md 2.2, 2.3. Replica: `rs/validator/src/ingress_validation.rs` (c7c5005).
 */
import { concat, fromHex, toHex } from "../../base/bytes.ts";
import { utcText } from "../../base/utc.ts";
import { domainSeparator } from "../../core/certification/hash-tree.ts";
import { ANONYMOUS, type PrincipalId } from "../../core/state/ids.ts";
import { principalText, selfAuthenticatingPrincipal } from "../../core/state/principal.ts";
import type { Envelope, SenderInfo, SignedDelegation } from "./envelope.ts";
import { badRequest, type HttpRefusal } from "./refusal.ts";
import { parsePublicKey, verifySignature, type PublicKey, type Verifying } from "./signatures.ts";

export interface Authenticating extends Verifying {
  /** Time that expiries are compared with, ns since the Unix epoch. */
  now(): bigint;
  /** Believes every request. */
  readonly isTrusting?: boolean;
}

/** What the signer allows: the canisters it may be used for, `null` for all. */
export interface Authenticated {
  readonly targets: ReadonlySet<PrincipalId> | null;
}

const MAX_TTL_NANOS = 300_000_000_000n;
const DRIFT_NANOS = 30_000_000_000n;
const MAX_NONCE_BYTES = 32;
const MAX_DELEGATIONS = 20;
const MAX_TARGETS = 1000;

const REQUEST = domainSeparator("ic-request");
const DELEGATION = domainSeparator("ic-request-auth-delegation");
const SENDER_INFO = domainSeparator("ic-sender-info");

/** Throws `HttpRefusal` (400) when the request is not to be believed. */
export function authenticate(envelope: Envelope, network: Authenticating): Authenticated {
  // Whoever asks is answered by a network at the present time, the anonymous user too.
  const now = network.now();
  if (network.isTrusting === true) return { targets: null };
  const { content } = envelope;
  const isAnonymous = content.sender === ANONYMOUS;
  // Answers to anonymous questions can be given at any time.
  if (content.type === "call" || !isAnonymous) checkExpiry(content.expiryNanos, now);
  if (content.nonce !== null && content.nonce.length > MAX_NONCE_BYTES) {
    throw badRequest(`Nonce in request is too big: got ${content.nonce.length} bytes, but at most ${MAX_NONCE_BYTES} are allowed.`);
  }
  if (isAnonymous) {
    if (envelope.publicKey !== null) throw badRequest("Signature is not allowed for the anonymous user.");
    if (content.type !== "read_state" && content.senderInfo !== null)
      throw badRequest("Invalid sender info: sender_info requires an authenticated request with sender_pubkey");
    return { targets: null };
  }
  const { publicKey, signature } = envelope;
  if (publicKey === null || signature === null) throw badRequest(`Missing signature from user: ${principalText(content.sender)}`);
  if (selfAuthenticatingPrincipal(publicKey, network.platform.sha224) !== content.sender) {
    throw badRequest(`The user id '${principalText(content.sender)}' does not match the public key '${toHex(publicKey)}'`);
  }
  const own = parsePublicKey(publicKey);
  const { key, targets } = followDelegations(envelope, own, network);
  if (key.scheme === "rsa") throw badRequest("Invalid signature: RSA signatures are not allowed except in webauthn context");
  check(key, concat(REQUEST, fromHex(envelope.id)), signature, network, "Invalid signature");
  if (content.type !== "read_state") {
    if (content.senderInfo !== null) checkSenderInfo(content.senderInfo, own, network);
    if (targets !== null && !targets.has(content.canister)) {
      throw badRequest(`Canister '${principalText(content.canister)}' is not one of the delegation targets.`);
    }
  }
  return { targets };
}

function checkExpiry(expiryNanos: bigint, now: bigint): void {
  const most = now + MAX_TTL_NANOS + DRIFT_NANOS;
  if (expiryNanos >= now && expiryNanos <= most) return;
  throw badRequest(
    `Invalid request expiry: Specified ingress_expiry not within expected range: Minimum allowed expiry: ${utcText(now)}, Maximum allowed expiry: ${utcText(most)}, Provided expiry:        ${utcText(expiryNanos)}`,
  );
}

function followDelegations(
  { content, publicKey, delegations }: Envelope,
  own: PublicKey,
  network: Authenticating,
): { readonly key: PublicKey; readonly targets: ReadonlySet<PrincipalId> | null } {
  checkChain(delegations, publicKey!, content.type, network.now());
  let key = own;
  let targets: Set<PrincipalId> | null = null;
  for (const delegation of delegations) {
    check(key, concat(DELEGATION, delegation.hash), delegation.signature, network, "Invalid delegation");
    key = parsePublicKey(delegation.publicKey);
    if (delegation.targets === null) continue;
    const before: readonly PrincipalId[] | null = targets === null ? null : [...targets];
    const these = new Set(delegation.targets);
    targets = before === null ? these : new Set(before.filter((target) => these.has(target)));
  }
  return { key, targets };
}

/** What is wrong with a chain before any signature is looked at. */
function checkChain(delegations: readonly SignedDelegation[], publicKey: Uint8Array, type: string, now: bigint): void {
  if (delegations.length > MAX_DELEGATIONS) {
    throw badRequest(
      `Invalid delegation: Chain of delegations is too long: got ${delegations.length} delegations, but at most ${MAX_DELEGATIONS} are allowed.`,
    );
  }
  for (const { expirationNanos } of delegations) {
    if (expirationNanos < now) {
      throw badRequest(
        `Invalid delegation expiry: Specified sender delegation has expired:\nProvided expiry:    ${utcText(expirationNanos)}\nLocal replica time: ${utcText(now)}`,
      );
    }
  }
  const seen = new Set([toHex(publicKey)]);
  for (const delegation of delegations) {
    const key = toHex(delegation.publicKey);
    if (seen.has(key)) {
      throw badRequest(
        `Invalid delegation: Chain of delegations contains at least one cycle: first repeating public key encountered ${key}`,
      );
    }
    seen.add(key);
  }
  for (const { targets, permissions } of delegations) {
    if (targets !== null && targets.length > MAX_TARGETS) {
      throw badRequest(
        `Invalid delegation: Delegation target error: expected at most ${MAX_TARGETS} targets per delegation, but got ${targets.length}`,
      );
    }
    // Newer than the replica of the sheets. Ours: the text. Source: http-interface.md 2.3 (5).
    if (permissions !== null && permissions !== "all" && permissions !== "queries") {
      throw badRequest(`Invalid delegation: unknown permissions ${JSON.stringify(permissions)}: expected "all" or "queries"`);
    }
    if (permissions === "queries" && type === "call") throw badRequest("Invalid delegation: the delegation is for queries only");
  }
}

/** Replica: `verify_sender_info_canister_sig` (c7c5005). */
function checkSenderInfo({ info, signer, sig }: SenderInfo, own: PublicKey, network: Authenticating): void {
  const invalid = (why: string): HttpRefusal => badRequest(`Invalid sender info: ${why}`);
  if (own.scheme !== "canister") throw invalid("sender_pubkey is not a valid canister signature public key");
  if (own.canister !== signer) {
    throw invalid(`signer ${principalText(signer)} does not match canister ID ${principalText(own.canister)} in sender_pubkey`);
  }
  check(own, concat(SENDER_INFO, info), sig, network, "Invalid sender info: signature verification failed");
}

function check(key: PublicKey, message: Uint8Array, signature: Uint8Array, network: Authenticating, what: string): void {
  const problem = verifySignature(key, message, signature, network);
  if (problem !== null) throw badRequest(`${what}: ${problem}`);
}
