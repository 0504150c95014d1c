/**
 * Response verification, judged by the library of the platform's gateways: what it takes ours takes, what it refuses ours refuses.
 */
import { createRequire } from "node:module";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { Cannery, type Canister } from "../../src/index.ts";
import { decodeFields, encodeFields } from "../../src/api/http/cbor.ts";
import { decodeResponse, encodeQuery, type CanisterRequest, type Header } from "../../src/api/gateway/messages.ts";
import { certificateCheck, type CertificateCheck } from "../../src/api/gateway/verification/certificates.ts";
import { VerificationFailure } from "../../src/api/gateway/verification/failure.ts";
import type { HashedResponse } from "../../src/api/gateway/verification/hashes.ts";
import { verifyResponse } from "../../src/api/gateway/verification/verify.ts";
import { encodeUtf8 } from "../../src/base/utf8.ts";
import { nodePlatform } from "../../src/host/platform-node.ts";
import { installMotoko } from "../programs/motoko.ts";
import { allBut, certification, full, NONE, put, responseOnly, serve, type Page, type Web } from "./site.ts";

const require = createRequire(import.meta.url);

function freshLibrary(): typeof import("@dfinity/response-verification") {
  const place = require.resolve("@dfinity/response-verification");
  delete require.cache[place];
  return require(place) as typeof import("@dfinity/response-verification");
}

let library = freshLibrary();
let net: Cannery;
let web: Canister<Web>;
let check: CertificateCheck;
beforeAll(async () => {
  net = await Cannery.create({ application: 1, subnets: [{ kind: "system", name: "nns" }], print: false });
  web = await installMotoko<Web>(net, "web", { subnet: net.subnets[0] });
  check = certificateCheck(net.rootKey, nodePlatform);
});

const get = (url: string, headers: readonly Header[] = []): CanisterRequest => ({ method: "GET", url, headers, body: new Uint8Array(0) });

/** By the older endpoint for queries: the library does not know certificates with the newer form of delegations (3.0.3). */
async function asked(request: CanisterRequest, of: Canister<Web> = web): Promise<HashedResponse> {
  const content = {
    request_type: "query",
    canister_id: of.id.toUint8Array(),
    method_name: "http_request",
    arg: encodeQuery(request),
    sender: Uint8Array.of(4),
    ingress_expiry: BigInt(Date.now() + 60_000) * 1_000_000n,
  };
  const answer = await net.fetch(`http://localhost/api/v2/canister/${of.id.toText()}/query`, {
    method: "POST",
    headers: { "content-type": "application/cbor" },
    body: encodeFields({ content }) as Uint8Array<ArrayBuffer>,
  });
  const { reply } = decodeFields(new Uint8Array(await answer.arrayBuffer())) as { reply: { arg: Uint8Array } };
  return decodeResponse(reply.arg);
}

/** The verdict of both: the version, or why not. */
function verdicts(request: CanisterRequest, response: HashedResponse, nowNanos = net.state.timeNanos): { ours: string; theirs: string } {
  const canister = web.id.toHex().toLowerCase() as never;
  const ours = verdict(() => {
    const given = { canister, certificateCheck: check, nowNanos, platform: nodePlatform, supportedVersions: () => null };
    return verifyResponse(request, response, given).version;
  });
  const headers = (list: readonly Header[]): [string, string][] => list.map(([name, value]) => [name, value]);
  const theirs = verdict(
    () =>
      library.verifyRequestResponsePair(
        { ...request, headers: headers(request.headers), certificate_version: [2] },
        { status_code: response.status, headers: headers(response.headers), body: response.body },
        web.id.toUint8Array(),
        nowNanos,
        300_000_000_000n,
        net.rootKey,
        1,
      ).verificationVersion,
  );
  return { ours, theirs };
}

