/**
 * Damaged requests to every endpoint of an instance: a status of the client's fault each time, in the real server's shape, and the instance goes on.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CreationRefused, instanceConfig } from "../../src/api/pocketic/config.ts";
import { BadShape } from "../../src/api/pocketic/shape.ts";
import { writeJson } from "../../src/api/pocketic/json.ts";
import { ANONYMOUS, base64, creation, encoded, NEW, PicInstance, raw } from "../support/pic-instance.ts";

const CANISTER = { canister_id: raw("lxzze-o7777-77777-aaaaa-cai") };
const SUBNET = { subnet_id: raw("uzr34-akd3s-xrdag-3ql62-ocgoh-ld2ao-tamcv-54e7j-krwgb-2gm4z-oqe") };
const CALL = {
  sender: ANONYMOUS,
  canister_id: "",
  effective_principal: { CanisterId: CANISTER.canister_id },
  method: "provisional_create_canister_with_cycles",
  payload: base64(encoded("provisional_create_canister_with_cycles", creation(null))),
  sender_info: null,
};
const MESSAGE = { effective_principal: { SubnetId: SUBNET.subnet_id }, message_id: base64(new Uint8Array(32)) };
const REPLY = { CanisterHttpReply: { status: 200, headers: [{ name: "a", value: "b" }], body: "" } };
const NODE = { node_id: ANONYMOUS };

/** A whole request for each endpoint. */
const REQUESTS: Readonly<Record<string, object>> = {
  "/read/query": CALL,
  "/read/get_controllers": CANISTER,
  "/read/get_cycles": CANISTER,
  "/read/get_stable_memory": CANISTER,
  "/read/get_subnet": CANISTER,
  "/read/pub_key": SUBNET,
  "/read/ingress_status": { raw_message_id: MESSAGE, raw_caller: { principal_id: ANONYMOUS } },
  "/update/submit_ingress_message": CALL,
  "/update/await_ingress_message": MESSAGE,
  "/update/tick": {
    blockmakers: [{ subnet: SUBNET, blockmaker: NODE, failed_blockmakers: [NODE] }],
    first_subnet: SUBNET,
    last_subnet: null,
  },
  "/update/set_time": { nanos_since_epoch: 1_700_000_000_000_000_000n },
  "/update/set_certified_time": { nanos_since_epoch: 1_700_000_000_000_000_000n },
  "/update/add_cycles": { ...CANISTER, amount: 2n ** 100n },
  "/update/set_stable_memory": { ...CANISTER, blob_id: base64(new Uint8Array(32)) },
  "/update/mock_canister_http": { subnet_id: SUBNET, request_id: 0, response: REPLY, additional_responses: [REPLY] },
  "/update/canister_snapshot_download": {
    sender: { principal_id: ANONYMOUS },
    canister_id: CANISTER,
    snapshot_id: "AA==",
    snapshot_dir: "/dev/null/nowhere",
  },
  "/update/canister_snapshot_upload": {
    sender: { principal_id: ANONYMOUS },
    canister_id: CANISTER,
    replace_snapshot: null,
    snapshot_dir: "/dev/null",
  },
};

const CONFIG = {
  subnet_config_set: { nns: NEW, application: [{ ...NEW, subnet_admins: null, cost_schedule: "Normal" }], system: [] },
  icp_config: { canister_execution_rate_limiting: "Disabled" },
  icp_features: { icp_token: "DefaultConfig" },
  initial_time: { Timestamp: { nanos_since_epoch: 1_700_000_000_000_000_000n } },
  http_gateway_config: { ip_addr: null, port: 1, domains: ["localhost"], https_config: { cert_path: "a", key_path: "b" } },
  log_level: "info",
};

const NUMBERS = [-1, 0, 0.5, 1e300, 2 ** 53, 2n ** 64n, 2n ** 128n, -(2n ** 70n)];
const junk = fc.oneof(
  fc.constantFrom<unknown>(...NUMBERS, null, true, "", "***", "AA==", "AAAA", [], {}, [[]], { __proto__: null }, "\u0000", "New", "None"),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Places in a value, as paths of keys. */
function placesOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => placesOf(inner, [...path, key]))];
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.map((item, i) => (String(i) === key ? replaced(item, rest, by) : (item as unknown)));
  const record = value as Record<string, unknown>;
  return { ...record, [key]: replaced(record[key], rest, by) };
}

/** A whole value with something else at one place; `undefined` takes the field away. */
function damaged(whole: object): fc.Arbitrary<unknown> {
  return fc
    .tuple(fc.constantFrom(...placesOf(whole)), fc.oneof(junk, fc.constant(undefined)))
    .map(([path, by]) => replaced(whole, path, by));
}

const CLIENTS_FAULT = [200, 400, 403, 404, 406, 415, 422];

async function answersSensibly(pic: PicInstance, path: string, body: Uint8Array | string, contentType: string | null): Promise<void> {
  const response = await pic.send("POST", path, body, contentType);
  expect(CLIENTS_FAULT, `${path}: ${String(response.body)}`).toContain(response.status);
  if (
    response.status !== 422 &&
    response.status !== 415 &&
    typeof response.body === "string" &&
    response.headers["content-type"] === "application/json"
  )
    expect(() => JSON.parse(response.body as string) as unknown).not.toThrow();
}

describe("damaged requests", () => {
  const pic = new PicInstance({ subnet_config_set: { application: [NEW] } });

  test.each(Object.entries(REQUESTS))("%s", async (path, whole) => {
    await answersSensibly(pic, path, writeJson(whole), "application/json");
    const bodies = fc.oneof(
      { weight: 6, arbitrary: damaged(whole).map((value) => writeJson(value ?? null)) },
      { weight: 1, arbitrary: fc.nat(400).map((length) => writeJson(whole).slice(0, length)) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }) },
    );
    const types = fc.constantFrom("application/json", "application/json; charset=utf-8", "text/plain", "application/cbor", null);
    await fc.assert(
      fc.asyncProperty(
        bodies,
        fc.oneof({ weight: 8, arbitrary: fc.constant("application/json") }, { weight: 1, arbitrary: types }),
        (body, type) => answersSensibly(pic, path, body, type),
      ),
      { numRuns: 120 },
    );
    expect(await pic.ask("/read/get_time")).toMatchObject({ status: 200 });
  });

  test("of the public interface", async () => {
    const paths = fc.constantFrom(
      "canister/lxzze-o7777-77777-aaaaa-cai",
      "canister/aaaaa-aa",
      "canister/x",
      "subnet/2vxsx-fae",
      "canister/",
    );
    const asked = fc.tuple(
      fc.constantFrom("v2", "v3", "v4"),
      paths,
      fc.constantFrom("call", "query", "read_state"),
      fc.uint8Array({ maxLength: 60 }),
    );
    await fc.assert(
      fc.asyncProperty(asked, async ([version, path, what, body]) => {
        const { status } = await pic.send("POST", `/api/${version}/${path}/${what}`, body, "application/cbor");
        expect([400, 404]).toContain(status);
      }),
      { numRuns: 150 },
    );
  });

  test("configurations are read, refused in words, or are of another shape", () => {
    fc.assert(
      fc.property(damaged(CONFIG), (config) => {
        try {
          instanceConfig(config ?? null, 1_700_000_000_000_000_000n);
        } catch (error) {
          expect(error instanceof CreationRefused || error instanceof BadShape, String(error)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
