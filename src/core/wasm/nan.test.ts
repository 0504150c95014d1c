import { describe, expect, test } from "vitest";
import { Subject } from "../../../test/support/rewritten.ts";

const CANONICAL = { f32: 0x7fc00000, f64: 0x7ff8000000000000n } as const;

/** Bits that `expression` leaves at address 0, stored as `store` says. */
function bits(expression: string, store: "f32" | "f64" | "v128", variant: "fast" | "exact" = "fast"): bigint {
  const s = new Subject(
    `(module (memory 1) (func (export "canister_update run") (local $a f32) (local $b f64) (local $v v128) i32.const 0 ${expression} ${store}.store))`,
    variant,
  );
  expect(s.run().ending).toEqual({ kind: "returned" });
  const view = new DataView(s.heap.buffer, s.heap.byteOffset);
  return store === "f32" ? BigInt(view.getUint32(0, true)) : view.getBigUint64(0, true);
}

const odd32 = "i32.const 0xffc12345 f32.reinterpret_i32";
const odd64 = "i64.const 0xfff8123456789abc f64.reinterpret_i64";

describe("NaN", () => {
  test("arithmetic gives the canonical one", () => {
    for (const op of ["add", "sub", "mul", "div", "min", "max"]) {
      expect([op, bits(`${odd32} f32.const 1 f32.${op}`, "f32")]).toEqual([op, BigInt(CANONICAL.f32)]);
      expect([op, bits(`f64.const 1 ${odd64} f64.${op}`, "f64")]).toEqual([op, CANONICAL.f64]);
    }
    for (const op of ["ceil", "floor", "trunc", "nearest", "sqrt"]) {
      expect([op, bits(`${odd32} f32.${op}`, "f32")]).toEqual([op, BigInt(CANONICAL.f32)]);
      expect([op, bits(`${odd64} f64.${op}`, "f64")]).toEqual([op, CANONICAL.f64]);
    }
    expect(bits("f64.const -1 f64.sqrt", "f64")).toBe(CANONICAL.f64);
    expect(bits("f64.const 0 f64.const 0 f64.div", "f64")).toBe(CANONICAL.f64);
    expect(bits(`${odd64} f32.demote_f64`, "f32")).toBe(BigInt(CANONICAL.f32));
    expect(bits(`${odd32} f64.promote_f32`, "f64")).toBe(CANONICAL.f64);
  });

  test("what only moves bits or the sign keeps it", () => {
    expect(bits(odd32, "f32")).toBe(0xffc12345n);
    expect(bits(`${odd32} f32.abs`, "f32")).toBe(0x7fc12345n);
    expect(bits(`${odd64} f64.neg`, "f64")).toBe(0x7ff8123456789abcn);
    expect(bits(`${odd64} f64.const 1 f64.copysign`, "f64")).toBe(0x7ff8123456789abcn);
    expect(bits(`f64.const nan:0x4000000000001`, "f64")).toBe(0x7ff4000000000001n);
  });

  test("a chain of operations is canonical at its end, whatever was left out between", () => {
    for (const variant of ["fast", "exact"] as const) {
      expect(bits(`${odd32} f32.const 1 f32.add f32.const 2 f32.mul local.get $a f32.sub`, "f32", variant)).toBe(BigInt(CANONICAL.f32));
      // Through a local, and through a sign operation, the difference would be seen.
      expect(bits(`${odd64} f64.const 1 f64.add local.tee $b drop local.get $b`, "f64", variant)).toBe(CANONICAL.f64);
      expect(bits(`${odd64} f64.const 1 f64.add f64.neg`, "f64", variant)).toBe(0xfff8000000000000n);
      expect(bits(`f64.const 3 ${odd64} f64.const 1 f64.add f64.copysign`, "f64", variant)).toBe(0x4008000000000000n);
      expect(bits(`${odd64} f64.const 1 f64.add local.get $b f64.copysign`, "f64", variant)).toBe(0x7ff8000000000000n);
    }
  });

  test("lanes of vectors, each for itself", () => {
    const odd = "v128.const i32x4 0xffc12345 0x3f800000 0xffc00001 0";
    expect(bits(`${odd} v128.const f32x4 1 1 1 1 f32x4.add`, "v128")).toBe(0x400000007fc00000n);
    expect(bits(`v128.const i64x2 0xfff8123456789abc 0 v128.const f64x2 1 1 f64x2.mul`, "v128")).toBe(CANONICAL.f64);
    expect(bits(`${odd} f32x4.neg`, "v128")).toBe(0xbf8000007fc12345n);
    expect(bits(`v128.const i64x2 0xfff8123456789abc 0 f32x4.demote_f64x2_zero`, "v128")).toBe(BigInt(CANONICAL.f32));
    expect(bits(`${odd} f64x2.promote_low_f32x4`, "v128")).toBe(CANONICAL.f64);
    // f64x2 lanes looked at as f32x4 lanes: nothing may be left out.
    expect(
      bits(`v128.const i64x2 0xfff8123456789abc 0 v128.const f64x2 1 1 f64x2.add v128.const f32x4 0 0 0 0 f32x4.max`, "v128") >> 32n,
    ).toBe(0x7fc00000n);
  });

  test("hot code gives the bits of cold code", () => {
    const s = new Subject(`(module (memory 1) (func (export "canister_update run") (local $i i32) (local $x f64)
      loop ${odd64} f64.const 1 f64.add local.set $x
        i32.const 0 local.get $x f64.store
        local.get $i i32.const 1 i32.add local.tee $i i32.const 20000 i32.lt_u br_if 0 end))`);
    const seen = new Set<bigint>();
    for (let i = 0; i < 20; i++) {
      s.run();
      seen.add(new DataView(s.heap.buffer, s.heap.byteOffset).getBigUint64(0, true));
    }
    expect([...seen]).toEqual([CANONICAL.f64]);
  });
});
