/**
 * Damaged and forged requests: each gets an answer of the platform's kind, and none lets a wrong signer through.
 */
import { HttpAgent } from "@icp-sdk/core/agent";
import { Ed25519KeyIdentity } from "@icp-sdk/core/identity";
import fc from "fast-check";
import { expect, test } from "vitest";
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
      if (!isAnonymous && response.status === 202) expect(Buffer.from(damaged).equals(Buffer.from(body))).toBe(true);
      expect([200, 202, 400, 403, 404, 413]).toContain(response.status);
      if (response.status >= 400) expect((await response.text()).length).toBeGreaterThan(5);
    }),
    { numRuns: 2000 },
  );
}, 60_000);

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
  expect(await text(net.fetch(url.replace(/canister\/[^/]*/, "canister/nobody"), post(body)))).toMatch(/^400 Could not parse principal ID/);
  expect(await text(net.fetch(`${HOST}/api/v9/nothing`))).toMatch(/^404 /);
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
