import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { wat } from "../../test/support/wat.ts";
import { isRefusal, ModuleCache, prepareModule } from "../core/wasm/prepare.ts";
import type { PreparedModule } from "../core/wasm/module-info.ts";
import { cacheFolder, rewrittenStore } from "./module-cache.ts";
import { nodePlatform } from "./platform-node.ts";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder("cache");
});

const bytes = wat('(module (memory 1) (func (export "canister_update run") i32.const 0 i32.const 1 i32.store))');

function prepared(cache: ModuleCache): PreparedModule {
  const result = prepareModule(bytes, nodePlatform, cache);
  if (isRefusal(result)) throw new Error(result.description);
  return result;
}

function newCache(at: string = folder): ModuleCache {
  const store = rewrittenStore(at);
  return new ModuleCache(store === undefined ? {} : { store });
}

test("what one process has rewritten the next one loads", () => {
  prepared(newCache()).compiled("fast", "own");
  const [file] = readdirSync(folder);
  expect(readdirSync(folder).length).toBe(1);
  const store = rewrittenStore(folder)!;
  const loaded = store.load(file!.replace(".wasm", ""));
  expect(WebAssembly.validate(loaded as Uint8Array<ArrayBuffer>)).toBe(true);
  prepared(newCache()).compiled("fast", "own");
});

test("a torn, changed or misnamed file is not used, and is replaced", () => {
  prepared(newCache()).compiled("fast", "own");
  const path = join(folder, readdirSync(folder)[0]!);
  const good = readFileSync(path);
  const key = readdirSync(folder)[0]!.replace(".wasm", "");
  const flipped = Buffer.from(good);
  flipped[flipped.length - 1]! ^= 1;
  for (const bad of [Buffer.alloc(0), good.subarray(0, good.length - 5), flipped]) {
    writeFileSync(path, bad);
    expect(rewrittenStore(folder)!.load(key)).toBeNull();
    prepared(newCache()).compiled("fast", "own");
    expect(readFileSync(path).equals(good)).toBe(true);
  }
  writeFileSync(join(folder, "other.wasm"), good);
  expect(rewrittenStore(folder)!.load("other")).toBeNull();
});

test.skipIf(process.getuid === undefined)("a folder that others may write to is not read", () => {
  prepared(newCache()).compiled("fast", "own");
  const key = readdirSync(folder)[0]!.replace(".wasm", "");
  expect(rewrittenStore(folder)!.load(key)).not.toBeNull();
  chmodSync(folder, 0o777);
  expect(rewrittenStore(folder)!.load(key)).toBeNull();
});

test("a folder that cannot be made does not matter", () => {
  const file = join(folder, "a file");
  writeFileSync(file, "");
  expect(() => prepared(newCache(join(file, "below"))).compiled("exact", "own")).not.toThrow();
});

test("the folder is the user's own, can be named, and can be switched off", () => {
  expect(cacheFolder({})).toMatch(/cannery-cache-\d+$/);
  expect(cacheFolder({ CANNERY_CACHE_DIR: "/somewhere" })).toBe("/somewhere");
  expect(cacheFolder({ CANNERY_CACHE_DIR: "" })).toBeNull();
  expect(rewrittenStore(null)).toBeUndefined();
});
