/**
 * The instructions the platform accepts, as a table: name, immediates, operand types. What they cost is in `instruction-costs.ts`.
 *
 * Instructions are numbered by their byte; those behind a prefix byte are `0x100 + n` (0xFC) and `0x200 + n` (0xFD).
 * The columns are typed arrays over that number, because validation and rewriting look at them once per instruction.
 *
 * Source: reference/wasm.md 2. Replica: `wasmtime_validation_config` in `rs/embedders/src/wasm_utils/validation.rs` (c7c5005).
 */

export const I32 = 0x7f;
export const I64 = 0x7e;
export const F32 = 0x7d;
export const F64 = 0x7c;
export const V128 = 0x7b;
export const FUNCREF = 0x70;
export const EXTERNREF = 0x6f;
/** A value of unknown type, as unreachable code produces. */
export const ANY = 0;

export type ValueType = number;

const letters: Readonly<Record<string, ValueType>> = { i: I32, l: I64, f: F32, d: F64, v: V128 };

/** How an instruction is validated: what its immediates are and what it does to the stack. */
export const Shape = {
  unknown: 0,
  /** Fixed operands and results, no immediates. */
  plain: 1,
  load: 2,
  store: 3,
  loadLane: 4,
  storeLane: 5,
  /** Fixed operands and results, one lane byte. */
  lane: 6,
  unreachable: 7,
  nop: 8,
  block: 9,
  loop: 10,
  if: 11,
  else: 12,
  end: 13,
  br: 14,
  brIf: 15,
  brTable: 16,
  return: 17,
  call: 18,
  callIndirect: 19,
  returnCall: 20,
  returnCallIndirect: 21,
  drop: 22,
  select: 23,
  selectTyped: 24,
  localGet: 25,
  localSet: 26,
  localTee: 27,
  globalGet: 28,
  globalSet: 29,
  tableGet: 30,
  tableSize: 31,
  memorySize: 32,
  memoryGrow: 33,
  i32Const: 34,
  i64Const: 35,
  f32Const: 36,
  f64Const: 37,
  v128Const: 38,
  shuffle: 39,
  refNull: 40,
  refIsNull: 41,
  refFunc: 42,
  memoryInit: 43,
  dataDrop: 44,
  memoryCopy: 45,
  memoryFill: 46,
  elemDrop: 47,
  tableSet: 48,
  tableInit: 49,
  tableCopy: 50,
  tableGrow: 51,
  tableFill: 52,
} as const;

/** How many numbers of instructions there are. */
export const SIZE = 0x300;
const PREFIX_FC = 0x100;
const PREFIX_FD = 0x200;

export const NAME: string[] = new Array<string>(SIZE).fill("");
export const SHAPE = new Uint8Array(SIZE);
/** Number of fixed operands, and their types from the top of the stack down. */
export const POPS = new Uint8Array(SIZE);
export const POP1 = new Uint8Array(SIZE);
export const POP2 = new Uint8Array(SIZE);
export const POP3 = new Uint8Array(SIZE);
/** Type of the result, 0 for none. */
export const PUSH = new Uint8Array(SIZE);
/** Largest alignment exponent of a memory access; the lanes of a lane access or lane instruction. */
export const MAX_ALIGN = new Uint8Array(SIZE);
export const LANES = new Uint8Array(SIZE);
const codes = new Map<string, number>();

function define(code: number, shape: number, names: string, signature = ":"): void {
  const [params, result] = signature.split(":") as [string, string];
  const types = [...params].reverse().map((letter) => letters[letter]!);
  names.split(" ").forEach((name, i) => {
    const at = code + i;
    if (name === "-") return;
    NAME[at] = name;
    codes.set(name, at);
    SHAPE[at] = shape;
    POPS[at] = types.length;
    POP1[at] = types[0] ?? 0;
    POP2[at] = types[1] ?? 0;
    POP3[at] = types[2] ?? 0;
    PUSH[at] = result === "" ? 0 : letters[result]!;
  });
}

