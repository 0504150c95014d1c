/**
 * The System API as a table: signature, the entry points in which each import may be called, and its charge.
 * The rewriter checks import signatures and writes the charges into the module; `core/canister` checks contexts.
 *
 * Source: interface spec, "Overview of imports". Replica: `rs/embedders/src/wasmtime_embedder/{linker.rs,
 * system_api_complexity.rs}` (c7c5005). Where they differ the replica's value stands, see `spec/departures.md`.
 *
 * Types: `I` is the module's pointer width; `E` is a pointer-wide environment that must arrive whole; `i` is i32, `l` is i64.
 */

/** Entry-point letters as in the specification. `s` start, `I` init and post_upgrade, `G` pre_upgrade, `U` update, `RQ` replicated
 * query, `NRQ` query, `TQ` transform, `CQ` composite query, `Ry Rt C` callbacks and cleanup, `CRy CRt CC` the same in composite
 * queries, `F` inspect_message, `T` system tasks. */
export type Context = "s" | "I" | "G" | "U" | "RQ" | "NRQ" | "TQ" | "CQ" | "Ry" | "Rt" | "CRy" | "CRt" | "C" | "CC" | "F" | "T";

export const ALL_CONTEXTS: readonly Context[] = [
  "s",
  "I",
  "G",
  "U",
  "RQ",
  "NRQ",
  "TQ",
  "CQ",
  "Ry",
  "Rt",
  "CRy",
  "CRt",
  "C",
  "CC",
  "F",
  "T",
];

export interface Ic0Function {
  readonly name: string;
  /** One letter per parameter: `I`, `E`, `i` or `l`. */
  readonly params: string;
  /** `""`, `I`, `i` or `l`. */
  readonly result: string;
  readonly contexts: ReadonlySet<Context>;
  /** Instructions of each call, on top of the `call` instruction's own weight. */
  readonly fixed: number;
  /** Instructions per unit of the parameters named in `perByteOf` (their sum). */
  readonly perByte: number;
  /** Indices of the parameters that count bytes. */
  readonly perByteOf: readonly number[];
  /** False for the few calls that skip the out-of-instructions handler and charge nothing. */
  readonly metered: boolean;
  /** Unknown in 64-bit modules. */
  readonly only32: boolean;
}

const all = "I G U RQ NRQ TQ CQ Ry Rt CRy CRt C CC F T";
const allS = `s ${all}`;
const argument = "I U RQ NRQ TQ CQ Ry CRy F";
const info = "U RQ NRQ TQ CQ Ry Rt CRy CRt C CC F";
const reply = "U RQ NRQ TQ CQ Ry Rt CRy CRt";
const calling = "U CQ Ry Rt CRy CRt T";
const root = "I G U RQ Ry Rt C T";

/** name, params, result, contexts, fixed charge, [per byte, parameters that count]. */
type Row = readonly [string, string, string, string, number, (readonly [number, readonly number[]])?];

