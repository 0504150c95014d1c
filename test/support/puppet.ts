/**
 * A canister that does as it is told: the argument of `run` (update), `look` (query) and of installation is a small program.
 * It can make calls with programs for their callbacks, answer, trap, note what happened in a journal, and set programs for its hooks.
 *
 * A stand-in for the universal canister of the specification's test suite: only what the tests of the rules need.
 */
import { concat, fromHex } from "../../src/base/bytes.ts";
import type { PrincipalId } from "../../src/core/state/ids.ts";
import { compileWat, importLine } from "./ic0-wat.ts";

/** Instructions of the puppet, one after another. Zero ends a program, so an argument may be padded. */
export type Program = Uint8Array;

export function program(...parts: Program[]): Program {
  return concat(...parts);
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const bytesOf = (value: string | Uint8Array): Uint8Array => (typeof value === "string" ? utf8(value) : value);

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function u64(value: bigint | number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

const op = (code: number, ...operands: Uint8Array[]): Program => concat(Uint8Array.of(code), ...operands);
const blob = (bytes: Uint8Array): Uint8Array => concat(u32(bytes.length), bytes);

export const NOTHING: Program = new Uint8Array(0);
/** Adds to the answer. */
export const append = (value: string | Uint8Array): Program => op(1, blob(bytesOf(value)));
/** Sends the answer made so far. */
export const send: Program = op(2);
export const reply = (value: string | Uint8Array = ""): Program => program(append(value), send);
export const reject = (text: string): Program => op(3, blob(utf8(text)));
/** `ic0.trap`. */
export const trap = (text = "trap"): Program => op(4, blob(utf8(text)));
export const unreachable: Program = op(5);
/** Adds how many `call_perform` of this execution returned 2, as u32. */
export const appendRefused: Program = op(7);
export const setTimer = (nanos: bigint): Program => op(8, u64(nanos));
/** Grows the heap by pages of 64 KiB; -1 traps. */
export const grow = (pages: number): Program => op(9, u32(pages));
/** Writes a line (say a letter) into the journal, which is on the heap. */
export const note = (text: string): Program => op(10, blob(utf8(text)));
export const appendJournal: Program = op(11);
export const accept = (cycles: bigint): Program => op(12, u64(cycles));
/** Adds the argument, in a reply callback the reply. */
export const appendArgument: Program = op(13);
/** Adds the reject code as a byte, then the text. */
export const appendReject: Program = op(14);
export const INFO = {
  balance: 0,
  refunded: 1,
  available: 2,
  deadline: 3,
  time: 4,
  version: 5,
  status: 6,
  rejectCode: 7,
  timer: 8,
} as const;
/** Adds a number the system knows, as u64. `timer` switches the timer off and adds what it was. */
export const appendInfo = (what: keyof typeof INFO): Program => op(15, Uint8Array.of(INFO[what]));
/** Turns of an empty loop. */
export const spin = (turns: number): Program => op(16, u64(turns));
export const growStable = (pages: number): Program => op(17, u32(pages));
export const burn = (cycles: bigint): Program => op(18, u64(cycles));
export const print = (text: string): Program => op(19, blob(utf8(text)));
export const appendCaller: Program = op(20);
/** Adds the value of an environment variable. */
export const appendVariable = (name: string): Program => op(21, blob(utf8(name)));
export const certify = (data: string): Program => op(22, blob(utf8(data)));
/** Sets the program of a hook. Kept on the heap, and so lost with it. */
export const HOOKS = { heartbeat: 0, global_timer: 1, on_low_wasm_memory: 2, pre_upgrade: 3 } as const;
export const setHook = (hook: keyof typeof HOOKS, what: Program): Program =>
  op(23, Uint8Array.of(HOOKS[hook]), blob(concat(what, Uint8Array.of(0))));
/** Like `note`, in stable memory: survives upgrades. */
export const noteStable = (text: string): Program => op(24, blob(utf8(text)));
export const appendStableJournal: Program = op(25);
/** Adds zeros to the answer. */
export const appendZeros = (bytes: number): Program => op(26, u32(bytes));
/** Table index of the callbacks of later calls: 1 to 3 are empty entries, from 4 on there are none. */
export const badCallbacks = (index: number): Program => op(27, u32(index));

export interface CallOptions {
  readonly method?: string;
  readonly arg?: Uint8Array;
  readonly cycles?: bigint;
  /** Seconds; without it the call waits until it is answered. */
  readonly timeout?: number;
  readonly onReply?: Program;
  readonly onReject?: Program;
  /** Without it there is no cleanup. */
  readonly onCleanup?: Program;
  readonly times?: number;
  /** Zeros behind the argument. */
  readonly pad?: number;
}

const NONE = 0xffff_ffff;

/** Calls `run` of another puppet (or any method), as often as asked. */
export function call(callee: PrincipalId, options: CallOptions = {}): Program {
  const { method = "run", arg = NOTHING, cycles = 0n, timeout, onReply = NOTHING, onReject = NOTHING, onCleanup, times = 1 } = options;
  return op(
    6,
    u32(times),
    u64(cycles),
    u32(timeout ?? NONE),
    u32(options.pad ?? 0),
    blob(fromHex(callee)),
    blob(utf8(method)),
    blob(arg),
    blob(concat(onReply, Uint8Array.of(0))),
    blob(concat(onReject, Uint8Array.of(0))),
    onCleanup === undefined ? u32(NONE) : blob(concat(onCleanup, Uint8Array.of(0))),
  );
}

/** Answers with `+` and the reply, or `-`, the code and the text of the reject. */
export const passOn = { onReply: program(append("+"), appendArgument, send), onReject: program(append("-"), appendReject, send) };

const USED = [
  "msg_arg_data_size msg_arg_data_copy msg_caller_size msg_caller_copy msg_reject_code msg_reject_msg_size msg_reject_msg_copy",
  "msg_reply_data_append msg_reply msg_reject msg_deadline msg_cycles_available128 msg_cycles_refunded128 msg_cycles_accept128",
  "canister_cycle_balance128 canister_status canister_version call_new call_on_cleanup call_data_append call_with_best_effort_response",
  "call_cycles_add128 call_perform stable64_grow stable64_size stable64_write stable64_read certified_data_set time global_timer_set cycles_burn128",
  "env_var_value_size env_var_value_copy debug_print trap",
].flatMap((names) => names.split(" "));

/** Heap: 0 next free address, 4 journal's length, 8 refused calls, 12 first table index, 16.. hooks, 64 scratch, 4 Ki journal, 64 Ki argument, 128 Ki programs. */
const BODY = `
  (memory 4) (table 4 funcref) (elem (i32.const 0) $callback)
  (global $p (mut i32) (i32.const 0))
  (func $u8 (result i32) (global.set $p (i32.add (global.get $p) (i32.const 1))) (i32.load8_u (i32.sub (global.get $p) (i32.const 1))))
  (func $u32 (result i32) (global.set $p (i32.add (global.get $p) (i32.const 4))) (i32.load (i32.sub (global.get $p) (i32.const 4))))
  (func $u64 (result i64) (global.set $p (i32.add (global.get $p) (i32.const 8))) (i64.load (i32.sub (global.get $p) (i32.const 8))))
  ;; Address of a blob's bytes; its length is the four bytes before. Goes behind it.
  (func $blob (result i32) (local $at i32)
    (local.set $at (i32.add (global.get $p) (i32.const 4)))
    (global.set $p (i32.add (local.get $at) (i32.load (global.get $p))))
    (local.get $at))
  (func $len (param $at i32) (result i32) (i32.load (i32.sub (local.get $at) (i32.const 4))))
  ;; Keeps a copy of a program.
  (func $keep (param $at i32) (result i32) (local $to i32) (local $need i32)
    (local.set $to (i32.load (i32.const 0)))
    (if (i32.eqz (local.get $to)) (then (local.set $to (i32.const 131072))))
    (local.set $need (i32.sub (i32.add (local.get $to) (call $len (local.get $at))) (i32.mul (memory.size) (i32.const 65536))))
    (if (i32.gt_s (local.get $need) (i32.const 0))
      (then (drop (memory.grow (i32.add (i32.shr_u (local.get $need) (i32.const 16)) (i32.const 1))))))
    (memory.copy (local.get $to) (local.get $at) (call $len (local.get $at)))
    (i32.store (i32.const 0) (i32.add (local.get $to) (call $len (local.get $at))))
    (local.get $to))
  (func $info (param $what i32)
    (i64.store (i32.const 64) (i64.const 0)) (i64.store (i32.const 72) (i64.const 0))
    (if (i32.eq (local.get $what) (i32.const 0)) (then (call $canister_cycle_balance128 (i32.const 64))))
    (if (i32.eq (local.get $what) (i32.const 1)) (then (call $msg_cycles_refunded128 (i32.const 64))))
    (if (i32.eq (local.get $what) (i32.const 2)) (then (call $msg_cycles_available128 (i32.const 64))))
    (if (i32.eq (local.get $what) (i32.const 3)) (then (i64.store (i32.const 64) (call $msg_deadline))))
    (if (i32.eq (local.get $what) (i32.const 4)) (then (i64.store (i32.const 64) (call $time))))
    (if (i32.eq (local.get $what) (i32.const 5)) (then (i64.store (i32.const 64) (call $canister_version))))
    (if (i32.eq (local.get $what) (i32.const 6)) (then (i32.store (i32.const 64) (call $canister_status))))
    (if (i32.eq (local.get $what) (i32.const 7)) (then (i32.store (i32.const 64) (call $msg_reject_code))))
    (if (i32.eq (local.get $what) (i32.const 8)) (then (i64.store (i32.const 64) (call $global_timer_set (i64.const 0)))))
    (call $msg_reply_data_append (i32.const 64) (i32.const 8)))
  (func $calls (local $times i32) (local $cycles i64) (local $timeout i32) (local $pad i32) (local $callee i32) (local $method i32)
      (local $arg i32) (local $reply i32) (local $reject i32) (local $cleanup i32) (local $left i32) (local $part i32)
    (local.set $times (call $u32)) (local.set $cycles (call $u64)) (local.set $timeout (call $u32)) (local.set $pad (call $u32))
    (local.set $callee (call $blob)) (local.set $method (call $blob)) (local.set $arg (call $blob))
    (local.set $reply (call $keep (call $blob))) (local.set $reject (call $keep (call $blob)))
    (if (i32.eq (i32.load (global.get $p)) (i32.const -1))
      (then (drop (call $u32)))
      (else (local.set $cleanup (call $keep (call $blob)))))
    (loop $again
      (if (i32.eqz (local.get $times)) (then (return)))
      (call $call_new (local.get $callee) (call $len (local.get $callee)) (local.get $method) (call $len (local.get $method))
        (i32.load (i32.const 12)) (local.get $reply) (i32.load (i32.const 12)) (local.get $reject))
      (if (local.get $cleanup) (then (call $call_on_cleanup (i32.const 0) (local.get $cleanup))))
      (call $call_data_append (local.get $arg) (call $len (local.get $arg)))
      (local.set $left (local.get $pad))
      (block $padded (loop $more
        (br_if $padded (i32.eqz (local.get $left)))
        (local.set $part (select (local.get $left) (i32.const 65536) (i32.lt_u (local.get $left) (i32.const 65536))))
        (call $call_data_append (i32.const 196608) (local.get $part))
        (local.set $left (i32.sub (local.get $left) (local.get $part)))
        (br $more)))
      (if (i64.ne (local.get $cycles) (i64.const 0)) (then (call $call_cycles_add128 (i64.const 0) (local.get $cycles))))
      (if (i32.ne (local.get $timeout) (i32.const -1)) (then (call $call_with_best_effort_response (local.get $timeout))))
      (if (i32.eq (call $call_perform) (i32.const 2))
        (then (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))))
      (local.set $times (i32.sub (local.get $times) (i32.const 1)))
      (br $again)))
  (func $stable_note (param $at i32) (local $size i64)
    (if (i64.eqz (call $stable64_size)) (then (drop (call $stable64_grow (i64.const 1)))))
    (call $stable64_read (i64.const 64) (i64.const 0) (i64.const 4))
    (local.set $size (i64.load32_u (i32.const 64)))
    (call $stable64_write (i64.add (i64.const 4) (local.get $size)) (i64.extend_i32_u (local.get $at)) (i64.extend_i32_u (call $len (local.get $at))))
    (i32.store (i32.const 64) (i32.add (i32.wrap_i64 (local.get $size)) (call $len (local.get $at))))
    (call $stable64_write (i64.const 0) (i64.const 64) (i64.const 4)))
  (func $stable_journal
    (if (i64.eqz (call $stable64_size)) (then (return)))
    (call $stable64_read (i64.const 64) (i64.const 0) (i64.const 4))
    (call $stable64_read (i64.const 128) (i64.const 4) (i64.load32_u (i32.const 64)))
    (call $msg_reply_data_append (i32.const 128) (i32.load (i32.const 64))))
  (func $zeros (param $left i32) (local $part i32)
    (loop $more
      (if (i32.eqz (local.get $left)) (then (return)))
      (local.set $part (select (local.get $left) (i32.const 65536) (i32.lt_u (local.get $left) (i32.const 65536))))
      (call $msg_reply_data_append (i32.const 196608) (local.get $part))
      (local.set $left (i32.sub (local.get $left) (local.get $part)))
      (br $more)))
  (func $spin (param $turns i64)
    (loop $again
      (if (i64.eqz (local.get $turns)) (then (return)))
      (local.set $turns (i64.sub (local.get $turns) (i64.const 1)))
      (br $again)))
  (func $play (param $at i32) (local $op i32) (local $x i32)
    (global.set $p (local.get $at))
    (loop $next
      (local.set $op (call $u8))
      (if (i32.eqz (local.get $op)) (then (return)))
      CASES
      unreachable))
  (func $callback (param $env i32) (i32.store (i32.const 8) (i32.const 0)) (call $play (local.get $env)))
  (func $hook (param $n i32) (local $at i32)
    (i32.store (i32.const 8) (i32.const 0))
    (local.set $at (i32.load (i32.add (i32.const 16) (i32.shl (local.get $n) (i32.const 2)))))
    (if (local.get $at) (then (call $play (local.get $at)))))
  (func $main (local $size i32)
    (i32.store (i32.const 8) (i32.const 0))
    (local.set $size (call $msg_arg_data_size))
    (if (i32.gt_u (local.get $size) (i32.const 65535)) (then (local.set $size (i32.const 65535))))
    (call $msg_arg_data_copy (i32.const 65536) (i32.const 0) (local.get $size))
    (i32.store8 (i32.add (i32.const 65536) (local.get $size)) (i32.const 0))
    (call $play (i32.const 65536)))
  (export "canister_update run" (func $main)) (export "canister_query look" (func $main)) (export "canister_init" (func $main))
  (export "canister_post_upgrade" (func $main))
  (func (export "canister_pre_upgrade") (call $hook (i32.const 3)))`;

const CASES: Readonly<Record<number, string>> = {
  1: "(local.set $x (call $blob)) (call $msg_reply_data_append (local.get $x) (call $len (local.get $x)))",
  2: "(call $msg_reply)",
  3: "(local.set $x (call $blob)) (call $msg_reject (local.get $x) (call $len (local.get $x)))",
  4: "(local.set $x (call $blob)) (call $trap (local.get $x) (call $len (local.get $x)))",
  5: "unreachable",
  6: "(call $calls)",
  7: "(call $msg_reply_data_append (i32.const 8) (i32.const 4))",
  8: "(drop (call $global_timer_set (call $u64)))",
  9: "(if (i32.eq (memory.grow (call $u32)) (i32.const -1)) (then unreachable))",
  10: `(local.set $x (call $blob))
    (memory.copy (i32.add (i32.const 4096) (i32.load (i32.const 4))) (local.get $x) (call $len (local.get $x)))
    (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (call $len (local.get $x))))`,
  11: "(call $msg_reply_data_append (i32.const 4096) (i32.load (i32.const 4)))",
  12: "(call $msg_cycles_accept128 (i64.const 0) (call $u64) (i32.const 64))",
  13: `(if (i32.gt_u (call $msg_arg_data_size) (i32.const 65536)) (then unreachable))
    (call $msg_arg_data_copy (i32.const 65536) (i32.const 0) (call $msg_arg_data_size))
    (call $msg_reply_data_append (i32.const 65536) (call $msg_arg_data_size))`,
  14: `(i32.store8 (i32.const 64) (call $msg_reject_code)) (call $msg_reply_data_append (i32.const 64) (i32.const 1))
    (call $msg_reject_msg_copy (i32.const 65536) (i32.const 0) (call $msg_reject_msg_size))
    (call $msg_reply_data_append (i32.const 65536) (call $msg_reject_msg_size))`,
  15: "(call $info (call $u8))",
  16: "(call $spin (call $u64))",
  17: "(if (i64.eq (call $stable64_grow (i64.extend_i32_u (call $u32))) (i64.const -1)) (then unreachable))",
  18: "(call $cycles_burn128 (i64.const 0) (call $u64) (i32.const 64))",
  19: "(local.set $x (call $blob)) (call $debug_print (local.get $x) (call $len (local.get $x)))",
  20: "(call $msg_caller_copy (i32.const 64) (i32.const 0) (call $msg_caller_size)) (call $msg_reply_data_append (i32.const 64) (call $msg_caller_size))",
  21: `(local.set $x (call $blob))
    (call $env_var_value_copy (local.get $x) (call $len (local.get $x)) (i32.const 1024) (i32.const 0) (call $env_var_value_size (local.get $x) (call $len (local.get $x))))
    (call $msg_reply_data_append (i32.const 1024) (call $env_var_value_size (local.get $x) (call $len (local.get $x))))`,
  22: "(local.set $x (call $blob)) (call $certified_data_set (local.get $x) (call $len (local.get $x)))",
  23: "(local.set $x (call $u8)) (i32.store (i32.add (i32.const 16) (i32.shl (local.get $x) (i32.const 2))) (call $keep (call $blob)))",
  24: "(call $stable_note (call $blob))",
  25: "(call $stable_journal)",
  26: "(call $zeros (call $u32))",
  27: "(i32.store (i32.const 12) (call $u32))",
};

/** A puppet that also exports the named hooks. */
export function puppet(...hooks: readonly (keyof typeof HOOKS)[]): Uint8Array {
  const key = hooks.join();
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const cases = Object.entries(CASES).map(([code, body]) => `(if (i32.eq (local.get $op) (i32.const ${code})) (then ${body} (br $next)))`);
  const exports = hooks.map((hook) => `(func (export "canister_${hook}") (call $hook (i32.const ${HOOKS[hook]})))`);
  const imports = USED.map((name) => importLine(name));
  const wasm = compileWat(`(module ${imports.join("\n")} ${BODY.replace("CASES", cases.join("\n"))} ${exports.join("\n")})`);
  compiled.set(key, wasm);
  return wasm;
}

const compiled = new Map<string, Uint8Array>();
