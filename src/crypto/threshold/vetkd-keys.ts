/**
 * Verifiably encrypted threshold keys on BLS12-381 (vetKD): public keys per canister and context, and keys encrypted for a transport key.
 *
 * Source: management-canister.md 7; ePrint 2023/616. Replica: `rs/crypto/internal/crypto_lib/bls12_381/vetkd/src/lib.rs` (c7c5005).
 */
import { hash_to_field } from "@noble/curves/abstract/hash-to-curve.js";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concat, u64BigEndian } from "../../base/bytes.ts";

const { Fr } = bls12_381.fields;
const G1 = bls12_381.G1.Point;
const G2 = bls12_381.G2.Point;

/** A secret scalar below the group's order. */
export type VetKey = bigint;

const CANISTER = "ic-vetkd-bls12-381-g2-canister-id";
const CONTEXT = "ic-vetkd-bls12-381-g2-context";
const AUGMENTED = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_AUG_";

/** The master key of a name on test networks. */
export function vetKeyOfName(name: Uint8Array): VetKey {
  return hashToScalar("ic-crypto-vetkd-test-utils-generate-test-key", name);
}

/** 96 bytes, a compressed point of G2. */
export function vetPublicKey(key: VetKey): Uint8Array {
  return G2.BASE.multiply(key).toBytes(true);
}

/** The key of a canister and a context; an empty context is the canister's own key. */
export function deriveVetKey(master: VetKey, canister: Uint8Array, context: Uint8Array): VetKey {
  const ofCanister = shifted(master, canister, CANISTER);
  return context.length === 0 ? ofCanister : shifted(ofCanister, context, CONTEXT);
}

function shifted(key: VetKey, by: Uint8Array, domain: string): VetKey {
  const publicKey = vetPublicKey(key);
  const length = (bytes: Uint8Array): Uint8Array => u64BigEndian(BigInt(bytes.length));
  return Fr.create(key + hashToScalar(domain, concat(length(publicKey), publicKey, length(by), by)));
}

/** Whether this is a compressed point of G1's subgroup, 48 bytes. */
export function isTransportKey(bytes: Uint8Array): boolean {
  if (bytes.length !== 48) return false;
  try {
    G1.fromBytes(bytes).assertValidity();
    return true;
  } catch {
    return false; // the library's way of saying no
  }
}

/**
 * The derived key of `input`, which only the holder of the transport key's secret can read: 192 bytes.
 * `chance`: 32 bytes, which hide it.
 */
export function encryptVetKey(derived: VetKey, input: Uint8Array, transportKey: Uint8Array, chance: Uint8Array): Uint8Array {
  const r = hashToScalar("cannery vetkd encryption", chance);
  const hashed = G1.fromAffine(bls12_381.G1.hashToCurve(concat(vetPublicKey(derived), input), { DST: AUGMENTED }).toAffine());
  const masked = hashed.multiply(derived).add(G1.fromBytes(transportKey).multiply(r));
  return concat(G1.BASE.multiply(r).toBytes(true), G2.BASE.multiply(r).toBytes(true), masked.toBytes(true));
}

function hashToScalar(domain: string, input: Uint8Array): bigint {
  return hash_to_field(input, 1, { p: Fr.ORDER, m: 1, k: 128, expand: "xmd", hash: sha256, DST: domain })[0][0];
}
