/**
 * Arguments and results of the management canister between Candid bytes and values.
 *
 * Candid values are the library's: an `opt` is an array of no or one item, a `nat` a bigint, a principal an object.
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { toHex } from "../../base/bytes.ts";
import { CandidArgs } from "../../codec/candid-args.ts";
import { inOrderOfUse } from "../../codec/candid-head.ts";
import type { PrincipalId } from "../state/ids.ts";
import type { HttpHeader } from "../state/pending-calls.ts";
import { principalBytes } from "../state/principal.ts";
import type { UserError } from "../state/rejects.ts";
import { outOfBounds } from "./argument-bounds.ts";
import { ARGUMENT, RESULT } from "./candid-types.ts";
import { hasVectorOfNothing } from "./candid-bomb.ts";
import { undecodable, undecodableCreation } from "./errors.ts";
import { decodeOlder } from "./older-arguments.ts";

export type Opt<T> = readonly [] | readonly [T];

export type VisibilityValue = { controllers: null } | { public: null } | { allowed_viewers: Principal[] };

export interface SettingsValue {
  readonly controllers: Opt<Principal[]>;
  readonly compute_allocation: Opt<bigint>;
  readonly memory_allocation: Opt<bigint>;
  readonly freezing_threshold: Opt<bigint>;
  readonly reserved_cycles_limit: Opt<bigint>;
  readonly minimum_incoming_canister_call_cycles: Opt<bigint>;
  readonly wasm_memory_limit: Opt<bigint>;
  readonly wasm_memory_threshold: Opt<bigint>;
  readonly log_visibility: Opt<VisibilityValue>;
  readonly snapshot_visibility: Opt<VisibilityValue>;
  readonly status_visibility: Opt<VisibilityValue>;
  readonly log_memory_limit: Opt<bigint>;
  readonly environment_variables: Opt<{ name: string; value: string }[]>;
}

export type InstallModeValue =
  | { readonly install: null }
  | { readonly reinstall: null }
  | {
      readonly upgrade: Opt<{
        readonly skip_pre_upgrade: Opt<boolean>;
        readonly wasm_memory_persistence: Opt<{ readonly keep: null } | { readonly replace: null }>;
      }>;
    };

interface Versioned {
  readonly sender_canister_version: Opt<bigint>;
}

/** Arguments as values, by the names in `ARGUMENT`. */
export interface ArgumentValue {
  readonly create_canister: { readonly settings: Opt<SettingsValue> } & Versioned;
  readonly update_settings: { readonly canister_id: Principal; readonly settings: SettingsValue } & Versioned;
  readonly install_code: {
    readonly mode: InstallModeValue;
    readonly canister_id: Principal;
    readonly wasm_module: Uint8Array;
    readonly arg: Uint8Array;
  } & Versioned;
  readonly install_chunked_code: {
    readonly mode: InstallModeValue;
    readonly target_canister: Principal;
    readonly store_canister: Opt<Principal>;
    readonly chunk_hashes_list: { readonly hash: Uint8Array }[];
    readonly wasm_module_hash: Uint8Array;
    readonly arg: Uint8Array;
  } & Versioned;
  readonly upload_chunk: { readonly canister_id: Principal; readonly chunk: Uint8Array };
  readonly uninstall_code: { readonly canister_id: Principal } & Versioned;
  readonly canister_id: { readonly canister_id: Principal };
  readonly canister_info: { readonly canister_id: Principal; readonly num_requested_changes: Opt<bigint> };
  readonly canister_metadata: { readonly canister_id: Principal; readonly name: string };
  readonly provisional_create_canister_with_cycles: {
    readonly amount: Opt<bigint>;
    readonly settings: Opt<SettingsValue>;
    readonly specified_id: Opt<Principal>;
  } & Versioned;
  readonly provisional_top_up_canister: { readonly canister_id: Principal; readonly amount: bigint };
  readonly fetch_canister_logs: {
    readonly canister_id: Principal;
    readonly filter: Opt<{ readonly by_idx: LogRange } | { readonly by_timestamp_nanos: LogRange }>;
  };
  readonly subnet_id: { readonly subnet_id: Principal };
  readonly node_metrics_history: { readonly subnet_id: Principal; readonly start_at_timestamp_nanos: bigint };
  readonly setup_initial_dkg: { readonly node_ids: Principal[]; readonly registry_version: bigint; readonly subnet_id: Opt<Principal> };
  readonly reshare_chain_key: {
    readonly key_id: MasterKeyId;
    readonly subnet_id: Principal;
    readonly nodes: Principal[];
    readonly registry_version: bigint;
  };
  readonly rename_canister: {
    readonly canister_id: Principal;
    readonly rename_to: { readonly canister_id: Principal; readonly version: bigint; readonly total_num_changes: bigint };
    readonly requested_by: Principal;
    readonly sender_canister_version: bigint;
  };
  readonly http_request: {
    readonly url: string;
    readonly max_response_bytes: Opt<bigint>;
    readonly method: Readonly<Record<string, null>>;
    readonly headers: HttpHeader[];
    readonly body: Opt<Uint8Array>;
    readonly transform: Opt<{ readonly function: [Principal, string]; readonly context: Uint8Array }>;
    readonly is_replicated: Opt<boolean>;
    readonly pricing_version: Opt<number>;
  };
  readonly flexible_http_request: Omit<ArgumentValue["http_request"], "is_replicated" | "pricing_version"> & {
    readonly replication: Opt<{ readonly min_responses: number; readonly max_responses: number; readonly total_requests: number }>;
  };
  readonly transform: { readonly response: HttpResultValue; readonly context: Uint8Array };
  readonly ecdsa_public_key: { readonly canister_id: Opt<Principal>; readonly derivation_path: Uint8Array[]; readonly key_id: EcdsaKeyId };
  readonly sign_with_ecdsa: { readonly message_hash: Uint8Array; readonly derivation_path: Uint8Array[]; readonly key_id: EcdsaKeyId };
  readonly schnorr_public_key: {
    readonly canister_id: Opt<Principal>;
    readonly derivation_path: Uint8Array[];
    readonly key_id: SchnorrKeyId;
  };
  readonly sign_with_schnorr: {
    readonly message: Uint8Array;
    readonly derivation_path: Uint8Array[];
    readonly key_id: SchnorrKeyId;
    readonly aux: Opt<{ readonly bip341: { readonly merkle_root_hash: Uint8Array } }>;
  };
  readonly vetkd_public_key: { readonly canister_id: Opt<Principal>; readonly context: Uint8Array; readonly key_id: VetkdKeyId };
  readonly vetkd_derive_key: {
    readonly input: Uint8Array;
    readonly context: Uint8Array;
    readonly transport_public_key: Uint8Array;
    readonly key_id: VetkdKeyId;
  };
  readonly take_canister_snapshot: {
    readonly canister_id: Principal;
    readonly replace_snapshot: Opt<Uint8Array>;
    readonly uninstall_code: Opt<boolean>;
  } & Versioned;
  readonly load_canister_snapshot: SnapshotArgument & Versioned;
  readonly delete_canister_snapshot: SnapshotArgument;
  readonly read_canister_snapshot_metadata: SnapshotArgument;
  readonly read_canister_snapshot_data: SnapshotArgument & { readonly kind: SnapshotDataKind };
  readonly upload_canister_snapshot_metadata: {
    readonly canister_id: Principal;
    readonly replace_snapshot: Opt<Uint8Array>;
  } & UploadedMetadata;
  readonly upload_canister_snapshot_data: SnapshotArgument & { readonly kind: SnapshotDataOffset; readonly chunk: Uint8Array };
  readonly bitcoin_get_balance: {
    readonly address: string;
    readonly network: BitcoinNetworkValue;
    readonly min_confirmations: Opt<number>;
  };
  readonly bitcoin_get_utxos: { readonly address: string; readonly network: BitcoinNetworkValue; readonly filter: Opt<UtxosFilterValue> };
  readonly bitcoin_send_transaction: { readonly transaction: Uint8Array; readonly network: BitcoinNetworkValue };
  readonly bitcoin_get_current_fee_percentiles: { readonly network: BitcoinNetworkValue };
  readonly bitcoin_get_block_headers: {
    readonly start_height: number;
    readonly end_height: Opt<number>;
    readonly network: BitcoinNetworkValue;
  };
}
interface SnapshotArgument {
  readonly canister_id: Principal;
  readonly snapshot_id: Uint8Array;
}

