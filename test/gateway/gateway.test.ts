/**
 * The HTTP gateway in process: addresses, canisters' answers, and what it says when there is none.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync, gzipSync } from "node:zlib";
import { Actor, HttpAgent } from "@icp-sdk/core/agent";
import { IDL } from "@icp-sdk/core/candid";
import { beforeAll, describe, expect, test } from "vitest";
import { concat } from "../../src/base/bytes.ts";
import { encodeUtf8 } from "../../src/base/utf8.ts";
import { encodeLeb128 } from "../../src/codec/leb128.ts";
import { customDomainsOf } from "../../src/host/custom-domains.ts";
import { Cannery, type Canister } from "../../src/index.ts";
import { installMotoko, motoko } from "../programs/motoko.ts";
import { puppet } from "../support/puppet.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { wat } from "../support/wat.ts";
import { allBut, bodyOf, full, NONE, put, responseOnly, serve, type Page, type Web } from "./site.ts";

let net: Cannery;
let web: Canister<Web>;
let id: string;
beforeAll(async () => {
  net = await Cannery.create({ application: 1, subnets: [{ kind: "system", name: "nns" }], print: false });
  web = await installMotoko<Web>(net, "web", { subnet: net.subnets[0] });
  id = web.id.toText();
});

const at = (path: string, host = `${id}.localhost:4943`): string => `http://${host}${path}`;
async function said(answer: Response | Promise<Response>): Promise<string> {
  const response = await answer;
  return `${response.status} ${await response.text()}`;
}
async function kindOf(answer: Promise<Response>): Promise<string> {
  const response = await answer;
  const { error_type } = (await response.json()) as { error_type: string };
  return `${response.status} ${error_type}`;
}
async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}
const html = ["content-type", "text/html"] as const;

describe("the address", () => {
  test("names the canister by its host, with a prefix, and on any domain", async () => {
    await serve(web, [{ url: "/", body: "home" }]);
    for (const host of [
      `${id}.localhost`,
      `${id}.localhost.`,
      `${id.toUpperCase()}.localhost`,
      `preview--${id}.localhost:80`,
      `${id}.example.org`,
    ]) {
      expect(`${host}: ${await said(net.fetch(at("/", host)))}`).toBe(`${host}: 200 home`);
    }
    const response = await net.fetch(at("/"));
    expect(response.headers.get("x-ic-canister-id")).toBe(id);
    expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(response.headers.get("x-request-id")).not.toBe((await net.fetch(at("/"))).headers.get("x-request-id"));
  });

  test("names it by canisterId, or by the page that asks", async () => {
    await serve(web, [
      { url: "/", body: "home" },
      { url: "/script.js", body: "script" },
    ]);
    const home: Page = { url: "/", body: "home" };
    await put(web, home, (await serve(web, [home, { url: "/script.js", body: "script" }])).of(home), `/?canisterId=${id}`);
    for (const host of ["localhost:4943", "127.0.0.1", "[::1]:1"])
      expect(await said(net.fetch(at(`/?canisterId=${id}`, host)))).toBe("200 home");
    for (const referer of [`http://localhost/?canisterId=${id}`, `http://${id}.localhost/page`]) {
      expect(await said(net.fetch("http://localhost/script.js", { headers: { referer } }))).toBe("200 script");
    }
    expect(await kindOf(net.fetch("http://localhost/script.js", { headers: { referer: "no address" } }))).toBe(
      "400 canister_id_not_resolved",
    );
    expect(await kindOf(net.fetch("http://localhost/?canisterId=no-id"))).toBe("400 canister_id_incorrect");
  });

  test("is of one of the domains, when there are some", async () => {
    await serve(web, [{ url: "/", body: "home" }]);
    const handler = net.handler({ domains: ["example.org"] });
    const ask = (host: string): Promise<Response> => handler(new Request(at("/", host)));
    for (const host of [`${id}.example.org`, `${id}.raw.example.org`, `${id}.localhost:8000`])
      expect(await said(ask(host))).toBe("200 home");
    for (const host of ["example.com", `${id}.example.com`, `${id}.deeper.example.org`, `${id}.raw.deeper.example.org`, "notexample.org"]) {
      expect(`${host} ${await kindOf(ask(host))}`).toBe(`${host} 400 client_unknown_domain`);
    }
    expect((await handler(new Request("http://example.com/api/v2/status"))).status).toBe(400);
    for (const host of ["example.org", "127.0.0.1:8000", "localhost"]) {
      expect((await handler(new Request(`http://${host}/api/v2/status`))).status).toBe(200);
    }
  });

  test("may be a custom domain, from a file that comes and goes", async () => {
    await serve(web, [{ url: "/", body: "home" }]);
    const file = join(temporaryFolder("domains"), "custom-domains.txt");
    const ask = (host: string): Promise<string> =>
      said(net.handler({ domains: ["localhost"], customDomain: customDomainsOf(file) })(new Request(at("/", host))));
    const hosts = ["my_site.local.localhost:8000", "site.example.org", "deep.er.still.localhost"];
    for (const host of hosts) expect(await ask(host)).toMatch(/^400 /);
    writeFileSync(file, `${hosts.map((host) => `${host.split(":")[0]}:${id}`).join("\r\n")}\nno line\nbad.org:no-id\n`);
    for (const host of hosts) expect(await ask(host)).toBe("200 home");
    expect(await ask("bad.org")).toMatch(/^400 /);
  });

  test("is the gateway's own", async () => {
    const page = await net.fetch("http://localhost:4943/");
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await page.text()).toContain("&lt;canister id&gt;.localhost:4943/");
    expect((await net.fetch("http://localhost/health")).status).toBe(200);
  });
});

describe("what a canister serves [certification#http-gateway]", () => {
  test("arrives with the headers that are certified, and no others", async () => {
    const headers = [html, ["x-certified", "a"], ["set-cookie", "a=1"], ["set-cookie", "b=2"]] as const;
    const page: Page = { url: "/page", headers, body: "<h1>Page</h1>" };
    await serve(web, [{ ...page, expression: responseOnly("content-type", "set-cookie") }]);
    const response = await net.fetch(at("/page"));
    expect(await said(response)).toBe("200 <h1>Page</h1>");
    expect([response.headers.get("content-type"), response.headers.get("x-certified")]).toEqual(["text/html", null]);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(response.headers.get("ic-certificate")).toMatch(/^certificate=:/);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    await serve(web, [{ ...page, expression: allBut("content-type") }]);
    const other = await net.fetch(at("/page"));
    expect([other.headers.get("content-type"), other.headers.get("x-certified")]).toEqual([null, "a"]);
    await serve(web, [{ ...page, expression: NONE }]);
    const any = await net.fetch(at("/page"));
    expect([any.headers.get("content-type"), any.headers.get("x-certified")]).toEqual(["text/html", "a"]);
  });

  test("is refused when it is not certified, and shown behind raw", async () => {
    await serve(web, [{ url: "/plain", version: null, body: "plain", headers: [["x-any", "1"]] }]);
    expect(await kindOf(net.fetch(at("/plain")))).toBe("503 backend_response_verification");
    const raw = await net.fetch(at("/plain", `${id}.raw.localhost`));
    expect([raw.headers.get("x-any"), await said(raw)]).toEqual(["1", "200 plain"]);
  });

  test("with a request that is certified: method, headers, parameters, body", async () => {
    const body = Uint8Array.of(1, 2, 3);
    const request = { method: "POST", headers: [["content-type", "x/y"]] as const, body };
    await serve(web, [{ url: "/form?a=1", body: "posted", expression: full(["content-type"], ["a"]), request }]);
    const ask = (method: string, type: string): Promise<Response> =>
      net.fetch(at("/form?a=1"), { method, headers: { "content-type": type }, body });
    expect(await said(ask("POST", "x/y"))).toBe("200 posted");
    expect(await kindOf(ask("POST", "x/z"))).toBe("503 backend_response_verification");
    expect(await kindOf(ask("PUT", "x/y"))).toBe("503 backend_response_verification");
  });

  test("statuses, redirects, lengths, HEAD", async () => {
    await serve(web, [
      { url: "/moved", status: 307, headers: [["location", "/there"]], expression: responseOnly("location") },
      { url: "/same", status: 304 },
      { url: "/long", headers: [["content-length", "4"], ["transfer-encoding", "chunked"]], body: "long", expression: allBut() }, // prettier-ignore
      { url: "/lies", headers: [["content-length", "400"]], body: "lies", expression: allBut() },
      { url: "/odd", status: 999 },
      { url: "/bad-header", headers: [["x y", "z"]], expression: allBut() },
    ]);
    const moved = await net.fetch(at("/moved"));
    expect([moved.status, moved.headers.get("location")]).toEqual([307, "/there"]);
    expect(await said(net.fetch(at("/same")))).toBe("304 ");
    const long = await net.fetch(at("/long"));
    expect([long.headers.get("content-length"), long.headers.get("transfer-encoding")]).toEqual(["4", null]);
    expect((await net.fetch(at("/lies"))).headers.get("content-length")).toBe(null);
    const head = await net.fetch(at("/lies"), { method: "HEAD" });
    expect([head.headers.get("content-length"), await said(head)]).toEqual(["400", "200 "]);
    for (const url of ["/odd", "/bad-header"]) expect(await kindOf(net.fetch(at(url)))).toBe("503 backend_http_gateway");
  });

  test("version 1: the body, also when it is packed; no redirect, no caching", async () => {
    const text = "some text ".repeat(100);
    const pages: Page[] = [
      { url: "/plain", version: 1, body: text, headers: [["cache-control", "max-age=9"], html] },
      { url: "/as-it-is", version: 1, body: "brotli", headers: [["content-encoding", "br"]] },
      { url: "/moved", version: 1, status: 302, headers: [["location", "/plain"]] },
    ];
    // What is certified is what they hold.
    const packed = { "/gzip": gzipSync(text), "/deflate": deflateRawSync(text) };
    const made = await serve(web, [...pages, ...Object.keys(packed).map((url): Page => ({ url, version: 1, body: text }))]);
    for (const [url, body] of Object.entries(packed)) {
      const page: Page = { url, version: 1, body, headers: [["content-encoding", url.slice(1)]] };
      await put(web, page, made.of(page));
      expect((await bytesOf(await net.fetch(at(url)))).equals(body)).toBe(true);
    }
    const plain = await net.fetch(at("/plain"));
    expect([plain.headers.get("cache-control"), plain.headers.get("content-type"), await said(plain)]).toEqual([
      null,
      "text/html",
      `200 ${text}`,
    ]);
    expect(await said(net.fetch(at("/as-it-is")))).toBe("200 brotli");
    expect(await kindOf(net.fetch(at("/moved")))).toBe("503 backend_response_verification");
    const damaged: Page = { url: "/gzip", version: 1, body: packed["/gzip"].subarray(9), headers: [["content-encoding", "gzip"]] };
    await put(web, damaged, made.of(damaged));
    expect(await kindOf(net.fetch(at("/gzip")))).toBe("503 backend_response_verification");
  });

  test.each([
    ["icp:public supported_certificate_versions", "1,2", 503],
    ["icp:public supported_certificate_versions", "1", 200],
    ["icp:private supported_certificate_versions", "1", 503],
  ])("version 1 of a canister whose module has the section %s: %s", async (name, content, status) => {
    const body = concat(encodeLeb128(name.length), encodeUtf8(name), encodeUtf8(content));
    const other = await net.install<Web>(concat(motoko("web"), Uint8Array.of(0), encodeLeb128(body.length), body), {
      subnet: net.subnets[0],
    });
    await serve(other, [{ url: "/", version: 1, body: "old" }]);
    expect((await net.fetch(at("/", `${other.id.toText()}.localhost`))).status).toBe(status);
  });
});

describe("more than one call", () => {
  test("an upgrade is an update, whose answer is passed on", async () => {
    await put(web, { url: "/change", upgrade: true, version: null }, null);
    const post = (): Promise<Response> => net.fetch(at("/change"), { method: "POST", headers: { "x-one": "1" }, body: Uint8Array.of(7) });
    const first = await post();
    expect(first.headers.get("x-one")).toBe("1");
    expect([await said(first), await said(post())]).toEqual([1, 2].map((visit) => `201 POST /change "\\07" visit ${visit}`));
    // An address with an empty query is another one.
    await put(web, { url: "/?", upgrade: true, version: null }, null);
    expect(await said(net.fetch(at("/?")))).toBe('201 GET /? "" visit 3');
    // At the same time they are two calls too.
    const both = await Promise.all([post(), post()].map(said));
    expect(both.sort()).toEqual([4, 5].map((visit) => `201 POST /change "\\07" visit ${visit}`));
  });

  test("a streamed body is put together by tokens of any type, and verified as a whole", async () => {
    const body = Uint8Array.from({ length: 10_000 }, (_, i) => i % 251);
    const pages: Page[] = [
      { url: "/two", body, streamedBy: 5000 },
      { url: "/many", body, streamedBy: 700 },
      { url: "/v1", body, streamedBy: 3000, version: 1 },
    ];
    const made = await serve(web, pages);
    for (const page of pages) {
      const response = await net.fetch(at(page.url));
      expect(response.status).toBe(200);
      expect((await bytesOf(response)).equals(bodyOf(page))).toBe(true);
    }
    await put(web, { ...pages[1]!, body: body.with(9_999, 0) }, made.of(pages[1]!));
    expect(await kindOf(net.fetch(at("/many")))).toBe("503 backend_response_verification");
    await put(web, { url: "/endless", body: new Uint8Array(1200), streamedBy: 1, version: null }, null);
    expect(await kindOf(net.fetch(at("/endless", `${id}.raw.localhost`)))).toBe("503 backend_http_gateway");
  });

  test("a streaming callback must be the canister's own", async () => {
    const other = await installMotoko<Web>(net, "web", { subnet: net.subnets[0] });
    const host = `${other.id.toText()}.localhost`;
    await serve(other, [{ url: "/stream", body: "streamed", streamedBy: 3 }]);
    expect(await said(net.fetch(at("/stream", host)))).toBe("200 streamed");
    await other.actor.streamBy([web.id, "next"]);
    expect(await said(net.fetch(at("/stream", host)))).toMatch(/^503 .*backend_http_gateway.*a method of another canister/s);
  });

  describe("ranges", () => {
    const body = Uint8Array.from({ length: 5000 }, (_, i) => i % 249);
    const part = (first: number, last: number): Page => ({
      url: "/video",
      status: 206,
      headers: [["content-range", `bytes ${first}-${last}/5000`], html],
      body: body.subarray(first, last + 1),
      expression: full(["range"], [], "content-range", "content-type"),
      ...(first === 0 ? {} : { request: { headers: [["range", `bytes=${first}-`]] } }),
    });
    /** The parts under the headers that they are asked for with, and the first without one. */
    async function serveParts(pages: readonly Page[], ranges: readonly string[]): Promise<void> {
      const made = await serve(web, pages);
      for (const [i, page] of pages.entries()) await put(web, page, made.of(page), i === 0 ? "/video" : `/video ${ranges[i - 1]!}`);
    }

    test("a part is passed on to who asked for it; who did not gets the whole, each part verified", async () => {
      await serveParts([part(0, 1999), part(2000, 3999), part(4000, 4999)], ["bytes=2000-", "bytes=4000-"]);
      const asked = await net.fetch(at("/video"), { headers: { range: "bytes=2000-" } });
      expect([asked.status, asked.headers.get("content-range")]).toEqual([206, "bytes 2000-3999/5000"]);
      expect((await bytesOf(asked)).equals(body.subarray(2000, 4000))).toBe(true);
      const whole = await net.fetch(at("/video"));
      expect([whole.status, whole.headers.get("content-range"), whole.headers.get("content-type")]).toEqual([200, null, "text/html"]);
      expect((await bytesOf(whole)).equals(body)).toBe(true);
    });

    test("parts that do not belong together", async () => {
      const asFor = (range: string): Pick<Page, "request"> => ({ request: { headers: [["range", range]] } });
      await serveParts([part(0, 1999), { ...part(2000, 4999), ...asFor("bytes=2001-") }], ["bytes=2000-"]);
      expect(await kindOf(net.fetch(at("/video")))).toBe("503 backend_response_verification");
      await serveParts([part(0, 1999), { ...part(2500, 4999), ...asFor("bytes=2000-") }], ["bytes=2000-"]);
      expect(await kindOf(net.fetch(at("/video")))).toBe("503 backend_http_gateway");
      for (const range of [
        "bytes 0-1999/100",
        "bytes 5-4/5000",
        "items 0-1999/5000",
        "bytes 0-1999/*",
        "bytes 1-2000/5000",
        "bytes 0-7/5000",
      ]) {
        await serve(web, [{ ...part(0, 1999), headers: [["content-range", range], html] }]);
        expect(`${range} ${await kindOf(net.fetch(at("/video")))}`).toBe(`${range} 503 backend_http_gateway`);
      }
    });
  });
});

