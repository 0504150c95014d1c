/**
 * The asset canister: what uploaders do with it, and what it serves, held to the gateways' own verification.
 */
import { verifyRequestResponsePair, getMinVerificationVersion, getMaxVerificationVersion } from "@dfinity/response-verification";
import { sha256 } from "@noble/hashes/sha2.js";
import { beforeAll, expect, test } from "vitest";
import { concat, toHex } from "../../src/base/bytes.ts";
import { systemModule } from "../../src/host/system-modules.ts";
import { Cannery, type Canister, type CanisterView } from "../../src/index.ts";

type Header = [string, string];
interface Response {
  readonly status_code: number;
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
  readonly streaming_strategy: [] | [{ readonly Callback: { readonly token: Token } }];
}
interface Token {
  readonly key: string;
  readonly index: bigint;
}

let made: Promise<Cannery>;
beforeAll(() => {
  made = (async () => {
    const net = await Cannery.create({ application: 1, print: false });
    await net.install(systemModule("assets"), { name: "assets", args: [[]], env: { PUBLIC_CANISTER_ID: "x y", SECRET: "no" } });
    return net;
  })();
});

async function scene() {
  const net = (await made).fork();
  const assets = net.canister(net.canisterIds[0]!);
  return { net, assets, actor: assets.actor };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (content: Uint8Array): string => new TextDecoder().decode(content);

function page(key: string, content: string, fields: object = {}) {
  return { key, content_type: "text/html", content_encoding: "identity", content: bytes(content), sha256: [], ...fields };
}

function get(url: string, fields: object = {}) {
  return {
    method: "GET",
    url,
    headers: [["accept-encoding", "gzip, br"]] as Header[],
    body: new Uint8Array(),
    certificate_version: [2],
    ...fields,
  };
}

/** The answer to a request, whose proof the gateways' library accepts; with the whole body, also where it comes in parts. */
async function serve(net: Cannery, assets: Canister | CanisterView, url: string, fields: object = {}) {
  const request = get(url, fields);
  const response = (await assets.actor.http_request(request)) as Response;
  const parts = [response.body];
  let next: Token | undefined = response.streaming_strategy[0]?.Callback.token;
  while (next !== undefined) {
    const part = (await assets.actor.http_request_streaming_callback(next)) as { body: Uint8Array; token: [] | [Token] };
    parts.push(part.body);
    [next] = part.token;
  }
  const body = concat(...parts);
  const { url: path, method, headers } = request;
  const proof = verifyRequestResponsePair(
    { url: path, method, headers, body: new Uint8Array() } as never,
    { status_code: response.status_code, headers: response.headers as Header[], body } as never,
    assets.id.toUint8Array(),
    net.time,
    300_000_000_000n,
    net.rootKey,
    (fields as { minimum?: number }).minimum ?? getMaxVerificationVersion(),
  );
  return {
    status: response.status_code,
    headers: new Map(response.headers.map(([name, value]) => [name.toLowerCase(), value])),
    body,
    proof,
  };
}

test("a page that was stored is served with a proof, under each of its names", async () => {
  const { net, assets, actor } = await scene();
  await actor.store(page("/index.html", "<h1>hello</h1>"));
  await actor.store(page("/docs/index.html", "docs"));
  await actor.store(page("/about.html", "about"));
  for (const url of ["/", "/index.html", "/index", "/?query=1"]) {
    const { status, body, headers } = await serve(net, assets, url);
    expect([url, status, text(body)]).toEqual([url, 200, "<h1>hello</h1>"]);
    expect(headers.get("content-type")).toBe("text/html");
    expect(headers.get("etag")).toBe(`"${toHex(sha256(body))}"`);
  }
  for (const url of ["/docs", "/docs/", "/docs/index", "/docs/index.html"]) expect(text((await serve(net, assets, url)).body)).toBe("docs");
  expect(text((await serve(net, assets, "/about")).body)).toBe("about");
});

test("where nothing is, the first page is served, and proven; without one, not found", async () => {
  const { net, assets, actor } = await scene();
  await actor.store(page("/app/script.js", "1", { content_type: "text/javascript" }));
  const missing = await serve(net, assets, "/app/none/at/all");
  expect([missing.status, text(missing.body)]).toEqual([404, "not found"]);
  await actor.store(page("/index.html", "first"));
  for (const url of ["/app/none/at/all", "/app", "/zzz", "/app/script.j", "/app/script.jsx"]) {
    const { status, body } = await serve(net, assets, url);
    expect([url, status, text(body)]).toEqual([url, 200, "first"]);
  }
  await actor.delete_asset({ key: "/index.html" });
  expect((await serve(net, assets, "/")).status).toBe(404);
});

test("a forged body, header or status is noticed", async () => {
  const { net, assets, actor } = await scene();
  await actor.store(page("/index.html", "true"));
  const response = (await actor.http_request(get("/"))) as Response;
  const verify = (changed: object): unknown => {
    const { status_code, headers, body } = response;
    return verifyRequestResponsePair(
      { url: "/", method: "GET", headers: [], body: new Uint8Array() } as never,
      { status_code, headers, body, ...changed } as never,
      assets.id.toUint8Array(),
      net.time,
      300_000_000_000n,
      net.rootKey,
      2,
    );
  };
  expect(() => verify({})).not.toThrow();
  expect(() => verify({ body: bytes("false") })).toThrow();
  expect(() => verify({ status_code: 404 })).toThrow();
  expect(() =>
    verify({ headers: response.headers.map(([name, value]) => [name, name === "content-type" ? "text/plain" : value]) }),
  ).toThrow();
});

test("old clients get proofs of version 1", async () => {
  const { net, assets, actor } = await scene();
  await actor.store(page("/index.html", "plain"));
  await actor.store(page("/index.html", "zipped", { content_encoding: "gzip" }));
  const { body, headers } = await serve(net, assets, "/index.html", {
    certificate_version: [],
    minimum: getMinVerificationVersion(),
    headers: [],
  });
  expect(text(body)).toBe("plain");
  expect(headers.get("ic-certificate")).not.toContain("version=2");
  const other = await serve(net, assets, "/elsewhere", { certificate_version: [1], minimum: getMinVerificationVersion(), headers: [] });
  expect(text(other.body)).toBe("plain");
});

test("a batch uploads files in chunks, several encodings, with headers; all of it or nothing", async () => {
  const { net, assets, actor } = await scene();
  const { batch_id } = (await actor.create_batch({})) as { batch_id: bigint };
  const [first, second, zipped] = [new Uint8Array(700_000).fill(65), new Uint8Array(300_000).fill(66), bytes("zipped")];
  const { chunk_ids } = (await actor.create_chunks({ batch_id, content: [first, second] })) as { chunk_ids: bigint[] };
  const { chunk_id } = (await actor.create_chunk({ batch_id, content: zipped })) as { chunk_id: bigint };
  const create = {
    CreateAsset: {
      key: "/big.bin",
      content_type: "application/octet-stream",
      max_age: [60n],
      headers: [
        [
          ["X-Extra", "yes"],
          ["Access-Control-Allow-Origin", "*"],
        ],
      ],
      enable_aliasing: [],
      allow_raw_access: [],
    },
  };
  const content = (content_encoding: string, ids: bigint[], hash: Uint8Array, last_chunk: [] | [Uint8Array] = []) => ({
    SetAssetContent: { key: "/big.bin", content_encoding, chunk_ids: ids, last_chunk, sha256: [hash] },
  });
  const whole = sha256(concat(first, second, bytes("end")));
  const operations = [create, content("identity", chunk_ids, whole, [bytes("end")]), content("gzip", [chunk_id], sha256(zipped))];
  const wrong = [create, content("identity", chunk_ids, whole)];
  await expect(actor.commit_batch({ batch_id, operations: wrong })).rejects.toThrow(/sha256 mismatch/);
  expect(await actor.list({ start: [], length: [] })).toEqual([]);
  await actor.commit_batch({ batch_id, operations });
  const [listed] = (await actor.list({ start: [], length: [] })) as [
    { key: string; encodings: { content_encoding: string; length: bigint }[] },
  ];
  expect(listed.encodings.map(({ content_encoding, length }) => [content_encoding, length])).toEqual([
    ["gzip", 6n],
    ["identity", 1_000_003n],
  ]);

  const gzip = await serve(net, assets, "/big.bin");
  expect([text(gzip.body), gzip.headers.get("content-encoding")]).toEqual(["zipped", "gzip"]);
  const { body, headers } = await serve(net, assets, "/big.bin", { headers: [] });
  expect(toHex(sha256(body))).toBe(toHex(whole));
  expect(headers.get("cache-control")).toBe("max-age=60");
  expect(headers.get("x-extra")).toBe("yes");

  const got = (await actor.get({ key: "/big.bin", accept_encodings: ["br", "identity"] })) as { total_length: bigint; content: Uint8Array };
  expect([got.total_length, got.content.length]).toEqual([1_000_003n, 700_000]);
  const chunk = (await actor.get_chunk({ key: "/big.bin", content_encoding: "identity", index: 2n, sha256: [whole] })) as {
    content: Uint8Array;
  };
  expect(text(chunk.content)).toBe("end");
  await expect(actor.get_chunk({ key: "/big.bin", content_encoding: "identity", index: 3n, sha256: [whole] })).rejects.toThrow(
    /out of bounds/,
  );
});

test("properties: set, shown, certified", async () => {
  const { net, assets, actor } = await scene();
  await actor.store(page("/a.txt", "a", { content_type: "text/plain" }));
  await actor.set_asset_properties({
    key: "/a.txt",
    max_age: [[5n]],
    headers: [
      [
        [
          ["B", "2"],
          ["A", "1"],
        ],
      ],
    ],
    allow_raw_access: [[false]],
    is_aliased: [],
  });
  expect(await actor.get_asset_properties("/a.txt")).toEqual({
    max_age: [5n],
    headers: [
      [
        ["A", "1"],
        ["B", "2"],
      ],
    ],
    allow_raw_access: [false],
    is_aliased: [],
  });
  const { headers } = await serve(net, assets, "/a.txt");
  expect([headers.get("a"), headers.get("b"), headers.get("cache-control")]).toEqual(["1", "2", "max-age=5"]);
  const raw = (await actor.http_request(get("/a.txt", { headers: [["Host", `${assets.toString()}.raw.icp0.io`]] }))) as Response;
  expect([raw.status_code, raw.headers]).toEqual([308, [["Location", `https://${assets.toString()}.icp0.io/a.txt`]]]);
  const local = (await actor.http_request(get("/a.txt", { headers: [["Host", `${assets.toString()}.raw.localhost:8000`]] }))) as Response;
  expect(local.status_code).toBe(200);
});

test("an asset that is not aliased has one name; another asset's name is its own", async () => {
  const { net, assets, actor } = await scene();
  await actor.store(page("/index.html", "first"));
  await actor.store(page("/one.html", "one"));
  await actor.set_asset_properties({ key: "/one.html", max_age: [], headers: [], allow_raw_access: [], is_aliased: [[false]] });
  expect(text((await serve(net, assets, "/one")).body)).toBe("first");
  await actor.store(page("/two.html", "two"));
  expect(text((await serve(net, assets, "/two")).body)).toBe("two");
  await actor.store(page("/two", "own", { content_type: "text/plain" }));
  expect(text((await serve(net, assets, "/two")).body)).toBe("own");
  await actor.delete_asset({ key: "/two" });
  expect(text((await serve(net, assets, "/two")).body)).toBe("two");
  await actor.store(page("/two/index.html", "folder"));
  expect(text((await serve(net, assets, "/two")).body)).toBe("two");
});

test("pages bring the root key and the public variables of their canister in a cookie", async () => {
  const { net, assets, actor } = await scene();
  await actor.store(page("/index.html", "x"));
  const { headers } = await serve(net, assets, "/");
  const [, value] = /^ic_env=([^;]*); SameSite=Lax$/u.exec(headers.get("set-cookie")!)!;
  expect(decodeURIComponent(value!)).toBe(`ic_root_key=${toHex(net.rootKey)}&PUBLIC_CANISTER_ID=x y`);
  expect(value).not.toMatch(/[^A-Za-z0-9%]/u);
});

test("only those who are permitted change anything", async () => {
  const { net, assets, actor } = await scene();
  const [alice, bob] = [net.identity("alice"), net.identity("bob")];
  const asAlice = assets.as(alice).actor;
  await expect(asAlice.store(page("/x", "x"))).rejects.toThrow(/Caller does not have Commit permission/);
  await expect(asAlice.create_batch({})).rejects.toThrow(/Caller does not have Prepare permission/);
  await expect(asAlice.grant_permission({ to_principal: alice.principal, permission: { Commit: null } })).rejects.toThrow(
    /ManagePermissions/,
  );
  await actor.grant_permission({ to_principal: alice.principal, permission: { Prepare: null } });
  await asAlice.create_batch({});
  expect(await actor.list_permitted({ permission: { Prepare: null } })).toEqual([alice.principal]);
  await asAlice.revoke_permission({ of_principal: alice.principal, permission: { Prepare: null } });
  expect(await actor.list_permitted({ permission: { Prepare: null } })).toEqual([]);
  await actor.authorize(bob.principal);
  await assets.as(bob).actor.store(page("/y", "y"));
  await expect(asAlice.take_ownership()).rejects.toThrow(/not a controller/);
  await actor.take_ownership();
  await expect(assets.as(bob).actor.store(page("/z", "z"))).rejects.toThrow(/Commit permission/);
});

test("a proposed batch is committed by its evidence", async () => {
  const { actor } = await scene();
  const { batch_id } = (await actor.create_batch({})) as { batch_id: bigint };
  const content = bytes("voted");
  const operations = [
    { CreateAsset: { key: "/v", content_type: "text/plain", max_age: [1n], headers: [], enable_aliasing: [true], allow_raw_access: [] } },
    { SetAssetContent: { key: "/v", content_encoding: "identity", chunk_ids: [], last_chunk: [content], sha256: [] } },
    { DeleteAsset: { key: "/w" } },
  ];
  await actor.propose_commit_batch({ batch_id, operations });
  await expect(actor.create_batch({})).rejects.toThrow(/has not completed evidence computation/);
  const [evidence] = (await actor.compute_evidence({ batch_id, max_iterations: [] })) as [Uint8Array];
  // Tags and fields as the official canister hashes them: 2 is absent, 3 present.
  const create = concat(Uint8Array.of(4), bytes("/vtext/plain"), Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 1, 2, 2, 3, 1));
  const set = concat(Uint8Array.of(5), bytes("/videntity"), Uint8Array.of(2), content);
  expect(toHex(evidence)).toBe(toHex(sha256(concat(create, set, Uint8Array.of(7), bytes("/w")))));
  await expect(actor.commit_proposed_batch({ batch_id, evidence: new Uint8Array(32) })).rejects.toThrow(
    /does not match presented evidence/,
  );
  expect(await actor.validate_commit_proposed_batch({ batch_id, evidence })).toEqual({
    Ok: `commit proposed batch ${batch_id} with evidence ${toHex(evidence)}`,
  });
  await actor.commit_proposed_batch({ batch_id, evidence });
  expect(text(((await actor.get({ key: "/v", accept_encodings: ["identity"] })) as { content: Uint8Array }).content)).toBe("voted");
  const [hash] = (await actor.compute_state_hash()) as [string];
  expect(await actor.get_state_info()).toMatchObject({ state_hash: [hash] });
});

