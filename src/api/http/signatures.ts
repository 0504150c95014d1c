/**
 * Public keys as DER, and signatures by them, in every scheme of the platform.
 *
 * The mathematics is the host's (`SignatureChecks`); here is what the bytes mean. Source: interface spec, index#signatures; http-interface.md 2.4.
 */
import { concat, equal, fromHex, toHex } from "../../base/bytes.ts";
import { decodeUtf8, encodeUtf8 } from "../../base/utf8.ts";
import { rootKey, type Certifying } from "../../core/certification/certificate.ts";
import type { PrincipalId } from "../../core/state/ids.ts";
import type { SignatureChecks } from "../../crypto/signature-checks.ts";
import { fromBase64Url } from "../../codec/base64.ts";
import { decodeCbor, InvalidCbor, isFields, type CborFields } from "../../codec/cbor.ts";
import { checkCanisterSignature } from "./canister-signature.ts";

/** What checking signatures needs. */
export interface Verifying extends Certifying {
  readonly checks: SignatureChecks;
  readonly platform: Certifying["platform"] & { sha224(bytes: Uint8Array): Uint8Array };
}

export type PublicKey =
  | { readonly scheme: "ed25519"; /** 32 bytes. */ readonly key: Uint8Array }
  | { readonly scheme: "p256" | "secp256k1"; /** SEC1, uncompressed. */ readonly point: Uint8Array }
  | { readonly scheme: "webauthn"; readonly credential: Credential }
  | { readonly scheme: "canister"; readonly canister: PrincipalId; readonly seed: Uint8Array }
  | { readonly scheme: "rsa"; readonly der: Uint8Array }
  | { readonly scheme: "unknown"; readonly problem: string };

type Credential =
  | { readonly algorithm: "es256"; readonly point: Uint8Array }
  | { readonly algorithm: "eddsa"; readonly key: Uint8Array }
  | { readonly algorithm: "rs256"; readonly modulus: Uint8Array; readonly exponent: Uint8Array };

const ED25519 = fromHex("302a300506032b6570032100");
const P256 = fromHex("3059301306072a8648ce3d020106082a8648ce3d030107034200");
const SECP256K1 = fromHex("3056301006072a8648ce3d020106052b8104000a034200");
/** AlgorithmIdentifier of COSE keys and of canister signatures: a sequence of one object identifier. */
const COSE = fromHex("300c060a2b0601040183b8430101");
const CANISTER = fromHex("300c060a2b0601040183b8430102");
/** rsaEncryption with NULL parameters. Source: RFC 8017. */
const RSA = fromHex("300d06092a864886f70d0101010500");

/** Never throws: a key of no known form is one by which nothing verifies. */
export function parsePublicKey(der: Uint8Array): PublicKey {
  if (startsWith(der, ED25519) && der.length === ED25519.length + 32) return { scheme: "ed25519", key: der.subarray(ED25519.length) };
  if (startsWith(der, P256) && der.length === P256.length + 65) return { scheme: "p256", point: der.subarray(P256.length) };
  if (startsWith(der, SECP256K1) && der.length === SECP256K1.length + 65)
    return { scheme: "secp256k1", point: der.subarray(SECP256K1.length) };
  const body = subjectPublicKey(der);
  if (body === null) return unknown("malformed DER");
  if (startsWith(body.algorithm, CANISTER)) return canisterKey(body.key);
  if (startsWith(body.algorithm, RSA)) return { scheme: "rsa", der };
  if (startsWith(body.algorithm, COSE)) return webauthnKey(body.key);
  return unknown(`unsupported algorithm ${toHex(body.algorithm)}`);
}

function unknown(problem: string): PublicKey {
  return { scheme: "unknown", problem };
}

/** `null` when the signature verifies, else why not. */
export function verifySignature(key: PublicKey, message: Uint8Array, signature: Uint8Array, network: Verifying): string | null {
  const { checks } = network;
  const basic = (isValid: boolean, scheme: string): string | null =>
    isValid
      ? null
      : `Invalid basic signature: ${scheme} signature could not be verified: public key ${keyText(key)}, signature ${toHex(signature)}`;
  switch (key.scheme) {
    case "ed25519":
      return basic(signature.length === 64 && checks.ed25519(key.key, message, signature), "Ed25519");
    case "p256":
      return basic(signature.length === 64 && checks.ecdsa("p256", key.point, message, signature), "EcdsaP256");
    case "secp256k1":
      return basic(signature.length === 64 && checks.ecdsa("secp256k1", key.point, message, signature), "EcdsaSecp256k1");
    case "rsa":
      return basic(checks.rsaOfDer(key.der, message, signature), "RsaSha256");
    case "webauthn":
      return webauthnProblem(key.credential, message, signature, checks);
    case "canister":
      return checkCanisterSignature({ rootKey: rootKey(network.state), platform: network.platform }, key, message, signature);
    case "unknown":
      return `Invalid public key: ${key.problem}`;
  }
}

function keyText(key: PublicKey): string {
  switch (key.scheme) {
    case "ed25519":
      return toHex(key.key);
    case "p256":
    case "secp256k1":
      return toHex(key.point);
    default:
      return key.scheme;
  }
}

// DER.

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length >= prefix.length && equal(bytes.subarray(0, prefix.length), prefix);
}

/** SubjectPublicKeyInfo: SEQUENCE { AlgorithmIdentifier, BIT STRING }. `null` when it is not exactly that. Source: RFC 5280, 4.1. */
function subjectPublicKey(der: Uint8Array): { readonly algorithm: Uint8Array; readonly key: Uint8Array } | null {
  const whole = element(der, 0, 0x30);
  if (whole === null || whole.end !== der.length) return null;
  const algorithm = element(der, whole.start, 0x30);
  if (algorithm === null) return null;
  const bits = element(der, algorithm.end, 0x03);
  if (bits === null || bits.end !== whole.end || der[bits.start] !== 0) return null;
  return { algorithm: der.subarray(whole.start, algorithm.end), key: der.subarray(bits.start + 1, bits.end) };
}

