/**
 * Threshold keys on Ed25519: hierarchical derivation, and signing with the derived key.
 *
 * A derived key is a scalar without a seed, so it signs by the equations of RFC 8032 with a nonce of its own.
 * Source: management-canister.md 7. Replica: `packages/ic-ed25519/src/lib.rs` (c7c5005).
 */
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { bigintOfBytes, concat } from "../../base/bytes.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import type { DerivedKey } from "./secp256k1-keys.ts";

/** The library, which the host loads when the first key is used. */
export type Ed25519Curve = Pick<typeof import("@noble/curves/ed25519.js"), "ed25519">;

export interface Ed25519Keys {
  /** The first half of SHA-512 of the seed is the secret of RFC 8032: the form of the master keys of test networks. */
  ofSeed(seed: Uint8Array): DerivedKey;
  /** 32 bytes. */
  publicKey(key: DerivedKey): Uint8Array;
  /** The key at a path below this one, whose own chain code counts as zero. */
  derive(master: DerivedKey, path: readonly Uint8Array[]): DerivedKey;
  /** 64 bytes. Ours: the nonce follows from key and message, so that a run repeats. */
  sign(key: DerivedKey, message: Uint8Array): Uint8Array;
}

const NO_CHAIN = new Uint8Array(32);
const INFO = encodeUtf8("Ed25519");
const NONCE = encodeUtf8("cannery ed25519 nonce");

export function ed25519Keys({ ed25519 }: Ed25519Curve): Ed25519Keys {
  const { Point } = ed25519;
  const { Fn } = Point;
  const publicKeyOf = (secret: bigint): Uint8Array => Point.BASE.multiply(secret).toBytes();
  const scalar = (littleEndian: Uint8Array): bigint => Fn.create(bigintOfBytes(littleEndian.toReversed()));

  function child({ secret, chainCode }: DerivedKey, index: Uint8Array): DerivedKey {
    const okm = hkdf(sha512, concat(publicKeyOf(secret), index), chainCode, INFO, 96);
    return { secret: Fn.create(secret + bigintOfBytes(okm.subarray(0, 64))), chainCode: okm.slice(64) };
  }

  return {
    ofSeed(seed) {
      const { scalar: secret } = ed25519.utils.getExtendedPublicKey(sha512(seed).slice(0, 32));
      return { secret: Fn.create(secret), chainCode: NO_CHAIN };
    },
    publicKey: ({ secret }) => publicKeyOf(secret),
    derive: (master, path) => path.reduce<DerivedKey>(child, { secret: master.secret, chainCode: NO_CHAIN }),
    sign({ secret }, message) {
      const nonce = scalar(sha512(concat(NONCE, Fn.toBytes(secret), message)));
      const commitment = publicKeyOf(nonce);
      const challenge = scalar(sha512(concat(commitment, publicKeyOf(secret), message)));
      return concat(commitment, Fn.toBytes(Fn.create(nonce + challenge * secret)));
    },
  };
}