/** What can be read of a snapshot. */
export type SnapshotDataKind =
  | { readonly wasm_module: SnapshotSlice }
  | { readonly wasm_memory: SnapshotSlice }
  | { readonly stable_memory: SnapshotSlice }
  | { readonly wasm_chunk: { readonly hash: Uint8Array } };

export interface SnapshotSlice {
  readonly offset: bigint;
  readonly size: bigint;
}

/** What can be written of an uploaded one. */
export type SnapshotDataOffset =
  | { readonly wasm_module: Pick<SnapshotSlice, "offset"> }
  | { readonly wasm_memory: Pick<SnapshotSlice, "offset"> }
  | { readonly stable_memory: Pick<SnapshotSlice, "offset"> }
  | { readonly wasm_chunk: null };

export type SnapshotGlobalValue =
  { readonly i32: number } | { readonly i64: bigint } | { readonly f32: number } | { readonly f64: number } | { readonly v128: bigint };

export type HookStatusValue = { readonly condition_not_satisfied: null } | { readonly ready: null } | { readonly executed: null };

/** Metadata as they are uploaded; what can be read of a snapshot has more. */
export interface UploadedMetadata {
  readonly wasm_module_size: bigint;
  readonly globals: readonly SnapshotGlobalValue[];
  readonly wasm_memory_size: bigint;
  readonly stable_memory_size: bigint;
  readonly certified_data: Uint8Array;
  readonly global_timer: Opt<{ readonly inactive: null } | { readonly active: bigint }>;
  readonly on_low_wasm_memory_hook_status: Opt<HookStatusValue>;
}

