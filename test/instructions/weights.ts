/**
 * The platform's metering weights as wasm.md 4.2 and 4.3 list them, written down once more and apart from the table that the rewriter
 * uses: what tests of instruction counts derive their sums from.
 *
 * Replica: `instruction_to_cost` in `rs/embedders/src/wasm_utils/instrumentation.rs` (c7c5005).
 */

/** Patterns of instruction names with their weight; a later row wins. What no row names weighs 1. Loads and stores of wasm64 weigh one more. */
export const WEIGHTS: readonly (readonly [pattern: string, weight: number])[] = [
  ["block|loop|else|end", 0],
  ["i(32|64)\\.(div|rem)_[su]", 10],
  ["f(32|64)\\.(add|sub|mul|ceil|floor|trunc|nearest)", 2],
  ["f32\\.div", 3],
  ["f64\\.div", 5],
  ["f(32|64)\\.(min|max)", 18],
  ["f32\\.copysign", 2],
  ["f64\\.copysign", 3],
  ["f32\\.sqrt", 5],
  ["f64\\.sqrt", 8],
  ["f(32|64)\\.(eq|ne|lt|gt|le|ge)", 3],
  ["f(32|64)\\.convert_i(32|64)_s", 3],
  ["f(32|64)\\.convert_i(32|64)_u", 16],
  ["i(32|64)\\.trunc(_sat)?_f(32|64)_[su]", 20],
  ["global\\.[gs]et", 2],
  ["table\\.[gs]et", 5],
  ["table\\.grow|memory\\.grow", 300],
  ["memory\\.size", 20],
  ["table\\.size", 100],
  ["(memory|table)\\.(fill|copy|init)", 100],
  ["(data|elem)\\.drop", 300],
  ["call", 5],
  ["call_indirect", 10],
  ["return_call", 3],
  ["return_call_indirect", 6],
  ["if|br|br_if|br_table", 2],
  ["ref\\.is_null", 5],
  ["ref\\.func", 130],
  // 4.3
  ["i(8x16|16x8|32x4)\\.[lg]t_u", 2],
  ["i8x16\\.shr_u|i16x8\\.extadd_pairwise_i8x16_u|i16x8\\.(shl|shr_s|shr_u)|i16x8\\.extmul_high_i8x16_[su]", 2],
  ["i32x4\\.(shl|shr_s|shr_u|mul)|i32x4\\.extmul_(low|high)_i16x8_[su]|i64x2\\.(shl|shr_u)", 2],
  ["f(32x4|64x2)\\.(ceil|floor|trunc|nearest|abs|neg|add|sub|mul)", 2],
  ["i32x4\\.trunc_sat_f32x4_s|i32x4\\.trunc_sat_f64x2_s_zero", 2],
  ["i8x16\\.(shuffle|popcnt|shl|shr_s)|i32x4\\.extadd_pairwise_i16x8_u|i64x2\\.shr_s|i32x4\\.trunc_sat_f64x2_u_zero", 3],
  ["i64x2\\.mul|f32x4\\.(min|max)|f64x2\\.min|i32x4\\.trunc_sat_f32x4_u|f32x4\\.convert_i32x4_u", 4],
  ["f32x4\\.sqrt|f64x2\\.max", 5],
  ["f32x4\\.div", 10],
  ["f64x2\\.div", 12],
  ["f64x2\\.sqrt", 14],
];

const rows = WEIGHTS.map(([pattern, weight]) => [new RegExp(`^(?:${pattern})$`), weight] as const);

/** Weight of an instruction in wasm32. */
export function weightOf(name: string): number {
  return rows.findLast(([pattern]) => pattern.test(name))?.[1] ?? 1;
}
