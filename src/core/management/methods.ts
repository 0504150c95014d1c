/**
 * The methods of the management canister by name: where a call goes, and who may send it.
 *
 * Source: interface spec, "The IC management canister"; management-canister.md 1.
 * Replica: `rs/embedders/src/wasmtime_embedder/system_api/routing.rs`, `rs/execution_environment/src/{canister_manager,ic00_permissions}.rs`,
 * `rs/types/types/src/messages/ingress_messages.rs` (c7c5005).
 */

/** How the subnet that executes a call is found. */
export type Destination =
  /** The caller's own subnet; the argument is not looked at. */
  | { readonly kind: "ownSubnet" }
  /** The subnet that hosts the canister in this field of the argument. */
  | { readonly kind: "canister"; readonly field: "canister_id" | "target_canister" }
  /** The subnet in the argument's field `subnet_id`, even if there is none of that id. */
  | { readonly kind: "subnetArgument" }
  /** The same where the argument may leave it out, and then the caller's own. */
  | { readonly kind: "subnetOrOwn" }
  /** The caller's own subnet, if the argument decodes. */
  | { readonly kind: "bitcoin" }
  /** The subnet in the argument, which must hold the key in it. */
  | { readonly kind: "keyOnSubnet" }
  /** The first subnet that holds the key in the argument. */
  | { readonly kind: "keyHolder"; readonly use: "publicKey" | "sign" };

/** Who may send a method as an ingress message. */
export type IngressRule =
  /** Not a method of the platform: refused like any other name that is none. */
  | "unknown"
  /** Refused when the request is decoded. */
  | "never"
  | "onlyCanisters"
  /** Where subnets have admins. */
  | "subnetAdmins"
  | "controllerOrAdmin"
  | "controller"
  | "snapshotVisibility"
  | "statusVisibility"
  | "whitelist";

/** What calling canisters it is for. Source: management-canister.md 1.2. */
export type SenderRule = "any" | "sameSubnetOrNns" | "nns";

export interface MethodInfo {
  /** As the replica prints it in routing errors. */
  readonly printed: string;
  readonly destination: Destination;
  /** The argument has `sender_canister_version`, which routing compares. */
  readonly versioned: boolean;
  readonly ingress: IngressRule;
  readonly sender: SenderRule;
  /** Waits for a later round when the round's budget for management calls is used up. */
  readonly countsTowardRound: boolean;
  /** Does not run while the target has an aborted long execution. */
  readonly waitsForAborted: boolean;
}

const OWN: Destination = { kind: "ownSubnet" };
const PUBLIC_KEY: Destination = { kind: "keyHolder", use: "publicKey" };
const SIGN: Destination = { kind: "keyHolder", use: "sign" };
const BITCOIN: Destination = { kind: "bitcoin" };
const TARGET: Destination = { kind: "canister", field: "canister_id" };

function method(
  printed: string,
  destination: Destination,
  ingress: IngressRule,
  flags: readonly ("versioned" | "sameSubnetOrNns" | "nns" | "round" | "aborted")[] = [],
): MethodInfo {
  return {
    printed,
    destination,
    ingress,
    versioned: flags.includes("versioned"),
    sender: flags.includes("nns") ? "nns" : flags.includes("sameSubnetOrNns") ? "sameSubnetOrNns" : "any",
    countsTowardRound: flags.includes("round"),
    waitsForAborted: flags.includes("aborted"),
  };
}

