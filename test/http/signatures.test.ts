/**
 * Signatures that no identity of the agent makes by itself: WebAuthn in its encodings, canister signatures, sender information, delegations by them.
 */
import { createHash, generateKeyPairSync, sign as signBy } from "node:crypto";
import { encodeWithSelfDescribedTag, decode } from "@dfinity/cbor";
import { beforeAll, describe, expect, test } from "vitest";
import { concat } from "../../src/base/bytes.ts";
import { representationIndependentHash, type HashableMap } from "../../src/codec/request-id.ts";
import { encodeHashTree } from "../../src/core/certification/encoding.ts";
import { digestOf, domainSeparator, labeled, leaf, type HashTree } from "../../src/core/certification/hash-tree.ts";
import { verifyCanisterSignature } from "../../src/api/pocketic/verify-signature.ts";
import { nodePlatform } from "../../src/host/platform-node.ts";
import { Cannery, type Canister } from "../../src/index.ts";
import { der, eddsa, es256, rs256, type Signer } from "../support/webauthn.ts";
import { appendCaller, certify, program, puppet, reply, send } from "../support/puppet.ts";

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());
const sha224 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha224").update(bytes).digest());
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

let net: Awaited<ReturnType<typeof Cannery.create>>;
let canister: Canister;

beforeAll(async () => {
  net = await Cannery.create({ application: 1, nns: true, print: false });
  canister = await net.install(puppet());
});

/** Sends a call signed by these, the first the sender's key; the status and the text, or the caller that the canister saw. */
async function callAs(
  signers: readonly Signer[],
  options: {
    readonly targets?: readonly Uint8Array[];
    readonly permissions?: string;
    readonly content?: HashableMap;
    readonly endpoint?: string;
    readonly type?: string;
  } = {},
): Promise<string> {
  const type = options.type ?? "call";
  const now = BigInt(Date.now()) * 1_000_000n;
  const content = {
    request_type: type,
    sender: concat(sha224(signers[0]!.der), Uint8Array.of(2)),
    ingress_expiry: now + 240_000_000_000n,
    nonce: crypto.getRandomValues(new Uint8Array(16)),
    canister_id: canister.id.toUint8Array(),
    method_name: type === "call" ? "run" : "look",
    arg: program(appendCaller, send) as Uint8Array,
    ...options.content,
  } as HashableMap & { sender: Uint8Array };
  const delegations = [];
  for (let i = 1; i < signers.length; i++) {
    const delegation = {
      pubkey: signers[i]!.der,
      expiration: now + 600_000_000_000n,
      ...(options.targets === undefined ? {} : { targets: options.targets }),
      ...(options.permissions === undefined ? {} : { permissions: options.permissions }),
    };
    const message = concat(domainSeparator("ic-request-auth-delegation"), representationIndependentHash(delegation, sha256));
    delegations.push({ delegation, signature: await signers[i - 1]!.sign(message) });
  }
  const id = representationIndependentHash(content, sha256);
  const signature = await signers.at(-1)!.sign(concat(domainSeparator("ic-request"), id));
  const body = encodeWithSelfDescribedTag({
    content,
    sender_pubkey: signers[0]!.der,
    sender_sig: signature,
    ...(delegations.length === 0 ? {} : { sender_delegation: delegations }),
  } as never);
  const url = `http://localhost/api/${options.endpoint ?? (type === "call" ? "v4" : "v3")}/canister/${canister.id.toText()}/${type}`;
  const response = await net.fetch(url, {
    method: "POST",
    headers: { "content-type": "application/cbor" },
    body: body as Uint8Array<ArrayBuffer>,
  });
  if (response.status !== 200) return `${response.status} ${await response.text()}`;
  const fields = decode(new Uint8Array(await response.arrayBuffer())) as { status: string; reject_message?: string };
  return fields.status === "replied" ? "200" : `200 ${fields.reject_message}`;
}

