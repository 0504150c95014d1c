/**
 * The endpoints of an instance without a socket: shapes and status codes, also of what is wrong.
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { CreationRefused, instanceConfig } from "../../src/api/pocketic/config.ts";
import { InstanceHandler, type InstanceResponse } from "../../src/api/pocketic/handler.ts";
import { parseJson, writeJson } from "../../src/api/pocketic/json.ts";
import { InstancePool } from "../../src/core/canister/instances.ts";
import { ModuleCache } from "../../src/core/wasm/prepare.ts";
import { delay, now } from "../../src/host/clock.ts";
import { fetchOutcall } from "../../src/host/outcall-node.ts";
import { nodePlatform } from "../../src/host/platform-node.ts";
import { featuresWith } from "../../src/host/pocketic/features.ts";
import { journalFile } from "../../src/host/pocketic/journal-file.ts";
import { snapshotFolders } from "../../src/host/pocketic/snapshot-folders.ts";
import { nodeSignatureChecks } from "../../src/host/signature-checks-node.ts";
import { append, appendJournal, note, print, program, puppet, send } from "../support/puppet.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const environment = { platform: nodePlatform, pool: new InstancePool(nodePlatform.engine), modules: new ModuleCache() };
const features = featuresWith(() => ({}));
const SPEC = { state_config: "New", instruction_config: "Production" };
const APPLICATION = { subnet_config_set: { application: [SPEC] } };
const ANONYMOUS = "BA==";
const NOBODY = Buffer.from("00000000000000010101", "hex").toString("base64");
const FIRST = Buffer.from("ffffffffffe000000101", "hex").toString("base64");

let printed: string[];
let handler: InstanceHandler;

function created(config: unknown): InstanceHandler {
  const host = {
    environment,
    checks: nodeSignatureChecks,
    now,
    delay,
    print: (line: string) => void printed.push(line),
    fetchOutcall,
    snapshotFolders,
    features,
    openJournal: journalFile,
  };
  return InstanceHandler.create(instanceConfig(parseJson(writeJson(config)), now()), host);
}

beforeEach(() => {
  printed = [];
  handler = created(APPLICATION);
});

async function raw(method: string, path: string, body: string, contentType: string | null = "application/json"): Promise<InstanceResponse> {
  return handler.handle({ method, path, contentType, body: new TextEncoder().encode(body), stored: null });
}

async function ask(path: string, body?: object): Promise<{ readonly status: number; readonly json: unknown }> {
  const { status, body: answer } = await raw(body === undefined ? "GET" : "POST", path, body === undefined ? "" : writeJson(body));
  return { status, json: parseJson(answer as string) };
}

const call = (method: string, payload: Uint8Array | string, canister = FIRST) => ({
  sender: ANONYMOUS,
  canister_id: canister,
  effective_principal: "None",
  method,
  payload: Buffer.from(payload).toString("base64"),
});

async function update(method: string, payload: Uint8Array | string, canister = FIRST): Promise<unknown> {
  const { json } = await ask("/update/submit_ingress_message", call(method, payload, canister));
  const { Ok, Err } = json as { Ok?: object; Err?: object };
  return Err === undefined ? (await ask("/update/await_ingress_message", Ok)).json : { Err };
}

/** A canister with the puppet in it. */
async function installed(): Promise<void> {
  const { IDL } = await import("@icp-sdk/core/candid");
  const { Principal } = await import("@icp-sdk/core/principal");
  const { ARGUMENT } = await import("../../src/core/management/candid-types.ts");
  const encode = (name: "provisional_create_canister_with_cycles" | "install_code", value: object) =>
    new Uint8Array(IDL.encode(ARGUMENT[name] as unknown as Parameters<typeof IDL.encode>[0], [value]));
  const creation = { amount: [10n ** 18n], settings: [], specified_id: [], sender_canister_version: [] };
  expect(
    await update("provisional_create_canister_with_cycles", encode("provisional_create_canister_with_cycles", creation), ""),
  ).toHaveProperty("Ok");
  const canister_id = Principal.fromUint8Array(Buffer.from(FIRST, "base64"));
  const code = { mode: { install: null }, canister_id, wasm_module: puppet(), arg: new Uint8Array(), sender_canister_version: [] };
  expect(await update("install_code", encode("install_code", code), "")).toHaveProperty("Ok");
}

