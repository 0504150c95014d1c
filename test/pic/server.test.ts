/**
 * The server as a process, and over its socket: port file, life span, instances beside one another, blobs, long operations, gateways.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, watch } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { describe, expect, test } from "vitest";
import { ARGUMENT } from "../../src/core/management/candid-types.ts";
import { bench, type Bench, type Running } from "../start/cannery.ts";
import { append, appendZeros, program, puppet, send } from "../support/puppet.ts";
import { recursion } from "../support/recursion.ts";
import { repeat, spin } from "../universal/program.ts";

const newBench = bench();
const PROGRAM = "pocket-ic.js";
const SPEC = { state_config: "New", instruction_config: "Production" };
const FIRST = Buffer.from("ffffffffffe000000101", "hex").toString("base64");

/** Resolves when the port file has its line. */
async function portIn(folder: string, name: string): Promise<number> {
  const file = join(folder, name);
  const read = (): number | null =>
    existsSync(file) && readFileSync(file, "utf8").endsWith("\n") ? parseInt(readFileSync(file, "utf8")) : null;
  const watcher = watch(folder);
  try {
    return await new Promise((resolve) => {
      const look = (): void => {
        const port = read();
        if (port !== null) resolve(port);
      };
      watcher.on("change", look);
      look();
    });
  } finally {
    watcher.close();
  }
}

interface Client {
  readonly url: string;
  readonly process: Running;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<{ readonly status: number; readonly json: unknown }>;
  get(path: string): Promise<{ readonly status: number; readonly json: unknown }>;
  remove(path: string): Promise<number>;
}

async function served(self: Bench, ...args: string[]): Promise<Client> {
  const process = self.spawn(PROGRAM, ["--port-file", join(self.folder, "port"), ...args]);
  const url = `http://127.0.0.1:${await portIn(self.folder, "port")}`;
  const answer = async (response: Response) => ({
    status: response.status,
    json: JSON.parse((await response.text()) || "null") as unknown,
  });
  return {
    url,
    process,
    post: async (path, body, headers = {}) =>
      answer(
        await fetch(url + path, {
          method: "POST",
          headers: { "content-type": "application/json", ...headers },
          body: JSON.stringify(body),
        }),
      ),
    get: async (path) => answer(await fetch(url + path)),
    remove: async (path) => (await fetch(url + path, { method: "DELETE" })).status,
  };
}

function call(method: string, payload: Uint8Array, canister = FIRST) {
  return { sender: "BA==", canister_id: canister, effective_principal: "None", method, payload: Buffer.from(payload).toString("base64") };
}

async function update(client: Client, id: number, method: string, payload: Uint8Array, canister = FIRST): Promise<unknown> {
  const { json } = await client.post(`/instances/${id}/update/submit_ingress_message`, call(method, payload, canister));
  return (await client.post(`/instances/${id}/update/await_ingress_message`, (json as { Ok: object }).Ok)).json;
}

const encode = (name: "provisional_create_canister_with_cycles" | "install_code", value: object): Uint8Array =>
  new Uint8Array(IDL.encode(ARGUMENT[name] as unknown as IDL.Type[], [value]));

/** An instance with the puppet installed, or another module; with `endless` its messages may run as long as they like. */
async function withPuppet(client: Client, options: { readonly endless?: boolean; readonly wasm?: Uint8Array } = {}): Promise<number> {
  const spec = { ...SPEC, ...(options.endless === true ? { instruction_config: "Benchmarking" } : {}) };
  const { status, json } = await client.post("/instances", { subnet_config_set: { application: [spec] } });
  expect(status).toBe(201);
  const { instance_id: id } = (json as { Created: { instance_id: number } }).Created;
  const creation = { amount: [10n ** 18n], settings: [], specified_id: [], sender_canister_version: [] };
  await update(client, id, "provisional_create_canister_with_cycles", encode("provisional_create_canister_with_cycles", creation), "");
  const canister_id = Principal.fromUint8Array(Buffer.from(FIRST, "base64"));
  const code = {
    mode: { install: null },
    canister_id,
    wasm_module: options.wasm ?? puppet(),
    arg: new Uint8Array(),
    sender_canister_version: [],
  };
  expect(await update(client, id, "install_code", encode("install_code", code), "")).toHaveProperty("Ok");
  return id;
}