function ed25519(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return {
    der: new Uint8Array(publicKey.export({ format: "der", type: "spki" })),
    sign: (message) => new Uint8Array(signBy(null, message, privateKey)),
  };
}

/** A canister that certifies what it signs. */
function byCanister(
  signer: Canister,
  seed = text("seed"),
  options: { readonly other?: boolean; readonly untagged?: boolean } = {},
): Signer {
  return {
    der: der(2, concat(Uint8Array.of(signer.id.toUint8Array().length), signer.id.toUint8Array(), seed)),
    async sign(message) {
      const signed = options.other === true ? text("something else") : message;
      const tree: HashTree = labeled("sig", labeled(sha256(seed), labeled(sha256(signed), leaf(new Uint8Array(0)))));
      await signer.call("run", program(certify(digestOf(tree, sha256)), reply()));
      const certificate = net.readState(signer.id, [["canister", signer.id.toUint8Array(), "certified_data"]]);
      const encoded = encodeWithSelfDescribedTag({ certificate, tree: decode(encodeHashTree(tree)) as never });
      return options.untagged === true ? encoded.slice(3) : encoded;
    },
  };
}

describe("WebAuthn, by every algorithm [index#webauthn]", () => {
  test.each([
    ["ES256", es256],
    ["EdDSA", eddsa],
    ["RS256", rs256],
  ])("%s", async (_name, make) => {
    expect(await callAs([make()])).toBe("200");
  });

  test("a challenge that is not the message is refused", async () => {
    const answer = await callAs([es256({ challenge: "AQID" })]);
    expect(answer).toMatch(
      /^400 Invalid signature: WebAuthn error: Challenge in webauthn is \[1, 2, 3\] while it is expected to be \[10, 105, /,
    );
  });

  test("a browser says of what kind and for which page its signature is; nobody compares that", async () => {
    expect(await callAs([es256({ type: "webauthn.create", origin: "https://example.org" })])).toBe("200");
    expect(await callAs([es256({ asBytes: true })])).toBe("200");
    const incomplete = "400 Invalid signature: WebAuthn error: WebAuthn envelope creation failed: ";
    for (const given of [{ type: undefined }, { origin: undefined }, { origin: 5 }, { challenge: "AQI=" }, { challenge: "AQJ" }]) {
      expect(await callAs([es256(given)])).toContain(incomplete);
    }
  });

  test("nothing may follow what was signed", async () => {
    expect(await callAs([es256({ trailing: Uint8Array.of(0) })])).toBe(
      "400 Invalid signature: WebAuthn error: Signature CBOR parsing failed",
    );
  });

  test("a security key delegates to a session key", async () => {
    expect(await callAs([es256(), ed25519()])).toBe("200");
  });
});

describe("canister signatures [index#canister-signatures]", () => {
  test.each([0, 1])("by a canister on subnet %i, delegating to a session key", async (subnet) => {
    const signer = await net.install(puppet(), { subnet: net.subnets[subnet]! });
    expect(await callAs([byCanister(signer), ed25519()])).toBe("200");
    expect(await callAs([byCanister(signer)])).toBe("200");
  });

  test("of another message, or without the tag, they do not verify", async () => {
    expect(await callAs([byCanister(canister, text("a"), { other: true })])).toBe(
      "400 Invalid signature: Invalid canister signature: the signature tree does not contain the message",
    );
    expect(await callAs([byCanister(canister, text("b"), { untagged: true })])).toContain("missing self-describing tag");
  });

  test("are judged for whoever asks PocketIC's server, by the root key that is given", async () => {
    const signer = byCanister(canister, text("c"));
    const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
    const asked = {
      msg: base64(text("m")),
      sig: base64(await signer.sign(text("m"))),
      pubkey: base64(signer.der),
      root_pubkey: base64(net.rootKey),
    };
    const answer = (change: object = {}) => {
      const { status, body } = verifyCanisterSignature({ ...asked, ...change }, nodePlatform);
      return `${status} ${body as string}`;
    };
    expect(answer()).toBe('200 {"Ok":null}');
    expect(answer({ msg: base64(text("n")) })).toMatch(/^406 \{"Err":"Canister signature verification failed: /);
    expect(answer({ pubkey: base64(net.rootKey) })).toMatch(/^400 \{"Err":"Failed to parse DER encoded public key: /);
    expect(answer({ root_pubkey: "" })).toMatch(/^400 \{"Err":"Failed to parse DER encoded root public key: /);
  });

  test("sender information is signed by the canister of the sender's key [https-interface#authentication]", async () => {
    const signer = byCanister(canister);
    const info = text("who I am");
    const signed = async (by: Uint8Array): Promise<HashableMap> => ({
      sender_info: { info, signer: by, sig: await signer.sign(concat(domainSeparator("ic-sender-info"), info)) },
    });
    expect(await callAs([signer], { content: await signed(canister.id.toUint8Array()) })).toBe("200");
    expect(await callAs([signer], { content: await signed(Uint8Array.of(1, 2)) })).toBe(
      `400 Invalid sender info: signer w3gef-eqbai does not match canister ID ${canister.id} in sender_pubkey`,
    );
    const unsigned = { sender_info: { info, signer: canister.id.toUint8Array(), sig: info } };
    expect(await callAs([signer], { content: unsigned })).toContain("400 Invalid sender info: signature verification failed: ");
    expect(await callAs([ed25519()], { content: unsigned })).toBe(
      "400 Invalid sender info: sender_pubkey is not a valid canister signature public key",
    );
    expect(await callAs([signer], { content: { sender_info: 5 } })).toContain("400 Failed to deserialize cbor request: ");
  });
});

describe("chains of delegations [https-interface#authentication]", () => {
  test("of twenty, not of twenty-one, and without a key twice", async () => {
    const chain = (length: number): Signer[] => Array.from({ length }, ed25519);
    expect(await callAs(chain(21))).toBe("200");
    expect(await callAs(chain(22))).toBe(
      "400 Invalid delegation: Chain of delegations is too long: got 21 delegations, but at most 20 are allowed.",
    );
    const [a, b] = chain(2);
    expect(await callAs([a!, b!, a!])).toContain("Chain of delegations contains at least one cycle");
  });

  test("for queries only", async () => {
    const chain = [ed25519(), ed25519()];
    expect(await callAs(chain, { permissions: "queries" })).toBe("400 Invalid delegation: the delegation is for queries only");
    expect(await callAs(chain, { permissions: "queries", type: "query" })).toBe("200");
    expect(await callAs(chain, { permissions: "all" })).toBe("200");
    expect(await callAs(chain, { permissions: "some" })).toContain("unknown permissions");
  });

  test("a signature by another key, no signature, a key that is none", async () => {
    const [a, b] = [ed25519(), ed25519()];
    expect(await callAs([{ der: a.der, sign: b.sign }])).toContain(
      "400 Invalid signature: Invalid basic signature: Ed25519 signature could not be verified",
    );
    expect(await callAs([{ der: a.der, sign: () => new Uint8Array(0) }])).toContain("Ed25519 signature could not be verified");
    expect(await callAs([{ der: text("no key"), sign: a.sign }])).toBe("400 Invalid signature: Invalid public key: malformed DER");
    expect(await callAs([a], { content: { sender: concat(sha224(b.der), Uint8Array.of(2)) } })).toContain("does not match the public key");
    expect(await callAs([a], { content: { nonce: new Uint8Array(33) } })).toBe(
      "400 Nonce in request is too big: got 33 bytes, but at most 32 are allowed.",
    );
    expect(await callAs([a], { content: { ingress_expiry: 1n } })).toMatch(
      /^400 Invalid request expiry: Specified ingress_expiry not within expected range: Minimum allowed expiry: 20\d\d-/,
    );
  });
});
