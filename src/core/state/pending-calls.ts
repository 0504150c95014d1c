/**
 * Calls of the management canister whose answer comes in a later round: signatures, HTTP outcalls, questions to Bitcoin's network.
 * On the platform consensus delivers these answers; the subnet keeps a context for each call until then.
 *
 * Source: management-canister.md 6, 7, 10. Replica: `rs/replicated_state/src/metadata_state/subnet_call_context_manager.rs` (c7c5005).
 */
import type { CallOrigin } from "./canister.ts";
import type { CanisterId } from "./ids.ts";
import type { ChainKey } from "./chain-keys.ts";
import type { Reject } from "./rejects.ts";

/** Counts from 1 per subnet. */
export type PendingCallId = number;

export interface PendingCall {
  readonly id: PendingCallId;
  readonly origin: Extract<CallOrigin, { kind: "canister" }>;
  /** Of the attached cycles, what goes back with the answer. */
  readonly refundCycles: bigint;
  /** Round of the subnet, and its time, in which the call was accepted. */
  readonly sinceRound: number;
  readonly sinceNanos: bigint;
  readonly request: PendingRequest;
}

export type PendingRequest = SignatureRequest | DerivedKeyRequest;

/** `sign_with_ecdsa` (the message is the hash) and `sign_with_schnorr`. */
export interface SignatureRequest {
  readonly kind: "signature";
  readonly key: ChainKey;
  /** Without the canister, which comes first. */
  readonly derivationPath: readonly Uint8Array[];
  readonly message: Uint8Array;
  /** BIP341's, for BIP340 only. */
  readonly merkleRoot: Uint8Array | null;
}

/** `vetkd_derive_key`. */
export interface DerivedKeyRequest {
  readonly kind: "derivedKey";
  readonly key: ChainKey;
  readonly context: Uint8Array;
  readonly input: Uint8Array;
  readonly transportKey: Uint8Array;
}

/** What an answer from outside is: the Candid of the reply, or the reject that the caller sees. */
export type PendingAnswer = { readonly kind: "reply"; readonly data: Uint8Array } | { readonly kind: "reject"; readonly reject: Reject };

/** Who asked. */
export function callerOf(call: PendingCall): CanisterId {
  return call.origin.canister;
}