/** Content of the element at `at`, with DER's shortest lengths; `null` when there is none of this tag. */
function element(der: Uint8Array, at: number, tag: number): { readonly start: number; readonly end: number } | null {
  if (der[at] !== tag) return null;
  const first = der[at + 1];
  if (first === undefined) return null;
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first - 0x80;
    if (count < 1 || count > 3) return null;
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (der[start + i] ?? 0);
    start += count;
    if (length < 0x80) return null;
  }
  return start + length <= der.length ? { start, end: start + length } : null;
}

/** Length of the canister id, the id, the seed. */
function canisterKey(bytes: Uint8Array): PublicKey {
  const length = bytes[0] ?? 0;
  if (length === 0 || length > 29 || bytes.length < 1 + length) return unknown("malformed canister signature public key");
  return { scheme: "canister", canister: toHex(bytes.subarray(1, 1 + length)) as PrincipalId, seed: bytes.subarray(1 + length) };
}

// WebAuthn.

/** COSE key parameters. Source: RFC 9053, 7 and RFC 8230, 4. */
const COSE_KEY = { type: "1", algorithm: "3", curve: "-1", x: "-2", y: "-3" } as const;

function webauthnKey(bytes: Uint8Array): PublicKey {
  const fields = fieldsOf(bytes);
  if (fields === null) return unknown("malformed COSE key");
  const blob = (name: string): Uint8Array | null => {
    const value = fields[name];
    return value instanceof Uint8Array ? value : null;
  };
  const [x, y] = [blob(COSE_KEY.x), blob(COSE_KEY.y)];
  switch (fields[COSE_KEY.algorithm]) {
    case -7:
      if (fields[COSE_KEY.type] !== 2 || fields[COSE_KEY.curve] !== 1 || x?.length !== 32 || y?.length !== 32) break;
      return { scheme: "webauthn", credential: { algorithm: "es256", point: concat(Uint8Array.of(4), x, y) } };
    case -8:
      if (fields[COSE_KEY.type] !== 1 || fields[COSE_KEY.curve] !== 6 || x?.length !== 32) break;
      return { scheme: "webauthn", credential: { algorithm: "eddsa", key: x } };
    case -257: {
      const [modulus, exponent] = [blob(COSE_KEY.curve), x];
      if (fields[COSE_KEY.type] !== 3 || modulus === null || exponent === null) break;
      return { scheme: "webauthn", credential: { algorithm: "rs256", modulus, exponent } };
    }
  }
  return unknown("unsupported COSE key");
}

/** `null` when the bytes are not the CBOR of a map. */
function fieldsOf(bytes: Uint8Array): CborFields | null {
  try {
    const value = decodeCbor(bytes);
    return isFields(value) ? value : null;
  } catch (error) {
    if (!(error instanceof InvalidCbor)) throw error;
    return null;
  }
}

/** The browser signs what the authenticator adds and the hash of what it says itself, which quotes the message. Replica: `rs/validator/src/webauthn.rs` (c7c5005). */
function webauthnProblem(credential: Credential, message: Uint8Array, signature: Uint8Array, checks: SignatureChecks): string | null {
  const invalid = (problem: string): string => `WebAuthn error: ${problem}`;
  const parts = webauthnParts(signature);
  if (parts === null) return invalid("Signature CBOR parsing failed");
  const challenge = challengeOf(parts.clientData);
  if (challenge === null) return invalid("WebAuthn envelope creation failed: the client data has no type, challenge and origin");
  const signed = concat(parts.authenticatorData, checks.sha256(parts.clientData));
  if (!verifiesCredential(credential, signed, parts.signature, checks)) return invalid("Verifying signature failed.");
  if (equal(challenge, message)) return null;
  return invalid(`Challenge in webauthn is [${[...challenge].join(", ")}] while it is expected to be [${[...message].join(", ")}]`);
}

function verifiesCredential(credential: Credential, message: Uint8Array, signature: Uint8Array, checks: SignatureChecks): boolean {
  switch (credential.algorithm) {
    case "es256":
      return checks.ecdsaOfDer("p256", credential.point, message, signature);
    case "eddsa":
      return signature.length === 64 && checks.ed25519(credential.key, message, signature);
    case "rs256":
      return checks.rsa(credential, message, signature);
  }
}

function webauthnParts(bytes: Uint8Array): { authenticatorData: Uint8Array; clientData: Uint8Array; signature: Uint8Array } | null {
  const { authenticator_data: authenticatorData, client_data_json: json, signature } = fieldsOf(bytes) ?? {};
  // A text for the specification; the replica takes its bytes too.
  const clientData = typeof json === "string" ? encodeUtf8(json) : json;
  if (!(authenticatorData instanceof Uint8Array) || !(signature instanceof Uint8Array) || !(clientData instanceof Uint8Array)) return null;
  return { authenticatorData, clientData, signature };
}

/** What the browser says that it was asked to sign. It says of what kind that was and for which page, too, which nobody compares. */
function challengeOf(clientData: Uint8Array): Uint8Array | null {
  const text = decodeUtf8(clientData);
  if (text === null) return null;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  const { type, challenge, origin } = isFields(parsed) ? parsed : {};
  if (typeof type !== "string" || typeof challenge !== "string" || typeof origin !== "string") return null;
  return fromBase64Url(challenge);
}