/** Memory accesses: `name:bytes` with the value's type in `signature` (loads `:t`, stores `t:`). */
function access(code: number, shape: number, names: string, signature: string): void {
  names.split(" ").forEach((entry, i) => {
    const [name, bytes] = entry.split("/") as [string, string];
    define(code + i, shape, name, signature);
    MAX_ALIGN[code + i] = 31 - Math.clz32(Number(bytes));
    LANES[code + i] = 16 / Number(bytes);
  });
}

function laneOperation(code: number, name: string, lanes: number, signature: string): void {
  define(code, Shape.lane, name, signature);
  LANES[code] = lanes;
}

/** Names behind a prefix, `each("f32", "add sub")`; `-` stays. */
export const each = (prefix: string, names: string): string =>
  names
    .split(" ")
    .map((n) => (n === "-" ? n : `${prefix}.${n}`))
    .join(" ");

// Control and variables.
define(0x00, Shape.unreachable, "unreachable");
define(0x01, Shape.nop, "nop");
define(0x02, Shape.block, "block");
define(0x03, Shape.loop, "loop");
define(0x04, Shape.if, "if");
define(0x05, Shape.else, "else");
define(0x0b, Shape.end, "end");
define(0x0c, Shape.br, "br");
define(0x0d, Shape.brIf, "br_if");
define(0x0e, Shape.brTable, "br_table");
define(0x0f, Shape.return, "return");
define(0x10, Shape.call, "call");
define(0x11, Shape.callIndirect, "call_indirect");
define(0x12, Shape.returnCall, "return_call");
define(0x13, Shape.returnCallIndirect, "return_call_indirect");
define(0x1a, Shape.drop, "drop");
define(0x1b, Shape.select, "select");
define(0x1c, Shape.selectTyped, "select_t");
define(0x20, Shape.localGet, "local.get");
define(0x21, Shape.localSet, "local.set");
define(0x22, Shape.localTee, "local.tee");
define(0x23, Shape.globalGet, "global.get");
define(0x24, Shape.globalSet, "global.set");
define(0x25, Shape.tableGet, "table.get");
define(0x26, Shape.tableSet, "table.set");

// Memory.
access(0x28, Shape.load, "i32.load/4", ":i");
access(0x29, Shape.load, "i64.load/8", ":l");
access(0x2a, Shape.load, "f32.load/4", ":f");
access(0x2b, Shape.load, "f64.load/8", ":d");
access(0x2c, Shape.load, "i32.load8_s/1 i32.load8_u/1 i32.load16_s/2 i32.load16_u/2", ":i");
access(0x30, Shape.load, "i64.load8_s/1 i64.load8_u/1 i64.load16_s/2 i64.load16_u/2 i64.load32_s/4 i64.load32_u/4", ":l");
access(0x36, Shape.store, "i32.store/4", "i:");
access(0x37, Shape.store, "i64.store/8", "l:");
access(0x38, Shape.store, "f32.store/4", "f:");
access(0x39, Shape.store, "f64.store/8", "d:");
access(0x3a, Shape.store, "i32.store8/1 i32.store16/2", "i:");
access(0x3c, Shape.store, "i64.store8/1 i64.store16/2 i64.store32/4", "l:");
define(0x3f, Shape.memorySize, "memory.size");
define(0x40, Shape.memoryGrow, "memory.grow");

