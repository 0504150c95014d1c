/**
 * Who stands for the web in a test: a function, the test by hand, the host's fetch, or nobody.
 */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { IDL } from "@icp-sdk/core/candid";
import { describe, expect, test } from "vitest";
import { RESULT } from "../../src/core/management/candid-types.ts";
import { fetchOutcall as outcall } from "../../src/host/outcall-node.ts";
import { Cannery, type CanneryOptions, type OutcallAnswer } from "../../src/index.ts";
import { fetching } from "../support/outcall-requests.ts";
import { puppet } from "../support/puppet.ts";

async function network(options: CanneryOptions) {
  const net = await Cannery.create(options);
  const canister = await net.install(puppet(), { name: "client" });
  return { net, fetch: async (url: string) => said(await canister.call("run", fetching(url))) };
}

function said(data: Uint8Array): string {
  if (data[0] === 45) return `${data[1]} ${new TextDecoder().decode(data.slice(2))}`;
  const [result] = IDL.decode(RESULT.http_request as unknown as IDL.Type[], data.slice(1)) as unknown as [
    { status: bigint; body: Uint8Array },
  ];
  return `${result.status} ${new TextDecoder().decode(Uint8Array.from(result.body))}`;
}

test("by default nobody: the refusal says what to do", async () => {
  const { fetch } = await network({});
  expect(await fetch("https://example.org/")).toMatch(
    /^1 GET https:\/\/example\.org\/: this network has no way to the web\. Create it with/,
  );
});

describe("a function answers", () => {
  test("for all nodes, or for each of them", async () => {
    const { fetch, net } = await network({
      async outcalls({ url, nodes, canister, method }) {
        await Promise.resolve();
        expect([method, canister, nodes]).toEqual(["get", net.canisterIds[0], 13]);
        if (url.endsWith("/same")) return { body: "for all", headers: { "content-type": "text/plain" } };
        return Array.from({ length: nodes }, (_none, node) => ({ body: `of node ${node}` }));
      },
    });
    expect(await fetch("https://a/same")).toBe("200 for all");
    expect(await fetch("https://a/other")).toMatch(/^2 No consensus could be reached/);
    expect(net.draw()).toContain("GET https://a/same");
  });

  test("with a reject of its own; what it throws reaches the canister", async () => {
    const { fetch } = await network({
      outcalls({ url }) {
        if (url === "https://down/") return { reject: "Connecting to down failed" };
        if (url === "https://two/") return [{}, {}];
        throw new Error("no such page");
      },
    });
    expect(await fetch("https://down/")).toBe("2 Connecting to down failed");
    expect(await fetch("https://else/")).toBe("1 the outcall handler failed at https://else/: no such page");
    expect(await fetch("https://two/")).toContain("it gave 2 answers for 13 node(s)");
  });

  test("virtual time stands still while it works, and settling waits for it", async () => {
    const { net } = await network({
      outcalls: async () => ({ body: await new Promise<string>((resolve) => setImmediate(() => resolve("late"))) }),
    });
    const canister = net.canister(net.canisterIds[0]!, { candid: "service : {}" });
    const answer = canister.call("run", fetching("https://a/"));
    const before = net.time;
    await net.settle();
    expect(said(await answer)).toBe("200 late");
    expect(net.time - before).toBeLessThan(1_000_000n);
  });
});

describe("the test answers by hand", () => {
  test("in any order, or lets the minute pass", async () => {
    const { net, fetch } = await network({ outcalls: "wait" });
    const [a, b, c] = [fetch("https://a/"), fetch("https://b/"), fetch("https://c/")];
    await net.outcalls.next();
    await net.tick(3);
    expect(net.outcalls.pending.map(({ url }) => url)).toEqual(["https://a/", "https://b/", "https://c/"]);
    net.outcalls.pending[1]!.respond({ status: 201, body: "b" });
    expect(await b).toBe("201 b");
    await expect(net.settle()).rejects.toThrow(/client.* waits for https:\/\/a\/, an HTTPS outcall/);
    net.outcalls.pending[0]!.respond({ body: "a" });
    expect(await a).toBe("200 a");
    await net.advanceTime({ seconds: 61 });
    expect(await c).toBe("2 Canister http request timed out");
    expect(net.outcalls.pending).toEqual([]);
  });

  test("an answer given twice is refused", async () => {
    const { net, fetch } = await network({ outcalls: "wait" });
    const answered = fetch("https://a/");
    const outcall = await net.outcalls.next();
    outcall.respond({});
    expect(() => outcall.respond({})).toThrow(/is answered already|waits on subnet/);
    await answered;
  });

  test("a snapshot holds what waits; each side is answered on its own", async () => {
    const { net, fetch } = await network({ outcalls: "wait" });
    const first = fetch("https://a/");
    await net.outcalls.next();
    const snapshot = net.snapshot();
    net.outcalls.pending[0]!.respond({ body: "one" });
    expect(await first).toBe("200 one");
    net.restore(snapshot);
    expect(net.outcalls.pending.map(({ url }) => url)).toEqual(["https://a/"]);
  });
});