const hello = program(append("hello"), send);
const EMPTY = { Ok: Buffer.from(IDL.encode([], [])).toString("base64") };
const HELLO = { Ok: Buffer.from("hello").toString("base64") };
const forever = program(repeat(1e9, spin(1e9)), send);

describe("the process", () => {
  test("tells its version, which can be another", async () => {
    const self = newBench();
    expect(await self.spawn(PROGRAM, ["--version"]).ended).toEqual({ code: 0, stdout: "pocket-ic-server 16.1.0\n", stderr: "" });
    expect((await self.spawn(PROGRAM, ["--version"], { CANNERY_POCKET_IC_VERSION: "15.0.0" }).ended).stdout).toBe(
      "pocket-ic-server 15.0.0\n",
    );
    expect((await self.spawn(PROGRAM, ["--prot", "1"]).ended).code).toBe(2);
  });

  test("shares its port file, ends when it is asked to, and takes the file with it", async () => {
    const self = newBench();
    const client = await served(self, "--port=0", "--ttl=60");
    expect((await client.get("/status")).status).toBe(200);
    const second = self.spawn(PROGRAM, ["--port-file", join(self.folder, "port")]);
    expect(await second.ended).toEqual({ code: 0, stdout: "", stderr: "" });
    expect((await client.get("/instances/")).json).toEqual([]);
    expect((await client.process.kill("SIGTERM")).code).toBe(0);
    expect(existsSync(join(self.folder, "port"))).toBe(false);
  });

  test("ends by itself when nobody asks anything", async () => {
    const self = newBench();
    const client = await served(self, "--ttl", "0");
    expect((await client.process.ended).code).toBe(0);
    expect(existsSync(join(self.folder, "port"))).toBe(false);
  });
});