// Constants and numbers.
define(0x41, Shape.i32Const, "i32.const", ":i");
define(0x42, Shape.i64Const, "i64.const", ":l");
define(0x43, Shape.f32Const, "f32.const", ":f");
define(0x44, Shape.f64Const, "f64.const", ":d");
export const comparisons = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
const arithmetic = "add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr";
define(0x45, Shape.plain, "i32.eqz", "i:i");
define(0x46, Shape.plain, each("i32", comparisons), "ii:i");
define(0x50, Shape.plain, "i64.eqz", "l:i");
define(0x51, Shape.plain, each("i64", comparisons), "ll:i");
define(0x5b, Shape.plain, each("f32", "eq ne lt gt le ge"), "ff:i");
define(0x61, Shape.plain, each("f64", "eq ne lt gt le ge"), "dd:i");
define(0x67, Shape.plain, each("i32", "clz ctz popcnt"), "i:i");
define(0x6a, Shape.plain, each("i32", arithmetic), "ii:i");
define(0x79, Shape.plain, each("i64", "clz ctz popcnt"), "l:l");
define(0x7c, Shape.plain, each("i64", arithmetic), "ll:l");
define(0x8b, Shape.plain, each("f32", "abs neg ceil floor trunc nearest sqrt"), "f:f");
define(0x92, Shape.plain, each("f32", "add sub mul div min max copysign"), "ff:f");
define(0x99, Shape.plain, each("f64", "abs neg ceil floor trunc nearest sqrt"), "d:d");
define(0xa0, Shape.plain, each("f64", "add sub mul div min max copysign"), "dd:d");
define(0xa7, Shape.plain, "i32.wrap_i64", "l:i");
define(0xa8, Shape.plain, "i32.trunc_f32_s i32.trunc_f32_u", "f:i");
define(0xaa, Shape.plain, "i32.trunc_f64_s i32.trunc_f64_u", "d:i");
define(0xac, Shape.plain, "i64.extend_i32_s i64.extend_i32_u", "i:l");
define(0xae, Shape.plain, "i64.trunc_f32_s i64.trunc_f32_u", "f:l");
define(0xb0, Shape.plain, "i64.trunc_f64_s i64.trunc_f64_u", "d:l");
define(0xb2, Shape.plain, "f32.convert_i32_s f32.convert_i32_u", "i:f");
define(0xb4, Shape.plain, "f32.convert_i64_s f32.convert_i64_u", "l:f");
define(0xb6, Shape.plain, "f32.demote_f64", "d:f");
define(0xb7, Shape.plain, "f64.convert_i32_s f64.convert_i32_u", "i:d");
define(0xb9, Shape.plain, "f64.convert_i64_s f64.convert_i64_u", "l:d");
define(0xbb, Shape.plain, "f64.promote_f32", "f:d");
define(0xbc, Shape.plain, "i32.reinterpret_f32", "f:i");
define(0xbd, Shape.plain, "i64.reinterpret_f64", "d:l");
define(0xbe, Shape.plain, "f32.reinterpret_i32", "i:f");
define(0xbf, Shape.plain, "f64.reinterpret_i64", "l:d");
define(0xc0, Shape.plain, "i32.extend8_s i32.extend16_s", "i:i");
define(0xc2, Shape.plain, "i64.extend8_s i64.extend16_s i64.extend32_s", "l:l");

// References.
define(0xd0, Shape.refNull, "ref.null");
define(0xd1, Shape.refIsNull, "ref.is_null");
define(0xd2, Shape.refFunc, "ref.func");

// Saturating truncation and bulk operations.
define(PREFIX_FC + 0, Shape.plain, "i32.trunc_sat_f32_s i32.trunc_sat_f32_u", "f:i");
define(PREFIX_FC + 2, Shape.plain, "i32.trunc_sat_f64_s i32.trunc_sat_f64_u", "d:i");
define(PREFIX_FC + 4, Shape.plain, "i64.trunc_sat_f32_s i64.trunc_sat_f32_u", "f:l");
define(PREFIX_FC + 6, Shape.plain, "i64.trunc_sat_f64_s i64.trunc_sat_f64_u", "d:l");
define(PREFIX_FC + 8, Shape.memoryInit, "memory.init");
define(PREFIX_FC + 9, Shape.dataDrop, "data.drop");
define(PREFIX_FC + 10, Shape.memoryCopy, "memory.copy");
define(PREFIX_FC + 11, Shape.memoryFill, "memory.fill");
define(PREFIX_FC + 12, Shape.tableInit, "table.init");
define(PREFIX_FC + 13, Shape.elemDrop, "elem.drop");
define(PREFIX_FC + 14, Shape.tableCopy, "table.copy");
define(PREFIX_FC + 15, Shape.tableGrow, "table.grow");
define(PREFIX_FC + 16, Shape.tableSize, "table.size");
define(PREFIX_FC + 17, Shape.tableFill, "table.fill");

