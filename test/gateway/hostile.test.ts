/**
 * Requests that nobody should send: each gets an answer, with a clear text where there is nothing to show, and only what was certified is shown.
 */
import { connect } from "node:net";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { listen } from "../../src/host/server/listen.ts";
import { Cannery, type Canister } from "../../src/index.ts";
import { installMotoko } from "../programs/motoko.ts";
import { put, serve, type Web } from "./site.ts";

let net: Cannery;
let web: Canister<Web>;
let id: string;
beforeAll(async () => {
  net = await Cannery.create({ print: false });
  web = await installMotoko<Web>(net, "web");
  id = web.id.toText();
  await serve(web, [
    { url: "/", body: "home" },
    { url: "/stream", body: "streamed", streamedBy: 3 },
    { url: "/page", headers: [["content-type", "text/html"]], body: "page" },
    { url: "/wrong", version: null, body: "never certified" },
  ]);
  await put(web, { url: "/change", version: null, upgrade: true }, null);
});

const TEXTS = [
  "",
  "%",
  "%00",
  "%ff",
  "\u00fc",
  "..",
  "<$>",
  "<*>",
  "http_expr",
  "--",
  "raw",
  "localhost",
  "canisterId=",
  "\ud800",
  "\n",
  ":",
  "a".repeat(300),
];

test("thousands of damaged requests", async () => {
  const edit = fc.record({ at: fc.nat(), text: fc.oneof(fc.constantFrom(...TEXTS), fc.string({ maxLength: 3 })), cut: fc.nat(3) });
  const damaged = (whole: string, edits: readonly { at: number; text: string; cut: number }[]): string =>
    edits.reduce((text, { at, text: inserted, cut }) => {
      const i = at % (text.length + 1);
      return text.slice(0, i) + inserted + text.slice(i + cut);
    }, whole);
  const edits = fc.array(edit, { maxLength: 2 });
  const request = fc.record({
    host: edits,
    path: edits,
    start: fc.constantFrom(
      "/",
      "/page",
      "/stream",
      "/wrong",
      "/change",
      `/?canisterId=${id}`,
      `/api/v3/canister/${id}/query`,
      "/api/v2/status",
    ),
    method: fc.constantFrom("GET", "GET", "GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE", "PROPFIND"),
    headers: fc.dictionary(
      fc.constantFrom(
        "range",
        "if-range",
        "accept",
        "accept-encoding",
        "referer",
        "content-type",
        "cookie",
        "host",
        "x-request-id",
        "ic-certificate",
      ),
      fc.oneof(
        fc.constantFrom("bytes=0-1", "bytes=5-2", "text/html", `http://${id}.localhost/`, "application/cbor", ""),
        fc.string({ maxLength: 20 }),
      ),
      { maxKeys: 3 },
    ),
    body: fc.uint8Array({ maxLength: 40 }),
  });
  const seen = new Map<number, number>();
  const shown = new Set<string>();
  await fc.assert(
    fc.asyncProperty(request, async ({ host, path, start, method, headers, body }) => {
      let asked: Request;
      try {
        const url = `http://${damaged(`${id}.localhost:4943`, host)}${damaged(start, path)}`;
        asked = new Request(url, { method, headers, ...(method === "GET" || method === "HEAD" ? {} : { body }) });
      } catch {
        return; // what is no request does not arrive
      }
      const answer = await net.fetch(asked);
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
      expect([200, 201, 204, 400, 404, 405, 413, 503]).toContain(answer.status);
      const text = await answer.text();
      // Of the HTTPS interface a method that is not taken is answered by the ones that are, and nothing else.
      if (answer.headers.has("allow")) expect(answer.status).toBe(405);
      else if (answer.status >= 400 && method !== "HEAD") expect(text.length).toBeGreaterThan(5);
      const isPage = answer.headers.get("content-type") !== "application/cbor";
      if (isPage && answer.status === 200 && answer.headers.get("x-ic-canister-id") === id) shown.add(text);
    }),
    { numRuns: 2000 },
  );
  for (const status of [200, 201, 400, 404, 503]) expect(seen.get(status) ?? 0).toBeGreaterThan(10);
  expect([...shown].sort()).toEqual(["", "home", "page", "streamed"]);
});

test("hundreds of damaged requests through a socket, and a good one after them", async () => {
  const server = await listen(net.fetch, { port: 0, bind: "127.0.0.1" });
  const lines = `GET /page HTTP/1.1\r\nHost: ${id}.localhost:${server.port}\r\nAccept: text/html\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody`;
  const exchange = (bytes: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(server.port, "127.0.0.1", () => socket.end(bytes, "latin1"));
      let received = "";
      socket.on("data", (data) => (received += data.toString("latin1")));
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(received));
    });
  try {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.string({ unit: "binary", maxLength: 4 }), fc.nat(5), async (at, text, cut) => {
        const i = at % lines.length;
        const received = await exchange(lines.slice(0, i) + text + lines.slice(i + cut));
        if (received !== "") expect(received).toMatch(/^HTTP\/1\.1 (200|201|307|400|404|405|408|413|417|431|503) /);
      }),
      { numRuns: 150 },
    );
    expect(await exchange(lines)).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\npage$/s);
    // An address or cookies longer than Node takes by itself are taken.
    const long = "x".repeat(50_000);
    for (const [from, to] of [
      ["/page", `/${long}`],
      ["Accept:", `Cookie: a=${long}\r\nAccept:`],
    ] as const) {
      expect(await exchange(lines.replace(from, to))).toMatch(/^HTTP\/1\.1 (200|503) /);
    }
  } finally {
    await server.close();
  }
});
