import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ALICE, encode, principal, settings } from "../../../test/support/management-world.ts";
import { hasVectorOfNothing } from "./candid-bomb.ts";
import { ARGUMENT, CHUNKED_WITH_BLOBS } from "./candid-types.ts";
import {
  decodeArgument,
  decodeNothing,
  decodeTarget,
  decodeVersion,
  idOf,
  NO_RESULT,
  principalOf,
  type ArgumentName,
  type ArgumentValue,
} from "./candid.ts";

const ID = principal(ALICE);
const VETKD_KEY = { curve: { bls12_381_g2: null }, name: "key_1" };
const VERSION = { sender_canister_version: [] };

const SNAPSHOT_ID = new Uint8Array(18);

const SAMPLES: { [Name in ArgumentName]: object } = {
  create_canister: { settings: [settings({ controllers: [ID], log_visibility: { public: null } })], sender_canister_version: [3n] },
  update_settings: { canister_id: ID, settings: settings({ environment_variables: [{ name: "a", value: "b" }] }), ...VERSION },
  install_code: {
    mode: { upgrade: [{ skip_pre_upgrade: [true], wasm_memory_persistence: [{ keep: null }] }] },
    canister_id: ID,
    wasm_module: Uint8Array.of(1, 2),
    arg: Uint8Array.of(3),
    ...VERSION,
  },
  install_chunked_code: {
    mode: { reinstall: null },
    target_canister: ID,
    store_canister: [ID],
    chunk_hashes_list: [{ hash: Uint8Array.of(1) }],
    wasm_module_hash: Uint8Array.of(2),
    arg: new Uint8Array(0),
    ...VERSION,
  },
  upload_chunk: { canister_id: ID, chunk: Uint8Array.of(7) },
  uninstall_code: { canister_id: ID, ...VERSION },
  canister_id: { canister_id: ID },
  canister_info: { canister_id: ID, num_requested_changes: [5n] },
  canister_metadata: { canister_id: ID, name: "candid:service" },
  provisional_create_canister_with_cycles: { amount: [1n << 100n], settings: [], specified_id: [ID], ...VERSION },
  provisional_top_up_canister: { canister_id: ID, amount: 1n },
  fetch_canister_logs: { canister_id: ID, filter: [{ by_idx: { start: 1n, end: 2n } }] },
  subnet_id: { subnet_id: ID },
  node_metrics_history: { subnet_id: ID, start_at_timestamp_nanos: 1n },
  setup_initial_dkg: { node_ids: [ID], registry_version: 1n, subnet_id: [ID] },
  reshare_chain_key: { key_id: { VetKd: VETKD_KEY }, subnet_id: ID, nodes: [ID], registry_version: 1n },
  rename_canister: {
    canister_id: ID,
    rename_to: { canister_id: ID, version: 1n, total_num_changes: 2n },
    requested_by: ID,
    sender_canister_version: 3n,
  },
  flexible_http_request: {
    max_response_bytes: [],
    url: "https://example.org",
    method: { get: null },
    headers: [],
    body: [],
    transform: [],
    replication: [{ min_responses: 1, max_responses: 2, total_requests: 3 }],
  },
  ecdsa_public_key: { canister_id: [ID], derivation_path: [Uint8Array.of(1)], key_id: { curve: { secp256k1: null }, name: "key_1" } },
  sign_with_ecdsa: { message_hash: new Uint8Array(32), derivation_path: [], key_id: { curve: { secp256k1: null }, name: "key_1" } },
  schnorr_public_key: { canister_id: [], derivation_path: [], key_id: { algorithm: { ed25519: null }, name: "key_1" } },
  sign_with_schnorr: {
    message: Uint8Array.of(1),
    derivation_path: [],
    key_id: { algorithm: { bip340secp256k1: null }, name: "key_1" },
    aux: [{ bip341: { merkle_root_hash: new Uint8Array(0) } }],
  },
  vetkd_public_key: { canister_id: [], context: Uint8Array.of(1), key_id: { curve: { bls12_381_g2: null }, name: "key_1" } },
  vetkd_derive_key: {
    input: Uint8Array.of(1),
    context: Uint8Array.of(2),
    transport_public_key: new Uint8Array(48),
    key_id: { curve: { bls12_381_g2: null }, name: "key_1" },
  },
  http_request: {
    url: "https://example.org",
    max_response_bytes: [5n],
    method: { post: null },
    headers: [{ name: "a", value: "b" }],
    body: [Uint8Array.of(1)],
    transform: [{ function: [ID, "transform"], context: Uint8Array.of(2) }],
    is_replicated: [false],
    pricing_version: [1],
  },
  transform: { response: { status: 200n, headers: [], body: Uint8Array.of(1) }, context: Uint8Array.of(2) },
  take_canister_snapshot: { canister_id: ID, replace_snapshot: [SNAPSHOT_ID], uninstall_code: [true], ...VERSION },
  load_canister_snapshot: { canister_id: ID, snapshot_id: SNAPSHOT_ID, sender_canister_version: [9n] },
  delete_canister_snapshot: { canister_id: ID, snapshot_id: SNAPSHOT_ID },
  read_canister_snapshot_metadata: { canister_id: ID, snapshot_id: SNAPSHOT_ID },
  read_canister_snapshot_data: { canister_id: ID, snapshot_id: SNAPSHOT_ID, kind: { wasm_memory: { offset: 1n, size: 2n } } },
  upload_canister_snapshot_metadata: {
    canister_id: ID,
    replace_snapshot: [],
    wasm_module_size: 1n,
    globals: [{ i32: -1 }, { i64: -2n }, { f32: 0.5 }, { f64: -0.25 }, { v128: 1n << 127n }],
    wasm_memory_size: 65_536n,
    stable_memory_size: 0n,
    certified_data: Uint8Array.of(1),
    global_timer: [{ active: 7n }],
    on_low_wasm_memory_hook_status: [{ executed: null }],
  },
  upload_canister_snapshot_data: { canister_id: ID, snapshot_id: SNAPSHOT_ID, kind: { wasm_chunk: null }, chunk: Uint8Array.of(1) },
  bitcoin_get_balance: { address: "a", network: { regtest: null }, min_confirmations: [6] },
  bitcoin_get_utxos: { address: "a", network: { Mainnet: null }, filter: [{ page: Uint8Array.of(1) }] },
  bitcoin_send_transaction: { transaction: Uint8Array.of(1), network: { testnet: null } },
  bitcoin_get_current_fee_percentiles: { network: { mainnet: null } },
  bitcoin_get_block_headers: { start_height: 1, end_height: [2], network: { mainnet: null } },
};