const common: readonly Row[] = [
  ["msg_arg_data_size", "", "I", argument, 500],
  ["msg_arg_data_copy", "III", "", argument, 500, [1, [2]]],
  ["msg_caller_size", "", "I", all, 500],
  ["msg_caller_copy", "III", "", all, 500, [1, [2]]],
  ["msg_caller_info_data_size", "", "I", info, 500],
  ["msg_caller_info_data_copy", "III", "", info, 500, [1, [2]]],
  ["msg_caller_info_signer_size", "", "I", info, 500],
  ["msg_caller_info_signer_copy", "III", "", info, 500, [1, [2]]],
  ["msg_reject_code", "", "i", "Ry Rt CRy CRt C", 500],
  ["msg_reject_msg_size", "", "I", "Rt CRt", 500],
  ["msg_reject_msg_copy", "III", "", "Rt CRt", 500, [1, [2]]],
  ["msg_deadline", "", "l", reply, 500],
  ["msg_reply_data_append", "II", "", reply, 500, [50, [1]]],
  ["msg_reply", "", "", reply, 500],
  ["msg_reject", "II", "", reply, 500, [50, [1]]],
  ["msg_cycles_available128", "I", "", "U RQ Ry Rt", 500],
  ["msg_cycles_refunded128", "I", "", "Ry Rt", 500],
  ["msg_cycles_accept128", "llI", "", "U RQ Ry Rt", 500],
  ["cycles_burn128", "llI", "", "I G U RQ Ry Rt C T", 500],
  ["mint_cycles128", "llI", "", "U Ry Rt T", 0],
  ["canister_self_size", "", "I", all, 500],
  ["canister_self_copy", "III", "", all, 500, [1, [2]]],
  ["subnet_self_size", "", "I", all, 500],
  ["subnet_self_copy", "III", "", all, 500, [1, [2]]],
  ["canister_cycle_balance128", "I", "", all, 500],
  ["canister_liquid_cycle_balance128", "I", "", all, 500],
  ["canister_status", "", "i", all, 500],
  ["canister_version", "", "l", all, 500],
  ["msg_method_name_size", "", "I", "F", 500],
  ["msg_method_name_copy", "III", "", "F", 500, [1, [2]]],
  ["accept_message", "", "", "F", 500],
  ["call_new", "IIIIIEIE", "", calling, 1500, [1, [1, 3]]],
  ["call_on_cleanup", "IE", "", calling, 500],
  ["call_data_append", "II", "", calling, 500, [50, [1]]],
  ["call_with_best_effort_response", "i", "", calling, 500],
  ["call_cycles_add128", "ll", "", "U Ry Rt T", 500],
  ["call_perform", "", "i", calling, 5000],
  ["stable64_size", "", "l", allS, 0],
  ["stable64_grow", "l", "l", allS, 100],
  ["stable64_write", "lll", "", allS, 20, [1, [2]]],
  ["stable64_read", "lll", "", allS, 20, [1, [2]]],
  ["root_key_size", "", "I", root, 500],
  ["root_key_copy", "III", "", root, 500, [1, [2]]],
  ["certified_data_set", "II", "", "I G U Ry Rt T", 500, [1, [1]]],
  ["data_certificate_present", "", "i", all, 500],
  ["data_certificate_size", "", "I", "NRQ CQ", 500],
  ["data_certificate_copy", "III", "", "NRQ CQ", 500, [1, [2]]],
  ["time", "", "l", all, 500],
  ["global_timer_set", "l", "l", "I G U Ry Rt C T", 500],
  ["performance_counter", "i", "l", allS, 200],
  ["is_controller", "II", "i", allS, 1000, [1, [1]]],
  ["in_replicated_execution", "", "i", allS, 500],
  ["cost_call", "llI", "", allS, 500],
  ["cost_create_canister", "I", "", allS, 500],
  ["cost_http_request", "llI", "", allS, 500],
  ["cost_http_request_v2", "III", "", allS, 10000],
  ["cost_sign_with_ecdsa", "IIiI", "i", allS, 500, [1, [1]]],
  ["cost_sign_with_schnorr", "IIiI", "i", allS, 500, [1, [1]]],
  ["cost_vetkd_derive_key", "IIiI", "i", allS, 500, [1, [1]]],
  ["env_var_count", "", "I", all, 500],
  ["env_var_name_size", "I", "I", all, 500],
  ["env_var_name_copy", "IIII", "", all, 500, [1, [3]]],
  ["env_var_name_exists", "II", "i", all, 500],
  ["env_var_value_size", "II", "I", all, 500],
  ["env_var_value_copy", "IIIII", "", all, 500, [1, [4]]],
  ["debug_print", "II", "", allS, 100],
  ["trap", "II", "", allS, 500],
];

const only32: readonly Row[] = [
  ["msg_cycles_available", "", "l", "U RQ Ry Rt", 500],
  ["msg_cycles_refunded", "", "l", "Ry Rt", 500],
  ["msg_cycles_accept", "l", "l", "U RQ Ry Rt", 500],
  ["canister_cycle_balance", "", "l", all, 500],
  ["call_cycles_add", "l", "", "U Ry Rt T", 500],
  ["stable_size", "", "i", allS, 0],
  ["stable_grow", "i", "i", allS, 100],
  ["stable_write", "iii", "", allS, 20, [1, [2]]],
  ["stable_read", "iii", "", allS, 20, [1, [2]]],
];

const unmetered = new Set(["mint_cycles128", "stable64_size", "stable_size"]);

function row([name, params, result, contexts, fixed, dynamic]: Row, only32: boolean): [string, Ic0Function] {
  return [
    name,
    {
      name,
      params,
      result,
      fixed,
      only32,
      contexts: new Set(contexts.split(" ") as Context[]),
      perByte: dynamic?.[0] ?? 0,
      perByteOf: dynamic?.[1] ?? [],
      metered: !unmetered.has(name),
    },
  ];
}

/** Every import a module may have from `ic0`, by name. */
export const IC0: ReadonlyMap<string, Ic0Function> = new Map([...common.map((r) => row(r, false)), ...only32.map((r) => row(r, true))]);