describe("CORS", () => {
  test("pages of other origins may ask, with what browsers ask for beforehand", async () => {
    await serve(web, [{ url: "/", body: "home" }]);
    const headers = {
      origin: "http://elsewhere.org",
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    };
    const preflight = await net.fetch(at("/"), { method: "OPTIONS", headers });
    expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([200, "*"]);
    expect(preflight.headers.get("access-control-allow-methods")).toContain("PUT");
    expect(preflight.headers.get("access-control-allow-headers")).toContain("content-type");
    const answer = await net.fetch(at("/"), { headers: { origin: "http://elsewhere.org" } });
    expect(answer.headers.get("access-control-expose-headers")).toContain("content-range");
  });

  test("and so may agents, at any address of the gateway [replica: API behind the gateway]", async () => {
    for (const [path, methods] of [
      [`/api/v4/canister/${id}/call`, "POST"],
      [`/api/v2/canister/${id}/query`, "POST"],
      ["/api/v2/status", "GET, HEAD"],
    ] as const) {
      const { status, headers } = await net.fetch(at(path), { method: "OPTIONS", headers: { origin: "http://elsewhere.org" } });
      expect([status, headers.get("access-control-allow-methods"), headers.get("access-control-max-age")]).toEqual([200, methods, "7200"]);
      expect(headers.get("access-control-allow-origin")).toBe("*");
      expect(headers.get("access-control-allow-headers")).toContain("content-type");
    }
    const { headers } = await net.fetch(at("/api/v2/status"));
    expect(headers.get("access-control-expose-headers")).toContain("x-request-id");
    expect([headers.get("x-content-type-options"), headers.get("x-frame-options")]).toEqual(["nosniff", "DENY"]);
  });

  test("an agent at a canister's own address", async () => {
    const agent = await HttpAgent.create({ host: at(""), fetch: net.fetch as typeof fetch, shouldFetchRootKey: true });
    const service = IDL.Service({ echo: IDL.Func([IDL.Text], [IDL.Text], ["query"]) });
    const actor = Actor.createActor<{ echo(text: string): Promise<string> }>(() => service, { agent, canisterId: web.id });
    expect(await actor.echo("through the gateway")).toBe("through the gateway");
  });
});