test.each(Object.keys(SAMPLES) as ArgumentName[])("%s: decode undoes encode [management-canister#ic-candid]", (name) => {
  expect(decodeArgument(name, encode(name, SAMPLES[name]))).toEqual({ kind: "value", value: SAMPLES[name] });
});

test("older clients leave optional fields out [management-canister#ic-candid]", () => {
  const type = IDL.Record({ canister_id: IDL.Principal, settings: IDL.Record({ controllers: IDL.Opt(IDL.Vec(IDL.Principal)) }) });
  const decoded = decodeArgument("update_settings", IDL.encode([type], [{ canister_id: ID, settings: { controllers: [[ID]] } }]));
  expect(decoded).toEqual({
    kind: "value",
    value: { canister_id: ID, settings: settings({ controllers: [ID] }), sender_canister_version: [] },
  });
});

test("create_canister takes any Candid for the defaults, as before it had an argument [replica: older arguments]", () => {
  const defaults = { kind: "value", value: { settings: [], sender_canister_version: [] } };
  expect(decodeArgument("create_canister", NO_RESULT)).toEqual(defaults);
  expect(decodeArgument("create_canister", IDL.encode([IDL.Text], ["x"]))).toEqual(defaults);
  expect(decodeArgument("create_canister", Uint8Array.of(1))).toMatchObject({
    error: { code: 408, description: "Payload deserialization error." },
  });
  const many = settings({ controllers: Array.from({ length: 11 }, () => ID) });
  expect(decodeArgument("create_canister", encode("create_canister", { settings: [many], sender_canister_version: [] }))).toMatchObject({
    error: { code: 408, description: expect.stringMatching(/^Payload deserialization error: .*exceeds maximum allowed 10/) as string },
  });
});

