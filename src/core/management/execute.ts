/**
 * The management canister: a call goes to its method, if the caller's subnet may make it.
 *
 * Source: interface spec, "The IC management canister"; management-canister.md 1.2 (what is checked before a method).
 */
import type { SubnetId } from "../state/ids.ts";
import type { SubnetState } from "../state/network-state.ts";
import type { UserError } from "../state/rejects.ts";
import { route, type World } from "../state/world.ts";
import { fail, type ManagementCall, type ManagementOutcome, type ManagementTools, type Method } from "./call.ts";
import { MOCK_METHOD } from "../state/mock-canisters.ts";
import { canneryMock } from "./cannery-mock.ts";
import { bitcoinCall, bitcoinGetSuccessors, bitcoinSendTransactionInternal } from "./bitcoin.ts";
import { canisterInfo } from "./canister-info.ts";
import { canisterMetadata } from "./canister-metadata.ts";
import { canisterMetrics } from "./canister-metrics.ts";
import { canisterStatus } from "./canister-status.ts";
import { clearChunkStore, storedChunks, uploadChunk } from "./chunk-store.ts";
import { createCanister, provisionalCreateCanisterWithCycles } from "./create-canister.ts";
import { deleteCanister } from "./delete-canister.ts";
import { depositCycles } from "./deposit-cycles.ts";
import { noSuchMethod, onlyNns, wrongSenderSubnet } from "./errors.ts";
import { fetchCanisterLogs } from "./fetch-canister-logs.ts";
import { flexibleHttpRequest } from "./flexible-http-request.ts";
import { httpRequest } from "./http-request.ts";
import { installChunkedCode, installCode } from "./install-code.ts";
import { loadCanisterSnapshot } from "./load-snapshot.ts";
import { METHODS, type MethodInfo } from "./methods.ts";
import { renameCanister, reshareChainKey, setupInitialDkg } from "./nns-methods.ts";
import { provisionalTopUpCanister } from "./provisional-top-up-canister.ts";
import { rawRand } from "./raw-rand.ts";
import { listCanisterSnapshots, readCanisterSnapshotData, readCanisterSnapshotMetadata } from "./snapshot-reading.ts";
import { uploadCanisterSnapshotData, uploadCanisterSnapshotMetadata } from "./snapshot-upload.ts";
import { startCanister } from "./start-canister.ts";
import { stopCanister } from "./stop-canister.ts";
import { nodeMetricsHistory, subnetInfo } from "./subnet-methods.ts";
import { deleteCanisterSnapshot, takeCanisterSnapshot } from "./take-snapshot.ts";
import { ecdsaPublicKey, schnorrPublicKey, signWithEcdsa, signWithSchnorr, vetkdDeriveKey, vetkdPublicKey } from "./threshold-keys.ts";
import { uninstallCode } from "./uninstall-code.ts";
import { updateSettings } from "./update-settings.ts";

/** Every method of `METHODS`. */
export const IMPLEMENTED: ReadonlyMap<string, Method> = new Map(
  Object.entries({
    create_canister: createCanister,
    update_settings: updateSettings,
    install_code: installCode,
    install_chunked_code: installChunkedCode,
    upload_chunk: uploadChunk,
    stored_chunks: storedChunks,
    clear_chunk_store: clearChunkStore,
    uninstall_code: uninstallCode,
    canister_status: canisterStatus,
    start_canister: startCanister,
    stop_canister: stopCanister,
    delete_canister: deleteCanister,
    deposit_cycles: depositCycles,
    canister_metrics: canisterMetrics,
    canister_info: canisterInfo,
    canister_metadata: canisterMetadata,
    raw_rand: rawRand,
    provisional_create_canister_with_cycles: provisionalCreateCanisterWithCycles,
    provisional_top_up_canister: provisionalTopUpCanister,
    fetch_canister_logs: fetchCanisterLogs,
    take_canister_snapshot: takeCanisterSnapshot,
    load_canister_snapshot: loadCanisterSnapshot,
    list_canister_snapshots: listCanisterSnapshots,
    delete_canister_snapshot: deleteCanisterSnapshot,
    read_canister_snapshot_metadata: readCanisterSnapshotMetadata,
    read_canister_snapshot_data: readCanisterSnapshotData,
    upload_canister_snapshot_metadata: uploadCanisterSnapshotMetadata,
    upload_canister_snapshot_data: uploadCanisterSnapshotData,
    bitcoin_get_balance: bitcoinCall,
    bitcoin_get_utxos: bitcoinCall,
    bitcoin_get_block_headers: bitcoinCall,
    bitcoin_send_transaction: bitcoinCall,
    bitcoin_get_current_fee_percentiles: bitcoinCall,
    bitcoin_get_successors: bitcoinGetSuccessors,
    bitcoin_send_transaction_internal: bitcoinSendTransactionInternal,
    http_request: httpRequest,
    flexible_http_request: flexibleHttpRequest,
    node_metrics_history: nodeMetricsHistory,
    subnet_info: subnetInfo,
    setup_initial_dkg: setupInitialDkg,
    reshare_chain_key: reshareChainKey,
    rename_canister: renameCanister,
    ecdsa_public_key: ecdsaPublicKey,
    sign_with_ecdsa: signWithEcdsa,
    schnorr_public_key: schnorrPublicKey,
    sign_with_schnorr: signWithSchnorr,
    vetkd_public_key: vetkdPublicKey,
    vetkd_derive_key: vetkdDeriveKey,
    [MOCK_METHOD]: canneryMock,
  }),
);

/** Executes one call on the subnet, which is for writing. The rule makes the response or the status of it. */
export function executeManagement(world: World, subnet: SubnetState, call: ManagementCall, tools: ManagementTools): ManagementOutcome {
  const info = METHODS.get(call.method);
  if (info === undefined) return fail(call, noSuchMethod(call.method));
  const forbidden = call.source.kind === "request" ? checkSenderSubnet(world, subnet, call, info) : null;
  if (forbidden !== null) return fail(call, forbidden);
  return IMPLEMENTED.get(call.method)!({ world, subnet, call, tools });
}

/** Source: management-canister.md 1.2. Users' calls are checked when they are submitted. */
function checkSenderSubnet(world: World, subnet: SubnetState, call: ManagementCall, info: MethodInfo): UserError | null {
  if (info.sender === "any") return null;
  const senderSubnet: SubnetId | null = route(world.state, call.sender);
  const onNns = senderSubnet !== null && world.state.subnets.get(senderSubnet)!.config.isNns;
  if (info.sender === "nns") return onNns ? null : onlyNns(call.method, call.sender);
  return onNns || senderSubnet === subnet.config.id ? null : wrongSenderSubnet(senderSubnet ?? subnet.config.id);
}