describe("instances", () => {
  test("their canisters recurse as deep as the platform's, and no deeper", async () => {
    const client = await served(newBench());
    const id = await withPuppet(client, { wasm: recursion() });
    expect(await update(client, id, "deep", new Uint8Array())).toEqual(EMPTY);
    expect(await update(client, id, "endless", new Uint8Array())).toMatchObject({
      Err: { error_code: "CanisterTrapped", reject_message: expect.stringContaining("Canister trapped: stack overflow") as string },
    });
    expect(await update(client, id, "deep", new Uint8Array())).toEqual(EMPTY);
  });

  test("one that runs for ever holds up no other, and deleting it ends its run; others go on with what they had", async () => {
    const client = await served(newBench());
    const looping = await withPuppet(client, { endless: true });
    const ids = [await withPuppet(client), await withPuppet(client), await withPuppet(client)];
    for (const id of ids) await client.post(`/instances/${id}/update/set_time`, { nanos_since_epoch: 1_700_000_000_000_000_000 });
    const { json } = await client.post(`/instances/${looping}/update/submit_ingress_message`, call("run", forever));
    const endless = client.post(`/instances/${looping}/update/await_ingress_message`, (json as { Ok: object }).Ok);
    for (const id of ids) expect(await update(client, id, "run", hello)).toEqual(HELLO);
    expect((await client.get("/instances")).json).toEqual([expect.stringMatching(/^Busy/), "Available", "Available", "Available"]);
    expect(await client.remove(`/instances/${looping}`)).toBe(200);
    expect(await endless).toEqual({ status: 400, json: { message: 'UpdateError { message: "Instance was deleted" }' } });
    for (const id of ids) {
      expect(await update(client, id, "run", hello)).toEqual(HELLO);
      const { json: time } = await client.get(`/instances/${id}/read/get_time`);
      expect((time as { nanos_since_epoch: number }).nanos_since_epoch).toBeGreaterThanOrEqual(1_700_000_000_000_000_000);
    }
    expect((await client.get(`/instances/${looping}/read/get_time`)).status).toBe(400);
    // Who stops what was deleted already is told of no error.
    expect(await client.get(`/instances/${looping}/auto_progress`)).toEqual({ status: 200, json: false });
    expect(await client.post(`/instances/${looping}/stop_progress`, {})).toEqual({ status: 200, json: null });
    expect((await client.get("/instances/17/read/get_time")).json).toEqual({ message: 'UpdateError { message: "Instance not found" }' });
    expect((await client.get("/instances/x/read/get_time").catch(() => ({ status: 400 }))).status).toBe(400);
    expect(await client.remove(`/instances/${ids[0]}/`)).toBe(200);
  });

  test("a client that says how long it waits is told where to ask again; one that goes away stops nothing", async () => {
    const client = await served(newBench());
    const id = await withPuppet(client);
    const long = program(repeat(30, spin(5_000_000)), append("done"), send);
    const { json } = await client.post(`/instances/${id}/update/submit_ingress_message`, call("run", long));
    const started = await client.post(`/instances/${id}/update/await_ingress_message`, (json as { Ok: object }).Ok, {
      "processing-timeout-ms": "0",
    });
    expect(started.status).toBe(202);
    const { state_label, op_id } = started.json as { state_label: string; op_id: string };
    const place = `${encodeURIComponent(state_label)}/${op_id}`;
    // A request after it is answered after it.
    await client.get(`/instances/${id}/read/get_time`);
    expect(await client.get(`/read_graph/${place}`)).toEqual({ status: 200, json: { Ok: Buffer.from("done").toString("base64") } });
    expect(await client.remove(`/prune_graph/${place}`)).toBe(200);
    expect((await client.get(`/read_graph/${place}`)).status).toBe(404);
    expect(await client.remove(`/prune_graph/${place}`)).toBe(404);

    const gone = new AbortController();
    const second = await client.post(`/instances/${id}/update/submit_ingress_message`, call("run", long));
    const message = (second.json as { Ok: object }).Ok;
    const request = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(message), signal: gone.signal };
    const lost = fetch(`${client.url}/instances/${id}/update/await_ingress_message`, request).catch((error: Error) => error.name);
    gone.abort();
    expect(await lost).toBe("AbortError");
    const status = await client.post(`/instances/${id}/update/await_ingress_message`, message);
    expect(status.json).toEqual({ Ok: Buffer.from("done").toString("base64") });
  });

  test("answers that are large come whole", async () => {
    const client = await served(newBench());
    const id = await withPuppet(client);
    const { Ok } = (await update(client, id, "run", program(appendZeros(1_900_000), send))) as { Ok: string };
    expect(Buffer.from(Ok, "base64").length).toBe(1_900_000);
  });
});

test("blobs are kept by their hash, and unpacked into stable memory", async () => {
  const client = await served(newBench());
  const id = await withPuppet(client);
  const packed = gzipSync(Buffer.from("stable"));
  const upload = (body: BodyInit, encoding?: string) =>
    fetch(`${client.url}/blobstore/`, { method: "POST", body, headers: encoding === undefined ? {} : { "content-encoding": encoding } });
  const stored = await upload(packed, "gzip");
  const hash = createHash("sha256").update(packed).digest("hex");
  expect(await stored.text()).toBe(hash);
  expect((await upload(packed, "br")).status).toBe(400);
  expect(Buffer.from(await (await fetch(`${client.url}/blobstore/${hash}`)).arrayBuffer()).toString()).toBe("stable");
  expect((await fetch(`${client.url}/blobstore/${"0".repeat(64)}`)).status).toBe(404);
  expect((await fetch(`${client.url}/blobstore/xyz`)).status).toBe(400);

  const set = (blob: string) =>
    client.post(`/instances/${id}/update/set_stable_memory`, { canister_id: FIRST, blob_id: Buffer.from(blob, "hex").toString("base64") });
  expect(await set(hash)).toEqual({ status: 200, json: null });
  const { json } = await client.post(`/instances/${id}/read/get_stable_memory`, { canister_id: FIRST });
  expect(
    Buffer.from((json as { blob: string }).blob, "base64")
      .subarray(0, 7)
      .toString(),
  ).toBe("stable\0");
  expect(await set("00")).toEqual({ status: 400, json: { message: 'ConversionError { message: "Bad blob id" }' } });
  const broken = createHash("sha256").update("no gzip").digest("hex");
  await upload("no gzip", "gzip");
  expect(await set(broken)).toEqual({ status: 400, json: { message: 'ConversionError { message: "Decompression failed" }' } });
});

