/**
 * Threshold keys on secp256k1 (ECDSA and BIP340): hierarchical derivation, and signing with the derived key.
 *
 * On the platform nodes hold shares of the master key and nobody the key itself; here the network holds it, and what comes out is the same.
 * Source: management-canister.md 7; BIP32 generalised to indices of any bytes; BIP340, BIP341.
 * Replica: `packages/ic-secp256k1/src/lib.rs` (c7c5005).
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { bigintOfBytes, concat } from "../../base/bytes.ts";

/** The library, which the host loads when the first key is used. */
export type Secp256k1Curve = Pick<typeof import("@noble/curves/secp256k1.js"), "secp256k1" | "schnorr">;

/** A secret scalar below the group's order, and the chain code that further derivation starts from. */
export interface DerivedKey {
  readonly secret: bigint;
  readonly chainCode: Uint8Array;
}

export interface Secp256k1Keys {
  /** SHA-256 of the seed as scalar: the form of the master keys of test networks. */
  ofSeed(seed: Uint8Array): DerivedKey;
  /** 33 bytes, SEC1 compressed. */
  publicKey(key: DerivedKey): Uint8Array;
  /** The key at a path below this one, whose own chain code counts as zero. Indices are of any bytes; those of four are BIP32's. */
  derive(master: DerivedKey, path: readonly Uint8Array[]): DerivedKey;
  /** `r || s` of 64 bytes, s in its lower half. `hash`: 32 bytes, signed as they are. The nonce follows from key and hash (RFC 6979). */
  signEcdsa(key: DerivedKey, hash: Uint8Array): Uint8Array;
  /** 64 bytes. `merkleRoot`: sign with the taproot output key of this tree; empty for an output without scripts. */
  signBip340(key: DerivedKey, message: Uint8Array, merkleRoot: Uint8Array | null): Uint8Array;
}

const NO_CHAIN = new Uint8Array(32);

export function secp256k1Keys({ secp256k1, schnorr }: Secp256k1Curve): Secp256k1Keys {
  const { Point } = secp256k1;
  const { Fn } = Point;
  const compressed = (secret: bigint): Uint8Array => Point.BASE.multiply(secret).toBytes(true);

  function child({ secret, chainCode }: DerivedKey, index: Uint8Array): DerivedKey {
    let input = compressed(secret);
    for (;;) {
      const derived = hmac(sha512, chainCode, concat(input, index));
      const tweak = bigintOfBytes(derived.subarray(0, 32));
      const next = derived.slice(32);
      const sum = Fn.create(secret + tweak);
      // With a probability of 2^-127 a tweak is no scalar, or the sum is no key: then BIP32's rule is to go on from the chain code.
      if (tweak < Fn.ORDER && sum !== 0n) return { secret: sum, chainCode: next };
      input = concat(Uint8Array.of(1), next);
    }
  }

  /** Source: BIP341, "Constructing and spending Taproot outputs": the secret of the point with even y, plus the tweak. */
  function taprootSecret(secret: bigint, merkleRoot: Uint8Array): bigint {
    const point = compressed(secret);
    const even = point[0] === 2 ? secret : Fn.neg(secret);
    return Fn.create(even + bigintOfBytes(schnorr.utils.taggedHash("TapTweak", point.subarray(1), merkleRoot)));
  }

  return {
    ofSeed: (seed) => ({ secret: Fn.create(bigintOfBytes(sha256(seed))), chainCode: NO_CHAIN }),
    publicKey: ({ secret }) => compressed(secret),
    derive: (master, path) => path.reduce<DerivedKey>(child, { secret: master.secret, chainCode: NO_CHAIN }),
    signEcdsa: ({ secret }, hash) => secp256k1.sign(hash, Fn.toBytes(secret), { prehash: false, lowS: true }),
    signBip340({ secret }, message, merkleRoot) {
      const signing = merkleRoot === null ? secret : taprootSecret(secret, merkleRoot);
      return schnorr.sign(message, Fn.toBytes(signing), NO_CHAIN);
    },
  };
}