describe("what is wrong with a request", () => {
  test("is said with the real server's status codes", async () => {
    expect(await raw("POST", "/update/add_cycles", "{}", null)).toMatchObject({ status: 415 });
    expect(await raw("POST", "/update/add_cycles", "{", "application/json")).toMatchObject({ status: 400 });
    expect(await raw("POST", "/update/add_cycles", "\u0000\uffff")).toMatchObject({ status: 400 });
    expect(await raw("POST", "/update/add_cycles", "{}")).toMatchObject({
      status: 422,
      body: "Failed to deserialize the JSON body into the target type: missing field `canister_id`",
    });
    for (const body of [
      "[]",
      "null",
      "3",
      '"x"',
      '{"canister_id":5,"amount":1}',
      '{"canister_id":"***","amount":1}',
      `{"canister_id":"${FIRST}","amount":-1}`,
    ])
      expect(await raw("POST", "/update/add_cycles", body)).toMatchObject({ status: 422 });
    expect(await raw("POST", "/update/nothing", "{}")).toMatchObject({ status: 404, body: "" });
    expect(await raw("GET", "/read/toString", "")).toMatchObject({ status: 404 });
    expect(await raw("GET", "/update/tick", "")).toMatchObject({ status: 405 });
    expect(await raw("POST", "/update/tick/", "{}")).toMatchObject({ status: 200, body: "null" });
  });

  test("leaves the instance as it was", async () => {
    const before = await ask("/read/get_time");
    await raw("POST", "/update/set_time", '{"nanos_since_epoch":"soon"}');
    await raw("POST", "/update/submit_ingress_message", writeJson(call("run", "", NOBODY)));
    expect(await ask("/read/get_time")).toEqual(before);
  });
});

describe("errors of operations", () => {
  test("are printed as the real server prints them", async () => {
    const id = { canister_id: NOBODY };
    const message = "CanisterNotFound(CanisterId(rrkah-fqaaa-aaaaa-aaaaq-cai))";
    for (const path of ["/read/get_cycles", "/read/get_controllers", "/read/get_stable_memory"])
      expect(await ask(path, id)).toEqual({ status: 400, json: { message } });
    expect(await ask("/update/add_cycles", { ...id, amount: 1 })).toEqual({ status: 400, json: { message } });
    expect(await ask("/read/get_subnet", id)).toEqual({ status: 200, json: null });
    expect(await ask("/update/set_time", { nanos_since_epoch: 5 })).toEqual({
      status: 400,
      json: { message: "SettingTimeIntoPast((1620328630000000001, 5))" },
    });
    expect(await ask("/update/submit_ingress_message", call("run", "", NOBODY))).toEqual({
      status: 400,
      json: { message: 'BadIngressMessage("Canister rrkah-fqaaa-aaaaa-aaaaq-cai does not belong to any subnet.")' },
    });
    const subnet = { subnet_id: NOBODY };
    expect(await ask("/read/pub_key", subnet)).toMatchObject({
      status: 400,
      json: { message: "SubnetNotFound(rrkah-fqaaa-aaaaa-aaaaq-cai)" },
    });
    const reject = { CanisterHttpReject: { reject_code: 9, message: "" } };
    expect(
      await ask("/update/mock_canister_http", { subnet_id: subnet, request_id: 0, response: reject, additional_responses: [] }),
    ).toEqual({
      status: 400,
      json: { message: "InvalidRejectCode(9)" },
    });
    expect(await ask("/update/tick", { first_subnet: subnet, last_subnet: subnet })).toMatchObject({ status: 400 });
  });

  test("a call of a canister that is not there is refused when it is submitted, uncertified", async () => {
    expect(await ask("/update/submit_ingress_message", call("run", ""))).toEqual({
      status: 200,
      json: {
        Err: {
          reject_code: "DestinationInvalid",
          reject_message: "Canister lxzze-o7777-77777-aaaaa-cai not found",
          error_code: "CanisterNotFound",
          certified: false,
        },
      },
    });
  });
});