/** Every method name of the platform. */
export const METHODS: ReadonlyMap<string, MethodInfo> = new Map(
  Object.entries({
    create_canister: method("CreateCanister", OWN, "subnetAdmins", ["versioned", "sameSubnetOrNns"]),
    update_settings: method("UpdateSettings", TARGET, "controller", ["versioned"]),
    install_code: method("InstallCode", TARGET, "controller", ["versioned", "round", "aborted"]),
    install_chunked_code: method("InstallChunkedCode", { kind: "canister", field: "target_canister" }, "controller", [
      "versioned",
      "round",
      "aborted",
    ]),
    upload_chunk: method("UploadChunk", TARGET, "controller", ["round", "aborted"]),
    stored_chunks: method("StoredChunks", TARGET, "controller"),
    clear_chunk_store: method("ClearChunkStore", TARGET, "controller", ["aborted"]),
    uninstall_code: method("UninstallCode", TARGET, "controllerOrAdmin", ["versioned", "aborted"]),
    // These five share a decoder in the replica, which prints one name for all of them.
    canister_status: method("DepositCycles", TARGET, "statusVisibility"),
    start_canister: method("DepositCycles", TARGET, "controllerOrAdmin", ["aborted"]),
    stop_canister: method("DepositCycles", TARGET, "controllerOrAdmin", ["aborted"]),
    delete_canister: method("DepositCycles", TARGET, "controllerOrAdmin", ["aborted"]),
    deposit_cycles: method("DepositCycles", TARGET, "never"),
    canister_metrics: method("CanisterMetrics", TARGET, "controllerOrAdmin"),
    canister_info: method("CanisterInfo", TARGET, "onlyCanisters"),
    canister_metadata: method("CanisterMetadata", TARGET, "onlyCanisters"),
    raw_rand: method("RawRand", OWN, "never", ["sameSubnetOrNns"]),
    provisional_create_canister_with_cycles: method("ProvisionalCreateCanisterWithCycles", OWN, "whitelist", ["versioned"]),
    provisional_top_up_canister: method("ProvisionalTopUpCanister", TARGET, "whitelist"),
    fetch_canister_logs: method("FetchCanisterLogs", TARGET, "never", ["round"]),

    take_canister_snapshot: method("TakeCanisterSnapshot", TARGET, "controller", ["round", "aborted"]),
    load_canister_snapshot: method("LoadCanisterSnapshot", TARGET, "controller", ["versioned", "round", "aborted"]),
    list_canister_snapshots: method("ListCanisterSnapshots", TARGET, "snapshotVisibility"),
    delete_canister_snapshot: method("DeleteCanisterSnapshot", TARGET, "controller", ["aborted"]),
    read_canister_snapshot_metadata: method("ReadCanisterSnapshotMetadata", TARGET, "snapshotVisibility", ["round"]),
    read_canister_snapshot_data: method("ReadCanisterSnapshotData", TARGET, "snapshotVisibility", ["round"]),
    upload_canister_snapshot_metadata: method("UploadCanisterSnapshotMetadata", TARGET, "controller", ["round", "aborted"]),
    upload_canister_snapshot_data: method("UploadCanisterSnapshotData", TARGET, "controller", ["round", "aborted"]),
    rename_canister: method("RenameCanister", TARGET, "onlyCanisters", ["versioned", "nns", "aborted"]),
    http_request: method("HttpRequest", OWN, "never", ["sameSubnetOrNns"]),
    flexible_http_request: method("FlexibleHttpRequest", OWN, "never", ["sameSubnetOrNns"]),
    ecdsa_public_key: method("ECDSAPublicKey", PUBLIC_KEY, "never"),
    sign_with_ecdsa: method("SignWithECDSA", SIGN, "never"),
    schnorr_public_key: method("SchnorrPublicKey", PUBLIC_KEY, "never"),
    sign_with_schnorr: method("SignWithSchnorr", SIGN, "never"),
    vetkd_public_key: method("VetKdPublicKey", PUBLIC_KEY, "never"),
    vetkd_derive_key: method("VetKdDeriveKey", SIGN, "never"),
    setup_initial_dkg: method("SetupInitialDKG", { kind: "subnetOrOwn" }, "never", ["nns"]),
    reshare_chain_key: method("ReshareChainKey", { kind: "keyOnSubnet" }, "never", ["nns"]),
    // Ours: where somebody stands for a chain, the caller's subnet asks it; the platform has a canister for that.
    bitcoin_get_balance: method("BitcoinGetBalance", BITCOIN, "never"),
    bitcoin_get_utxos: method("BitcoinGetUtxos", BITCOIN, "never"),
    bitcoin_get_block_headers: method("BitcoinGetBlockHeaders", BITCOIN, "never"),
    bitcoin_send_transaction: method("BitcoinSendTransaction", BITCOIN, "never"),
    bitcoin_send_transaction_internal: method("BitcoinSendTransactionInternal", OWN, "never"),
    bitcoin_get_successors: method("BitcoinGetSuccessors", OWN, "never"),
    bitcoin_get_current_fee_percentiles: method("BitcoinGetCurrentFeePercentiles", BITCOIN, "never"),
    node_metrics_history: method("NodeMetricsHistory", { kind: "subnetArgument" }, "never"),
    subnet_info: method("SubnetInfo", { kind: "subnetArgument" }, "never"),
    // Ours, for mock canisters only: to others it is unknown (`cannery-mock.ts`).
    cannery_mock: method("CanneryMock", OWN, "unknown"),
  }),
);
