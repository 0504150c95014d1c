/**
 * Why a call fails that others would have a part in: holders of threshold keys, the Bitcoin canister, web servers.
 *
 * Source: management-canister.md 6, 7, 9. Replica: `rs/execution_environment/src/canister_manager/types.rs`, `rs/types/wasm_types/src/errors.rs` (c7c5005).
 */
import type { SubnetId } from "../state/ids.ts";
import { principalText } from "../state/principal.ts";
import { ErrorCode, type UserError } from "../state/rejects.ts";
import { error } from "./errors.ts";

function rejected(description: string): UserError {
  return error(ErrorCode.CanisterRejectedMessage, description);
}

// Threshold keys.

export function emptyPayload(text: "An empty message cannot be signed" | "Message payload empty"): UserError {
  return rejected(text);
}

export function keyNotHeld(subnet: SubnetId, key: string): UserError {
  return rejected(`Subnet ${principalText(subnet)} does not hold threshold key ${key}.`);
}

export function keyNotEnabled(method: string, key: string): UserError {
  return rejected(`${method} request failed: unknown or disabled threshold key ${key}.`);
}

export function signatureQueueFull(method: string, key: string): UserError {
  return rejected(`${method} request failed: request queue for key ${key} is full.`);
}

export function notEnoughCyclesFor(method: string, sent: bigint, required: bigint): UserError {
  return rejected(`${method} request sent with ${sent} cycles, but ${required} cycles are required.`);
}

/** `algorithm` as the replica displays it. */
export function auxInvalid(algorithm: string): UserError {
  return rejected(`Invalid aux field for ${algorithm}`);
}

export function auxNotSupported(algorithm: string): UserError {
  return rejected(`Schnorr algorithm ${algorithm} does not support aux input`);
}

export function transportKeyInvalid(): UserError {
  return rejected("The provided transport public key is invalid.");
}

// Bitcoin.

/** The first line is the platform's where no Bitcoin canister is configured. */
export function noChain(method: string): UserError {
  return rejected(`No bitcoin canisters available.\n${method} needs a chain: create the network with { bitcoin: regtestBitcoin() }.`);
}

/** What the Bitcoin canister says to who asks it about another chain. */
export function wrongChain(own: string, given: string): UserError {
  return error(ErrorCode.CanisterCalledTrap, `Network must be ${own}. Found ${given}`);
}

export function notEnoughCyclesForBitcoin(sent: bigint, required: bigint): UserError {
  return error(ErrorCode.CanisterCalledTrap, `Received ${sent} cycles. ${required} cycles are required.`);
}

export function permissionDenied(): UserError {
  return rejected("Permission denied.");
}

// HTTPS outcalls.

export function outcallRefused(description: string): UserError {
  return rejected(description);
}