export interface SnapshotMetadata extends UploadedMetadata {
  readonly source: { readonly taken_from_canister: null } | { readonly metadata_upload: null };
  readonly taken_at_timestamp: bigint;
  readonly wasm_chunk_store: readonly { readonly hash: Uint8Array }[];
  readonly canister_version: bigint;
}

/** `http_request_result`. */
export interface HttpResultValue {
  readonly status: bigint;
  readonly headers: readonly HttpHeader[];
  readonly body: Uint8Array;
}
interface EcdsaKeyId {
  readonly curve: { readonly secp256k1: null };
  readonly name: string;
}
interface SchnorrKeyId {
  readonly algorithm: { readonly bip340secp256k1: null } | { readonly ed25519: null };
  readonly name: string;
}
interface VetkdKeyId {
  readonly curve: { readonly bls12_381_g2: null };
  readonly name: string;
}
export type MasterKeyId = { readonly Ecdsa: EcdsaKeyId } | { readonly Schnorr: SchnorrKeyId } | { readonly VetKd: VetkdKeyId };
/** One of `mainnet`, `testnet`, `regtest`, in lower case or capitalized. */
export type BitcoinNetworkValue = Readonly<Record<string, null>>;
export type UtxosFilterValue =
  | { readonly min_confirmations: number }
  | { readonly MinConfirmations: number }
  | { readonly page: Uint8Array }
  | { readonly Page: Uint8Array };
export interface LogRange {
  readonly start: bigint;
  /** Exclusive. */
  readonly end: bigint;
}

export type ArgumentName = keyof typeof ARGUMENT;

/** Of methods about one canister, which the argument names. */
export type ArgumentOfCanister = {
  [N in ArgumentName]: ArgumentValue[N] extends { readonly canister_id: Principal } ? N : never;
}[ArgumentName];
export type ResultName = keyof typeof RESULT;

/** A value, or why there is none. */
export type Decoded<T> = { readonly kind: "value"; readonly value: T } | { readonly kind: "error"; readonly error: UserError };

/** What was read of arguments before their calls are executed: where a call goes, who may send it. */
const readAhead = new WeakMap<Uint8Array, { readonly name: ArgumentName; readonly decoded: Decoded<unknown> }>();

/** The argument, or IC0408. Read once, whoever asked before the execution: bytes given to a network are not written any more. */
export function decodeArgument<N extends ArgumentName>(name: N, bytes: Uint8Array): Decoded<ArgumentValue[N]> {
  const known = readAhead.get(bytes);
  if (known?.name !== name) return decodeNow(name, bytes);
  // Traces keep arguments for long; nobody needs the values once more.
  readAhead.delete(bytes);
  return known.decoded as Decoded<ArgumentValue[N]>;
}

function decodeAhead<N extends ArgumentName>(name: N, bytes: Uint8Array): Decoded<ArgumentValue[N]> {
  const decoded = decodeArgument(name, bytes);
  readAhead.set(bytes, { name, decoded });
  return decoded;
}

