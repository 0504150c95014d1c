/**
 * The asset canister's pages as a browser gets them: through the gateway, verified.
 */
import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { verifyRequestResponsePair } from "@dfinity/response-verification";
import { expect, test } from "vitest";
import { systemModule } from "../../src/host/system-modules.ts";
import { Cannery } from "../../src/index.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

test("pages, their packed forms, the fallback, and a file of many parts", async () => {
  const net = await Cannery.create({ application: 1, subnets: [{ kind: "system", name: "nns" }], print: false });
  const assets = await net.install(systemModule("assets"), { name: "assets", args: [[]], subnet: net.subnets[0] });
  const at = (path: string): string => `http://${assets.id.toText()}.localhost${path}`;
  const store = (key: string, type: string, content: Uint8Array, encoding = "identity"): Promise<unknown> =>
    assets.actor.store({ key, content_type: type, content_encoding: encoding, content, sha256: [] });
  await store("/index.html", "text/html", Buffer.from("<h1>Home</h1>"));
  await store("/app.js", "text/javascript", Buffer.from("plain()"));
  await store("/app.js", "text/javascript", gzipSync("packed()"), "gzip");
  const large = Uint8Array.from({ length: 2_500_000 }, (_, i) => (i * i) % 253);
  const { batch_id } = (await assets.actor.create_batch({})) as { batch_id: bigint };
  const { chunk_ids } = (await assets.actor.create_chunks({
    batch_id,
    content: [large.subarray(0, 900_000), large.subarray(900_000, 1_800_000)],
  })) as { chunk_ids: bigint[] };
  const { chunk_id } = (await assets.actor.create_chunk({ batch_id, content: large.subarray(1_800_000) })) as { chunk_id: bigint };
  const content = { key: "/large.bin", content_encoding: "identity", chunk_ids: [...chunk_ids, chunk_id], last_chunk: [], sha256: [] };
  const asset = {
    key: "/large.bin",
    content_type: "application/octet-stream",
    max_age: [],
    headers: [],
    enable_aliasing: [],
    allow_raw_access: [],
  };
  await assets.actor.commit_batch({ batch_id, operations: [{ CreateAsset: asset }, { SetAssetContent: content }] });

  for (const path of ["/", "/index.html", "/index", "/no/such/page?x=1"]) {
    const page = await net.fetch(at(path));
    const body = new Uint8Array(await page.arrayBuffer());
    expect([path, page.status, page.headers.get("content-type"), Buffer.from(body).toString()]).toEqual([
      path,
      200,
      "text/html",
      "<h1>Home</h1>",
    ]);
    // Whoever is behind the gateway may check again, by whatever library.
    const { verificationVersion } = verifyRequestResponsePair(
      { method: "GET", url: path, headers: [], body: new Uint8Array(0), certificate_version: [2] },
      { status_code: page.status, headers: [...page.headers], body },
      assets.id.toUint8Array(),
      net.state.timeNanos,
      300_000_000_000n,
      net.rootKey,
      2,
    );
    expect(verificationVersion).toBe(2);
  }
  expect(await (await net.fetch(at("/app.js"))).text()).toBe("plain()");
  const packed = await net.fetch(at("/app.js"), { headers: { "accept-encoding": "gzip" } });
  expect(packed.headers.get("content-encoding")).toBe("gzip");
  expect(gunzipSync(await packed.arrayBuffer()).toString()).toBe("packed()");
  const whole = await net.fetch(at("/large.bin"));
  expect(whole.status).toBe(200);
  expect(sha256(new Uint8Array(await whole.arrayBuffer()))).toBe(sha256(large));
});