test("batches expire, and limits hold", async () => {
  const { net, actor } = await scene();
  await actor.configure({ max_batches: [[1n]], max_chunks: [[2n]], max_bytes: [[10n]] });
  const { batch_id } = (await actor.create_batch({})) as { batch_id: bigint };
  await expect(actor.create_batch({})).rejects.toThrow(/batch limit exceeded/);
  await expect(actor.create_chunk({ batch_id, content: new Uint8Array(11) })).rejects.toThrow(/byte limit exceeded/);
  await expect(actor.create_chunks({ batch_id, content: [1, 2, 3].map(() => new Uint8Array(1)) })).rejects.toThrow(/chunk limit exceeded/);
  await net.advanceTime({ minutes: 6 });
  await actor.create_batch({});
  await expect(actor.create_chunk({ batch_id, content: new Uint8Array(1) })).rejects.toThrow(/batch not found/);
  expect(await actor.get_configuration()).toEqual({ max_batches: [1n], max_chunks: [2n], max_bytes: [10n] });
});

test("an upgrade keeps everything, proofs included", async () => {
  const { net, assets, actor } = await scene();
  await actor.store(page("/index.html", "kept"));
  await assets.upgrade(systemModule("assets"), { args: [[]] });
  expect(text((await serve(net, assets, "/")).body)).toBe("kept");
});
