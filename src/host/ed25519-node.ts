/**
 * Ed25519 by Node's own library: ten times as fast as in JavaScript, and the same bytes.
 */
import { createPrivateKey, createPublicKey, sign, type KeyObject } from "node:crypto";
import { concat, fromHex, toHex } from "../base/bytes.ts";
import type { Ed25519Signer } from "../crypto/network-keys.ts";
import { keptKeys } from "./kept-keys.ts";

/** DER of a private key up to the key. Source: RFC 8410, 7. */
const PRIVATE_PREFIX = fromHex("302e020100300506032b657004220420");
const PUBLIC_BYTES = 32;

const kept = keptKeys();

function keyOf(secret: Uint8Array): KeyObject {
  return kept(toHex(secret), () => createPrivateKey({ key: Buffer.from(concat(PRIVATE_PREFIX, secret)), format: "der", type: "pkcs8" }));
}

export const nodeEd25519: Ed25519Signer = {
  getPublicKey: (secret) => new Uint8Array(createPublicKey(keyOf(secret)).export({ format: "der", type: "spki" }).subarray(-PUBLIC_BYTES)),
  sign: (message, secret) => new Uint8Array(sign(null, message, keyOf(secret))),
};
