/**
 * Programs for the universal canister, built by functions. README.md in this folder shows how.
 *
 * A `Program` is what the canister does, in order: `run(reply("a"))`. A `Value` is bytes it computes when it gets there: `reply(time)`.
 * Wherever bytes are wanted a text, bytes or a value will do, and several in a row are joined; wherever a number is wanted a number, a
 * bigint or a value (its first bytes, little-endian).
 */
import { concat, fromHex } from "../../src/base/bytes.ts";
import type { PrincipalId } from "../../src/core/state/ids.ts";
import { HOOKS, type Hook } from "./module.ts";
import { statementCode, valueCode, type StatementName, type ValueName } from "./operations.ts";

/** Statements, one after another. Zero ends a program, so an argument may be padded. */
export type Program = Uint8Array;

/** Bytes that are known when the program runs. */
export class Value {
  readonly code: Uint8Array;
  constructor(code: Uint8Array) {
    this.code = code;
  }
}

export type Data = string | Uint8Array | Value;
export type Amount = number | bigint | Value;

const NONE = 0xffff_ffff;

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}

const blob = (bytes: Uint8Array): Uint8Array => concat(u32(bytes.length), bytes);
const body = (program: Program): Uint8Array => blob(concat(program, Uint8Array.of(0)));
const value = (name: ValueName, ...operands: Uint8Array[]): Value => new Value(concat(Uint8Array.of(valueCode(name)), ...operands));
const statement = (name: StatementName, ...operands: Uint8Array[]): Program => concat(Uint8Array.of(statementCode(name)), ...operands);

function one(data: Data): Uint8Array {
  if (data instanceof Value) return data.code;
  return value("literal", blob(typeof data === "string" ? utf8(data) : data)).code;
}

function list(data: readonly Data[]): Uint8Array {
  return concat(...data.map(one), Uint8Array.of(0));
}

function num(amount: Amount): Uint8Array {
  if (amount instanceof Value) return amount.code;
  const whole = BigInt(amount);
  if (whole < 1n << 64n) return value("number", u64(whole)).code;
  return value("wideNumber", u64(BigInt.asUintN(64, whole)), u64(whole >> 64n)).code;
}

export const NOTHING: Program = new Uint8Array(0);
export const program = (...parts: readonly Program[]): Program => concat(...parts);

// ---- Values ----

/** A number as a value: eight bytes, sixteen from 2^64 on. */
export const number = (amount: number | bigint): Value => new Value(num(amount));
/** The argument; in a reply callback the reply. */
export const argument = value("msg_arg_data");
export const caller = value("msg_caller");
export const callerInfoData = value("msg_caller_info_data");
export const callerInfoSigner = value("msg_caller_info_signer");
export const self = value("canister_self");
export const subnetSelf = value("subnet_self");
/** In `inspect_message`. */
export const methodName = value("msg_method_name");
export const rejectCode = value("msg_reject_code");
export const rejectMessage = value("msg_reject_msg");
export const rootKey = value("root_key");
export const dataCertificatePresent = value("data_certificate_present");
export const dataCertificate = value("data_certificate");
export const time = value("time");
export const deadline = value("msg_deadline");
/** 1 running, 2 stopping, 3 stopped. */
export const status = value("canister_status");
export const version = value("canister_version");
export const inReplicatedExecution = value("in_replicated_execution");
export const isController = (...principal: readonly Data[]): Value => value("is_controller", list(principal));
export const performanceCounter = (type: Amount = 0): Value => value("performance_counter", num(type));

/** Cycles are sixteen bytes. */
export const balance = value("canister_cycle_balance128");
export const liquidBalance = value("canister_liquid_cycle_balance128");
export const available = value("msg_cycles_available128");
export const refunded = value("msg_cycles_refunded128");
/** Takes up to so many of the caller's cycles: how many it were. */
export const accepted = (cycles: Amount): Value => value("msg_cycles_accept128", num(cycles));
export const burnt = (cycles: Amount): Value => value("cycles_burn128", num(cycles));
export const minted = (cycles: Amount): Value => value("mint_cycles128", num(cycles));
export const costCall = (methodNameSize: Amount, payloadSize: Amount): Value => value("cost_call", num(methodNameSize), num(payloadSize));
export const costCreateCanister = value("cost_create_canister");

/** Sets the timer (0: off): what it was. */
export const timerWas = (nanos: Amount): Value => value("global_timer_set", num(nanos));
export const heapSize = value("heapSize");
/** Grows by pages of 64 KiB: the size before, or -1. */
export const heapGrown = (pages: Amount): Value => value("heapGrow", num(pages));
export const heapRead = (address: Amount, size: Amount): Value => value("heapRead", num(address), num(size));
export const stableSize = value("stable64_size");
export const stableGrown = (pages: Amount): Value => value("stable64_grow", num(pages));
export const stableRead = (offset: Amount, size: Amount): Value => value("stableRead", num(offset), num(size));
export const variableCount = value("env_var_count");
export const variableName = (index: Amount): Value => value("env_var_name", num(index));
export const variableExists = (...name: readonly Data[]): Value => value("env_var_name_exists", list(name));
export const variable = (...name: readonly Data[]): Value => value("env_var_value", list(name));
/** Everything noted so far: on the heap, and in stable memory. */
export const journal = value("journal");
export const stableJournal = value("stableJournal");
/** Calls of this execution that `call_perform` refused, in four bytes. */
export const refusedCalls = value("refusedCalls");
export const slice = (of: Value, from: Amount, size: Amount): Value => value("slice", of.code, num(from), num(size));
export const plus = (a: Amount, b: Amount): Value => value("plus", num(a), num(b));

