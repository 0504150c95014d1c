/**
 * What instructions do about NaNs: after which the platform makes them canonical, and which cannot tell one from another.
 *
 * Source: reference/wasm.md 2. Replica: `cranelift_nan_canonicalization` in `rs/embedders/src/wasm_utils/validation.rs` (c7c5005).
 */
import { each, F32, F64, floats, saturating, set, SIZE, truncations, vectors } from "./opcodes.ts";

/** The type whose NaNs the platform makes canonical after this instruction (F32, F64, or one of the two below for vectors), or 0. */
export const CANONICAL = new Uint8Array(SIZE);
export const F32X4 = 1;
export const F64X2 = 2;
/** 1 where NaN operands cannot be told apart by the result: comparisons, truncations, arithmetic that is made canonical itself. */
export const NAN_BLIND = new Uint8Array(SIZE);

// Cranelift's NaN canonicalisation: arithmetic, rounding, promotion and demotion; not abs, neg, copysign, pmin, pmax.
set(CANONICAL, F32, `${each("f32", "ceil floor trunc nearest sqrt add sub mul div min max")} f32.demote_f64`);
set(CANONICAL, F64, `${each("f64", "ceil floor trunc nearest sqrt add sub mul div min max")} f64.promote_f32`);
set(CANONICAL, F32X4, `${each("f32x4", "ceil floor trunc nearest sqrt add sub mul div min max")} f32x4.demote_f64x2_zero`);
set(CANONICAL, F64X2, `${each("f64x2", "ceil floor trunc nearest sqrt add sub mul div min max")} f64x2.promote_low_f32x4`);
set(NAN_BLIND, 1, `${floats("eq ne lt gt le ge")} ${truncations} ${saturating}`);
set(NAN_BLIND, 1, vectors("eq ne lt gt le ge"));
for (let c = 0; c < SIZE; c++) if (CANONICAL[c] !== 0) NAN_BLIND[c] = 1;
