/**
 * The keys that a network certifies and signs with. They follow from texts that everybody knows: nothing here is a secret, as networks
 * are for tests, and keys are the same in every run. Public keys of subnets are written out in `core/state/subnet-keys.ts`.
 *
 * Ours: a subnet's key is one key; on the platform its nodes hold shares of it. What clients verify is the same.
 */
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { bigintOfBytes, fromHex, toHex } from "../base/bytes.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import { multiplied } from "./bls-multiplication.ts";

/** Subnets are numbered as the network lists them, nodes within their subnet. */
export interface NetworkKeys {
  /** BLS12-381 with signatures in G1, 48 bytes. Source: interface spec, certification#certificate (`verify_bls_signature`). */
  signAsSubnet(subnet: number, message: Uint8Array): Uint8Array;
  /** Whether a signature is of the holder of a public key (96 bytes). Malformed ones are not. */
  verifiesAsSubnet(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** Ed25519, 32 bytes. */
  nodePublicKey(subnet: number, node: number): Uint8Array;
  /** Ed25519, 64 bytes. */
  signAsNode(subnet: number, node: number, message: Uint8Array): Uint8Array;
}

/** Keys and signatures are the same whoever makes them. Source: RFC 8032. */
export interface Ed25519Signer {
  getPublicKey(secret: Uint8Array): Uint8Array;
  sign(message: Uint8Array, secret: Uint8Array): Uint8Array;
}

/** The libraries, which the host loads when the first signature is asked for. */
export interface SigningCurves {
  bls(): Pick<typeof import("@noble/curves/bls12-381.js"), "bls12_381">;
  ed25519(): { readonly ed25519: Ed25519Signer };
}

/** DER of a BLS public key up to the key. Source: interface spec, "Certificate" (OIDs 1.3.6.1.4.1.44668.5.3.1.2.1 and 5.3.2.1). */
export const BLS_DER_PREFIX = fromHex("308182301d060d2b0601040182dc7c0503010201060c2b0601040182dc7c05030201036100");
/** DER of an Ed25519 public key up to the key. Source: RFC 8410. */
export const ED25519_DER_PREFIX = fromHex("302a300506032b6570032100");

/** Source: interface spec, certification#certificate (ciphersuite). */
const CIPHERSUITE = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

/** Signatures of the latest states, and of delegations: many certificates show different parts of one state. */
const KEPT_SIGNATURES = 256;

/** What the secret key of a subnet is taken from: this modulo the group's order. */
export function subnetSeed(subnet: number): bigint {
  return bigintOfBytes(sha512(encodeUtf8(`cannery subnet key ${subnet}`)));
}

export function networkKeys(curves: SigningCurves): NetworkKeys {
  const signatures = new Map<string, Uint8Array>();
  const publicKeys = new Map<string, Uint8Array>();
  const nodeSecrets = new Map<string, Uint8Array>();

  function nodeSecret(subnet: number, node: number): Uint8Array {
    const name = `cannery node key ${subnet} ${node}`;
    let secret = nodeSecrets.get(name);
    if (secret === undefined) {
      secret = sha256(encodeUtf8(name));
      nodeSecrets.set(name, secret);
    }
    return secret;
  }

  function signed(subnet: number, message: Uint8Array): Uint8Array {
    const { shortSignatures, fields } = curves.bls().bls12_381;
    return multiplied(shortSignatures.hash(message, CIPHERSUITE), fields.Fr.create(subnetSeed(subnet))).toBytes(true);
  }

  return {
    signAsSubnet(subnet, message) {
      const key = `${subnet} ${toHex(message)}`;
      const known = signatures.get(key);
      if (known !== undefined) return known;
      const signature = signed(subnet, message);
      if (signatures.size >= KEPT_SIGNATURES) signatures.delete(signatures.keys().next().value!);
      signatures.set(key, signature);
      return signature;
    },
    verifiesAsSubnet(publicKey, message, signature) {
      const { shortSignatures } = curves.bls().bls12_381;
      try {
        return shortSignatures.verify(signature, shortSignatures.hash(message, CIPHERSUITE), publicKey);
      } catch {
        // The library throws on bytes that are no point of the group.
        return false;
      }
    },
    nodePublicKey(subnet, node) {
      const key = `${subnet} ${node}`;
      let publicKey = publicKeys.get(key);
      if (publicKey === undefined) {
        publicKey = curves.ed25519().ed25519.getPublicKey(nodeSecret(subnet, node));
        publicKeys.set(key, publicKey);
      }
      return publicKey;
    },
    signAsNode: (subnet, node, message) => curves.ed25519().ed25519.sign(message, nodeSecret(subnet, node)),
  };
}