describe("when there is no answer", () => {
  const home = (canister: string): Promise<string> => kindOf(net.fetch(at("/", `${canister}.localhost`)));

  test("canisters that there are not, or that do not answer", async () => {
    const stranger = await net.install(puppet(), { subnet: net.subnets[0] });
    expect(await home(stranger.id.toText())).toBe("503 canister_error");
    const gone = await net.install(puppet(), { subnet: net.subnets[0] });
    await gone.stop();
    expect(await home(gone.id.toText())).toBe("503 canister_error");
    await gone.delete();
    expect(await home(gone.id.toText())).toBe("404 canister_not_found");
    // In no range; a user; the management canister; a subnet.
    for (const none of ["qjdve-lqaaa-aaaaa-aaaeq-cai", "2vxsx-fae", "aaaaa-aa", net.subnets[0]!.id]) {
      expect(`${none} ${await home(none)}`).toBe(`${none} 404 canister_not_found`);
    }
    await put(web, { url: "/trap", status: 0, version: null }, null);
    expect(await kindOf(net.fetch(at("/trap")))).toBe("503 canister_error");
  });

  test("canisters that are frozen, reject, or answer with something else", async () => {
    const frozen = await installMotoko<Web>(net, "web", { subnet: net.subnets[0] });
    frozen.setBalance(0n);
    expect(await home(frozen.id.toText())).toBe("503 canister_frozen");
    const answering = (call: string, data: string): Uint8Array =>
      wat(`(module (import "ic0" "msg_reply" (func $reply)) (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
        (import "ic0" "msg_reject" (func $reject (param i32 i32))) (memory 1) (data (i32.const 0) "${data}")
        (func (export "canister_query http_request") ${call}))`);
    const rejecting = await net.install(answering("(call $reject (i32.const 0) (i32.const 4))", "no!!"));
    expect(await home(rejecting.id.toText())).toBe("503 canister_reject");
    for (const data of ["DIDL", "DIDL\\00\\00", "DIDL\\00\\01\\71\\02no", "DIDL\\01\\6c\\00\\01\\00", "none"]) {
      const odd = await net.install(
        answering(`(call $append (i32.const 0) (i32.const ${data.replace(/\\../g, "x").length})) (call $reply)`, data),
      );
      expect(`${data} ${await home(odd.id.toText())}`).toBe(`${data} 503 backend_http_gateway`);
    }
  });

  test("requests that are too large, or of a kind that there is not", async () => {
    const post = (path: string, bytes: number): Promise<string> =>
      kindOf(net.fetch(at(path), { method: "POST", body: new Uint8Array(bytes) }));
    expect(await post("/", 10_000_001)).toBe("413 client_body_too_large");
    // What the gateway takes and the network does not.
    expect(await post("/", 5_000_000)).toBe("503 backend_http_gateway");
    await put(web, { url: "/large", upgrade: true, version: null }, null);
    expect(await post("/large", 2 ** 21)).toBe("503 backend_http_gateway");
    expect(await kindOf(net.fetch(at("/"), { method: "PURGE" }))).toBe("405 client_method_not_allowed");
  });

  test("browsers get a page", async () => {
    const headers = { accept: "text/html,*/*" };
    const response = await net.fetch(at("/", "nobody.localhost").replace(/$/, "x"), { headers });
    expect([response.status, response.headers.get("content-type")]).toEqual([400, "text/html; charset=utf-8"]);
    expect(await response.text()).toMatch(/<h1>400 No canister in the address<\/h1>.*canister_id_not_resolved/s);
    expect(await (await net.fetch("http://localhost/?canisterId=<b>", { headers })).text()).toContain("&lt;b&gt;");
  });
});
