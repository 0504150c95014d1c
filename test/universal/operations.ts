/**
 * What the universal canister can do, as a table: a name and the Wasm text that does it. The place in the table is the code in programs.
 *
 * A *value* pushes bytes onto the scratch stack at `$top`. A *statement* does something, mostly with values. Both read their operands
 * from the program behind `$p`: blobs, numbers, values (one) and lists of values (up to a zero).
 * The texts are written for 32 and 64 bit: `P` is the pointer type (`module.ts` has the functions they call).
 */

/** Sizes and addresses of the heap. Kept programs begin at `KEPT`, scratch behind them. */
export const HEAP = {
  /** Address of the next kept program. */
  next: 0,
  /** Length of the journal. */
  journalSize: 4,
  /** Calls refused by `call_perform` in this execution. */
  refused: 8,
  /** Table index of callbacks. */
  tableIndex: 12,
  /** Programs of hooks, eight bytes each. */
  hooks: 16,
  /** 2 KiB that no operation but `heapWrite` touches. */
  free: 2048,
  journal: 4096,
  /** Argument of the execution, up to 64 KiB less one. */
  argument: 65536,
  kept: 131072,
} as const;

/** `ic0.<name>_size` and `ic0.<name>_copy` give a blob. */
const BLOBS = [
  "msg_arg_data",
  "msg_caller",
  "msg_reject_msg",
  "msg_caller_info_data",
  "msg_caller_info_signer",
  "canister_self",
  "subnet_self",
  "msg_method_name",
  "root_key",
  "data_certificate",
] as const;
const I64 = ["time", "msg_deadline", "canister_version", "stable64_size"] as const;
const I32 = ["canister_status", "msg_reject_code", "data_certificate_present", "in_replicated_execution"] as const;
const U128 = [
  "canister_cycle_balance128",
  "canister_liquid_cycle_balance128",
  "msg_cycles_available128",
  "msg_cycles_refunded128",
  "cost_create_canister",
] as const;

const blob = (name: string): string =>
  `(local.set $x (call $take (call $${name}_size)))
   (call $${name}_copy (local.get $x) (P.const 0) (P.sub (global.get $top) (local.get $x)))`;
const i64 = (name: string): string => `(call $push64 (call $${name}))`;
const i32 = (name: string): string => `(call $push64 (i64.extend_i32_u (call $${name})))`;
const u128 = (name: string): string => `(call $${name} (call $take (P.const 16)))`;

/** Takes an amount of 16 bytes and gives one. */
const amount = (name: string): string =>
  `(call $wide) (local.set $x (call $take (P.const 16)))
   (call $${name} (global.get $high) (global.get $low) (local.get $x))`;

const named = <Name extends string>(names: readonly Name[], text: (name: Name) => string): Record<Name, string> =>
  Object.fromEntries(names.map((name) => [name, text(name)])) as Record<Name, string>;

export const VALUES = {
  literal: "(local.set $x (call $blob)) (call $copy (local.get $x) (call $len (local.get $x)))",
  number: "(call $push64 (call $u64))",
  wideNumber: "(call $push64 (call $u64)) (call $push64 (call $u64))",
  ...named(BLOBS, blob),
  ...named(I64, i64),
  ...named(I32, i32),
  ...named(U128, u128),
  msg_cycles_accept128: amount("msg_cycles_accept128"),
  cycles_burn128: amount("cycles_burn128"),
  mint_cycles128: amount("mint_cycles128"),
  global_timer_set: "(call $push64 (call $global_timer_set (call $number)))",
  performance_counter: "(call $push64 (call $performance_counter (i32.wrap_i64 (call $number))))",
  stable64_grow: "(call $push64 (call $stable64_grow (call $number)))",
  cost_call: "(call $cost_call (call $number) (call $number) (call $take (P.const 16)))",
  is_controller:
    "(local.set $x (call $list)) (call $push64 (i64.extend_i32_u (call $is_controller (local.get $x) (call $drop (local.get $x)))))",
  env_var_count: "(call $push64 (call $to64 (call $env_var_count)))",
  env_var_name: `(local.set $y (call $of64 (call $number))) (local.set $x (call $take (call $env_var_name_size (local.get $y))))
    (call $env_var_name_copy (local.get $y) (local.get $x) (P.const 0) (P.sub (global.get $top) (local.get $x)))`,
  env_var_name_exists:
    "(local.set $x (call $list)) (call $push64 (i64.extend_i32_u (call $env_var_name_exists (local.get $x) (call $drop (local.get $x)))))",
  env_var_value: `(local.set $x (call $list)) (local.set $y (P.sub (global.get $top) (local.get $x)))
    (local.set $size (call $env_var_value_size (local.get $x) (local.get $y))) (local.set $z (call $take (local.get $size)))
    (call $env_var_value_copy (local.get $x) (local.get $y) (local.get $z) (P.const 0) (local.get $size))
    (memory.copy (local.get $x) (local.get $z) (local.get $size)) (global.set $top (P.add (local.get $x) (local.get $size)))`,
  heapSize: "(call $push64 (call $to64 (memory.size)))",
  heapGrow: "(call $push64 (call $to64 (memory.grow (call $of64 (call $number)))))",
  heapRead: "(local.set $y (call $of64 (call $number))) (call $copy (local.get $y) (call $of64 (call $number)))",
  stableRead: `(local.set $offset (call $number)) (local.set $y (call $of64 (call $number)))
    (local.set $x (call $take (local.get $y)))
    (call $stable64_read (call $to64 (local.get $x)) (local.get $offset) (call $to64 (local.get $y)))`,
  journal: "(call $copy (P.const JOURNAL) (P.LOAD32 (P.const JOURNAL_SIZE)))",
  stableJournal: "(call $stable_journal)",
  /** Bytes from `from`, `size` of them, of a value. */
  slice: `(local.set $x (global.get $top)) (call $value) (local.set $y (call $of64 (call $number))) (local.set $size (call $of64 (call $number)))
    (if (P.gt_u (P.add (local.get $y) (local.get $size)) (P.sub (global.get $top) (local.get $x))) (then unreachable))
    (memory.copy (local.get $x) (P.add (local.get $x) (local.get $y)) (local.get $size)) (global.set $top (P.add (local.get $x) (local.get $size)))`,
  plus: "(call $push64 (i64.add (call $number) (call $number)))",
  /** As four bytes. */
  refusedCalls: "(call $copy (P.const REFUSED) (P.const 4))",
} as const;

