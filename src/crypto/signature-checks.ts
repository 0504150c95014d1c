/**
 * Checks of signatures as an interface: `host/` fills it in, with the system's library in Node and with one in JavaScript in a tab.
 * Nothing throws: bytes that are no key or no signature do not verify.
 */

export interface SignatureChecks {
  sha256(bytes: Uint8Array): Uint8Array;
  /** Source: RFC 8032. Key of 32 bytes, signature of 64. */
  ed25519(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** With SHA-256. Key as an uncompressed point, signature as `r || s`. */
  ecdsa(curve: "p256" | "secp256k1", point: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** The same, with the signature in DER. */
  ecdsaOfDer(curve: "p256" | "secp256k1", point: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** PKCS #1 v1.5 with SHA-256. */
  rsa(key: { readonly modulus: Uint8Array; readonly exponent: Uint8Array }, message: Uint8Array, signature: Uint8Array): boolean;
  /** The same, with the key as SubjectPublicKeyInfo. */
  rsaOfDer(der: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}
