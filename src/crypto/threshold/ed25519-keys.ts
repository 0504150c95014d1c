/**
 * Threshold keys on Ed25519: hierarchical derivation, and signing with the derived key.
 *
 * A derived key is a scalar without a seed, so it signs by the equations of RFC 8032 with a nonce of its own.
 * Source: management-canister.md 7. Replica: `packages/ic-ed25519/src/lib.rs` (c7c5005).
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberBE, bytesToNumberLE } from "@noble/curves/utils.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concat } from "../../base/bytes.ts";
import { encodeUtf8 } from "../../base/utf8.ts";

const { Point } = ed25519;
const { Fn } = Point;

/** A secret scalar below the group's order, and the chain code that further derivation starts from. */
export interface Ed25519Key {
  readonly secret: bigint;
  readonly chainCode: Uint8Array;
}

const NO_CHAIN = new Uint8Array(32);
const INFO = encodeUtf8("Ed25519");
const NONCE = encodeUtf8("cannery ed25519 nonce");

/** The first half of SHA-512 of the seed is the secret of RFC 8032: the form of the master keys of test networks. */
export function ed25519KeyOfSeed(seed: Uint8Array): Ed25519Key {
  const { scalar } = ed25519.utils.getExtendedPublicKey(sha512(seed).slice(0, 32));
  return { secret: Fn.create(scalar), chainCode: NO_CHAIN };
}

/** 32 bytes. */
export function ed25519PublicKey({ secret }: Ed25519Key): Uint8Array {
  return Point.BASE.multiply(secret).toBytes();
}

/** The key at a path below this one, whose own chain code counts as zero. */
export function deriveEd25519(master: Ed25519Key, path: readonly Uint8Array[]): Ed25519Key {
  let { secret } = master;
  let chainCode: Uint8Array = NO_CHAIN;
  for (const index of path) {
    const okm = hkdf(sha512, concat(Point.BASE.multiply(secret).toBytes(), index), chainCode, INFO, 96);
    secret = Fn.create(secret + Fn.create(bytesToNumberBE(okm.subarray(0, 64))));
    chainCode = okm.slice(64);
  }
  return { secret, chainCode };
}

/** 64 bytes. Ours: the nonce follows from key and message, so that a run repeats. */
export function signEd25519(key: Ed25519Key, message: Uint8Array): Uint8Array {
  const publicKey = ed25519PublicKey(key);
  const nonce = Fn.create(bytesToNumberLE(sha512(concat(NONCE, Fn.toBytes(key.secret), message))));
  const commitment = Point.BASE.multiply(nonce).toBytes();
  const challenge = Fn.create(bytesToNumberLE(sha512(concat(commitment, publicKey, message))));
  return concat(commitment, Fn.toBytes(Fn.create(nonce + challenge * key.secret)));
}
