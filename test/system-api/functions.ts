/**
 * The System API as the interface specification lists it ("Overview of imports"), written down a second time and in another order than
 * `core/wasm/ic0.ts`, so that neither table is only compared with itself: by contexts, `I` for a pointer, `i` for i32, `l` for i64.
 *
 * Where the replica differs from its document the replica stands: `msg_caller_info_*` is there in a transform, `mint_cycles128` and
 * `cost_http_request_v2` are in no document.
 */
export interface SystemFunction {
  readonly name: string;
  readonly params: string;
  readonly result: string;
  readonly contexts: ReadonlySet<string>;
  readonly only32: boolean;
}

const EVERYWHERE_BUT_START = "I G U RQ NRQ TQ CQ Ry Rt CRy CRt C CC F T";
const EVERYWHERE = `${EVERYWHERE_BUT_START} s`;

const LISTS: readonly (readonly [contexts: string, functions: string, only32?: true])[] = [
  ["I U RQ NRQ TQ CQ Ry CRy F", "msg_arg_data_size>I msg_arg_data_copy:III"],
  ["U RQ NRQ TQ CQ Ry Rt CRy CRt C CC F", "msg_caller_info_data_size>I msg_caller_info_data_copy:III msg_caller_info_signer_size>I msg_caller_info_signer_copy:III"],
  ["Ry Rt CRy CRt C", "msg_reject_code>i"],
  ["Rt CRt", "msg_reject_msg_size>I msg_reject_msg_copy:III"],
  ["U RQ NRQ TQ CQ Ry Rt CRy CRt", "msg_deadline>l msg_reply_data_append:II msg_reply msg_reject:II"],
  ["U RQ Ry Rt", "msg_cycles_available128:I msg_cycles_accept128:llI"],
  ["Ry Rt", "msg_cycles_refunded128:I"],
  ["F", "msg_method_name_size>I msg_method_name_copy:III accept_message"],
  ["U CQ Ry Rt CRy CRt T", "call_new:IIIIIIII call_on_cleanup:II call_data_append:II call_with_best_effort_response:i call_perform>i"],
  ["U Ry Rt T", "call_cycles_add128:ll mint_cycles128:llI"],
  ["I G U RQ Ry Rt C T", "cycles_burn128:llI root_key_size>I root_key_copy:III"],
  ["I G U Ry Rt T", "certified_data_set:II"],
  ["I G U Ry Rt C T", "global_timer_set:l>l"],
  ["NRQ CQ", "data_certificate_size>I data_certificate_copy:III"],
  [EVERYWHERE_BUT_START, "msg_caller_size>I msg_caller_copy:III canister_self_size>I canister_self_copy:III subnet_self_size>I subnet_self_copy:III"],
  [EVERYWHERE_BUT_START, "canister_cycle_balance128:I canister_liquid_cycle_balance128:I canister_status>i canister_version>l data_certificate_present>i time>l"],
  [EVERYWHERE_BUT_START, "env_var_count>I env_var_name_size:I>I env_var_name_copy:IIII env_var_name_exists:II>i env_var_value_size:II>I env_var_value_copy:IIIII"],
  [EVERYWHERE, "stable64_size>l stable64_grow:l>l stable64_write:lll stable64_read:lll performance_counter:i>l is_controller:II>i in_replicated_execution>i"],
  [EVERYWHERE, "cost_call:llI cost_create_canister:I cost_http_request:llI cost_http_request_v2:III"],
  [EVERYWHERE, "cost_sign_with_ecdsa:IIiI>i cost_sign_with_schnorr:IIiI>i cost_vetkd_derive_key:IIiI>i debug_print:II trap:II"],
  ["U RQ Ry Rt", "msg_cycles_available>l msg_cycles_accept:l>l", true],
  ["Ry Rt", "msg_cycles_refunded>l", true],
  ["U Ry Rt T", "call_cycles_add:l", true],
  [EVERYWHERE_BUT_START, "canister_cycle_balance>l", true],
  [EVERYWHERE, "stable_size>i stable_grow:i>i stable_write:iii stable_read:iii", true],
]; // prettier-ignore

export const FUNCTIONS: readonly SystemFunction[] = LISTS.flatMap(([contexts, functions, only32]) =>
  functions.split(" ").map((text) => {
    const [, name, params, result] = /^(\w+)(?::(\w+))?(?:>(\w))?$/.exec(text)!;
    return { name: name!, params: params ?? "", result: result ?? "", contexts: new Set(contexts.split(" ")), only32: only32 === true };
  }),
);

/** Of a module with pointers of this width. */
export function functionsOf(bits: 32 | 64): readonly SystemFunction[] {
  return FUNCTIONS.filter(({ only32 }) => bits === 32 || !only32);
}

export function wasmType(letter: string, bits: 32 | 64): "i32" | "i64" {
  return letter === "l" || (letter === "I" && bits === 64) ? "i64" : "i32";
}

export function wasmTypes(letters: string, bits: 32 | 64): ("i32" | "i64")[] {
  return [...letters].map((letter) => wasmType(letter, bits));
}

/** An import of `ic0.<name>` as `$<name>`, of these types. */
export function importOf(name: string, params: readonly string[], results: readonly string[]): string {
  return `(import "ic0" "${name}" (func $${name} (param ${params.join(" ")}) (result ${results.join(" ")})))`;
}