// SIMD, in the order of the encoding.
const D = PREFIX_FD;
access(D + 0, Shape.load, "v128.load/16", ":v");
access(D + 1, Shape.load, each("v128", "load8x8_s/8 load8x8_u/8 load16x4_s/8 load16x4_u/8 load32x2_s/8 load32x2_u/8"), ":v");
access(D + 7, Shape.load, each("v128", "load8_splat/1 load16_splat/2 load32_splat/4 load64_splat/8"), ":v");
access(D + 11, Shape.store, "v128.store/16", "v:");
define(D + 12, Shape.v128Const, "v128.const", ":v");
define(D + 13, Shape.shuffle, "i8x16.shuffle", "vv:v");
define(D + 14, Shape.plain, "i8x16.swizzle", "vv:v");
define(D + 15, Shape.plain, "i8x16.splat i16x8.splat i32x4.splat", "i:v");
define(D + 18, Shape.plain, "i64x2.splat", "l:v");
define(D + 19, Shape.plain, "f32x4.splat", "f:v");
define(D + 20, Shape.plain, "f64x2.splat", "d:v");
laneOperation(D + 21, "i8x16.extract_lane_s", 16, "v:i");
laneOperation(D + 22, "i8x16.extract_lane_u", 16, "v:i");
laneOperation(D + 23, "i8x16.replace_lane", 16, "vi:v");
laneOperation(D + 24, "i16x8.extract_lane_s", 8, "v:i");
laneOperation(D + 25, "i16x8.extract_lane_u", 8, "v:i");
laneOperation(D + 26, "i16x8.replace_lane", 8, "vi:v");
laneOperation(D + 27, "i32x4.extract_lane", 4, "v:i");
laneOperation(D + 28, "i32x4.replace_lane", 4, "vi:v");
laneOperation(D + 29, "i64x2.extract_lane", 2, "v:l");
laneOperation(D + 30, "i64x2.replace_lane", 2, "vl:v");
laneOperation(D + 31, "f32x4.extract_lane", 4, "v:f");
laneOperation(D + 32, "f32x4.replace_lane", 4, "vf:v");
laneOperation(D + 33, "f64x2.extract_lane", 2, "v:d");
laneOperation(D + 34, "f64x2.replace_lane", 2, "vd:v");
define(D + 35, Shape.plain, each("i8x16", comparisons), "vv:v");
define(D + 45, Shape.plain, each("i16x8", comparisons), "vv:v");
define(D + 55, Shape.plain, each("i32x4", comparisons), "vv:v");
define(D + 65, Shape.plain, each("f32x4", "eq ne lt gt le ge"), "vv:v");
define(D + 71, Shape.plain, each("f64x2", "eq ne lt gt le ge"), "vv:v");
define(D + 77, Shape.plain, "v128.not", "v:v");
define(D + 78, Shape.plain, each("v128", "and andnot or xor"), "vv:v");
define(D + 82, Shape.plain, "v128.bitselect", "vvv:v");
define(D + 83, Shape.plain, "v128.any_true", "v:i");
access(D + 84, Shape.loadLane, each("v128", "load8_lane/1 load16_lane/2 load32_lane/4 load64_lane/8"), "v:v");
access(D + 88, Shape.storeLane, each("v128", "store8_lane/1 store16_lane/2 store32_lane/4 store64_lane/8"), "v:");
access(D + 92, Shape.load, each("v128", "load32_zero/4 load64_zero/8"), ":v");
define(D + 94, Shape.plain, "f32x4.demote_f64x2_zero f64x2.promote_low_f32x4", "v:v");
define(D + 96, Shape.plain, each("i8x16", "abs neg popcnt"), "v:v");
define(D + 99, Shape.plain, each("i8x16", "all_true bitmask"), "v:i");
define(D + 101, Shape.plain, each("i8x16", "narrow_i16x8_s narrow_i16x8_u"), "vv:v");
define(D + 103, Shape.plain, each("f32x4", "ceil floor trunc nearest"), "v:v");
define(D + 107, Shape.plain, each("i8x16", "shl shr_s shr_u"), "vi:v");
define(D + 110, Shape.plain, each("i8x16", "add add_sat_s add_sat_u sub sub_sat_s sub_sat_u"), "vv:v");
define(D + 116, Shape.plain, each("f64x2", "ceil floor"), "v:v");
define(D + 118, Shape.plain, each("i8x16", "min_s min_u max_s max_u"), "vv:v");
define(D + 122, Shape.plain, "f64x2.trunc", "v:v");
define(D + 123, Shape.plain, "i8x16.avgr_u", "vv:v");
define(D + 124, Shape.plain, "i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u", "v:v");
define(D + 126, Shape.plain, "i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u", "v:v");
const wide = (name: string, narrow: string): void => {
  const base = D + { i16x8: 128, i32x4: 160, i64x2: 192 }[name]!;
  define(base, Shape.plain, each(name, "abs neg"), "v:v");
  define(base + 3, Shape.plain, each(name, "all_true bitmask"), "v:i");
  define(base + 7, Shape.plain, each(name, "low_s high_s low_u high_u").replaceAll(/\.(\w+)_([su])/g, `.extend_$1_${narrow}_$2`), "v:v");
  define(base + 11, Shape.plain, each(name, "shl shr_s shr_u"), "vi:v");
  define(base + 14, Shape.plain, `${name}.add`, "vv:v");
  define(base + 17, Shape.plain, `${name}.sub`, "vv:v");
  define(base + 21, Shape.plain, `${name}.mul`, "vv:v");
  define(base + 28, Shape.plain, each(name, "low_s high_s low_u high_u").replaceAll(/\.(\w+)_([su])/g, `.extmul_$1_${narrow}_$2`), "vv:v");
};
wide("i16x8", "i8x16");
wide("i32x4", "i16x8");
wide("i64x2", "i32x4");
define(D + 130, Shape.plain, "i16x8.q15mulr_sat_s", "vv:v");
define(D + 133, Shape.plain, each("i16x8", "narrow_i32x4_s narrow_i32x4_u"), "vv:v");
define(D + 143, Shape.plain, each("i16x8", "add_sat_s add_sat_u"), "vv:v");
define(D + 146, Shape.plain, each("i16x8", "sub_sat_s sub_sat_u"), "vv:v");
define(D + 148, Shape.plain, "f64x2.nearest", "v:v");
define(D + 150, Shape.plain, each("i16x8", "min_s min_u max_s max_u"), "vv:v");
define(D + 155, Shape.plain, "i16x8.avgr_u", "vv:v");
define(D + 182, Shape.plain, each("i32x4", "min_s min_u max_s max_u dot_i16x8_s"), "vv:v");
define(D + 214, Shape.plain, each("i64x2", "eq ne lt_s gt_s le_s ge_s"), "vv:v");
define(D + 224, Shape.plain, each("f32x4", "abs neg - sqrt"), "v:v");
define(D + 228, Shape.plain, each("f32x4", "add sub mul div min max pmin pmax"), "vv:v");
define(D + 236, Shape.plain, each("f64x2", "abs neg - sqrt"), "v:v");
define(D + 240, Shape.plain, each("f64x2", "add sub mul div min max pmin pmax"), "vv:v");
define(D + 248, Shape.plain, "i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u f32x4.convert_i32x4_s f32x4.convert_i32x4_u", "v:v");
define(D + 252, Shape.plain, "i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero", "v:v");
define(D + 254, Shape.plain, "f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u", "v:v");

/** The instruction called `name`; a wrong name is our own mistake and shows when the module is loaded. */
function code(name: string): number {
  const found = codes.get(name);
  if (found === undefined) throw new Error(`no instruction ${name}`);
  return found;
}

/** Sets a column for these instructions. */
export function set(column: Uint8Array | Uint16Array, value: number, names: string): void {
  for (const name of names.split(/\s+/)) column[code(name)] = value;
}

// Groups of names, for columns.
export const floats = (names: string): string => `${each("f32", names)} ${each("f64", names)}`;
export const vectors = (names: string): string => `${each("f32x4", names)} ${each("f64x2", names)}`;
export const truncations = [0xa8, 0xa9, 0xaa, 0xab, 0xae, 0xaf, 0xb0, 0xb1].map((c) => NAME[c]).join(" ");
export const saturating = [0, 1, 2, 3, 4, 5, 6, 7].map((c) => NAME[PREFIX_FC + c]).join(" ");
