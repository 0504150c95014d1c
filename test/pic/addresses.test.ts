/**
 * The server's addresses and HTTP methods, as the real server's router has them: what is wrong with a request itself is said before anybody looks for
 * the instance.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Instances } from "../../src/host/pocketic/instances.ts";
import { WorkerPool } from "../../src/host/pocketic/pool.ts";
import { PicServer } from "../../src/host/pocketic/server.ts";

const server = new PicServer(new Instances(new WorkerPool(() => undefined)));
const http = createServer((request, response) => void server.serve(request, response));
let url = "";

beforeAll(async () => {
  await once(http.listen(0, "127.0.0.1"), "listening");
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await server.stop();
  http.close();
  http.closeAllConnections();
});

async function ask(method: string, path: string, body?: string, contentType = "application/json"): Promise<string> {
  const sent = body === undefined ? {} : { body, headers: { "content-type": contentType } };
  const response = await fetch(url + path, { method, ...sent });
  return [response.status, response.headers.get("allow") ?? "", await response.text()].join(" ");
}

const NOT_FOUND = "404  ";
const MISSING = "400  " + JSON.stringify({ message: 'UpdateError { message: "Instance not found" }' });

describe("an instance that is not there", () => {
  test.each([
    ["GET", "/instances/7/nothing", NOT_FOUND],
    ["POST", "/instances/7/update/nothing", NOT_FOUND],
    ["POST", "/instances/x/update/nothing", NOT_FOUND],
    ["POST", "/instances/7/api/v5/canister/aaaaa-aa/call", NOT_FOUND],
    ["POST", "/instances/7/api/v2/subnet/aaaaa-aa/call", NOT_FOUND],
    ["GET", "/instances/7/update/tick", "405 POST "],
    ["POST", "/instances/7/read/get_time", "405 GET,HEAD "],
    ["DELETE", "/instances/7/auto_progress", "405 GET,HEAD,POST "],
    ["GET", "/instances/7/api/v2/canister/aaaaa-aa/query", "405 POST "],
    ["PUT", "/instances/7", "405 DELETE "],
    ["GET", "/instances/7/read/get_time", MISSING],
    ["GET", "/instances/7/read/get_time/?why=not", MISSING],
    ["GET", "/instances/7/api/v2/status", '400  UpdateError { message: "Instance not found" }'],
    ["GET", "/instances/x/read/get_time", "400  Invalid URL: Cannot parse `id` with value `x` to a `usize`"],
  ])("%s %s", async (method, path, answer) => {
    expect(await ask(method, path)).toBe(answer);
  });

  test("is told of after what is wrong with the body", async () => {
    expect(await ask("POST", "/instances/7/update/tick", "{}")).toBe(MISSING);
    expect(await ask("POST", "/instances/7/update/tick", "{}", "text/plain")).toMatch(/^415 /);
    expect(await ask("POST", "/instances/7/update/tick", "{")).toMatch(/^400 {2}Failed to parse the request body as JSON: /);
    const shape = "422  Failed to deserialize the JSON body into the target type: ";
    expect(await ask("POST", "/instances/7/update/tick", "[]")).toBe(`${shape}body: invalid type: sequence, expected a map`);
    expect(await ask("POST", "/instances/7/read/query", "{}")).toBe(`${shape}missing field \`sender\``);
    expect(await ask("POST", "/instances/7/auto_progress", '{"artificial_delay_ms":"no"}')).toMatch(/^422 /);
    const bad = JSON.stringify({ message_id: "AAAA", effective_principal: "None" });
    expect(await ask("POST", "/instances/7/update/await_ingress_message", bad)).toBe(
      "400  " + JSON.stringify({ message: 'ConversionError { message: "Bad message id" }' }),
    );
  });
});

describe("the server's own addresses", () => {
  test.each([
    ["GET", "/", NOT_FOUND],
    ["GET", "/status/more", NOT_FOUND],
    ["GET", "/status/", "200  "],
    ["HEAD", "/status", "200  "],
    ["POST", "/status", "405 GET,HEAD "],
    ["OPTIONS", "/status", "405 GET,HEAD "],
    ["DELETE", "/instances", "405 GET,HEAD,POST "],
    ["DELETE", "/http_gateway", "405 GET,HEAD,POST "],
    ["GET", "/http_gateway/0/stop", "405 POST "],
    ["GET", "/blobstore", "405 POST "],
    ["POST", "/blobstore/00", "405 GET,HEAD "],
    ["GET", "/blobstore/zz", "400  "],
    ["GET", "/blobstore/00", NOT_FOUND],
    ["GET", "/verify_signature", "405 POST "],
    ["POST", "/read_graph/a/b", "405 GET,HEAD "],
    ["GET", "/prune_graph/a/b", "405 DELETE "],
    ["GET", "/read_graph/*/b", "400  Malformed state label."],
    ["GET", "/read_graph/AAAA/b", '400  {"message":"Malformed state label."}'],
    ["GET", `/read_graph/${"A".repeat(22)}==/b`, `404  {"message":"state_label / op_id not found: ${"A".repeat(22)}== / b"}`],
  ])("%s %s", async (method, path, answer) => {
    expect(await ask(method, path)).toBe(answer);
  });

  test("a browser's question is answered below /instances", async () => {
    const response = await fetch(`${url}/instances/7/read/query`, { method: "OPTIONS", headers: { origin: "http://localhost" } });
    expect(response.status).toBe(200);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("access-control-allow-methods")).toBe("GET,POST");
  });

  test("are described, each with its methods and no other", async () => {
    const { openapi, paths } = (await (await fetch(`${url}/api.json`)).json()) as { openapi: string; paths: Record<string, object> };
    expect(openapi).toBe("3.1.0");
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(["/status", "/instances/{id}/update/tick", "/http_gateway/{id}/stop"]));
    for (const [path, methods] of Object.entries(paths)) {
      const { status, headers } = await fetch(url + path.replace(/\{\w+\}/g, "7"), { method: "PUT" });
      const allowed = headers
        .get("allow")
        ?.split(",")
        .filter((method) => method !== "HEAD");
      expect([path, status, allowed]).toEqual([path, 405, Object.keys(methods).map((method) => method.toUpperCase())]);
    }
  });
});
