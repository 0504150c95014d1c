/**
 * Candid types of the management canister's arguments and results, made once.
 *
 * Source: interface spec, "The IC management canister" (ic.did); management-canister.md 2. Results carry the fields that the
 * replica sends beyond the published interface: some client libraries require them, and Candid lets all others skip them.
 */
import { IDL } from "@icp-sdk/core/candid";

const { Record, Variant, Opt, Vec, Null, Nat, Nat8, Nat32, Nat64, Bool, Text, Reserved } = IDL;
const Blob = Vec(Nat8);
const Id = IDL.Principal;

const Visibility = Variant({ controllers: Null, public: Null, allowed_viewers: Vec(Id) });
const EnvironmentVariable = Record({ name: Text, value: Text });

const Settings = Record({
  controllers: Opt(Vec(Id)),
  compute_allocation: Opt(Nat),
  memory_allocation: Opt(Nat),
  freezing_threshold: Opt(Nat),
  reserved_cycles_limit: Opt(Nat),
  minimum_incoming_canister_call_cycles: Opt(Nat),
  wasm_memory_limit: Opt(Nat),
  wasm_memory_threshold: Opt(Nat),
  log_visibility: Opt(Visibility),
  snapshot_visibility: Opt(Visibility),
  status_visibility: Opt(Visibility),
  log_memory_limit: Opt(Nat),
  environment_variables: Opt(Vec(EnvironmentVariable)),
});

const DefiniteSettings = Record({
  controller: Id,
  controllers: Vec(Id),
  compute_allocation: Nat,
  memory_allocation: Nat,
  freezing_threshold: Nat,
  reserved_cycles_limit: Nat,
  minimum_incoming_canister_call_cycles: Nat,
  wasm_memory_limit: Nat,
  wasm_memory_threshold: Nat,
  log_visibility: Visibility,
  snapshot_visibility: Visibility,
  status_visibility: Visibility,
  log_memory_limit: Nat,
  environment_variables: Vec(EnvironmentVariable),
});

const InstallMode = Variant({
  install: Null,
  reinstall: Null,
  upgrade: Opt(
    Record({
      skip_pre_upgrade: Opt(Bool),
      wasm_memory_persistence: Opt(Variant({ keep: Null, replace: Null })),
    }),
  ),
});

const ChunkHash = Record({ hash: Blob });
const CanisterIdArgument = Record({ canister_id: Id });
const SenderVersion = Opt(Nat64);

const SnapshotSource = Variant({ taken_from_canister: Reserved, metadata_upload: Reserved });

const Change = Record({
  timestamp_nanos: Nat64,
  canister_version: Nat64,
  origin: Variant({
    from_user: Record({ user_id: Id }),
    from_canister: Record({ canister_id: Id, canister_version: Opt(Nat64) }),
  }),
  details: Variant({
    creation: Record({ controllers: Vec(Id), environment_variables_hash: Opt(Blob) }),
    code_uninstall: Null,
    code_deployment: Record({ mode: Variant({ install: Null, reinstall: Null, upgrade: Null }), module_hash: Blob }),
    load_snapshot: Record({
      from_canister_id: Opt(Id),
      snapshot_id: Blob,
      canister_version: Nat64,
      taken_at_timestamp: Nat64,
      source: SnapshotSource,
    }),
    controllers_change: Record({ controllers: Vec(Id) }),
    rename_canister: Record({
      canister_id: Id,
      total_num_changes: Nat64,
      rename_to: Record({ canister_id: Id, version: Nat64, total_num_changes: Nat64 }),
      requested_by: Id,
    }),
  }),
});

const Status = Record({
  status: Variant({ running: Null, stopping: Null, stopped: Null }),
  ready_for_migration: Bool,
  version: Nat64,
  controller: Id,
  settings: DefiniteSettings,
  module_hash: Opt(Blob),
  memory_size: Nat,
  memory_metrics: Record({
    wasm_memory_size: Nat,
    stable_memory_size: Nat,
    global_memory_size: Nat,
    wasm_binary_size: Nat,
    custom_sections_size: Nat,
    canister_history_size: Nat,
    wasm_chunk_store_size: Nat,
    snapshots_size: Nat,
    log_memory_store_size: Nat,
  }),
  cycles: Nat,
  balance: Vec(IDL.Tuple(Blob, Nat)),
  freezing_threshold: Nat,
  reserved_cycles: Nat,
  idle_cycles_burned_per_day: Nat,
  query_stats: Record({
    num_calls_total: Nat,
    num_instructions_total: Nat,
    request_payload_bytes_total: Nat,
    response_payload_bytes_total: Nat,
  }),
});

