/**
 * Security keys: what a browser's `navigator.credentials.get` answers, signed by keys made here.
 *
 * Source: interface spec, index#webauthn.
 */
import { createHash, generateKeyPairSync, sign as signBy, type KeyObject } from "node:crypto";
import { encodeWithSelfDescribedTag } from "@dfinity/cbor";
import { concat, fromHex } from "../../src/base/bytes.ts";

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Who signs: a public key, and a signature of a message with its domain separator. */
export interface Signer {
  readonly der: Uint8Array;
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** A public key of the platform's own: 1 is WebAuthn, 2 a canister's. */
export function der(oid: number, key: Uint8Array): Uint8Array {
  const algorithm = fromHex(`300c060a2b0601040183b84301${oid.toString(16).padStart(2, "0")}`);
  const bits = concat(Uint8Array.of(0), key);
  const header = (tag: number, length: number): Uint8Array =>
    length < 128
      ? Uint8Array.of(tag, length)
      : length < 256
        ? Uint8Array.of(tag, 0x81, length)
        : Uint8Array.of(tag, 0x82, length >> 8, length & 255);
  const body = concat(algorithm, header(3, bits.length), bits);
  return concat(header(0x30, body.length), body);
}

export interface ClientData {
  /** Another challenge than the message, in base64 for URLs. */
  readonly challenge?: string;
  readonly type?: unknown;
  readonly origin?: unknown;
  /** Sent as bytes; as the text that it is by default. */
  readonly asBytes?: boolean;
  /** Behind the signature. */
  readonly trailing?: Uint8Array;
}

function webauthn(cose: Uint8Array, key: KeyObject, given: ClientData = {}): Signer {
  return {
    der: der(1, cose),
    sign(message) {
      const challenge = Buffer.from(message).toString("base64url");
      const { asBytes, trailing, ...changed } = given;
      const clientData = JSON.stringify({ type: "webauthn.get", challenge, origin: "https://id.ai", ...changed });
      const authenticatorData = concat(sha256(text("id.ai")), Uint8Array.of(5, 0, 0, 0, 1));
      const signature = signBy(
        key.asymmetricKeyType === "ed25519" ? null : "sha256",
        concat(authenticatorData, sha256(text(clientData))),
        key,
      );
      const encoded = encodeWithSelfDescribedTag({
        authenticator_data: authenticatorData,
        client_data_json: asBytes === true ? text(clientData) : clientData,
        signature: new Uint8Array(signature),
      });
      return concat(encoded, trailing ?? new Uint8Array(0));
    },
  };
}

const part = (jwk: { readonly [name: string]: unknown }, name: string): Uint8Array =>
  new Uint8Array(Buffer.from(jwk[name] as string, "base64url"));

export function es256(given: ClientData = {}): Signer {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = publicKey.export({ format: "jwk" });
  return webauthn(
    concat(fromHex("a50102032620012158 20".replace(" ", "")), part(jwk, "x"), fromHex("225820"), part(jwk, "y")),
    privateKey,
    given,
  );
}

export function eddsa(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return webauthn(concat(fromHex("a4010103272006215820"), part(publicKey.export({ format: "jwk" }), "x")), privateKey);
}

export function rs256(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = publicKey.export({ format: "jwk" });
  return webauthn(concat(fromHex("a401030339010020590100"), part(jwk, "n"), fromHex("2143"), part(jwk, "e")), privateKey);
}
