/**
 * Damaged and forged requests: each gets an answer of the platform's kind, and none lets a wrong signer through.
 */
import { Cbor, HttpAgent } from "@icp-sdk/core/agent";
import { Ed25519KeyIdentity } from "@icp-sdk/core/identity";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeCbor } from "../../src/codec/cbor.ts";
import { Cannery } from "../../src/index.ts";
import { appendJournal, note, program, puppet, reply, send } from "../support/puppet.ts";

const HOST = "http://localhost:4943";

/** A network, and the bodies that a real agent sends to it: an anonymous and a signed call, a query, a read_state. */
async function recorded() {
  const net = await Cannery.create({ print: false });
  const canister = await net.install(puppet());
  const bodies: { url: string; body: Uint8Array }[] = [];
  const spy = (async (address: string | URL, init: RequestInit) => {
    const url = String(address);
    if (init.body !== undefined) bodies.push({ url, body: new Uint8Array(init.body as Uint8Array) });
    return net.fetch(url, init);
  }) as unknown as typeof fetch;
  const id = canister.id.toText();
  for (const identity of [undefined, Ed25519KeyIdentity.generate()]) {
    const agent = HttpAgent.createSync({ host: HOST, fetch: spy, rootKey: net.rootKey, retryTimes: 0, ...(identity && { identity }) });
    await agent.update(id, { methodName: "run", arg: program(note("x"), reply("done")) });
    await agent.query(id, { methodName: "look", arg: reply("seen") });
  }
  return { net, canister, bodies };
}

const post = (body: Uint8Array): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/cbor" },
  body: body as Uint8Array<ArrayBuffer>,
});

test("thousands of damaged bodies: none crashes, none is taken for its signer's [https-interface#authentication]", async () => {
  const { net, bodies } = await recorded();
  const damage = fc.record({
    which: fc.nat(bodies.length - 1),
    edits: fc.array(fc.record({ at: fc.nat(), kind: fc.constantFrom("flip", "cut", "insert", "repeat"), value: fc.nat(255) }), {
      minLength: 1,
      maxLength: 4,
    }),
  });
  await fc.assert(
    fc.asyncProperty(damage, async ({ which, edits }) => {
      const { url, body } = bodies[which]!;
      let damaged = body;
      for (const { at, kind, value } of edits) {
        const i = at % Math.max(damaged.length, 1);
        if (kind === "flip") damaged = damaged.map((byte, index) => (index === i ? byte ^ (value | 1) : byte));
        if (kind === "cut") damaged = damaged.slice(0, i);
        if (kind === "insert") damaged = Uint8Array.of(...damaged.slice(0, i), value, ...damaged.slice(i));
        if (kind === "repeat") damaged = Uint8Array.of(...damaged.slice(0, i), ...damaged.slice(Math.max(0, i - 40)));
      }
      // Without the certificate, which takes most of the time of an answer.
      const response = await net.fetch(url.replace("/v4/", "/v2/"), post(damaged));
      const isAnonymous = !Buffer.from(body).includes("sender_sig");
      // What is taken says the same as before: tags, and lengths that are longer than they need be, say nothing.
      if (!isAnonymous && response.status === 202) expect(decodeCbor(damaged)).toEqual(decodeCbor(body));
      expect([200, 202, 400, 403, 404, 413]).toContain(response.status);
      if (response.status >= 400) expect((await response.text()).length).toBeGreaterThan(5);
    }),
    { numRuns: 2000 },
  );
});