// ---- Statements ----

/** Adds to the answer. */
export const append = (...data: readonly Data[]): Program => statement("append", list(data));
export const appendZeros = (bytes: Amount): Program => statement("appendZeros", num(bytes));
/** Sends the answer made so far. */
export const send: Program = statement("msg_reply");
export const reply = (...data: readonly Data[]): Program => program(append(...data), send);
export const reject = (...text: readonly Data[]): Program => statement("msg_reject", list(text));
/** `ic0.trap`. */
export const trap = (...text: readonly Data[]): Program => statement("trap", list(text.length === 0 ? ["trap"] : text));
export const unreachable: Program = statement("unreachable");
/** Evaluates for the effect, or for the trap. */
export const evaluate = (...values: readonly Value[]): Program => statement("evaluate", list(values));
/** Writes into the journal on the heap. */
export const note = (...data: readonly Data[]): Program => statement("note", list(data));
/** The same in stable memory: survives upgrades. */
export const noteStable = (...data: readonly Data[]): Program => statement("noteStable", list(data));
export const heapWrite = (address: Amount, ...data: readonly Data[]): Program => statement("heapWrite", num(address), list(data));
export const heapFill = (address: Amount, size: Amount, byte: Amount): Program => statement("heapFill", num(address), num(size), num(byte));
export const stableWrite = (offset: Amount, ...data: readonly Data[]): Program => statement("stableWrite", num(offset), list(data));
/** Grow by pages of 64 KiB; -1 traps. */
export const grow = (pages: Amount): Program => statement("mustGrow", num(pages));
export const growStable = (pages: Amount): Program => statement("mustGrowStable", num(pages));
export const setTimer = (nanos: Amount): Program => evaluate(timerWas(nanos));
export const accept = (cycles: Amount): Program => evaluate(accepted(cycles));
export const burn = (cycles: Amount): Program => evaluate(burnt(cycles));
/** Turns of an empty loop. */
export const spin = (turns: Amount): Program => statement("spin", num(turns));
export const print = (...text: readonly Data[]): Program => statement("debug_print", list(text));
export const certify = (...data: readonly Data[]): Program => statement("certified_data_set", list(data));
/** In `inspect_message`. */
export const acceptMessage: Program = statement("accept_message");
/** Sets the program of a hook. Kept on the heap, and so lost with it. */
export const setHook = (hook: Hook, what: Program): Program => statement("setHook", Uint8Array.of(HOOKS[hook]), body(what));
/** Table index of the callbacks of later calls: 1 to 3 are empty entries, from 4 on there are none. */
export const badCallbacks = (index: number): Program => statement("tableIndex", u32(index));
export const repeat = (times: Amount, what: Program): Program => statement("repeat", num(times), body(what));
export const whenEqual = (a: Data, b: Data, then: Program, otherwise: Program = NOTHING): Program =>
  statement("whenEqual", list([a]), list([b]), body(then), body(otherwise));

export interface CallOptions {
  readonly method?: Data;
  /** For `run`, `look` and `ask` of another universal canister: a program. */
  readonly arg?: Data;
  readonly cycles?: Amount;
  /** Seconds; without it the call waits until it is answered. */
  readonly timeout?: number;
  readonly onReply?: Program;
  readonly onReject?: Program;
  /** Without it there is no cleanup. */
  readonly onCleanup?: Program;
  readonly times?: number;
  /** Zeros behind the argument. */
  readonly pad?: Amount;
  /** Leaves out `call_perform`. */
  readonly unfinished?: boolean;
}

/** Calls `run` of another universal canister (or any method), as often as asked. The callee is an id or a value. */
export function call(callee: PrincipalId | Value, options: CallOptions = {}): Program {
  const { method = "run", arg = NOTHING, cycles = 0n, timeout, onReply = NOTHING, onReject = NOTHING, onCleanup } = options;
  return statement(
    "call",
    u32(options.times ?? 1),
    u32(timeout ?? NONE),
    Uint8Array.of(options.unfinished === true ? 1 : 0),
    body(onReply),
    body(onReject),
    onCleanup === undefined ? u32(NONE) : body(onCleanup),
    num(options.pad ?? 0),
    num(cycles),
    list([callee instanceof Value ? callee : fromHex(callee)]),
    list([method]),
    list([arg]),
  );
}

/** Answers with `+` and the reply, or `-`, the code and the text of the reject. */
export const passOn = {
  onReply: reply("+", argument),
  onReject: reply("-", slice(rejectCode, 0, 1), rejectMessage),
};
