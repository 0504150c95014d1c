/**
 * Everything that comes to a network from outside. A run is a genesis, a seed and a list of these;
 * `step(network, input)` is the only way to change a network.
 */
import type { SubnetRequest } from "./genesis.ts";
import type { Limits } from "./state/limits.ts";
import type { CanisterId, MessageId, PrincipalId, SubnetId } from "./state/ids.ts";
import type { BitcoinAnswer, OutcallResponse, PendingCallId } from "./state/pending-calls.ts";
import type { Reject, UserError } from "./state/rejects.ts";

export interface IngressInput {
  readonly kind: "ingress";
  readonly messageId: MessageId;
  readonly sender: PrincipalId;
  /** `""` for the management canister. */
  readonly receiver: PrincipalId;
  readonly method: string;
  readonly arg: Uint8Array;
  readonly expiryNanos: bigint;
  /** Size of the signed envelope; charged per byte on induction. */
  readonly envelopeBytes: number;
  readonly senderInfo: { readonly data: Uint8Array; readonly signer: Uint8Array } | null;
  /** The clock by which the replica that takes it judges its expiry, where that is ahead of the latest round. */
  readonly nowNanos?: bigint;
  /** The subnet that is asked, which knows its own canisters only; `null`: the one that has the canister, else the first. */
  readonly subnet: SubnetId | null;
}

export interface QueryInput {
  readonly kind: "query";
  readonly sender: PrincipalId;
  readonly receiver: PrincipalId;
  readonly method: string;
  readonly arg: Uint8Array;
  readonly senderInfo: { readonly data: Uint8Array; readonly signer: Uint8Array } | null;
  /** The subnet that is asked, as for calls. */
  readonly subnet?: SubnetId | null;
  /** How a data certificate tells the subnet's canister ids: `flat` where the call came by an endpoint before version 3. */
  readonly ranges?: "flat" | "tree";
}

/** One round on every subnet (or only on those named), in subnet-id order, at the next batch time of the latency profile. */
export interface RoundInput {
  readonly kind: "round";
  readonly subnets: readonly SubnetId[] | null;
  /** Who made the block; else the nodes take turns. */
  readonly blockMakers?: RoundMakers;
}

/** Nodes by their numbers in the subnet; the maker -1 is a node of another subnet. */
export interface RoundMakers {
  readonly maker: number;
  /** Those whose turn it was before, and who made none. */
  readonly failed: readonly number[];
}

/** One subnet more, from now on. Refused when its ids are another's. */
export interface SubnetInput {
  readonly kind: "subnet";
  readonly request: SubnetRequest;
}

/** One subnet less, with all that is on it. Refused for the root. */
export interface SubnetDeletionInput {
  readonly kind: "subnetDeletion";
  readonly subnet: SubnetId;
}

/** The clock of the network moves: later rounds see at least this time. Going back is refused. */
export interface TimeInput {
  readonly kind: "time";
  readonly timeNanos: bigint;
}

/** Test commands: what no user or canister could do. */
export type CommandInput =
  /** Limits of all subnets, from now on. */
  { readonly kind: "command"; readonly command: "setLimits"; readonly limits: Partial<Limits> } | CanisterCommand;

export type CanisterCommand =
  | { readonly kind: "command"; readonly command: "addCycles"; readonly canister: CanisterId; readonly cycles: bigint }
  | { readonly kind: "command"; readonly command: "setBalance"; readonly canister: CanisterId; readonly cycles: bigint }
  | { readonly kind: "command"; readonly command: "setStableMemory"; readonly canister: CanisterId; readonly bytes: Uint8Array };

/** What the nodes got for an HTTPS outcall: one response for all of them, or one of each. Taken in by the next round. */
export interface OutcallInput {
  readonly kind: "outcall";
  readonly subnet: SubnetId;
  readonly call: PendingCallId;
  readonly responses: readonly OutcallResponse[];
}

/** What a mock canister is to do next: a program of its module, which the next round hands to it. */
export interface MockInput {
  readonly kind: "mock";
  readonly subnet: SubnetId;
  readonly call: PendingCallId;
  readonly program: Uint8Array;
}

/** What the chain says to a question. Taken in by the next round. */
export interface BitcoinInput {
  readonly kind: "bitcoin";
  readonly subnet: SubnetId;
  readonly call: PendingCallId;
  readonly answer: BitcoinAnswer;
}

export type Input =
  | OutcallInput
  | MockInput
  | BitcoinInput
  | IngressInput
  | QueryInput
  | RoundInput
  | SubnetInput
  | SubnetDeletionInput
  | TimeInput
  | CommandInput;

/** What a submission or a query is answered at once with. */
export type Answer =
  | { readonly kind: "accepted" }
  | { readonly kind: "refused"; readonly error: UserError }
  | { readonly kind: "replied"; readonly data: Uint8Array; readonly instructions: number }
  | { readonly kind: "rejected"; readonly reject: Reject; readonly error: UserError | null };
