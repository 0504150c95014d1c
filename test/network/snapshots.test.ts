/** Snapshots of canisters by the in-process API: a Motoko canister as it was, and folders as icp writes them. */
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { readMetadata, writeMetadata } from "../../src/api/snapshot-folder.ts";
import { network, program, refusal } from "../support/network.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

interface Counter {
  get(): Promise<bigint>;
  inc(): Promise<bigint>;
}

let folder = "";
beforeEach(() => {
  folder = temporaryFolder("snapshot");
});

const names = (path: string): string[] => readdirSync(path, { recursive: true, encoding: "utf8" }).sort();

test("a Motoko canister goes back to what it was", async () => {
  const net = await network();
  const counter = await net.install<Counter>(program("counter"));
  await counter.actor.inc();
  const snapshot = await counter.snapshots.take();
  expect(snapshot).toMatchObject({ id: expect.stringMatching(/^0{16}[0-9a-f]{20}$/) as string, takenAtNanos: net.time });
  await counter.actor.inc();
  await counter.actor.inc();
  expect(await counter.actor.get()).toBe(3n);
  await counter.snapshots.load(snapshot.id);
  expect(await counter.actor.get()).toBe(1n);
  expect(await counter.actor.inc()).toBe(2n);

  const replaced = await counter.snapshots.take({ replace: snapshot.id, uninstallCode: true });
  expect(await counter.snapshots.list()).toEqual([replaced]);
  expect((await refusal(counter.actor.get())).message).toContain("no wasm module");
  await counter.snapshots.load(replaced.id);
  expect(await counter.actor.get()).toBe(2n);
  await counter.snapshots.delete(replaced.id);
  expect(await counter.snapshots.list()).toEqual([]);
});

test("who is no controller is told so", async () => {
  const net = await network();
  const alice = net.identity("alice");
  const counter = await net.install<Counter>(program("counter"));
  const { id } = await counter.snapshots.take();
  expect(await refusal(counter.snapshots.take({ sender: alice }))).toMatchObject({ errorCode: "IC0512" });
  expect(await refusal(counter.snapshots.list({ sender: alice }))).toMatchObject({ errorCode: "IC0406" });
  expect(await refusal(counter.snapshots.load(id, { sender: alice }))).toMatchObject({ errorCode: "IC0512" });
  await counter.updateSettings({ snapshotVisibility: [alice] });
  expect(await counter.snapshots.list({ sender: alice })).toHaveLength(1);
  expect(await refusal(counter.snapshots.load("so"))).toMatchObject({ code: "bad-snapshot-id" });
});

test("a canister as a folder, and the folder as a canister of another network", async () => {
  const net = await network();
  const counter = await net.install<Counter>(program("counter"));
  await counter.actor.inc();
  await counter.actor.inc();
  await counter.exportSnapshot(folder);
  expect(await counter.snapshots.list()).toEqual([]);
  expect(names(folder)).toEqual(["metadata.json", "stable_memory.bin", "wasm_memory.bin", "wasm_module.bin"]);
  const metadata = JSON.parse(readFileSync(join(folder, "metadata.json"), "utf8")) as Record<string, unknown>;
  expect(metadata).toMatchObject({
    source: { taken_from_canister: null },
    wasm_memory_size: statSync(join(folder, "wasm_memory.bin")).size,
    wasm_chunk_store: [],
    certified_data: [],
    global_timer: "inactive",
    on_low_wasm_memory_hook_status: "condition_not_satisfied",
  });
  expect(await refusal(counter.exportSnapshot(folder))).toMatchObject({ code: "folder-not-empty" });

  const other = await network({ seed: 9 });
  const copy = await other.importSnapshot<Counter>(folder, { name: "copy" });
  expect(copy.name).toBe("copy");
  expect(await copy.actor.get()).toBe(2n);
  expect(await copy.actor.inc()).toBe(3n);
  expect(await copy.snapshots.list()).toEqual([]);
});