function verdict(verify: () => number): string {
  try {
    return `version ${verify()}`;
  } catch (error) {
    // The library panics on some damaged CBOR, and cannot be used any more then.
    if (error instanceof WebAssembly.RuntimeError) {
      library = freshLibrary();
      return "refused";
    }
    if (error instanceof VerificationFailure || (error !== null && typeof error === "object" && "code" in error)) return "refused";
    throw error;
  }
}

const both = (verdict: string): { ours: string; theirs: string } => ({ ours: verdict, theirs: verdict });

describe("version 2", () => {
  const html: Header = ["Content-Type", "text/html"];
  const pages: readonly (Page & { readonly ask?: CanisterRequest })[] = [
    { url: "/index.html", headers: [html], body: "<h1>Hello</h1>" },
    { url: "/", headers: [html], body: "root" },
    { url: "/dir/", headers: [html], body: "a folder" },
    { url: "/dir", headers: [html], body: "not a folder" },
    { url: "/with%20space/%C3%BC", expressionPath: ["http_expr", "with space", "ü", "<$>"], body: "decoded" },
    { url: "/other", expression: allBut("date", "server"), headers: [html, ["X-Twice", "1"], ["x-twice", "2"], ["Date", "never"]] },
    { url: "/nothing", expression: NONE, body: "anything" },
    { url: "/spaced", expression: responseOnly("content-type").replaceAll("{", " {\n ").replaceAll(",", " , "), body: "spaces" },
    { url: "/moved", status: 308, headers: [["Location", "/"]], expression: responseOnly("location") },
    {
      url: "/full",
      expression: full(["accept"], []),
      request: { headers: [["Accept", "text/html"]] },
      ask: get("/full", [["accept", "text/html"]]),
    },
    {
      url: "/query?q=a&lang=en&q=b&x",
      expression: full([], ["Q", "x"]),
      request: { url: "/query?q=a&q=b&x" },
      ask: get("/query?q=a&lang=en&q=b&x"),
    },
    { url: "/unasked?page=2", expression: full([], ["q"]), request: { url: "/unasked" }, ask: get("/unasked?page=2") },
    { url: "/empty?", expression: full([], ["q"]), request: { url: "/empty" }, ask: get("/empty?") },
    {
      url: "/posted",
      expression: full([], []),
      request: { method: "POST", body: Uint8Array.of(1, 2) },
      ask: { ...get("/posted"), method: "POST", body: Uint8Array.of(1, 2) },
    },
    { url: "/deep/er/page", expressionPath: ["http_expr", "deep", "<*>"], body: "a wildcard" },
    { url: "/deep2/er/page", expressionPath: ["http_expr", "deep2", "", "<*>"], body: "a wildcard of a folder" },
    { url: "/deep3", expressionPath: ["http_expr", "deep3", "", "<*>"], body: "a wildcard of a folder, for the folder without its slash" },
  ];

  test("what an asset canister certifies is verified", async () => {
    await serve(web, pages);
    for (const { url, ask } of pages) {
      const request = ask ?? get(url);
      expect({ url, ...verdicts(request, await asked(request)) }).toEqual({ url, ...both("version 2") });
    }
  });

  test("a wildcard for everything", async () => {
    const fallback: Page = { url: "/not/there", status: 404, expressionPath: ["http_expr", "<*>"], body: "not here" };
    await serve(web, [fallback, pages[0]!]);
    for (const url of ["/not/there"]) expect(verdicts(get(url), await asked(get(url)))).toEqual(both("version 2"));
    // The answer for one address shows nothing about another.
    const response = await asked(get("/not/there"));
    expect(verdicts(get("/index.html"), response)).toEqual(both("refused"));
  });

  test("what is more specific must not be hidden behind a wildcard", async () => {
    const fallback: Page = { url: "/a/b", expressionPath: ["http_expr", "<*>"], body: "fallback" };
    for (const better of [
      ["a", "b", "<$>"],
      ["a", "<*>"],
      ["a", "", "<*>"],
      ["a", "b", "<*>"],
      ["", "<*>"],
    ]) {
      const page: Page = { url: "/better", expressionPath: ["http_expr", ...better], body: "better" };
      const made = certification([fallback, page]);
      await serve(web, [fallback, page]);
      await put(web, fallback, made.of(fallback));
      expect({ better, ...verdicts(get("/a/b"), await asked(get("/a/b"))) }).toEqual({ better, ...both("refused") });
    }
    const elsewhere: Page = { url: "/elsewhere", expressionPath: ["http_expr", "a", "c", "<*>"], body: "elsewhere" };
    await serve(web, [fallback, elsewhere]);
    expect(verdicts(get("/a/b"), await asked(get("/a/b")))).toEqual(both("version 2"));
  });

  test("another status, header, body, method, parameter, address or time is refused", async () => {
    const page: Page = {
      url: "/a?q=1",
      headers: [html],
      body: "page",
      expression: full(["accept"], ["q"], "content-type"),
      request: { headers: [["accept", "x"]] },
    };
    await serve(web, [page]);
    const request = get("/a?q=1", [["accept", "x"]]);
    const response = await asked(request);
    expect(verdicts(request, response)).toEqual(both("version 2"));
    const without = (name: string): HashedResponse => ({
      ...response,
      headers: response.headers.filter(([other]) => other.toLowerCase() !== name),
    });
    const refused: readonly (readonly [CanisterRequest, HashedResponse])[] = [
      [request, { ...response, status: 201 }],
      [request, { ...response, body: new Uint8Array(4) }],
      [request, { ...response, headers: [...response.headers, ["Content-Type", "text/plain"]] }],
      [request, without("content-type")],
      [request, without("ic-certificate")],
      [request, without("ic-certificateexpression")],
      [{ ...request, method: "POST" }, response],
      [{ ...request, body: Uint8Array.of(1) }, response],
      [{ ...request, url: "/a?q=2" }, response],
      [{ ...request, url: "/b?q=1" }, response],
      [{ ...request, url: "/a/?q=1" }, response],
      [{ ...request, headers: [] }, response],
    ];
    for (const [question, answer] of refused) expect(verdicts(question, answer)).toEqual(both("refused"));
    const extra: HashedResponse = { ...response, headers: [...response.headers, ["X-Extra", "1"]] };
    expect(verdicts(request, extra)).toEqual(both("version 2"));
    const { timeNanos } = net.state;
    expect(verdicts(request, response, timeNanos + 299_000_000_000n)).toEqual(both("version 2"));
    expect(verdicts(request, response, timeNanos + 301_000_000_000n)).toEqual(both("refused"));
    expect(verdicts(request, response, timeNanos - 301_000_000_000n)).toEqual(both("refused"));
  });

  test("a tree that was not certified, and a certificate of another canister", async () => {
    const page: Page = { url: "/a", body: "page" };
    await serve(web, [page]);
    const old = await asked(get("/a"));
    await serve(web, [{ url: "/a", body: "another page" }]);
    const now = await asked(get("/a"));
    const certificate = (from: HashedResponse): string => /certificate=:[^:]*:/.exec(header(from))![0];
    const header = ({ headers }: HashedResponse): string => headers.find(([name]) => name === "IC-Certificate")![1];
    const swapped = {
      ...old,
      headers: old.headers.map(([name, value]): Header => [name, value.replace(certificate(old), certificate(now))]),
    };
    expect(verdicts(get("/a"), old)).toEqual(both("version 2"));
    expect(verdicts(get("/a"), swapped)).toEqual(both("refused"));
    const other = await installMotoko<Web>(net, "web", { subnet: net.subnets[0] });
    await serve(other, [page]);
    const foreign = await asked(get("/a"), other);
    expect(verdicts(get("/a"), foreign)).toEqual(both("refused"));
  });
});