test("an answer for which the canister waits no longer is nothing to anybody", async () => {
  let asked = (): void => {};
  let answer = (_: string): void => {};
  const wasAsked = new Promise<void>((resolve) => (asked = resolve));
  const outcalls = async (): Promise<OutcallAnswer> => {
    asked();
    return { body: await new Promise<string>((resolve) => (answer = resolve)) };
  };
  const { net, fetch } = await network({ outcalls });
  const said = fetch("https://a/");
  await wasAsked;
  await net.advanceTime({ minutes: 2 });
  await net.tick(2);
  expect(await said).toMatch(/^2 .*timed out/);
  answer("late");
  await net.settle();
});

describe("the web itself [replica: HTTPS outcalls adapter]", () => {
  async function withServer(answer: RequestListener, use: (base: string) => Promise<void>): Promise<void> {
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).finally(() => server.close());
  }

  test("redirects are answers; what is no URL, and where nobody listens", async () => {
    await withServer(
      (request, response) => {
        if (request.url === "/moved") response.writeHead(302, { location: "/" }).end();
        else response.end(`${request.method} ${request.headers["user-agent"]}`);
      },
      async (base) => {
        const { fetch } = await network({ outcalls: "fetch" });
        expect(await fetch(`${base}/`)).toBe("200 GET ic/1.0");
        expect(await fetch(`${base}/moved`)).toBe("302 ");
        expect(await fetch("no url")).toBe("1 Failed to parse URL: no url");
        expect(await fetch("ftp://a/")).toBe("1 Url need to specify https scheme");
        expect(await fetch("http://127.0.0.1:1/")).toMatch(/^2 Connecting to 127\.0\.0\.1:1 failed: /);
      },
    );
  });

  const asked = { method: "get", headers: [], body: null, maxResponseBytes: null } as const;

  test("what the canister gave goes out, and no header of the host's own", async () => {
    const echo: RequestListener = (request, response) => {
      const { host: _, ...headers } = request.headers;
      void request.toArray().then((body) => response.end(JSON.stringify([headers, Buffer.concat(body as Buffer[]).toString()])));
    };
    await withServer(echo, async (base) => {
      const headers = ["1", "2"].map((value) => ({ name: "X-Two", value }));
      for (const method of ["get", "post"] as const) {
        const answer = await outcall({ ...asked, url: `${base}/`, method, headers, body: Uint8Array.of(0x61) });
        if (answer.kind !== "response") throw new Error(answer.message);
        expect(JSON.parse(Buffer.from(answer.body).toString())).toEqual([
          { "x-two": "1, 2", "user-agent": "ic/1.0", "content-length": "1" },
          "a",
        ]);
      }
    });
  });

  test("headers that are none are refused", async () => {
    const headers = [{ name: "a b", value: "c" }];
    expect(await outcall({ ...asked, url: "http://127.0.0.1:1/", headers })).toMatchObject({
      code: 1,
      message: expect.stringMatching(/^Invalid headers: /),
    });
  });

  test("what comes back is handed on as it came, within the limit on headers and body together", async () => {
    const packed = gzipSync("packed");
    const answer: RequestListener = (_, response) => {
      response.sendDate = false;
      response
        .writeHead(
          200,
          [
            ["Content-Encoding", "gzip"],
            ["X-Long", "x".repeat(40_000)],
            ["Set-Cookie", "a"],
            ["Set-Cookie", "b"],
          ].flat(),
        )
        .end(packed);
    };
    await withServer(answer, async (base) => {
      const got = await outcall({ ...asked, url: `${base}/` });
      if (got.kind !== "response") throw new Error(got.message);
      expect(got.body).toEqual(Uint8Array.from(packed));
      expect(got.headers.filter(({ name }) => name === "set-cookie").map(({ value }) => value)).toEqual(["a", "b"]);
      const headerBytes = got.headers.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
      const limited = async (maxResponseBytes: number) => await outcall({ ...asked, url: `${base}/`, maxResponseBytes });
      expect(await limited(headerBytes + packed.length)).toMatchObject({ kind: "response" });
      expect(await limited(headerBytes + packed.length - 1)).toMatchObject({
        code: 1,
        message: expect.stringMatching(/^Http body exceeds/),
      });
      expect(await limited(headerBytes - 1)).toMatchObject({ code: 1, message: expect.stringMatching(/^Header size exceeds/) });
    });
  });
});