test("a new instance is at the time and has the ids that clients count on", async () => {
  expect(await ask("/read/get_time")).toEqual({ status: 200, json: { nanos_since_epoch: 1_620_328_630_000_000_001n } });
  const { json } = await ask("/_/topology");
  const { subnet_configs, default_effective_canister_id } = json as {
    subnet_configs: Record<string, { subnet_seed: number[] }>;
    default_effective_canister_id: object;
  };
  expect(default_effective_canister_id).toEqual({ canister_id: FIRST });
  expect(Object.values(subnet_configs)).toMatchObject([{ subnet_kind: "Application", subnet_admins: null, cost_schedule: "Normal" }]);
  expect(Object.values(subnet_configs)[0]!.subnet_seed.length).toBe(32);
  expect((await ask("/read/topology")).json).toEqual(json);
});

test("a message's status is for its sender; it is there when rounds have run", async () => {
  await installed();
  const { json } = await ask("/update/submit_ingress_message", call("run", program(append("hello"), send)));
  const raw_message_id = (json as { Ok: object }).Ok;
  expect(await ask("/read/ingress_status", { raw_message_id })).toEqual({ status: 200, json: null });
  await ask("/update/tick", {});
  const Ok = Buffer.from("hello").toString("base64");
  expect(await ask("/read/ingress_status", { raw_message_id, raw_caller: { principal_id: ANONYMOUS } })).toEqual({
    status: 200,
    json: { Ok },
  });
  expect(await ask("/read/ingress_status", { raw_message_id, raw_caller: ANONYMOUS })).toEqual({ status: 200, json: { Ok } });
  expect(await ask("/read/ingress_status", { raw_message_id, raw_caller: { principal_id: FIRST } })).toEqual({
    status: 403,
    json: { message: "The user tries to access Request ID not signed by the caller." },
  });
});

test("what canisters print comes out with the time and the id in front, of queries too", async () => {
  await installed();
  await update("run", program(print("in an update"), send));
  await ask("/read/query", call("look", program(print("in a query"), send)));
  expect(printed).toEqual([
    expect.stringMatching(/^2021-05-06 19:17:10\.\d{9} UTC: \[Canister lxzze-o7777-77777-aaaaa-cai\] in an update$/),
    expect.stringMatching(/: \[Canister lxzze-o7777-77777-aaaaa-cai\] in a query$/),
  ]);
});

test("rounds run by themselves once", async () => {
  expect(await ask("/auto_progress")).toEqual({ status: 200, json: false });
  expect(await ask("/auto_progress", { artificial_delay_ms: null })).toEqual({ status: 200, json: null });
  expect(await ask("/auto_progress", {})).toEqual({ status: 400, json: { message: "Auto progress mode has already been enabled." } });
  expect(await ask("/auto_progress")).toEqual({ status: 200, json: true });
  expect(await raw("POST", "/stop_progress", "", null)).toMatchObject({ status: 200, body: "null" });
  expect(await ask("/auto_progress")).toEqual({ status: 200, json: false });
});

describe("configurations that cannot be", () => {
  const refusal = (config: unknown): string => {
    try {
      created(config);
    } catch (error) {
      if (error instanceof CreationRefused) return error.message;
      throw error;
    }
    throw new Error("it was taken");
  };

  test("are refused as the real server refuses them", () => {
    expect(refusal({ subnet_config_set: {} })).toBe(
      'Subnet config failed to validate: "ExtendedSubnetConfigSet must contain at least one subnet"',
    );
    expect(refusal({ subnet_config_set: { nns: { ...SPEC, state_config: { FromBlobStore: "" } } } })).toBe(
      "SubnetStateConfig::FromBlobStore is not yet implemented",
    );
    expect(refusal({ subnet_config_set: { cloud_engine: [SPEC] } })).toContain("must have cost schedule of kind `Free`");
    expect(refusal({ ...APPLICATION, initial_time: { Timestamp: { nanos_since_epoch: 5 } } })).toBe(
      "The initial timestamp (unix timestamp in nanoseconds) must be no earlier than 1620328630000000000 (provided 5).",
    );
    expect(refusal({ ...APPLICATION, log_level: "loud" })).toContain("Failed to parse log level");
  });

  test("what Cannery does not have is refused by its name", () => {
    expect(refusal({ ...APPLICATION, bitcoind_addr: ["127.0.0.1:18444"] })).toContain("bitcoind_addr");
    expect(refusal({ ...APPLICATION, icp_features: { sns: "DefaultConfig" } })).toContain("icp_features.sns");
    expect(refusal({ subnet_config_set: { application: [{ ...SPEC, state_config: { FromPath: "/state" } }] } })).toContain(
      "FromPath, /state",
    );
  });
});