test("install_chunked_code takes hashes as blobs [replica: older arguments]", () => {
  const value = SAMPLES.install_chunked_code as ArgumentValue["install_chunked_code"];
  const older = { ...value, chunk_hashes_list: value.chunk_hashes_list.map(({ hash }) => hash) };
  expect(decodeArgument("install_chunked_code", IDL.encode(CHUNKED_WITH_BLOBS, [older]))).toEqual({ kind: "value", value });
});

test("target and version of any method", () => {
  expect(decodeTarget("install_chunked_code", encode("install_chunked_code", SAMPLES.install_chunked_code))).toEqual({
    kind: "value",
    value: ALICE,
  });
  expect(decodeTarget("start_canister", encode("canister_id", SAMPLES.canister_id))).toEqual({ kind: "value", value: ALICE });
  expect(decodeVersion("rename_canister", encode("rename_canister", SAMPLES.rename_canister))).toEqual({ kind: "value", value: 3n });
  expect(decodeVersion("load_canister_snapshot", encode("load_canister_snapshot", SAMPLES.load_canister_snapshot))).toEqual({
    kind: "value",
    value: 9n,
  });
  expect(decodeVersion("create_canister", encode("create_canister", SAMPLES.create_canister))).toEqual({ kind: "value", value: 3n });
});

test("whatever the bytes are, they decode or are refused", () => {
  const prefix = Uint8Array.of(0x44, 0x49, 0x44, 0x4c);
  const name = fc.constantFrom(...(Object.keys(ARGUMENT) as ArgumentName[]));
  fc.assert(
    fc.property(name, fc.uint8Array({ maxLength: 40 }), fc.boolean(), (name, bytes, candid) => {
      const decoded = decodeArgument(name, candid ? Uint8Array.from([...prefix, ...bytes]) : bytes);
      expect(decoded.kind === "value" || /^(Error decoding candid: |Payload deserialization error)/.test(decoded.error.description)).toBe(
        true,
      );
    }),
  );
  expect(decodeNothing(NO_RESULT).kind).toBe("value");
  expect(decodeNothing(Uint8Array.of(1)).kind).toBe("error");
});

test("a few bytes that stand for billions of nothings are refused", () => {
  const nothings = [IDL.Null, IDL.Reserved, IDL.Record({}), IDL.Record({ a: IDL.Null, b: IDL.Record({}) })];
  for (const nothing of nothings) {
    const type = IDL.Record({ canister_id: IDL.Principal, more: IDL.Vec(nothing) });
    const bytes = IDL.encode([type], [{ canister_id: ID, more: [] }]);
    expect(decodeArgument("canister_id", bytes)).toMatchObject({ kind: "error", error: { code: 408 } });
  }
  // Behind a function and a service too.
  const func = IDL.Func([IDL.Text], [IDL.Nat], ["query"]);
  const hidden = IDL.Record({ canister_id: IDL.Principal, a: func, b: IDL.Service({ m: func }), z: IDL.Vec(IDL.Null) });
  expect(hasVectorOfNothing(IDL.encode([hidden], [{ canister_id: ID, a: [ID, "m"], b: ID, z: [] }]))).toBe(true);
  for (const [name, value] of Object.entries(SAMPLES)) expect(hasVectorOfNothing(encode(name as ArgumentName, value))).toBe(false);
  const list = IDL.Rec();
  list.fill(IDL.Record({ head: IDL.Nat, tail: IDL.Opt(list) }));
  expect(hasVectorOfNothing(IDL.encode([IDL.Vec(list)], [[{ head: 1n, tail: [] }]]))).toBe(false);
});

test("a principal of more than 29 bytes is none, wherever it is [replica: length of principals]", () => {
  const long = Principal.fromUint8Array(new Uint8Array(30));
  const description = "Error decoding candid: Deserialize error: Bytes is longer than 29 bytes.";
  expect(decodeArgument("canister_id", encode("canister_id", { canister_id: long }))).toMatchObject({ error: { code: 408, description } });
  const given = { canister_id: ID, settings: settings({ controllers: [ID, long] }), sender_canister_version: [] };
  expect(decodeArgument("update_settings", encode("update_settings", given))).toMatchObject({ error: { code: 408, description } });
});

test("principals of every length", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 29 }), (bytes) => {
      expect([...principalOf(idOf(Principal.fromUint8Array(bytes))).toUint8Array()]).toEqual([...bytes]);
    }),
  );
});
