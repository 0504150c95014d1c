/**
 * What the holders of a threshold key answer: the signature, or the encrypted key, as Candid.
 *
 * Source: interface spec, "IC method sign_with_ecdsa", "sign_with_schnorr", "vetkd_derive_key"; management-canister.md 7.
 */
import { principalBytes } from "../state/principal.ts";
import type { SubnetState } from "../state/network-state.ts";
import type { DerivedKeyRequest, PendingAnswer, PendingCall, SignatureRequest } from "../state/pending-calls.ts";
import type { World } from "../state/world.ts";
import { encodeResult } from "./candid.ts";

export function thresholdAnswer(
  { platform }: World,
  subnet: SubnetState,
  { origin }: PendingCall,
  request: SignatureRequest | DerivedKeyRequest,
): PendingAnswer {
  const caller = principalBytes(origin.canister);
  const { name } = request.key;
  if (request.kind === "derivedKey") {
    const { context, input, transportKey } = request;
    const chance = subnet.randomness.bytes(32);
    const encrypted_key = platform.thresholdKeys.deriveVetKey({ name, canister: caller, context, input, transportKey, chance });
    return { kind: "reply", data: encodeResult("vetkd_derive_key", { encrypted_key }) };
  }
  return { kind: "reply", data: encodeResult("signature", { signature: sign(platform, request, [caller, ...request.derivationPath]) }) };
}

function sign({ thresholdKeys }: World["platform"], request: SignatureRequest, path: readonly Uint8Array[]): Uint8Array {
  const { key, message, merkleRoot } = request;
  switch (key.algorithm) {
    case "secp256k1":
      return thresholdKeys.signEcdsa(key.name, path, message);
    case "bip340secp256k1":
    case "ed25519":
      return thresholdKeys.signSchnorr(key.algorithm, key.name, path, message, merkleRoot);
    case "bls12_381_g2":
      throw new Error("vetKD keys do not sign");
  }
}
