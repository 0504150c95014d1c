/**
 * Threshold keys on secp256k1 (ECDSA and BIP340): hierarchical derivation, and signing with the derived key.
 *
 * On the platform nodes hold shares of the master key and nobody the key itself; here the network holds it, and what comes out is the same.
 * Source: management-canister.md 7; BIP32 generalised to indices of any bytes; BIP340, BIP341.
 * Replica: `packages/ic-secp256k1/src/lib.rs` (c7c5005).
 */
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { concat } from "../../base/bytes.ts";

const { Point } = secp256k1;
const { Fn } = Point;

/** A secret scalar below the group's order, and the chain code that further derivation starts from. */
export interface Secp256k1Key {
  readonly secret: bigint;
  readonly chainCode: Uint8Array;
}

const NO_CHAIN = new Uint8Array(32);

/** SHA-256 of the seed as scalar: the form of the master keys of test networks. */
export function secp256k1KeyOfSeed(seed: Uint8Array): Secp256k1Key {
  return { secret: Fn.create(bytesToNumberBE(sha256(seed))), chainCode: NO_CHAIN };
}

/** 33 bytes, SEC1 compressed. */
export function secp256k1PublicKey({ secret }: Secp256k1Key): Uint8Array {
  return Point.BASE.multiply(secret).toBytes(true);
}

/** The key at a path below this one, whose own chain code counts as zero. Indices are of any bytes; those of four are BIP32's. */
export function deriveSecp256k1(master: Secp256k1Key, path: readonly Uint8Array[]): Secp256k1Key {
  let key: Secp256k1Key = { secret: master.secret, chainCode: NO_CHAIN };
  for (const index of path) key = child(key, index);
  return key;
}

function child({ secret, chainCode }: Secp256k1Key, index: Uint8Array): Secp256k1Key {
  let input: Uint8Array = Point.BASE.multiply(secret).toBytes(true);
  for (;;) {
    const derived = hmac(sha512, chainCode, concat(input, index));
    const tweak = bytesToNumberBE(derived.subarray(0, 32));
    const next = derived.slice(32);
    const sum = Fn.create(secret + tweak);
    // With a probability of 2^-127 a tweak is no scalar, or the sum is no key: then BIP32's rule is to go on from the chain code.
    if (tweak < Fn.ORDER && sum !== 0n) return { secret: sum, chainCode: next };
    input = concat(Uint8Array.of(1), next);
  }
}

/** `r || s` of 64 bytes, s in its lower half. `hash`: 32 bytes, signed as they are. The nonce follows from key and hash (RFC 6979). */
export function signEcdsa({ secret }: Secp256k1Key, hash: Uint8Array): Uint8Array {
  return secp256k1.sign(hash, Fn.toBytes(secret), { prehash: false, lowS: true });
}

/** 64 bytes. `merkleRoot`: sign with the taproot output key of this tree; empty for an output without scripts. */
export function signBip340(key: Secp256k1Key, message: Uint8Array, merkleRoot: Uint8Array | null): Uint8Array {
  const secret = merkleRoot === null ? key.secret : taprootSecret(key.secret, merkleRoot);
  return schnorr.sign(message, Fn.toBytes(secret), NO_CHAIN);
}

/** Source: BIP341, "Constructing and spending Taproot outputs": the secret of the point with even y, plus the tweak. */
function taprootSecret(secret: bigint, merkleRoot: Uint8Array): bigint {
  const compressed = Point.BASE.multiply(secret).toBytes(true);
  const even = compressed[0] === 2 ? secret : Fn.neg(secret);
  const tweak = bytesToNumberBE(schnorr.utils.taggedHash("TapTweak", compressed.subarray(1), merkleRoot));
  return Fn.create(even + tweak);
}