const Metrics = Record({
  cycles_consumed: Record({
    memory: Nat,
    compute_allocation: Nat,
    ingress_induction: Nat,
    instructions: Nat,
    request_and_response_transmission: Nat,
    uninstall: Nat,
    canister_creation: Nat,
    http_outcalls: Nat,
    burned_cycles: Nat,
  }),
});

const SnapshotArgument = Record({ canister_id: Id, snapshot_id: Blob });
const Snapshot = Record({ id: Blob, taken_at_timestamp: Nat64, total_size: Nat64 });
const SnapshotGlobal = Variant({ i32: IDL.Int32, i64: IDL.Int64, f32: IDL.Float32, f64: IDL.Float64, v128: Nat });
const GlobalTimer = Variant({ inactive: Null, active: Nat64 });
const HookStatus = Variant({ condition_not_satisfied: Null, ready: Null, executed: Null });
const Slice = Record({ offset: Nat64, size: Nat64 });
const Offset = Record({ offset: Nat64 });

const IndexRange = Record({ start: Nat64, end: Nat64 });

const HttpHeader = Record({ name: Text, value: Text });
const HttpResult = Record({ status: Nat, headers: Vec(HttpHeader), body: Blob });
const ResourceUsage = (amount: IDL.Type) => Opt(Variant({ used: amount, exceeded: Reserved }));
const ResourceReport = Record({
  raw_response_bytes: ResourceUsage(Nat64),
  http_roundtrip_time_ms: ResourceUsage(Nat64),
  transform_instructions: ResourceUsage(Nat64),
  transformed_response_bytes: ResourceUsage(Nat64),
  cycles: ResourceUsage(Nat),
});
const Transform = Record({
  function: IDL.Func([Record({ response: HttpResult, context: Blob })], [HttpResult], ["query"]),
  context: Blob,
});
const HttpMethods = Variant({ get: Null, head: Null, post: Null, put: Null, delete: Null, patch: Null });
/** Of both kinds of outcalls. */
const HttpRequest = {
  url: Text,
  max_response_bytes: Opt(Nat64),
  method: HttpMethods,
  headers: Vec(HttpHeader),
  body: Opt(Blob),
  transform: Opt(Transform),
};

const Path = Vec(Blob);
const EcdsaKeyId = Record({ curve: Variant({ secp256k1: Null }), name: Text });
const SchnorrKeyId = Record({ algorithm: Variant({ bip340secp256k1: Null, ed25519: Null }), name: Text });
const VetkdKeyId = Record({ curve: Variant({ bls12_381_g2: Null }), name: Text });
const MasterKeyId = Variant({ Ecdsa: EcdsaKeyId, Schnorr: SchnorrKeyId, VetKd: VetkdKeyId });
const SchnorrAux = Variant({ bip341: Record({ merkle_root_hash: Blob }) });

/** The replica takes both spellings. Replica: `ic_btc_interface::NetworkInRequest`. */
const BitcoinNetwork = Variant({ mainnet: Null, testnet: Null, regtest: Null, Mainnet: Null, Testnet: Null, Regtest: Null });
const UtxosFilter = Variant({ min_confirmations: Nat32, page: Blob, MinConfirmations: Nat32, Page: Blob });

const chunkedCode = (hash: IDL.Type): IDL.Type[] => [
  Record({
    mode: InstallMode,
    target_canister: Id,
    store_canister: Opt(Id),
    chunk_hashes_list: Vec(hash),
    wasm_module_hash: Blob,
    arg: Blob,
    sender_canister_version: SenderVersion,
  }),
];

/** `install_chunked_code` as it was. */
export const CHUNKED_WITH_BLOBS = chunkedCode(Blob);

