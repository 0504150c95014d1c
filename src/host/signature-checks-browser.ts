/**
 * Checks of signatures in a tab, by a library: the browser's own are asynchronous. RSA, which only few security keys have, is not among them.
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { SignatureChecks } from "../crypto/signature-checks.ts";

/** The library throws on bytes that are no key, no signature. */
function verifies(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

const CURVES = { p256, secp256k1 } as const;

export const browserSignatureChecks: SignatureChecks = {
  sha256,
  ed25519: (key, message, signature) => verifies(() => ed25519.verify(signature, message, key)),
  ecdsa: (curve, point, message, signature) =>
    verifies(() => CURVES[curve].verify(signature, message, point, { prehash: true, lowS: false, format: "compact" })),
  ecdsaOfDer: (curve, point, message, signature) =>
    verifies(() => CURVES[curve].verify(signature, message, point, { prehash: true, lowS: false, format: "der" })),
  rsa: () => false,
  rsaOfDer: () => false,
};
