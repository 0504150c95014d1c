/**
 * Threshold keys against what others make of them: node's own crypto, BIP32, BIP341, and the pairing equations of vetKD.
 */
import { createPublicKey, verify } from "node:crypto";
import { hash_to_field } from "@noble/curves/abstract/hash-to-curve.js";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { expect, test } from "vitest";
import { concat, fromHex, toHex } from "../../base/bytes.ts";
import { ed25519Keys } from "./ed25519-keys.ts";
import { secp256k1Keys } from "./secp256k1-keys.ts";
import { vetKeys } from "./vetkd-keys.ts";

const secp = secp256k1Keys({ secp256k1, schnorr });
const ed = ed25519Keys({ ed25519 });
const vet = vetKeys({ bls12_381, hash_to_field });

const SEED = new Uint8Array(32).fill(42);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const path = [Uint8Array.of(0, 0, 0, 1), text("any bytes"), new Uint8Array(0)];
const message = text("hello");

test("a path of four-byte indices is BIP32's public derivation", () => {
  const master = secp.ofSeed(SEED);
  const derived = secp.derive(master, [Uint8Array.of(0, 0, 0, 7)]);
  const point = secp256k1.Point.fromBytes(secp.publicKey(master));
  // Public derivation from the point alone gives the same key.
  const i = hmac(sha512, new Uint8Array(32), concat(secp.publicKey(master), Uint8Array.of(0, 0, 0, 7)));
  const child = point.add(secp256k1.Point.BASE.multiply(BigInt(`0x${toHex(i.subarray(0, 32))}`)));
  expect(toHex(secp.publicKey(derived))).toBe(toHex(child.toBytes(true)));
  expect(toHex(derived.chainCode)).toBe(toHex(i.subarray(32)));
});

test("an ECDSA signature by a derived key is verified by node", () => {
  const key = secp.derive(secp.ofSeed(SEED), path);
  const signature = secp.signEcdsa(key, sha256(message));
  expect(signature).toHaveLength(64);
  const spki = concat(fromHex("3036301006072a8648ce3d020106052b8104000a032200"), secp.publicKey(key));
  const publicKey = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  expect(verify("sha256", message, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature)).toBe(true);
  expect(verify("sha256", text("other"), { key: publicKey, dsaEncoding: "ieee-p1363" }, signature)).toBe(false);
});

test("a BIP340 signature is by the x-only key, with a tree by the taproot output key", () => {
  const key = secp.derive(secp.ofSeed(SEED), path);
  const internal = secp.publicKey(key).slice(1);
  expect(schnorr.verify(secp.signBip340(key, message, null), message, internal)).toBe(true);
  for (const root of [new Uint8Array(0), new Uint8Array(32).fill(5)]) {
    const tweak = BigInt(`0x${toHex(schnorr.utils.taggedHash("TapTweak", internal, root))}`);
    const output = schnorr.utils.lift_x(BigInt(`0x${toHex(internal)}`)).add(schnorr.Point.BASE.multiply(tweak));
    const signature = secp.signBip340(key, message, root);
    expect(schnorr.verify(signature, message, output.toBytes(true).slice(1))).toBe(true);
    expect(schnorr.verify(signature, message, internal)).toBe(false);
  }
});

test("BIP341's wallet test vector: the tweaked secret signs for the known output key", () => {
  // https://github.com/bitcoin/bips/blob/master/bip-0341/wallet-test-vectors.json, keyPathSpending, first input
  const secret = BigInt("0x6b973d88838f27366ed61c9ad6367663045cb456e28335c109e30717ae0c6baa");
  const key = { secret, chainCode: new Uint8Array(32) };
  expect(toHex(secp.publicKey(key).slice(1))).toBe("d6889cb081036e0faefa3a35157ad71086b123b2b144b649798b494c300a961d");
  const output = fromHex("53a1f6e454df1aa2776a2814a721372d6258050de330b3c6d10ee8f4e0dda343");
  expect(schnorr.verify(secp.signBip340(key, message, new Uint8Array(0)), message, output)).toBe(true);
});

test("an Ed25519 signature by a derived key is verified by node [management-canister#ed25519-key-derivation] [management-canister#child-key-derivation-ckd-function]", () => {
  const key = ed.derive(ed.ofSeed(SEED), path);
  const spki = concat(fromHex("302a300506032b6570032100"), ed.publicKey(key));
  const publicKey = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  const signature = ed.sign(key, message);
  expect(verify(null, message, publicKey, signature)).toBe(true);
  expect(verify(null, text("other"), publicKey, signature)).toBe(false);
});

test("a vetKD key can be decrypted, and verified as a BLS signature by the derived public key", () => {
  const { G1, G2, fields } = bls12_381;
  const master = vet.ofName(text("key_1"));
  const canister = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 7, 1, 1);
  for (const context of [new Uint8Array(0), text("context")]) {
    const derived = vet.derive(master, canister, context);
    const transportSecret = 123_456_789n;
    const transport = G1.Point.BASE.multiply(transportSecret).toBytes(true);
    const encrypted = vet.encrypt(derived, message, transport, new Uint8Array(32).fill(9));
    expect(encrypted).toHaveLength(192);
    const c1 = G1.Point.fromBytes(encrypted.subarray(0, 48));
    const c2 = G2.Point.fromBytes(encrypted.subarray(48, 144));
    const c3 = G1.Point.fromBytes(encrypted.subarray(144));
    const same = (a: unknown, b: unknown): boolean => fields.Fp12.eql(a as never, b as never);
    expect(same(bls12_381.pairing(c1, G2.Point.BASE), bls12_381.pairing(G1.Point.BASE, c2))).toBe(true);
    const key = c3.subtract(c1.multiply(transportSecret));
    const publicKey = G2.Point.fromBytes(vet.publicKey(derived));
    const augmented = concat(publicKey.toBytes(true), message);
    const hashed = G1.hashToCurve(augmented, { DST: "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_AUG_" });
    expect(same(bls12_381.pairing(key, G2.Point.BASE), bls12_381.pairing(G1.Point.fromAffine(hashed.toAffine()), publicKey))).toBe(true);
  }
  expect(vet.isTransportKey(new Uint8Array(48))).toBe(false);
  expect(vet.isTransportKey(vet.publicKey(master))).toBe(false);
});