/** Arguments by method; a method without argument has none. */
export const ARGUMENT = {
  create_canister: [Record({ settings: Opt(Settings), sender_canister_version: SenderVersion })],
  update_settings: [Record({ canister_id: Id, settings: Settings, sender_canister_version: SenderVersion })],
  install_code: [Record({ mode: InstallMode, canister_id: Id, wasm_module: Blob, arg: Blob, sender_canister_version: SenderVersion })],
  install_chunked_code: chunkedCode(ChunkHash),
  upload_chunk: [Record({ canister_id: Id, chunk: Blob })],
  uninstall_code: [Record({ canister_id: Id, sender_canister_version: SenderVersion })],
  canister_id: [CanisterIdArgument],
  canister_info: [Record({ canister_id: Id, num_requested_changes: Opt(Nat64) })],
  canister_metadata: [Record({ canister_id: Id, name: Text })],
  provisional_create_canister_with_cycles: [
    Record({ amount: Opt(Nat), settings: Opt(Settings), specified_id: Opt(Id), sender_canister_version: SenderVersion }),
  ],
  provisional_top_up_canister: [Record({ canister_id: Id, amount: Nat })],
  fetch_canister_logs: [Record({ canister_id: Id, filter: Opt(Variant({ by_idx: IndexRange, by_timestamp_nanos: IndexRange })) })],
  subnet_id: [Record({ subnet_id: Id })],
  node_metrics_history: [Record({ subnet_id: Id, start_at_timestamp_nanos: Nat64 })],
  setup_initial_dkg: [Record({ node_ids: Vec(Id), registry_version: Nat64, subnet_id: Opt(Id) })],
  reshare_chain_key: [Record({ key_id: MasterKeyId, subnet_id: Id, nodes: Vec(Id), registry_version: Nat64 })],
  rename_canister: [
    Record({
      canister_id: Id,
      rename_to: Record({ canister_id: Id, version: Nat64, total_num_changes: Nat64 }),
      requested_by: Id,
      sender_canister_version: Nat64,
    }),
  ],
  http_request: [Record({ ...HttpRequest, is_replicated: Opt(Bool), pricing_version: Opt(Nat32) })],
  flexible_http_request: [
    Record({
      ...HttpRequest,
      replication: Opt(Record({ min_responses: Nat32, max_responses: Nat32, total_requests: Nat32 })),
    }),
  ],
  /** What a transform function is called with. */
  transform: [Record({ response: HttpResult, context: Blob })],
  ecdsa_public_key: [Record({ canister_id: Opt(Id), derivation_path: Path, key_id: EcdsaKeyId })],
  sign_with_ecdsa: [Record({ message_hash: Blob, derivation_path: Path, key_id: EcdsaKeyId })],
  schnorr_public_key: [Record({ canister_id: Opt(Id), derivation_path: Path, key_id: SchnorrKeyId })],
  sign_with_schnorr: [Record({ message: Blob, derivation_path: Path, key_id: SchnorrKeyId, aux: Opt(SchnorrAux) })],
  vetkd_public_key: [Record({ canister_id: Opt(Id), context: Blob, key_id: VetkdKeyId })],
  vetkd_derive_key: [Record({ input: Blob, context: Blob, transport_public_key: Blob, key_id: VetkdKeyId })],
  take_canister_snapshot: [
    Record({ canister_id: Id, replace_snapshot: Opt(Blob), uninstall_code: Opt(Bool), sender_canister_version: SenderVersion }),
  ],
  load_canister_snapshot: [Record({ canister_id: Id, snapshot_id: Blob, sender_canister_version: SenderVersion })],
  delete_canister_snapshot: [SnapshotArgument],
  read_canister_snapshot_metadata: [SnapshotArgument],
  read_canister_snapshot_data: [
    Record({
      canister_id: Id,
      snapshot_id: Blob,
      kind: Variant({ wasm_module: Slice, wasm_memory: Slice, stable_memory: Slice, wasm_chunk: ChunkHash }),
    }),
  ],
  upload_canister_snapshot_metadata: [
    Record({
      canister_id: Id,
      replace_snapshot: Opt(Blob),
      wasm_module_size: Nat64,
      globals: Vec(SnapshotGlobal),
      wasm_memory_size: Nat64,
      stable_memory_size: Nat64,
      certified_data: Blob,
      global_timer: Opt(GlobalTimer),
      on_low_wasm_memory_hook_status: Opt(HookStatus),
    }),
  ],
  upload_canister_snapshot_data: [
    Record({
      canister_id: Id,
      snapshot_id: Blob,
      kind: Variant({ wasm_module: Offset, wasm_memory: Offset, stable_memory: Offset, wasm_chunk: Null }),
      chunk: Blob,
    }),
  ],
  bitcoin_get_balance: [Record({ address: Text, network: BitcoinNetwork, min_confirmations: Opt(Nat32) })],
  bitcoin_get_utxos: [Record({ address: Text, network: BitcoinNetwork, filter: Opt(UtxosFilter) })],
  bitcoin_send_transaction: [Record({ transaction: Blob, network: BitcoinNetwork })],
  bitcoin_get_current_fee_percentiles: [Record({ network: BitcoinNetwork })],
  bitcoin_get_block_headers: [Record({ start_height: Nat32, end_height: Opt(Nat32), network: BitcoinNetwork })],
} satisfies Record<string, IDL.Type[]>;

