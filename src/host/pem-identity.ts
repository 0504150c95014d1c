/**
 * A user by the file of a private key, as `icp identity export` and other tools write it: Ed25519, secp256k1 or P-256.
 *
 * Source: principals-and-ids.md 2; the DER of the public key makes the principal, so it is the one that the platform expects: `SubjectPublicKeyInfo`.
 */
import { createPrivateKey, createPublicKey, sign, type KeyObject, type PrivateKeyInput } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { SignIdentity, type DerEncodedPublicKey, type PublicKey, type Signature } from "@icp-sdk/core/agent";
import { CanneryError } from "../base/cannery-error.ts";

/** Throws a `CanneryError` for what is no such file. */
export function identityOfPem(file: string): SignIdentity {
  if (!existsSync(file)) throw new CanneryError("file-missing", `There is no file ${file}: an identity is the PEM file of a private key.`);
  return new PemIdentity(privateKey(readFileSync(file, "utf8"), file), file);
}

/** Curves by the names that OpenSSL gives them. */
const CURVES: readonly (string | undefined)[] = ["secp256k1", "prime256v1"];

class PemIdentity extends SignIdentity {
  private readonly key: KeyObject;
  private readonly der: DerEncodedPublicKey;

  constructor(key: KeyObject, file: string) {
    super();
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
    const curve = details?.namedCurve;
    if (type !== "ed25519" && !CURVES.includes(curve))
      throw new CanneryError("bad-identity", `${file} is a key of ${curve ?? type}: the platform takes Ed25519, secp256k1 and P-256.`);
    this.key = key;
    this.der = new Uint8Array(createPublicKey(key).export({ type: "spki", format: "der" })) as DerEncodedPublicKey;
  }

  override getPublicKey(): PublicKey {
    return { toDer: () => this.der };
  }

  override sign(message: Uint8Array): Promise<Signature> {
    const isEdwards = this.key.asymmetricKeyType === "ed25519";
    const signature = isEdwards ? sign(null, message, this.key) : sign("sha256", message, { key: this.key, dsaEncoding: "ieee-p1363" });
    return Promise.resolve(new Uint8Array(signature) as Signature);
  }
}

function privateKey(pem: string, file: string): KeyObject {
  if (/BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(pem))
    throw new CanneryError("bad-identity", `${file} is encrypted: give an identity that is stored in plain text.`);
  try {
    const repaired = repairedKey(pem);
    return repaired === null ? createPrivateKey(pem) : createPrivateKey(repaired);
  } catch (cause) {
    throw new CanneryError("bad-identity", `${file} is not the PEM file of a private key.`, { cause });
  }
}

/** What older tools wrote and OpenSSL does not read: what stands before the key in DER, and how it is to be. */
const REPAIRS: readonly { readonly type: "pkcs8" | "sec1"; readonly before: RegExp; readonly header: string; readonly trailer: string }[] =
  [
    // Ed25519 with a public key that is tagged wrongly, as the library `ring` did.
    { type: "pkcs8", before: /^3053020101300506032b657004220420/, header: "302e020100300506032b657004220420", trailer: "" },
    // An EC key that does not name its curve: it is secp256k1, as `icp identity import` has it.
    { type: "sec1", before: /^30(?:2[0-9a-f]|6b)0201010420(?!.{64}a0)/, header: "302e0201010420", trailer: "a00706052b8104000a" },
  ];
const KEY_HEX_DIGITS = 64;

function repairedKey(pem: string): PrivateKeyInput | null {
  const body = /-----BEGIN (?:EC )?PRIVATE KEY-----([^-]*)-----END/.exec(pem)?.[1];
  if (body === undefined) return null;
  const hex = Buffer.from(body, "base64").toString("hex");
  for (const { type, before, header, trailer } of REPAIRS) {
    const found = before.exec(hex)?.[0];
    if (found === undefined) continue;
    const key = hex.slice(found.length, found.length + KEY_HEX_DIGITS);
    return { key: Buffer.from(header + key + trailer, "hex"), format: "der", type };
  }
  return null;
}
