import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ed25519KeyIdentity } from "@icp-sdk/core/identity";
import { Secp256k1KeyIdentity } from "@icp-sdk/core/identity/secp256k1";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { identityOfPem } from "./pem-identity.ts";

const folder = temporaryFolder("pem");

function principalOf(pem: string | Buffer): string {
  const file = join(folder, "key.pem");
  writeFileSync(file, pem);
  return identityOfPem(file).getPrincipal().toText();
}

function pemOf(label: string, hex: string): string {
  return `-----BEGIN ${label}-----\n${Buffer.from(hex, "hex").toString("base64")}\n-----END ${label}-----\n`;
}

const seed = Buffer.from("0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20", "hex");
const ed25519 = Ed25519KeyIdentity.generate(seed).getPrincipal().toText();
const secp256k1 = Secp256k1KeyIdentity.fromSecretKey(seed).getPrincipal().toText();

describe("the PEM file of a private key", () => {
  test("of Ed25519 is the user that agents make of it, also as older tools wrote it", () => {
    expect(principalOf(pemOf("PRIVATE KEY", `302e020100300506032b657004220420${seed.toString("hex")}`))).toBe(ed25519);
    const publicKey = Buffer.from(Ed25519KeyIdentity.generate(seed).getPublicKey().toRaw()).toString("hex");
    const old = `3053020101300506032b657004220420${seed.toString("hex")}a123032100${publicKey}`;
    expect(principalOf(pemOf("PRIVATE KEY", old))).toBe(ed25519);
  });

  test("of secp256k1 is so in all forms, with its parameters or without", () => {
    const whole = `302e0201010420${seed.toString("hex")}a00706052b8104000a`;
    const key = createPrivateKey(pemOf("EC PRIVATE KEY", whole));
    const parameters = pemOf("EC PARAMETERS", "06052b8104000a");
    for (const type of ["sec1", "pkcs8"] as const) expect(principalOf(key.export({ type, format: "pem" }))).toBe(secp256k1);
    expect(principalOf(parameters + pemOf("EC PRIVATE KEY", whole))).toBe(secp256k1);
    expect(principalOf(parameters + pemOf("EC PRIVATE KEY", `30250201010420${seed.toString("hex")}`))).toBe(secp256k1);
  });

  test("of what no user signs with, an encrypted one, and another file are refused", () => {
    const pem = (key: KeyObject) => key.export({ type: "pkcs8", format: "pem" });
    const wrong = generateKeyPairSync("ec", { namedCurve: "secp384r1" }).privateKey;
    expect(() => principalOf(pem(wrong))).toThrow(/is a key of secp384r1: the platform takes/);
    const locked = generateKeyPairSync("ed25519").privateKey.export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "x",
    });
    expect(() => principalOf(locked)).toThrow(/is encrypted/);
    expect(() => principalOf("hello")).toThrow(/is not the PEM file of a private key/);
    expect(() => identityOfPem(join(folder, "nothing.pem"))).toThrow(/There is no file/);
  });
});
