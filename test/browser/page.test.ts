/**
 * The entry for browsers: what it is made of, and the example page in headless Chromium.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { concat } from "../../src/base/bytes.ts";
import { encodeUtf8 } from "../../src/base/utf8.ts";
import { encodeLeb128 } from "../../src/codec/leb128.ts";
import { hasChromium, launchChromium } from "./chromium.ts";
import { built, open, type Site } from "./site.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Sources instead of what was built of them some time ago. */
const sources = { alias: { "cannery/browser": `${root}src/browser.ts` } };

/** Gzip, minified. Curves and Candid are the largest of what is not ours; exploration, mocks and the HTTPS interface are in it. */
const MAX_BUNDLE_BYTES = 340_000;

test("the entry imports nothing of Node's and stays small", async () => {
  const { chunks } = await built({
    root,
    build: { rolldownOptions: { input: `${root}src/browser.ts`, preserveEntrySignatures: "strict" } },
  });
  const modules = chunks.flatMap((chunk) => chunk.moduleIds);
  expect(modules).toContain(`${root}src/network/cannery.ts`);
  // What Vite puts in the place of a module of Node's.
  expect(modules.filter((id) => /__vite-browser-external|^(\0)?node:/u.test(id))).toEqual([]);
  expect(modules.filter((id) => /\/src\/(cli|host\/(node|motoko|module-cache|build-run|platform-node))/u.test(id))).toEqual([]);
  // What a run needs is there at once; only projects' YAML is loaded when somebody deploys one.
  const entry = chunks.find(({ moduleIds }) => moduleIds.includes(`${root}src/network/cannery.ts`))!;
  const later = chunks.filter((chunk) => chunk !== entry && !entry.imports.includes(chunk.fileName));
  expect(later.flatMap(({ moduleIds }) => moduleIds).filter((id) => !/node_modules\/yaml\//u.test(id))).toEqual([]);
  const bytes = chunks.filter((chunk) => !later.includes(chunk)).reduce((sum, chunk) => sum + gzipSync(chunk.code).length, 0);
  expect(bytes).toBeLessThan(MAX_BUNDLE_BYTES);
});

/** Four megabytes of stores that nobody runs, and a method that answers 7. */
function largeModule(): Uint8Array {
  const store = [0x41, 0, 0x41, 0, 0x36, 2, 0];
  const body = concat(Uint8Array.of(0), ...Array.from({ length: 14_000 }, () => Uint8Array.from(store)), Uint8Array.of(0x0b));
  const go = [0, 0x41, 0, 0x41, 7, 0x3a, 0, 0, 0x41, 0, 0x41, 1, 0x10, 0, 0x10, 1, 0x0b];
  const vector = (items: readonly Uint8Array[]): Uint8Array => concat(encodeLeb128(items.length), ...items);
  const sized = (bytes: Uint8Array): Uint8Array => concat(encodeLeb128(bytes.length), bytes);
  const name = (text: string): Uint8Array => sized(encodeUtf8(text));
  const section = (id: number, ...items: Uint8Array[]): Uint8Array => concat(Uint8Array.of(id), sized(vector(items)));
  const fillers = Array.from({ length: 40 }, () => sized(body));
  return concat(
    Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0),
    section(1, Uint8Array.of(0x60, 0, 0), Uint8Array.of(0x60, 2, 0x7f, 0x7f, 0)),
    section(2, ...["msg_reply_data_append", "msg_reply"].map((api, i) => concat(name("ic0"), name(api), Uint8Array.of(0, 1 - i)))),
    section(3, ...[Uint8Array.of(0), ...fillers.map(() => Uint8Array.of(0))]),
    section(5, Uint8Array.of(0, 1)),
    section(7, concat(name("canister_update go"), Uint8Array.of(0, 2))),
    section(10, sized(Uint8Array.from(go)), ...fillers),
  );
}

describe.skipIf(!hasChromium)("in Chromium (skipped where there is none)", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  test("the page of examples/in-a-tab shows the result and the diagram", async () => {
    const { site } = await built({ root: `${root}examples/in-a-tab`, base: "./", resolve: sources });
    const { page, errors } = await open(browser, site, "index.html");
    const isDone = page.waitForFunction(() => document.querySelector("pre")?.textContent !== "…");
    await Promise.race([isDone, page.waitForEvent("pageerror")]);
    expect(errors).toEqual([]);
    expect(await page.textContent("pre")).toBe(
      [
        "3 succeeded, 0 rejected",
        "",
        "user        caller    callee",
        " ├─ parallel ─▶         │",
        " │            ├─ ping ──▶",
        " │            ├─ ping ──▶",
        " │            ├─ ping ──▶",
        " │            ◀─ reply ─┤",
        " │            ◀─ reply ─┤",
        " │            ◀─ reply ─┤",
        " ◀── reply ───┤         │",
      ].join("\n"),
    );
  });

  describe("a page of one's own", () => {
    let site: Site;
    beforeAll(async () => {
      const made = await built({
        root,
        build: {
          rolldownOptions: { input: `${root}src/browser.ts`, preserveEntrySignatures: "strict", output: { entryFileNames: "cannery.js" } },
        },
      });
      const callee = readFileSync(`${root}generated/motoko/parallel-calls-callee.wasm.gz`);
      site = new Map([
        ...made.site,
        ["index.html", "<!doctype html><title>A page</title>"],
        ["modules/callee.wasm.gz", callee],
        ["modules/large.wasm", largeModule()],
      ]);
    });

    /** Runs a function body in a page or its worker, with `Cannery` and the address of a module; an error's code and text in the place of what it returns. */
    async function inPage(body: string, where: "page" | "worker" = "page"): Promise<unknown> {
      const script = `import("/cannery.js").then(async ({ Cannery }) => {
        const at = (name) => new URL("/modules/" + name, location.href);
        try { ${body} } catch (error) { return [error.code ?? error.name, error.message]; }
      })`;
      const worker: [string, string] = ["worker.js", `${script}.then(postMessage)`];
      const { page } = await open(browser, new Map([...site, worker]), "index.html");
      const inWorker = `new Promise((resolve, reject) => Object.assign(new Worker("/worker.js"), { onmessage: ({ data }) => resolve(data), onerror: reject }))`;
      try {
        return await page.evaluate(where === "page" ? script : inWorker);
      } finally {
        await page.close();
      }
    }

    test("a module is its URL, its response, its bytes or a file; the name is the address's", async () => {
      expect(
        await inPage(`
          const response = await fetch(at("callee.wasm.gz"));
          const blob = await response.clone().blob();
          const sources = [at("callee.wasm.gz"), response.clone(), blob, new File([blob], "x"), new Uint8Array(await response.arrayBuffer())];
          const found = [];
          const hashes = new Set();
          for (const source of sources) {
            const net = await Cannery.create();
            const canister = await net.install(source);
            await canister.actor.ping();
            found.push([canister.name, Number(await canister.actor.pings())]);
            hashes.add(net.digest());
          }
          return { found, digests: hashes.size };`),
      ).toEqual({
        found: [
          ["callee", 1],
          ["callee", 1],
          ["canister", 1],
          ["canister", 1],
          ["canister", 1],
        ],
        digests: 1,
      });
    });

    test("refused with advice: a path, an address with nothing there, what is no module", async () => {
      const install = (source: string) => inPage(`const net = await Cannery.create(); await net.install(${source}); return "installed";`);
      expect(await install('"callee.wasm"')).toEqual(["no-files", expect.stringContaining("its URL")]);
      expect(await install('at("missing.wasm")')).toEqual(["no-such-file", expect.stringMatching(/modules\/missing\.wasm.*status 404/u)]);
      expect(await install('at("../index.html")')).toEqual([
        expect.anything(),
        expect.stringContaining("unsupported canister module format"),
      ]);
    });

    test("a module that is too large for the main thread of a page is refused there with the way out, and runs in a worker", async () => {
      const run = `const net = await Cannery.create(); const large = await net.install(at("large.wasm")); return [...await large.call("go")];`;
      expect(await inPage(run)).toEqual([expect.anything(), expect.stringContaining("run the network in a worker")]);
      expect(await inPage(run, "worker")).toEqual([7]);
    });
  });
});