/** Departure: the text after `Error decoding candid: ` is the Candid library's own on the platform. */
function decodeNow<N extends ArgumentName>(name: N, bytes: Uint8Array): Decoded<ArgumentValue[N]> {
  const refused = (reason: string): Decoded<never> => ({
    kind: "error",
    error: name === "create_canister" ? undecodableCreation(reason) : undecodable(reason),
  });
  if (hasVectorOfNothing(bytes)) return refused("Decoding cost exceeds the limit");
  let value: ArgumentValue[N];
  try {
    value = decodeAnyForm(name, bytes);
  } catch (thrown) {
    // Whatever the library throws on hostile bytes (range errors of deep nesting included) is a bad argument.
    return refused(thrown instanceof Error ? thrown.message : String(thrown));
  }
  const reason = outOfBounds(value);
  return reason === null ? { kind: "value", value } : refused(reason);
}

function decodeAnyForm<N extends ArgumentName>(name: N, bytes: Uint8Array): ArgumentValue[N] {
  try {
    return argumentCodec(name).decode(bytes)[0] as ArgumentValue[N];
  } catch (thrown) {
    return decodeOlder(name, bytes, thrown) as ArgumentValue[N];
  }
}

/** Made when first used: an argument of a megabyte is then read without copying it for each number of its head. */
const codecs = new Map<ArgumentName, CandidArgs>();

export function argumentCodec(name: ArgumentName): CandidArgs {
  let codec = codecs.get(name);
  if (codec === undefined) {
    codec = new CandidArgs(ARGUMENT[name]);
    codecs.set(name, codec);
  }
  return codec;
}

/** Methods without a type of their own have a canister's id. */
function argumentNameOf(method: string): ArgumentName {
  return method in ARGUMENT ? (method as ArgumentName) : "canister_id";
}

/** The canister that an argument names; methods without one are not asked. */
export function decodeTarget(method: string, bytes: Uint8Array): Decoded<PrincipalId> {
  const decoded = decodeAhead(argumentNameOf(method), bytes);
  if (decoded.kind === "error") return decoded;
  const value = decoded.value as { readonly canister_id?: Principal; readonly target_canister?: Principal };
  return { kind: "value", value: idOf((value.canister_id ?? value.target_canister)!) };
}

/** `sender_canister_version` of an argument that has one. */
export function decodeVersion(method: string, bytes: Uint8Array): Decoded<bigint | null> {
  const decoded = decodeAhead(method as ArgumentName, bytes);
  if (decoded.kind === "error") return decoded;
  const version = (decoded.value as Versioned | ArgumentValue["rename_canister"]).sender_canister_version;
  return { kind: "value", value: typeof version === "bigint" ? version : optional(version) };
}

/** An argument of no values: more values are skipped, as Candid has it. */
export function decodeNothing(bytes: Uint8Array): Decoded<null> {
  if (hasVectorOfNothing(bytes)) return { kind: "error", error: undecodable("Decoding cost exceeds the limit") };
  try {
    IDL.decode([], bytes);
    return { kind: "value", value: null };
  } catch (thrown) {
    return { kind: "error", error: undecodable(thrown instanceof Error ? thrown.message : String(thrown)) };
  }
}

const results = new Map<ResultName, CandidArgs>();

/** A result as Candid, in the very bytes of the platform. The value is of the type in `RESULT`; a mismatch is a bug of ours and throws. */
export function encodeResult(name: ResultName, value: unknown): Uint8Array {
  let codec = results.get(name);
  if (codec === undefined) {
    codec = new CandidArgs(RESULT[name], inOrderOfUse);
    results.set(name, codec);
  }
  return codec.encode([value]);
}

/** An argument as Candid, for calls that the system itself makes. */
export function encodeArgument<N extends ArgumentName>(name: N, value: ArgumentValue[N]): Uint8Array {
  return IDL.encode(ARGUMENT[name] as IDL.Type[], [value]);
}

/** The empty result: `()`. */
export const NO_RESULT: Uint8Array = IDL.encode([], []);

export function idOf(principal: Principal): PrincipalId {
  return toHex(principal.toUint8Array()) as PrincipalId;
}

export function principalOf(id: PrincipalId): Principal {
  return Principal.fromUint8Array(principalBytes(id));
}

export function optional<T>(opt: Opt<T>): T | null {
  return opt.length === 0 ? null : opt[0];
}

export function opt<T>(value: T | null): Opt<T> {
  return value === null ? [] : [value];
}