test("a gateway has a port of its own until it is stopped, or its instance is deleted", async () => {
  const client = await served(newBench());
  const { json } = await client.post("/instances", { subnet_config_set: { application: [SPEC] }, http_gateway_config: {} });
  const { port } = (json as { Created: { http_gateway_info: { port: number } } }).Created.http_gateway_info;
  expect((await fetch(`http://127.0.0.1:${port}/api/v2/status`)).status).toBe(200);
  expect((await (await fetch(`http://127.0.0.1:${port}/_/topology`)).json()) as object).toHaveProperty("default_effective_canister_id");
  expect(await (await fetch(`http://127.0.0.1:${port}/_/dashboard`)).text()).toContain("<h1>PocketIC Dashboard</h1>");
  const page = await fetch(`http://127.0.0.1:${port}/?canisterId=rrkah-fqaaa-aaaaa-aaaaq-cai`, { headers: { accept: "text/html" } });
  expect(page.status).toBe(404);
  expect((await fetch(`http://127.0.0.1:${port}/?canisterId=nonsense`)).status).toBe(400);
  // What else is below the server's own pages is canisters'.
  expect((await fetch(`http://127.0.0.1:${port}/_/page`)).status).toBe(400);
  const taken = await client.post("/http_gateway", { port, forward_to: { PocketIcInstance: 0 } });
  expect(taken).toMatchObject({
    status: 502,
    json: {
      Error: {
        message: expect.stringMatching(
          `^Failed to bind to address 127.0.0.1:${port}: Address already in use \\(os error \\d+\\)$`,
        ) as string,
      },
    },
  });
  const nowhere = await client.post("/http_gateway/", { forward_to: { PocketIcInstance: 5 } });
  expect(nowhere).toMatchObject({ status: 502, json: { Error: { message: expect.stringContaining("Instance not found") as string } } });
  const second = await client.post("/http_gateway", { forward_to: { PocketIcInstance: 0 }, domains: ["localhost"] });
  expect(second.status).toBe(201);
  expect((await client.get("/http_gateway")).json).toMatchObject([
    { instance_id: 0, port },
    { instance_id: 1, domains: ["localhost"] },
  ]);
  expect(await client.post("/http_gateway/1/stop", {})).toEqual({ status: 200, json: null });
  expect(await client.remove("/instances/0")).toBe(200);
  expect((await client.get("/http_gateway")).json).toEqual([]);
  await expect(fetch(`http://127.0.0.1:${port}/api/v2/status`)).rejects.toThrow();
  expect((await client.get("/nothing")).status).toBe(404);
});

test("instances take turns with a state directory", async () => {
  const self = newBench();
  const client = await served(self);
  const state_dir = join(self.folder, "state");
  const create = (subnet_config_set: object) => client.post("/instances", { subnet_config_set, state_dir });
  // What is refused leaves no lock.
  expect((await create({})).status).toBe(400);
  expect((await create({ application: [SPEC] })).status).toBe(201);
  const message = `The state directory ${state_dir} is in use by another instance of this server: delete that instance or end that server first, or use another directory.`;
  expect(await create({ application: [SPEC] })).toEqual({ status: 400, json: { Error: { message } } });
  expect(await client.remove("/instances/0")).toBe(200);
  expect((await create({})).status).toBe(201);
  await client.process.kill("SIGTERM");
  expect(readdirSync(state_dir)).toEqual(["cannery.jsonl"]);
});
