import { describe, expect, test } from "vitest";
import { Subject } from "../../test/support/rewritten.ts";
import { wat } from "../../test/support/wat.ts";
import { EngineRefusal } from "../core/wasm/engine.ts";
import { wasmEngine, wasmFrames } from "./engine.ts";

/** How a body ends in the exact variant. */
function trap(body: string, declarations = ""): { trap: string; code: number } {
  const { ending } = new Subject(`(module (memory 1) ${declarations} (func (export "canister_update run") ${body}))`, "exact").run();
  if (ending.kind !== "trap") throw new Error(ending.kind);
  return { trap: ending.trap, code: ending.code };
}

const table = "(type $v (func)) (type $i (func (param i32))) (table 3 funcref) (elem (i32.const 0) $f) (func $f (type $v))";

describe("the engine's traps, wasm.md 9", () => {
  const cases: Readonly<Record<string, readonly [string, string]>> = {
    "unreachable": ["unreachable", ""],
    "heap out of bounds": ["i32.const 65536 i32.load drop", ""],
    "integer division by 0": ["i32.const 1 i32.const 0 i32.div_s drop", ""],
    "table out of bounds": ["i32.const 3 call_indirect (type $v)", table],
    "null or wrong signature": ["i32.const 5 i32.const 0 call_indirect (type $i)", table],
  }; // prettier-ignore
  for (const [kind, [body, declarations]] of Object.entries(cases))
    test(kind, () => expect(trap(body, declarations)).toEqual({ trap: kind, code: 0 }));

  test("all kinds of division by zero", () => {
    for (const op of ["i32.div_u", "i32.rem_s", "i32.rem_u"])
      expect(trap(`i32.const 1 i32.const 0 ${op} drop`).trap).toBe("integer division by 0");
    for (const op of ["i64.div_s", "i64.div_u", "i64.rem_s", "i64.rem_u"])
      expect(trap(`i64.const 1 i64.const 0 ${op} drop`).trap).toBe("integer division by 0");
  });

  test("integer overflow and truncations of what is no integer are unknown", () => {
    for (const body of [
      "i32.const -2147483648 i32.const -1 i32.div_s drop",
      "i64.const -9223372036854775808 i64.const -1 i64.div_s drop",
      "f32.const nan i32.trunc_f32_s drop",
      "f64.const 1e30 i64.trunc_f64_u drop",
    ]) {
      expect(trap(body)).toEqual({ trap: "unknown", code: 0 });
    }
  });

  test("a null entry of the table announces itself in the exact variant", () => {
    expect(trap("i32.const 1 call_indirect (type $v)", table)).toEqual({ trap: "unreachable", code: 3 });
    const fast = new Subject(`(module ${table} (func (export "canister_update run") i32.const 1 call_indirect (type $v)))`, "fast");
    expect(fast.run().ending).toMatchObject({ trap: "null or wrong signature", code: 0 });
  });

  test("table.get behind the end", () => expect(trap("i32.const 3 table.get 0 drop", table).trap).toBe("table out of bounds"));

  test("the engine's own stack overflow is told apart", () => {
    const s = new Subject('(module (func $f call $f i32.const 0 drop) (func (export "canister_update run") call $f))');
    expect(s.run("run", { stackBytes: 0x7fffffff }).ending).toMatchObject({ trap: "engine stack overflow" });
  });

  test("other errors are not the engine's", () => {
    expect(wasmEngine.trapOf(new Error("unreachable"))).toBeNull();
    expect(wasmEngine.trapOf(new RangeError("Invalid array length"))).toBeNull();
    expect(wasmEngine.trapOf("unreachable")).toBeNull();
    expect(wasmEngine.trapOf(undefined)).toBeNull();
  });
});

describe("backtraces", () => {
  const text = `(module (func $inner unreachable) (func $middle call $inner nop) (func (export "canister_update run") call $middle nop))`;

  test("innermost first, with the rewritten module's indices, cut where the core has enough", () => {
    const s = new Subject(text, "exact");
    const { first } = s.module.info.localFunctions;
    expect(s.run().ending).toMatchObject({ backtrace: [first, first + 1, first + 2] });
    const deep = new Subject('(module (func $f (param i32) local.get 0 i32.eqz if unreachable end local.get 0 i32.const 1 i32.sub call $f nop) (func (export "canister_update run") i32.const 50 call $f))', "exact"); // prettier-ignore
    const limit = Error.stackTraceLimit;
    try {
      for (const kept of [40, 100]) {
        Error.stackTraceLimit = kept;
        const { ending } = deep.run();
        expect(ending.kind === "trap" ? ending.backtrace : []).toEqual(new Array(24).fill(deep.module.info.localFunctions.first));
      }
    } finally {
      Error.stackTraceLimit = limit;
    }
  });

  test("only Wasm frames count", () => {
    expect(
      wasmFrames(
        "Error\n at f (file:///x.ts:1:2)\n at a (wasm://wasm/12ab:wasm-function[7]:0x1)\n at wasm://wasm/12ab:wasm-function[9]:0x2",
      ),
    ).toEqual([7, 9]);
  });
});

describe("refusals", () => {
  test("bytes that are no module, imports that are missing", () => {
    expect(() => wasmEngine.compile(new Uint8Array([1, 2, 3]))).toThrow(EngineRefusal);
    const module = wasmEngine.compile(wat('(module (import "a" "b" (func)))'));
    expect(() => wasmEngine.instantiate(module, {})).toThrow(EngineRefusal);
  });

  test("memory that cannot grow says -1", () => {
    const s = new Subject('(module (memory 1 2) (func (export "canister_update run")))');
    expect(s.instance.memory.grow(1)).toBe(17);
    expect(s.instance.memory.grow(1)).toBe(-1);
  });
});