/** Results by method; a method without result has none. */
export const RESULT = {
  canister_id: [CanisterIdArgument],
  upload_chunk: [ChunkHash],
  stored_chunks: [Vec(ChunkHash)],
  canister_status: [Status],
  canister_metrics: [Metrics],
  canister_info: [Record({ total_num_changes: Nat64, recent_changes: Vec(Change), module_hash: Opt(Blob), controllers: Vec(Id) })],
  canister_metadata: [Record({ value: Blob })],
  raw_rand: [Blob],
  http_request: [HttpResult],
  flexible_http_request: [
    Variant({
      ok: Vec(HttpResult),
      err: Record({
        global_error: Opt(
          Variant({ timeout: Reserved, out_of_cycles: Reserved, responses_too_large: Reserved, too_many_rejects: Reserved }),
        ),
        node_details: Vec(Record({ node_id: Id, report: ResourceReport, error: Opt(Record({ code: Text, message: Text })) })),
        message: Text,
      }),
    }),
  ],
  public_key: [Record({ public_key: Blob, chain_code: Blob })],
  vetkd_public_key: [Record({ public_key: Blob })],
  signature: [Record({ signature: Blob })],
  vetkd_derive_key: [Record({ encrypted_key: Blob })],
  bitcoin_get_balance: [Nat64],
  bitcoin_get_utxos: [
    Record({
      utxos: Vec(Record({ outpoint: Record({ txid: Blob, vout: Nat32 }), value: Nat64, height: Nat32 })),
      tip_block_hash: Blob,
      tip_height: Nat32,
      next_page: Opt(Blob),
    }),
  ],
  bitcoin_get_current_fee_percentiles: [Vec(Nat64)],
  bitcoin_get_block_headers: [Record({ tip_height: Nat32, block_headers: Vec(Blob) })],
  list_canisters: [Record({ canisters: Vec(Record({ start: Id, end: Id })) })],
  node_metrics_history: [
    Vec(
      Record({
        timestamp_nanos: Nat64,
        node_metrics: Vec(Record({ node_id: Id, num_blocks_proposed_total: Nat64, num_block_failures_total: Nat64 })),
      }),
    ),
  ],
  subnet_info: [Record({ replica_version: Text, registry_version: Nat64 })],
  take_canister_snapshot: [Snapshot],
  list_canister_snapshots: [Vec(Snapshot)],
  read_canister_snapshot_metadata: [
    Record({
      source: SnapshotSource,
      taken_at_timestamp: Nat64,
      wasm_module_size: Nat64,
      globals: Vec(SnapshotGlobal),
      wasm_memory_size: Nat64,
      stable_memory_size: Nat64,
      wasm_chunk_store: Vec(ChunkHash),
      canister_version: Nat64,
      certified_data: Blob,
      global_timer: Opt(GlobalTimer),
      on_low_wasm_memory_hook_status: Opt(HookStatus),
    }),
  ],
  read_canister_snapshot_data: [Record({ chunk: Blob })],
  upload_canister_snapshot_metadata: [Record({ snapshot_id: Blob })],
  fetch_canister_logs: [Record({ canister_log_records: Vec(Record({ idx: Nat64, timestamp_nanos: Nat64, content: Blob })) })],
} satisfies Record<string, IDL.Type[]>;
