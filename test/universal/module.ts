/**
 * The universal canister's module, in 32 or 64 bit: entry points around an interpreter of the operations in `operations.ts`.
 */
import { IC0 } from "../../src/core/wasm/ic0.ts";
import { compileWat, importLine, pointer } from "../support/ic0-wat.ts";
import { HEAP, STATEMENTS, VALUES } from "./operations.ts";

/** Entry points the system calls, with the number of the program each runs. All but `pre_upgrade` are exported only where asked for. */
export const HOOKS = { heartbeat: 0, global_timer: 1, on_low_wasm_memory: 2, pre_upgrade: 3, inspect_message: 4 } as const;
export type Hook = keyof typeof HOOKS;
export type Bits = 32 | 64;

/** A universal canister that also exports the named hooks. */
export function universalCanister(hooks: readonly Hook[] = [], bits: Bits = 32): Uint8Array {
  const key = `${bits} ${hooks.join()}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const exports = hooks
    .filter((hook) => hook !== "pre_upgrade")
    .map((hook) => HOOK_EXPORT[hook === "inspect_message" ? hook : "other"](hook));
  const body = `${BODY}
    (func $value ${LOCALS} ${dispatch(VALUES)})
    (func $statement (param $op i32) ${LOCALS} ${dispatch(STATEMENTS, "(local.get $op)")})
    ${exports.join("\n")}`;
  const used = new Set([...body.matchAll(/\(call \$([a-z0-9_]+)/g)].map(([, name]) => name!).filter((name) => IC0.has(name)));
  const imports = [...used].map((name) => importLine(name, bits)).join("\n");
  const wasm = compileWat(specialise(`(module ${imports} ${body})`, bits));
  compiled.set(key, wasm);
  return wasm;
}

const compiled = new Map<string, Uint8Array>();

const LOCALS = `(local $x P) (local $y P) (local $z P) (local $size P) (local $offset i64) (local $count i64) (local $same i32)`;

/** Runs the operation whose code is next: a jump table over the names in their order. */
function dispatch(operations: Readonly<Record<string, string>>, code = "(call $u8)"): string {
  const names = Object.keys(operations);
  const table = `(br_table $unknown ${names.map((name) => `$${name}`).join(" ")} $unknown ${code})`;
  const cases = names.reduce(
    (inner, name) => `(block $${name} ${inner}) ${operations[name]!} (return)`,
    `(block $unknown ${table}) unreachable`,
  );
  return cases;
}

const HOOK_EXPORT = {
  /** Without a program everything is accepted. */
  inspect_message: () => `(func (export "canister_inspect_message")
    (if (call $hook_program (P.const ${HOOKS.inspect_message}))
      (then (call $hook (P.const ${HOOKS.inspect_message})))
      (else (call $accept_message))))`,
  other: (hook: Hook) => `(func (export "canister_${hook}") (call $hook (P.const ${HOOKS[hook]})))`,
};

/** The text for one width: `P` is the pointer type; loads and stores of 32 bits and conversions are spelled differently. */
function specialise(text: string, bits: Bits): string {
  const p = pointer(bits);
  const constants: Readonly<Record<string, number>> = {
    JOURNAL_SIZE: HEAP.journalSize,
    JOURNAL: HEAP.journal,
    REFUSED: HEAP.refused,
    HOOKS: HEAP.hooks,
    TABLE_INDEX: HEAP.tableIndex,
    ARGUMENT: HEAP.argument,
    KEPT: HEAP.kept,
    NEXT: HEAP.next,
  };
  return text
    .replaceAll("P.LOAD32", bits === 32 ? "i32.load" : "i64.load32_u")
    .replaceAll("P.STORE32", bits === 32 ? "i32.store" : "i64.store32")
    .replaceAll("TO64", bits === 32 ? "i64.extend_i32_u" : "i64.or (i64.const 0)")
    .replaceAll("OF64", bits === 32 ? "i32.wrap_i64" : "i64.or (i64.const 0)")
    .replaceAll("OF32", bits === 32 ? "i32.or (i32.const 0)" : "i64.extend_i32_u")
    .replaceAll("MEMORY", bits === 32 ? "" : "i64")
    .replace(/\b[A-Z][A-Z_]+\b/g, (name) => String(constants[name] ?? name))
    .replace(/\bP\b/g, p);
}

const BODY = `
  (memory MEMORY 4) (table 4 funcref) (elem (i32.const 0) $callback)
  (global $p (mut P) (P.const 0)) (global $top (mut P) (P.const 0)) (global $low (mut i64) (i64.const 0)) (global $high (mut i64) (i64.const 0))
  (func $to64 (param $x P) (result i64) (TO64 (local.get $x)))
  (func $of64 (param $x i64) (result P) (OF64 (local.get $x)))

  ;; Operands of the program.
  (func $u8 (result i32) (global.set $p (P.add (global.get $p) (P.const 1))) (i32.load8_u (P.sub (global.get $p) (P.const 1))))
  (func $u32 (result P) (global.set $p (P.add (global.get $p) (P.const 4))) (P.LOAD32 (P.sub (global.get $p) (P.const 4))))
  (func $u64 (result i64) (global.set $p (P.add (global.get $p) (P.const 8))) (i64.load (P.sub (global.get $p) (P.const 8))))
  ;; Address of a blob's bytes; its length is the four bytes before. Goes behind it.
  (func $blob (result P) (local $at P)
    (local.set $at (P.add (global.get $p) (P.const 4)))
    (global.set $p (P.add (local.get $at) (P.LOAD32 (global.get $p))))
    (local.get $at))
  (func $len (param $at P) (result P) (P.LOAD32 (P.sub (local.get $at) (P.const 4))))

  ;; The scratch stack: from the end of the kept programs upwards.
  (func $ensure (param $end P)
    (if (P.gt_u (local.get $end) (P.shl (memory.size) (P.const 16)))
      (then (if (P.eq (P.const -1)
          (memory.grow (P.shr_u (P.add (P.sub (local.get $end) (P.shl (memory.size) (P.const 16))) (P.const 65535)) (P.const 16))))
        (then unreachable)))))
  (func $take (param $size P) (result P) (local $at P)
    (local.set $at (global.get $top))
    (call $ensure (P.add (local.get $at) (local.get $size)))
    (global.set $top (P.add (local.get $at) (local.get $size)))
    (local.get $at))
  (func $copy (param $from P) (param $size P) (memory.copy (call $take (local.get $size)) (local.get $from) (local.get $size)))
  (func $push64 (param $x i64) (i64.store (call $take (P.const 8)) (local.get $x)))
  ;; Goes back to an address and says how much was above it. The bytes stay readable until the next value.
  (func $drop (param $start P) (result P) (local $size P)
    (local.set $size (P.sub (global.get $top) (local.get $start)))
    (global.set $top (local.get $start))
    (local.get $size))
  ;; Values up to a zero; where they begin.
  (func $list (result P) (local $start P)
    (local.set $start (global.get $top))
    (block $end (loop $next
      (if (i32.eqz (i32.load8_u (global.get $p))) (then (drop (call $u8)) (br $end)))
      (call $value)
      (br $next)))
    (local.get $start))
  ;; One value as a number: its first eight bytes, less if it has less.
  (func $number (result i64) (call $wide) (global.get $low))
  ;; The same of sixteen.
  (func $wide (local $start P) (local $size P)
    (local.set $start (global.get $top))
    (call $value)
    (local.set $size (P.sub (global.get $top) (local.get $start)))
    (call $ensure (P.add (global.get $top) (P.const 16)))
    (memory.fill (global.get $top) (i32.const 0) (P.const 16))
    (global.set $low (i64.load (local.get $start)))
    (global.set $high (i64.load (P.add (local.get $start) (P.const 8))))
    (global.set $top (local.get $start)))
  (func $equal (param $a P) (param $asize P) (param $b P) (param $bsize P) (result i32)
    (if (P.ne (local.get $asize) (local.get $bsize)) (then (return (i32.const 0))))
    (block $end (loop $next
      (br_if $end (P.eqz (local.get $asize)))
      (local.set $asize (P.sub (local.get $asize) (P.const 1)))
      (if (i32.ne (i32.load8_u (P.add (local.get $a) (local.get $asize))) (i32.load8_u (P.add (local.get $b) (local.get $asize))))
        (then (return (i32.const 0))))
      (br $next)))
    (i32.const 1))

  ;; Keeps a copy of a program.
  (func $keep (param $at P) (result P) (local $to P)
    (local.set $to (P.LOAD32 (P.const NEXT)))
    (if (P.eqz (local.get $to)) (then (local.set $to (P.const KEPT))))
    (call $ensure (P.add (local.get $to) (call $len (local.get $at))))
    (memory.copy (local.get $to) (local.get $at) (call $len (local.get $at)))
    (global.set $top (P.add (local.get $to) (call $len (local.get $at))))
    (P.STORE32 (P.const NEXT) (global.get $top))
    (local.get $to))

  (func $calls (local $times P) (local $timeout P) (local $unfinished i32) (local $reply P) (local $reject P) (local $cleanup P)
      (local $start P) (local $callee P) (local $method P) (local $arg P) (local $pad i64) (local $high i64) (local $low i64) (local $left P)
    (local.set $times (call $u32)) (local.set $timeout (call $u32)) (local.set $unfinished (call $u8))
    (local.set $reply (call $keep (call $blob))) (local.set $reject (call $keep (call $blob)))
    (if (i32.eq (i32.load (global.get $p)) (i32.const -1))
      (then (drop (call $u32)))
      (else (local.set $cleanup (call $keep (call $blob)))))
    (local.set $pad (call $number))
    (call $wide) (local.set $low (global.get $low)) (local.set $high (global.get $high))
    (local.set $callee (call $list)) (local.set $method (call $list)) (local.set $arg (call $list))
    (local.set $start (local.get $callee))
    (block $end (loop $again
      (br_if $end (P.eqz (local.get $times)))
      (call $call_new (local.get $callee) (P.sub (local.get $method) (local.get $callee)) (local.get $method) (P.sub (local.get $arg) (local.get $method))
        (P.LOAD32 (P.const TABLE_INDEX)) (local.get $reply) (P.LOAD32 (P.const TABLE_INDEX)) (local.get $reject))
      (if (P.ne (local.get $cleanup) (P.const 0)) (then (call $call_on_cleanup (P.const 0) (local.get $cleanup))))
      (call $call_data_append (local.get $arg) (P.sub (global.get $top) (local.get $arg)))
      (call $pad (call $of64 (local.get $pad)))
      (if (i64.ne (i64.or (local.get $low) (local.get $high)) (i64.const 0)) (then (call $call_cycles_add128 (local.get $high) (local.get $low))))
      (if (P.ne (local.get $timeout) (OF32 (i32.const -1))) (then (call $call_with_best_effort_response (i32.wrap_i64 (call $to64 (local.get $timeout))))))
      (if (i32.eqz (local.get $unfinished)) (then
        (if (i32.eq (call $call_perform) (i32.const 2))
          (then (i32.store (P.const REFUSED) (i32.add (i32.load (P.const REFUSED)) (i32.const 1)))))))
      (local.set $times (P.sub (local.get $times) (P.const 1)))
      (br $again)))
    (global.set $top (local.get $start)))

  ;; 64 KiB of zeros above the stack.
  (func $zeros (result P)
    (call $ensure (P.add (global.get $top) (P.const 65536)))
    (memory.fill (global.get $top) (i32.const 0) (P.const 65536))
    (global.get $top))
  (func $piece (param $left P) (result P) (select (local.get $left) (P.const 65536) (P.lt_u (local.get $left) (P.const 65536))))
  (func $pad (param $left P)
    (loop $more
      (if (P.eqz (local.get $left)) (then (return)))
      (call $call_data_append (call $zeros) (call $piece (local.get $left)))
      (local.set $left (P.sub (local.get $left) (call $piece (local.get $left))))
      (br $more)))
  (func $append_zeros (param $left P)
    (loop $more
      (if (P.eqz (local.get $left)) (then (return)))
      (call $msg_reply_data_append (call $zeros) (call $piece (local.get $left)))
      (local.set $left (P.sub (local.get $left) (call $piece (local.get $left))))
      (br $more)))

  (func $stable_journal_size (result P) (local $at P) (local $size P)
    (if (i64.eqz (call $stable64_size)) (then (return (P.const 0))))
    (local.set $at (call $take (P.const 4)))
    (call $stable64_read (call $to64 (local.get $at)) (i64.const 0) (i64.const 4))
    (local.set $size (P.LOAD32 (local.get $at)))
    (global.set $top (local.get $at))
    (local.get $size))
  (func $stable_journal (local $size P)
    (local.set $size (call $stable_journal_size))
    (if (P.eqz (local.get $size)) (then (return)))
    (call $stable64_read (call $to64 (call $take (local.get $size))) (i64.const 4) (call $to64 (local.get $size))))
  (func $stable_note (param $at P) (param $size P) (local $old P) (local $scratch P)
    (if (i64.eqz (call $stable64_size)) (then (drop (call $stable64_grow (i64.const 1)))))
    ;; Above the bytes to write, which are no longer on the stack.
    (global.set $top (P.add (local.get $at) (local.get $size)))
    (local.set $old (call $stable_journal_size))
    (call $stable64_write (i64.add (i64.const 4) (call $to64 (local.get $old))) (call $to64 (local.get $at)) (call $to64 (local.get $size)))
    (local.set $scratch (call $take (P.const 4)))
    (P.STORE32 (local.get $scratch) (P.add (local.get $old) (local.get $size)))
    (call $stable64_write (i64.const 0) (call $to64 (local.get $scratch)) (i64.const 4))
    (global.set $top (local.get $at)))

  (func $spin (param $turns i64)
    (loop $again
      (if (i64.eqz (local.get $turns)) (then (return)))
      (local.set $turns (i64.sub (local.get $turns) (i64.const 1)))
      (br $again)))

  (func $play (param $at P) (local $op i32)
    (global.set $p (local.get $at))
    (loop $next
      (local.set $op (call $u8))
      (if (i32.eqz (local.get $op)) (then (return)))
      (call $statement (local.get $op))
      (br $next)))
  (func $begin
    (i32.store (P.const REFUSED) (i32.const 0))
    (global.set $top (P.LOAD32 (P.const NEXT)))
    (if (P.eqz (global.get $top)) (then (global.set $top (P.const KEPT)))))
  (func $callback (param $env P) (call $begin) (call $play (local.get $env)))
  (func $hook_program (param $n P) (result i32) (i32.load (P.add (P.const HOOKS) (P.shl (local.get $n) (P.const 3)))))
  (func $hook (param $n P)
    (call $begin)
    (if (call $hook_program (local.get $n)) (then (call $play (OF32 (call $hook_program (local.get $n)))))))
  (func $main (local $size P)
    (call $begin)
    (local.set $size (call $msg_arg_data_size))
    (if (P.gt_u (local.get $size) (P.const 65535)) (then (local.set $size (P.const 65535))))
    (call $msg_arg_data_copy (P.const ARGUMENT) (P.const 0) (local.get $size))
    (i32.store8 (P.add (P.const ARGUMENT) (local.get $size)) (i32.const 0))
    (call $play (P.const ARGUMENT)))
  (export "canister_update run" (func $main)) (export "canister_query look" (func $main)) (export "canister_composite_query ask" (func $main))
  (export "canister_init" (func $main)) (export "canister_post_upgrade" (func $main))
  (func (export "canister_pre_upgrade") (call $hook (P.const 3)))`;