test("what was downloaded is uploaded again, byte by byte", async () => {
  const net = await network();
  const counter = await net.install<Counter>(program("counter"));
  await counter.actor.inc();
  const { id } = await counter.snapshots.take();
  const [first, second] = [join(folder, "a"), join(folder, "b")];
  await counter.snapshots.download(id, first);
  const uploaded = await counter.snapshots.upload(first);
  await counter.snapshots.download(uploaded, second);
  expect(names(second)).toEqual(names(first));
  for (const name of names(first)) {
    if (name === "metadata.json") continue;
    expect(readFileSync(join(second, name)).equals(readFileSync(join(first, name))), name).toBe(true);
  }
  const [a, b] = [await counter.snapshots.metadata(id), await counter.snapshots.metadata(uploaded)];
  expect({ ...b, source: a.source, taken_at_timestamp: a.taken_at_timestamp }).toEqual(a);
  expect(b.source).toEqual({ metadata_upload: null });
});

/** As `icp canister snapshot download` writes it: by serde, with 64-bit numbers in full. */
const FROM_ICP = `{
  "source": {
    "taken_from_canister": null
  },
  "taken_at_timestamp": 1620328630000000003,
  "wasm_module_size": 8,
  "globals": [
    { "i32": -7 },
    { "i64": -9223372036854775807 },
    { "f32": 0.1 },
    { "f64": -0.0 },
    { "v128": [1, 0, 0, 2147483648] }
  ],
  "wasm_memory_size": 65536,
  "stable_memory_size": 0,
  "wasm_chunk_store": [
    { "hash": [1, 2, 255] }
  ],
  "canister_version": 12,
  "certified_data": [9, 8],
  "global_timer": { "active": 1620328630000000007 },
  "on_low_wasm_memory_hook_status": "executed"
}`;

test("metadata as other tools write them", () => {
  const metadata = readMetadata(new TextEncoder().encode(FROM_ICP), "metadata.json");
  expect(metadata).toEqual({
    wasm_module_size: 8n,
    globals: [{ i32: -7 }, { i64: -9223372036854775807n }, { f32: 0.1 }, { f64: -0 }, { v128: (1n << 127n) + 1n }],
    wasm_memory_size: 65_536n,
    stable_memory_size: 0n,
    certified_data: Uint8Array.of(9, 8),
    global_timer: [{ active: 1620328630000000007n }],
    on_low_wasm_memory_hook_status: [{ executed: null }],
    wasm_chunk_store: [Uint8Array.of(1, 2, 255)],
  });
  const written = writeMetadata({
    ...metadata,
    source: { taken_from_canister: null },
    taken_at_timestamp: 1620328630000000003n,
    canister_version: 12n,
    wasm_chunk_store: metadata.wasm_chunk_store.map((hash) => ({ hash })),
  });
  const flat = (text: string): string => text.replaceAll(/\s/g, "").replace("-0.0", "-0");
  expect(flat(new TextDecoder().decode(written))).toBe(flat(FROM_ICP));
  expect(readMetadata(written, "")).toEqual(metadata);
});

test("a folder that is no snapshot is refused, with what is wrong and where", async () => {
  const net = await network();
  const counter = await net.install<Counter>(program("counter"));
  await counter.exportSnapshot(join(folder, "good"));
  const broken = async (name: string, content: string | Uint8Array): Promise<unknown> => {
    const at = join(folder, "bad");
    rmSync(at, { recursive: true, force: true });
    cpSync(join(folder, "good"), at, { recursive: true });
    writeFileSync(join(at, name), content);
    return refusal(net.importSnapshot(at));
  };
  const bad = (message: string): object => ({ code: "bad-snapshot-folder", message: expect.stringContaining(message) as string });
  expect(await broken("metadata.json", "{")).toMatchObject(bad("metadata.json does not describe a snapshot: it is no JSON"));
  expect(await broken("metadata.json", "[]")).toMatchObject(bad("a record is missing"));
  expect(await broken("metadata.json", FROM_ICP.replace('"wasm_module_size": 8,', ""))).toMatchObject(bad("wasm_module_size"));
  expect(await broken("metadata.json", FROM_ICP.replace("i32", "i31"))).toMatchObject(bad("there are no globals of type i31"));
  expect(await broken("metadata.json", FROM_ICP.replace("executed", "done"))).toMatchObject(bad("on_low_wasm_memory_hook_status"));
  expect(await broken("metadata.json", FROM_ICP.replace("[9, 8]", "[9, 256]"))).toMatchObject(bad("certified_data is no list of bytes"));
  expect(await broken("wasm_memory.bin", Uint8Array.of(1))).toMatchObject(bad("wasm_memory.bin has 1 bytes; the snapshot's metadata say"));
  expect(await refusal(net.importSnapshot(join(folder, "none")))).toMatchObject({ code: "ENOENT" });
});
