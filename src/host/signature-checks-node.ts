/**
 * Checks of signatures by Node's own library.
 */
import { createHash, createPublicKey, verify, type JsonWebKey, type KeyObject } from "node:crypto";
import type { SignatureChecks } from "../crypto/signature-checks.ts";
import { keptKeys } from "./kept-keys.ts";

const CURVE = { p256: "P-256", secp256k1: "secp256k1" } as const;

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

/** `null` when the bytes are no key. */
function keyOf(make: () => KeyObject): KeyObject | null {
  try {
    return make();
  } catch {
    return null; // the library's way of saying no
  }
}

const kept = keptKeys();

function ofJwk(key: JsonWebKey): KeyObject | null {
  return keyOf(() => kept(JSON.stringify(key), () => createPublicKey({ key, format: "jwk" })));
}

function pointKey(curve: keyof typeof CURVE, point: Uint8Array): KeyObject | null {
  return ofJwk({ kty: "EC", crv: CURVE[curve], x: base64url(point.subarray(1, 33)), y: base64url(point.subarray(33, 65)) });
}

function verifies(
  key: KeyObject | null,
  algorithm: string | null,
  message: Uint8Array,
  signature: Uint8Array,
  encoding?: "ieee-p1363" | "der",
): boolean {
  if (key === null) return false;
  try {
    return verify(algorithm, message, encoding === undefined ? key : { key, dsaEncoding: encoding }, signature);
  } catch {
    return false; // a signature of a form that the library does not take
  }
}

export const nodeSignatureChecks: SignatureChecks = {
  sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
  ed25519: (key, message, signature) => verifies(ofJwk({ kty: "OKP", crv: "Ed25519", x: base64url(key) }), null, message, signature),
  ecdsa: (curve, point, message, signature) => verifies(pointKey(curve, point), "sha256", message, signature, "ieee-p1363"),
  ecdsaOfDer: (curve, point, message, signature) => verifies(pointKey(curve, point), "sha256", message, signature, "der"),
  rsa: ({ modulus, exponent }, message, signature) =>
    verifies(ofJwk({ kty: "RSA", n: base64url(modulus), e: base64url(exponent) }), "sha256", message, signature),
  rsaOfDer: (der, message, signature) =>
    verifies(
      keyOf(() => createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" })),
      "sha256",
      message,
      signature,
    ),
};