test("a snapshot is downloaded into a folder, and uploaded from it", async () => {
  await installed();
  await update("run", program(note("kept"), send));
  const { IDL } = await import("@icp-sdk/core/candid");
  const { Principal } = await import("@icp-sdk/core/principal");
  const { ARGUMENT, RESULT } = await import("../../src/core/management/candid-types.ts");
  const types = (of: unknown) => of as Parameters<typeof IDL.encode>[0];
  const canister_id = Principal.fromUint8Array(Buffer.from(FIRST, "base64"));
  const take = { canister_id, replace_snapshot: [], uninstall_code: [], sender_canister_version: [] };
  const taken = (await update(
    "take_canister_snapshot",
    new Uint8Array(IDL.encode(types(ARGUMENT.take_canister_snapshot), [take])),
    "",
  )) as { Ok: string };
  const [{ id }] = IDL.decode(types(RESULT.take_canister_snapshot), new Uint8Array(Buffer.from(taken.Ok, "base64"))) as unknown as [
    { id: Uint8Array },
  ];
  const snapshot_dir = join(temporaryFolder("snapshot"), "deep");
  const about = { sender: { principal_id: ANONYMOUS }, canister_id: { canister_id: FIRST }, snapshot_dir };
  const download = { ...about, snapshot_id: Buffer.from(id).toString("base64") };
  expect(await ask("/update/canister_snapshot_download", download)).toEqual({ status: 200, json: null });
  expect(readdirSync(snapshot_dir).sort()).toEqual(["metadata.json", "wasm_memory.bin", "wasm_module.bin"]);
  expect(await ask("/update/canister_snapshot_download", download)).toEqual({
    status: 400,
    json: { message: 'InvalidCanisterSnapshotDirectory("Snapshot directory is not empty")' },
  });
  await update("run", program(note("lost"), send));
  const { json } = await ask("/update/canister_snapshot_upload", { ...about, replace_snapshot: null });
  const uploaded = Buffer.from((json as { snapshot_id: string }).snapshot_id, "base64");
  const load = { canister_id, snapshot_id: new Uint8Array(uploaded), sender_canister_version: [] };
  await update("load_canister_snapshot", new Uint8Array(IDL.encode(types(ARGUMENT.load_canister_snapshot), [load])), "");
  expect(await update("run", program(appendJournal, send))).toEqual({ Ok: Buffer.from("kept").toString("base64") });
  rmSync(join(snapshot_dir, "metadata.json"));
  expect(await ask("/update/canister_snapshot_upload", about)).toMatchObject({
    status: 400,
    json: { message: expect.stringMatching(/^CanisterSnapshotError\(".*ENOENT/) as string },
  });
});

test("an instance that is closed gives back what its canisters ran on, and another's stays", async () => {
  environment.pool.dropAll();
  await installed();
  const closed = handler;
  handler = created(APPLICATION);
  await installed();
  expect(environment.pool.size).toBe(2);
  await closed.close();
  expect(environment.pool.size).toBe(1);
  await update("run", program(note("kept"), send));
  expect(await update("run", program(appendJournal, send))).toEqual({ Ok: Buffer.from("kept").toString("base64") });
  expect(environment.pool.size).toBe(1);
});

test("integers are exact both ways", () => {
  const text = '{"a":12345678901234567890,"b":[-98765432109876543210,1.5,7],"c":"1234567890123456789 \\" 12345678901234567890"}';
  const value = { a: 12345678901234567890n, b: [-98765432109876543210n, 1.5, 7], c: '1234567890123456789 " 12345678901234567890' };
  expect(parseJson(text)).toEqual(value);
  expect(writeJson(value)).toBe(text);
  expect(writeJson({ none: undefined, nothing: null })).toBe('{"nothing":null}');
});
