/**
 * Verifiably encrypted threshold keys on BLS12-381 (vetKD): public keys per canister and context, and keys encrypted for a transport key.
 *
 * Source: management-canister.md 7; ePrint 2023/616. Replica: `rs/crypto/internal/crypto_lib/bls12_381/vetkd/src/lib.rs` (c7c5005).
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { concat, u64BigEndian } from "../../base/bytes.ts";

/** The library, which the host loads when the first key is used. */
export type BlsCurve = Pick<typeof import("@noble/curves/bls12-381.js"), "bls12_381"> &
  Pick<typeof import("@noble/curves/abstract/hash-to-curve.js"), "hash_to_field">;

/** A secret scalar below the group's order. */
export type VetKey = bigint;

export interface VetKeys {
  /** The master key of a name on test networks. */
  ofName(name: Uint8Array): VetKey;
  /** 96 bytes, a compressed point of G2. */
  publicKey(key: VetKey): Uint8Array;
  /** The key of a canister and a context; an empty context is the canister's own key. */
  derive(master: VetKey, canister: Uint8Array, context: Uint8Array): VetKey;
  /** Whether this is a compressed point of G1's subgroup, 48 bytes. */
  isTransportKey(bytes: Uint8Array): boolean;
  /**
   * The derived key of `input`, which only the holder of the transport key's secret can read: 192 bytes.
   * `chance`: 32 bytes, which hide it.
   */
  encrypt(derived: VetKey, input: Uint8Array, transportKey: Uint8Array, chance: Uint8Array): Uint8Array;
}

const CANISTER = "ic-vetkd-bls12-381-g2-canister-id";
const CONTEXT = "ic-vetkd-bls12-381-g2-context";
const AUGMENTED = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_AUG_";

export function vetKeys({ bls12_381, hash_to_field }: BlsCurve): VetKeys {
  const { Fr } = bls12_381.fields;
  const G1 = bls12_381.G1.Point;
  const G2 = bls12_381.G2.Point;
  const publicKeyOf = (key: VetKey): Uint8Array => G2.BASE.multiply(key).toBytes(true);
  const hashToScalar = (domain: string, input: Uint8Array): bigint =>
    hash_to_field(input, 1, { p: Fr.ORDER, m: 1, k: 128, expand: "xmd", hash: sha256, DST: domain })[0][0];

  function shifted(key: VetKey, by: Uint8Array, domain: string): VetKey {
    const publicKey = publicKeyOf(key);
    const length = (bytes: Uint8Array): Uint8Array => u64BigEndian(BigInt(bytes.length));
    return Fr.create(key + hashToScalar(domain, concat(length(publicKey), publicKey, length(by), by)));
  }

  return {
    ofName: (name) => hashToScalar("ic-crypto-vetkd-test-utils-generate-test-key", name),
    publicKey: publicKeyOf,
    derive(master, canister, context) {
      const ofCanister = shifted(master, canister, CANISTER);
      return context.length === 0 ? ofCanister : shifted(ofCanister, context, CONTEXT);
    },
    isTransportKey(bytes) {
      if (bytes.length !== 48) return false;
      try {
        G1.fromBytes(bytes).assertValidity();
        return true;
      } catch {
        return false; // the library's way of saying no
      }
    },
    encrypt(derived, input, transportKey, chance) {
      const r = hashToScalar("cannery vetkd encryption", chance);
      const hashed = G1.fromAffine(bls12_381.G1.hashToCurve(concat(publicKeyOf(derived), input), { DST: AUGMENTED }).toAffine());
      const masked = hashed.multiply(derived).add(G1.fromBytes(transportKey).multiply(r));
      return concat(G1.BASE.multiply(r).toBytes(true), G2.BASE.multiply(r).toBytes(true), masked.toBytes(true));
    },
  };
}