export const STATEMENTS = {
  /** Adds values to the answer. */
  append: "(local.set $x (call $list)) (call $msg_reply_data_append (local.get $x) (call $drop (local.get $x)))",
  msg_reply: "(call $msg_reply)",
  msg_reject: "(local.set $x (call $list)) (call $msg_reject (local.get $x) (call $drop (local.get $x)))",
  trap: "(local.set $x (call $list)) (call $trap (local.get $x) (call $drop (local.get $x)))",
  unreachable: "unreachable",
  call: "(call $calls)",
  /** Values that are wanted for their effect. */
  evaluate: "(drop (call $drop (call $list)))",
  note: `(local.set $x (call $list)) (local.set $y (call $drop (local.get $x)))
    (memory.copy (P.add (P.const JOURNAL) (P.LOAD32 (P.const JOURNAL_SIZE))) (local.get $x) (local.get $y))
    (P.STORE32 (P.const JOURNAL_SIZE) (P.add (P.LOAD32 (P.const JOURNAL_SIZE)) (local.get $y)))`,
  noteStable: "(local.set $x (call $list)) (call $stable_note (local.get $x) (call $drop (local.get $x)))",
  heapWrite:
    "(local.set $y (call $of64 (call $number))) (local.set $x (call $list)) (memory.copy (local.get $y) (local.get $x) (call $drop (local.get $x)))",
  heapFill: `(local.set $y (call $of64 (call $number))) (local.set $x (call $of64 (call $number)))
    (memory.fill (local.get $y) (i32.wrap_i64 (call $number)) (local.get $x))`,
  stableWrite: `(local.set $offset (call $number)) (local.set $x (call $list))
    (call $stable64_write (local.get $offset) (call $to64 (local.get $x)) (call $to64 (call $drop (local.get $x))))`,
  /** Grow or trap. */
  mustGrow: "(if (P.eq (memory.grow (call $of64 (call $number))) (P.const -1)) (then unreachable))",
  mustGrowStable: "(if (i64.eq (call $stable64_grow (call $number)) (i64.const -1)) (then unreachable))",
  spin: "(call $spin (call $number))",
  debug_print: "(local.set $x (call $list)) (call $debug_print (local.get $x) (call $drop (local.get $x)))",
  certified_data_set: "(local.set $x (call $list)) (call $certified_data_set (local.get $x) (call $drop (local.get $x)))",
  accept_message: "(call $accept_message)",
  setHook: "(P.STORE32 (P.add (P.const HOOKS) (P.shl (OF32 (call $u8)) (P.const 3))) (call $keep (call $blob)))",
  /** Zeros for the answer, in pieces, without a value of that size. */
  appendZeros: "(call $append_zeros (call $of64 (call $number)))",
  tableIndex: "(P.STORE32 (P.const TABLE_INDEX) (call $u32))",
  repeat: `(local.set $count (call $number)) (local.set $x (call $blob)) (local.set $y (global.get $p))
    (block $done (loop $again
      (br_if $done (i64.eqz (local.get $count)))
      (call $play (local.get $x))
      (local.set $count (i64.sub (local.get $count) (i64.const 1)))
      (br $again)))
    (global.set $p (local.get $y))`,
  /** If two lists of values are the same bytes, the first program, else the second. */
  whenEqual: `(local.set $x (call $list)) (local.set $size (call $drop (local.get $x))) (global.set $top (P.add (local.get $x) (local.get $size)))
    (local.set $y (call $list)) (local.set $same (call $equal (local.get $x) (local.get $size) (local.get $y) (P.sub (global.get $top) (local.get $y))))
    (global.set $top (local.get $x)) (local.set $x (call $blob)) (local.set $y (call $blob)) (local.set $z (global.get $p))
    (call $play (select (local.get $x) (local.get $y) (local.get $same))) (global.set $p (local.get $z))`,
} as const;

export type ValueName = keyof typeof VALUES;
export type StatementName = keyof typeof STATEMENTS;

const valueCodes = new Map(Object.keys(VALUES).map((name, index) => [name, index + 1]));
const statementCodes = new Map(Object.keys(STATEMENTS).map((name, index) => [name, index + 1]));

export function valueCode(name: ValueName): number {
  return valueCodes.get(name)!;
}

export function statementCode(name: StatementName): number {
  return statementCodes.get(name)!;
}
