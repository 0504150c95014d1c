/**
 * Calls of the management canister whose answer comes in a later round: signatures, HTTP outcalls, what a mock canister asks the test.
 * On the platform consensus delivers these answers; the subnet keeps a context for each call until then.
 *
 * Source: management-canister.md 6, 7, 10. Replica: `rs/replicated_state/src/metadata_state/subnet_call_context_manager.rs` (c7c5005).
 */
import type { CallOrigin } from "./canister.ts";
import type { ChainKey } from "./chain-keys.ts";
import type { Reject, RejectCode } from "./rejects.ts";

/** Counts from 0 per subnet. */
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
  /** An answer that came from outside since the last round. */
  readonly arrived: PendingAnswer | null;
}

export type PendingRequest = SignatureRequest | DerivedKeyRequest | OutcallRequest | MockRequest | BitcoinRequest;

/** Whether somebody outside gives the answer, as an input; else the network makes it itself. */
export function isFromOutside({ kind }: PendingRequest): boolean {
  return kind === "outcall" || kind === "mock" || kind === "bitcoin";
}

/** A question to a Bitcoin chain, which somebody outside stands for. */
export interface BitcoinRequest {
  readonly kind: "bitcoin";
  readonly question: BitcoinQuestion;
}

export type BitcoinQuestion =
  | { readonly method: "bitcoin_get_balance"; readonly address: string; readonly minConfirmations: number }
  | { readonly method: "bitcoin_get_utxos"; readonly address: string; readonly minConfirmations: number; readonly page: Uint8Array | null }
  | { readonly method: "bitcoin_get_current_fee_percentiles" }
  | { readonly method: "bitcoin_get_block_headers"; readonly startHeight: number; readonly endHeight: number | null }
  | { readonly method: "bitcoin_send_transaction"; readonly transaction: Uint8Array };

/** What the chain says to a question: its answer, or why it refuses. */
export type BitcoinAnswer =
  | { readonly method: "bitcoin_get_balance"; readonly satoshi: bigint }
  | ({ readonly method: "bitcoin_get_utxos" } & BitcoinUtxos)
  | { readonly method: "bitcoin_get_current_fee_percentiles"; readonly millisatoshiPerVbyte: readonly bigint[] }
  | ({ readonly method: "bitcoin_get_block_headers" } & BitcoinHeaders)
  | { readonly method: "bitcoin_send_transaction" }
  | { readonly refused: string };

/** A coin that nobody has spent. */
export interface BitcoinUtxo {
  /** 32 bytes in the order of the Bitcoin network; explorers print them backwards. */
  readonly txid: Uint8Array;
  /** Which output of the transaction, from 0. */
  readonly vout: number;
  readonly satoshi: bigint;
  /** Of its block. */
  readonly height: number;
}

/** A page of the coins of an address. */
export interface BitcoinUtxos {
  /** Highest first. */
  readonly utxos: readonly BitcoinUtxo[];
  readonly tipBlockHash: Uint8Array;
  readonly tipHeight: number;
  /** For the next question; `null` where this is the last page. */
  readonly nextPage: Uint8Array | null;
}

/** Headers of blocks that follow each other. */
export interface BitcoinHeaders {
  /** Blocks before the newest one. */
  readonly tipHeight: number;
  /** 80 bytes each. */
  readonly headers: readonly Uint8Array[];
}

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

export type HttpMethod = "get" | "head" | "post" | "put" | "delete" | "patch";

export interface HttpHeader {
  readonly name: string;
  readonly value: string;
}

/** `http_request`: done by the nodes, outside. */
export interface OutcallRequest {
  readonly kind: "outcall";
  readonly url: string;
  readonly method: HttpMethod;
  readonly headers: readonly HttpHeader[];
  readonly body: Uint8Array | null;
  readonly maxResponseBytes: number | null;
  /** A query method of the caller, which makes the nodes' responses alike. */
  readonly transform: { readonly method: string; readonly context: Uint8Array } | null;
  /** Every node does it and they must agree; or one of them does, or a committee. */
  readonly isReplicated: boolean;
  /** Of `flexible_http_request`; else `null`. */
  readonly flexible: FlexibleReplication | null;
}

/** So many nodes do it, and the caller gets several of their responses, which may differ. */
export interface FlexibleReplication {
  readonly totalRequests: number;
  readonly minResponses: number;
  readonly maxResponses: number;
}

/** How many nodes do an outcall. */
export function outcallNodes({ isReplicated, flexible }: OutcallRequest, nodeCount: number): number {
  return flexible?.totalRequests ?? (isReplicated ? nodeCount : 1);
}

/** `cannery_mock`: a mock canister asks the test what to do; in bytes that its module and the face agree on. */
export interface MockRequest {
  readonly kind: "mock";
  readonly payload: Uint8Array;
}

/** What one node got. */
export type OutcallResponse =
  | { readonly kind: "response"; readonly status: number; readonly headers: readonly HttpHeader[]; readonly body: Uint8Array }
  /** The node's adapter could not do it. */
  | { readonly kind: "reject"; readonly code: RejectCode; readonly message: string };

/** What an answer from outside is: the Candid of the reply, or the reject that the caller sees. */
export type PendingAnswer = { readonly kind: "reply"; readonly data: Uint8Array } | { readonly kind: "reject"; readonly reject: Reject };