test("what is no request of the interface", async () => {
  const { net, bodies } = await recorded();
  const { url, body } = bodies[0]!;
  const text = async (request: Promise<Response>): Promise<string> => {
    const response = await request;
    return `${response.status} ${await response.text()}`;
  };
  expect(await text(net.fetch(url, { ...post(body), headers: { "content-type": "text/plain" } }))).toBe(
    "400 Unexpected content-type, expected application/cbor.",
  );
  expect(await text(net.fetch(url.replace(/canister\/[^/]*/, "canister/2vxsx-fae"), post(body)))).toBe(
    "400 error: canister_not_found\ndetails: The specified canister does not exist.",
  );
  expect(await text(net.fetch(url.replace(/canister\/[^/]*/, "canister/nobody"), post(body)))).toBe(
    "400 Invalid URL: Text must be in valid Base32 encoding.",
  );
  expect(await text(net.fetch(`${HOST}/api/v9/nothing`))).toMatch(/^404 /);
  // What has the form of a request, and more behind it.
  expect(await text(net.fetch(url, post(Uint8Array.of(...body, 0))))).toBe("400 Failed to deserialize cbor request: trailing data");
  expect(await text(net.fetch(url, post(new Uint8Array(6 * 2 ** 20))))).toMatch(/^413 error: payload_too_large/);
  // Arrays that claim more items than there are bytes, and endless nesting.
  expect(await text(net.fetch(url, post(Uint8Array.of(0xd9, 0xd9, 0xf7, 0x9a, 0xff, 0xff, 0xff, 0xff))))).toMatch(/^400 /);
  expect(await text(net.fetch(url, post(new Uint8Array(100_000).fill(0x81))))).toMatch(/^400 /);
});

test("the same envelope posted twice runs once, and both get the reply [https-interface#http-sync-call-overview]", async () => {
  const { net, canister, bodies } = await recorded();
  const calls = bodies.filter(({ url }) => url.endsWith("/call"));
  const journal = async (): Promise<string> => Buffer.from(await canister.query("look", program(appendJournal, send))).toString();
  expect(await journal()).toBe("xx");
  for (const { url, body } of calls) expect((await net.fetch(url, post(body))).status).toBe(200);
  expect(await journal()).toBe("xx");
});

describe("what has not the form of a request is said in the replica's words [replica: malformed requests]", () => {
  const call = { canister_id: Uint8Array.of(4), method_name: "go", arg: new Uint8Array(0) };
  const kinds = [
    { type: "call", version: "v2", own: call, wrong: "query" },
    { type: "call", version: "v4", own: call, wrong: "query" },
    { type: "query", version: "v3", own: call, wrong: "call" },
    { type: "read_state", version: "v3", own: { paths: [] }, wrong: "query" },
  ];
  test.each(kinds)("$type $version", async ({ type, version, own, wrong }) => {
    const net = await Cannery.create({ print: false });
    const canister = await net.install(puppet());
    const url = `${HOST}/api/${version}/canister/${canister.id}/${type}`;
    const content = { request_type: type, sender: Uint8Array.of(4), ingress_expiry: BigInt(Date.now() + 120_000) * 1_000_000n, ...own };
    const text = async (envelope: object, at = url): Promise<string> => {
      const response = await net.fetch(at, post(Cbor.encode(envelope)));
      return `${response.status} ${await response.text()}`;
    };
    const { sender, request_type, ...rest } = content;
    const form = "400 Failed to deserialize cbor request: ";
    expect(await text({})).toBe(`${form}missing field \`content\``);
    expect(await text({ content: { ...rest, request_type } })).toBe(`${form}missing field \`sender\``);
    expect(await text({ content: { ...rest, sender } })).toBe(`${form}missing field \`request_type\``);
    expect(await text({ content: { ...content, request_type: wrong } })).toBe(`${form}unknown variant \`${wrong}\`, expected \`${type}\``);
    const unsigned = await text({ content, sender_pubkey: Uint8Array.of(1) });
    expect(unsigned).toBe(
      type === "call"
        ? "400 Could not parse body as call message: missing pubkey or signature: Got (Some(..), None, None)"
        : '400 Malformed request: MissingPubkeyOrSignature("Got (Some(..), None, None)")',
    );
    expect(await text({ content: { ...content, sender: new Uint8Array(30) } })).toContain("Bytes is longer than 29 bytes.");
    const nowhere = url.replace(/canister\/[^/]*/, "canister/this-is-not-a-valid-canister-id");
    expect(await text({ content }, nowhere)).toBe("400 Invalid URL: Text must be in valid Base32 encoding.");
  });
});
