/**
 * What instructions cost: metering weights, complexity, and where metering blocks end.
 *
 * Source: reference/wasm.md 3.1, 4.1, 4.2, 4.3. Replica: `instruction_to_cost` in `rs/embedders/src/wasm_utils/instrumentation.rs`,
 * `wasm_function_complexity` in `rs/embedders/src/wasm_utils/validation.rs` (c7c5005).
 */
import { comparisons, each, floats, NAME, saturating, set, SIZE, truncations, vectors } from "./opcodes.ts";

/** Instructions charged (wasm32; memory accesses cost twice this in wasm64). */
export const WEIGHT = new Uint16Array(SIZE);
export const COMPLEXITY = new Uint8Array(SIZE);
/** 1 where a metering block ends with this instruction. */
export const CUTS = new Uint8Array(SIZE);

NAME.forEach((name, code) => {
  if (name !== "") WEIGHT[code] = COMPLEXITY[code] = 1;
});

const both = (names: string): string => `${each("i32", names)} ${each("i64", names)}`;
const convertSigned = "f32.convert_i32_s f32.convert_i64_s f64.convert_i32_s f64.convert_i64_s";
const convertUnsigned = "f32.convert_i32_u f32.convert_i64_u f64.convert_i32_u f64.convert_i64_u";
const reinterprets = "i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64";
const extends8 = "i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s";

// Metering weights, wasm.md 4.2; what is not named here weighs 1.
set(WEIGHT, 0, "block loop else end");
set(WEIGHT, 10, both("div_s div_u rem_s rem_u"));
set(WEIGHT, 2, floats("add sub mul ceil floor trunc nearest"));
set(WEIGHT, 3, "f32.div");
set(WEIGHT, 5, "f64.div");
set(WEIGHT, 18, floats("min max"));
set(WEIGHT, 2, "f32.copysign");
set(WEIGHT, 3, "f64.copysign");
set(WEIGHT, 5, "f32.sqrt");
set(WEIGHT, 8, "f64.sqrt");
set(WEIGHT, 3, floats("eq ne lt gt le ge"));
set(WEIGHT, 3, convertSigned);
set(WEIGHT, 16, convertUnsigned);
set(WEIGHT, 20, `${truncations} ${saturating}`);
set(WEIGHT, 2, "global.get global.set");
set(WEIGHT, 5, "table.get table.set");
set(WEIGHT, 300, "table.grow memory.grow data.drop elem.drop");
set(WEIGHT, 20, "memory.size");
set(WEIGHT, 100, "table.size memory.fill memory.copy memory.init table.fill table.copy table.init");
set(WEIGHT, 5, "call");
set(WEIGHT, 10, "call_indirect");
set(WEIGHT, 3, "return_call");
set(WEIGHT, 6, "return_call_indirect");
set(WEIGHT, 2, "if br br_if br_table");
set(WEIGHT, 5, "ref.is_null");
set(WEIGHT, 130, "ref.func");

// SIMD weights, wasm.md 4.3.
set(WEIGHT, 2, "i8x16.lt_u i8x16.gt_u i16x8.lt_u i16x8.gt_u i32x4.lt_u i32x4.gt_u i8x16.shr_u i16x8.extadd_pairwise_i8x16_u");
set(WEIGHT, 2, each("i16x8", "shl shr_s shr_u extmul_high_i8x16_s extmul_high_i8x16_u"));
set(WEIGHT, 2, each("i32x4", "shl shr_s shr_u mul extmul_low_i16x8_s extmul_low_i16x8_u extmul_high_i16x8_s extmul_high_i16x8_u"));
set(WEIGHT, 2, "i64x2.shl i64x2.shr_u i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f64x2_s_zero");
set(WEIGHT, 2, vectors("ceil floor trunc nearest abs neg add sub mul"));
set(WEIGHT, 3, "i8x16.shuffle i8x16.popcnt i8x16.shl i8x16.shr_s i32x4.extadd_pairwise_i16x8_u i64x2.shr_s i32x4.trunc_sat_f64x2_u_zero");
set(WEIGHT, 4, "i64x2.mul f32x4.min f32x4.max f64x2.min i32x4.trunc_sat_f32x4_u f32x4.convert_i32x4_u");
set(WEIGHT, 5, "f32x4.sqrt f64x2.max");
set(WEIGHT, 10, "f32x4.div");
set(WEIGHT, 12, "f64x2.div");
set(WEIGHT, 14, "f64x2.sqrt");

// Complexity, wasm.md 3.1; what is not named here counts 1.
set(COMPLEXITY, 50, "block loop if br br_if br_table call call_indirect memory.grow");
set(COMPLEXITY, 14, "table.get");
set(COMPLEXITY, 8, "ref.func");
set(COMPLEXITY, 6, "ref.is_null");
set(COMPLEXITY, 5, `${truncations} i64.extend_i32_s i64.extend_i32_u ${convertSigned} ${convertUnsigned} f32.demote_f64`);
set(COMPLEXITY, 4, `${floats("neg abs")} memory.copy`);
set(COMPLEXITY, 3, `${floats("copysign")} f64.eq ${both("div_s div_u rem_s rem_u")} memory.fill ${saturating}`);
for (let c = 0x28; c <= 0x35; c++) COMPLEXITY[c] = 3;
for (let c = 0x36; c <= 0x3e; c++) COMPLEXITY[c] = 2;
set(COMPLEXITY, 2, `global.get ${both("popcnt eqz")} select memory.size ${both(comparisons)} ${floats("ne lt gt le ge")} f32.eq`);
set(COMPLEXITY, 2, `${floats("ceil floor sqrt trunc")} ${reinterprets} i32.wrap_i64 ${extends8} f64.promote_f32`);

set(CUTS, 1, "loop if else br br_if br_table end return unreachable return_call return_call_indirect");