test("whatever is damaged in a response, nothing is verified that the library refuses", async () => {
  const page: Page = {
    url: "/a/b?q=1",
    headers: [["Content-Type", "text/plain"]],
    body: "page",
    expression: full(["accept"], ["q"], "content-type"),
  };
  const wild: Page = { url: "/w/x", expressionPath: ["http_expr", "w", "<*>"], body: "wild", expression: allBut("date") };
  const old: Page = { url: "/old", version: 1, body: "old" };
  const asset: Page = { url: "/gone", body: "gone" };
  await serve(web, [page, wild, old, asset]);
  const pairs: { request: CanisterRequest; response: HashedResponse }[] = [];
  for (const { url } of [page, wild, old]) pairs.push({ request: get(url), response: await asked(get(url)) });
  const edit = fc.record({
    where: fc.nat(5),
    at: fc.nat(),
    letter: fc.constantFrom(...'AQgw+/=:,<$*>{}"/?&abz12 '),
    kind: fc.constantFrom("set", "cut", "insert", "drop"),
  });
  const edited = (text: string, { at, letter, kind }: { at: number; letter: string; kind: string }): string => {
    const i = at % (text.length + 1);
    if (kind === "cut") return text.slice(0, i);
    return text.slice(0, i) + (kind === "drop" ? "" : letter) + text.slice(kind === "insert" ? i : i + 1);
  };
  const counts = { verified: 0, refused: 0, stricter: 0 };
  fc.assert(
    fc.property(fc.nat(pairs.length - 1), fc.array(edit, { minLength: 1, maxLength: 2 }), (which, edits) => {
      let { request, response } = pairs[which]!;
      for (const one of edits) {
        const { headers } = response;
        const at = one.at % headers.length;
        const header = (name: string, value: string): Header[] => headers.with(at, [name, value] as const) as Header[];
        const [name, value] = headers[at]!;
        if (one.where === 0) request = { ...request, url: `/${edited(request.url.slice(1), one).replace(/[^\x21-\x7e]|["<>{}]/g, "")}` };
        if (one.where === 1) response = { ...response, status: response.status + (one.at % 3) };
        if (one.where === 2) response = { ...response, body: encodeUtf8(edited(Buffer.from(response.body).toString(), one)) };
        if (one.where === 3) response = { ...response, headers: header(edited(name, one), value) };
        if (one.where >= 4) response = { ...response, headers: header(name, edited(value, one)) };
      }
      const { ours, theirs } = verdicts(request, response);
      if (ours !== "refused") expect(theirs).toBe(ours);
      counts[ours === theirs ? (ours === "refused" ? "refused" : "verified") : "stricter"]++;
    }),
    { numRuns: 800 },
  );
  expect(counts.verified).toBeGreaterThan(20);
  expect(counts.refused).toBeGreaterThan(300);
  // Damaged CBOR that still says the same: the library does not look at tags.
  expect(counts.stricter).toBeLessThan(8);
});

describe("version 1", () => {
  test("bodies by their address, else as /index.html", async () => {
    const pages: Page[] = [
      { url: "/index.html", version: 1, body: "index" },
      { url: "/a?query=1", version: 1, body: "a" },
      { url: "/%C3%BC", version: 1, body: "u" },
    ];
    const made = await serve(
      web,
      pages.map((page) => ({ ...page, url: decodeURIComponent(page.url) })),
    );
    await put(web, pages[0]!, made.of(pages[0]!), "*");
    for (const url of ["/index.html", "/a?query=1", "/anything"])
      expect(verdicts(get(url), await asked(get(url)))).toEqual(both("version 1"));
    const response = await asked(get("/a?query=1"));
    expect(verdicts(get("/a"), response)).toEqual(both("version 1"));
    expect(verdicts(get("/a"), { ...response, body: Uint8Array.of(1) })).toEqual(both("refused"));
    expect(verdicts(get("/index.html"), response)).toEqual(both("refused"));
    // Neither status nor headers are certified.
    expect(verdicts(get("/a"), { ...response, status: 500 })).toEqual(both("version 1"));
  });
});
