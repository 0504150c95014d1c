import { bls12_381 } from "@noble/curves/bls12-381.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fromHex, toHex } from "../base/bytes.ts";
import { SUBNET_PUBLIC_KEYS } from "../core/state/subnet-keys.ts";
import { nodeEd25519 } from "../host/ed25519-node.ts";
import { nodePlatform } from "../host/platform-node.ts";
import { multiplied } from "./bls-multiplication.ts";
import { subnetSeed } from "./network-keys.ts";

const { networkKeys } = nodePlatform;
const message = new TextEncoder().encode("\x0Dic-state-root and a hash");

test("the secret keys of subnets are those of the public keys that are written out", () => {
  const { Fr } = bls12_381.fields;
  for (const subnet of [0, 1, 255]) {
    expect(bls12_381.G2.Point.BASE.multiply(Fr.create(subnetSeed(subnet))).toHex(true)).toBe(SUBNET_PUBLIC_KEYS[subnet]);
  }
});

test("a subnet's signature is the library's own with the same key, and repeats", () => {
  const { shortSignatures, fields } = bls12_381;
  const secret = fields.Fr.toBytes(fields.Fr.create(subnetSeed(3)));
  const hash = shortSignatures.hash(message, "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_");
  const signature = networkKeys.signAsSubnet(3, message);
  expect(toHex(signature)).toBe(toHex(shortSignatures.Signature.toBytes(shortSignatures.sign(hash, secret))));
  expect(networkKeys.signAsSubnet(3, message)).toBe(signature);
  expect(networkKeys.signAsSubnet(4, message)).not.toEqual(signature);
});

test("nodes have keys of their own", () => {
  const key = networkKeys.nodePublicKey(1, 2);
  expect(key).toHaveLength(32);
  expect(
    new Set(
      [
        [0, 2],
        [1, 0],
        [1, 2],
        [12, 0],
      ].map(([subnet, node]) => toHex(networkKeys.nodePublicKey(subnet!, node!))),
    ).size,
  ).toBe(4);
  const signature = networkKeys.signAsNode(1, 2, message);
  expect(ed25519.verify(signature, message, key)).toBe(true);
  expect(ed25519.verify(signature, fromHex("00"), key)).toBe(false);
});

test("multiplication by the endomorphism is the library's own", () => {
  const { ORDER } = bls12_381.fields.Fr;
  const factors = [0n, 1n, 2n, ORDER - 1n, 0xd201000000010000n ** 2n - 1n, 0xd201000000010000n ** 2n];
  const base = bls12_381.shortSignatures.hash(message);
  const isSame = (factor: bigint): boolean => multiplied(base, factor).equals(base.multiplyUnsafe(factor));
  expect(factors.filter((factor) => !isSame(factor))).toEqual([]);
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: ORDER - 1n }), isSame), { numRuns: 30 });
});

test("Ed25519 by the host is the library's", () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  const secrets = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(secrets, bytes, (secret, text) => {
      expect(nodeEd25519.getPublicKey(secret)).toEqual(ed25519.getPublicKey(secret));
      expect(nodeEd25519.sign(text, secret)).toEqual(ed25519.sign(text, secret));
    }),
    { numRuns: 50 },
  );
});
