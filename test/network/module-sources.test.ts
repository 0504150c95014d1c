import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { Cannery, type ModuleSource } from "../../src/index.ts";

const path = new URL("../../generated/motoko/counter.wasm.gz", import.meta.url);
const bytes = new Uint8Array(readFileSync(path));

async function installed(source: ModuleSource): Promise<{ name: string; digest: string }> {
  const net = await Cannery.create({ print: false });
  const { name } = await net.install(source);
  return { name, digest: net.digest() };
}

test("a module is bytes, an object with bytes, a path, a URL, a response, a file or a blob; the name is the file's", async () => {
  const { digest } = await installed(bytes);
  const blob = new Blob([bytes]);
  const sources: readonly (readonly [ModuleSource, string])[] = [
    [{ wasm: bytes }, "canister"],
    [path.pathname, "counter"],
    [path, "counter"],
    [new URL(`data:application/wasm;base64,${Buffer.from(bytes).toString("base64")}`), "canister"],
    [new Response(bytes), "canister"],
    [blob, "canister"],
  ];
  for (const [source, name] of sources) expect(await installed(source)).toEqual({ name, digest });
});

test("the name of a response is that of its address", async () => {
  const response = (url: string) => Object.defineProperty(new Response(bytes), "url", { value: url });
  for (const [url, name] of [
    ["https://a.test/b/ledger.wasm.gz", "ledger"],
    ["https://a.test/ledger.wasm?of=/x.wasm#y", "ledger"],
    ["https://a.test/ledger.v1.wasm", "ledger.v1"],
    ["https://a.test/", "canister"],
    ["blob:https://a.test/0b6e", "canister"],
  ] as const) {
    expect((await installed(response(url))).name).toBe(name);
  }
});

test("refused: an answer that is a refusal, a file that is not there, what is no source at all", async () => {
  const refused = (source: unknown): Promise<unknown> => installed(source as ModuleSource).catch((error: unknown) => error);
  expect(await refused(new Response("gone", { status: 404 }))).toMatchObject({
    code: "no-such-file",
    message: expect.stringContaining("status 404"),
  });
  expect(await refused(pathToFileURL("/nowhere/counter.wasm"))).toMatchObject({
    code: "no-such-file",
    message: expect.stringContaining("/nowhere/"),
  });
  expect(await refused(new URL("data:nothing"))).toMatchObject({ code: "no-such-file", message: expect.stringContaining("data:nothing") });
  for (const source of [undefined, null, 7, {}, { href: 7 }, { wasm: "text" }])
    expect(await refused(source)).toMatchObject({ code: "bad-module" });
});
