import { describe, expect, test } from "vitest";
import { WEIGHTS } from "../../../test/instructions/weights.ts";
import { Subject } from "../../../test/support/rewritten.ts";
import { COMPLEXITY, WEIGHT } from "./instruction-costs.ts";
import { NAME, SHAPE, Shape } from "./opcodes.ts";

/** Names of the table that match, with `i32|i64` and the like written out. */
function matching(pattern: string): string[] {
  const expression = new RegExp(`^(?:${pattern})$`);
  return NAME.filter((name) => name !== "" && expression.test(name));
}

function expectColumn(column: Uint8Array | Uint16Array, rows: readonly (readonly [string, number])[], rest: number): void {
  const expected = new Map<string, number>();
  for (const [pattern, value] of rows) {
    const names = matching(pattern);
    expect([pattern, names.length > 0]).toEqual([pattern, true]);
    for (const name of names) expected.set(name, value);
  }
  NAME.forEach((name, opcode) => {
    if (name !== "") expect([name, column[opcode]]).toEqual([name, expected.get(name) ?? rest]);
  });
}

describe("the table of instructions", () => {
  test("has every instruction of the accepted features once", () => {
    const names = NAME.filter((name) => name !== "");
    expect(new Set(names).size).toBe(names.length);
    // Of one byte, behind 0xFC, behind 0xFD.
    expect(NAME.slice(0, 0x100).filter((name) => name !== "").length).toBe(185);
    expect(NAME.slice(0x100, 0x200).filter((name) => name !== "").length).toBe(18);
    expect(NAME.slice(0x200).filter((name) => name !== "").length).toBe(236);
  });

  test("weighs them as wasm.md 4.2 and 4.3 say", () => {
    expectColumn(WEIGHT, WEIGHTS, 1);
  });

  test("gives them the complexity of wasm.md 3.1", () => {
    expectColumn(
      COMPLEXITY,
      [
        ["block|loop|if|br|br_if|br_table|call|call_indirect|memory\\.grow", 50],
        ["table\\.get", 14],
        ["ref\\.func", 8],
        ["ref\\.is_null", 6],
        ["i(32|64)\\.trunc_f(32|64)_[su]|i64\\.extend_i32_[su]|f(32|64)\\.convert_i(32|64)_[su]|f32\\.demote_f64", 5],
        ["f(32|64)\\.(neg|abs)|memory\\.copy", 4],
        ["f(32|64)\\.copysign|i(32|64)\\.(div|rem)_[su]|memory\\.fill|[if](32|64)\\.load(8|16|32)?(_[su])?", 3],
        ["i(32|64)\\.trunc_sat_f(32|64)_[su]", 3],
        ["global\\.get|i(32|64)\\.popcnt|select|memory\\.size|[if](32|64)\\.store(8|16|32)?", 2],
        ["i(32|64)\\.(eqz|eq|ne|([lg][te]_[su]))|f(32|64)\\.(eq|ne|lt|gt|le|ge)", 2],
        ["f64\\.eq", 3],
        [
          "f(32|64)\\.(ceil|floor|sqrt|trunc)|[if](32|64)\\.reinterpret_[if](32|64)|i32\\.wrap_i64|i(32|64)\\.extend(8|16|32)_s|f64\\.promote_f32",
          2,
        ],
      ],
      1,
    );
  });

  test("memory accesses weigh twice as much in wasm64, each of them", () => {
    const value = {
      0: "",
      0x7f: "i32.const 1",
      0x7e: "i64.const 1",
      0x7d: "f32.const 1",
      0x7c: "f64.const 1",
      0x7b: "v128.const i32x4 1 1 1 1",
    };
    NAME.forEach((name, opcode) => {
      const shape = SHAPE[opcode]!;
      const load = shape === Shape.load || shape === Shape.loadLane;
      if (!load && shape !== Shape.store && shape !== Shape.storeLane) return;
      const lane = shape === Shape.loadLane || shape === Shape.storeLane;
      const type = lane ? value[0x7b] : load ? "" : value[name.startsWith("i32") ? 0x7f : name.startsWith("i64") ? 0x7e : name.startsWith("f32") ? 0x7d : name.startsWith("f64") ? 0x7c : 0x7b]; // prettier-ignore
      for (const wide of [false, true]) {
        const s = new Subject(`(module (memory ${wide ? "i64 " : ""}1) (func (export "canister_update run")
          ${wide ? "i64" : "i32"}.const 0 ${type} ${name} ${lane ? 0 : ""} ${load ? "drop" : ""}))`);
        const rest = 1 + 1 + (type === "" ? 0 : 1) + (load ? 1 : 0);
        expect([name, wide, s.run().used]).toEqual([name, wide, rest + (wide ? 2 : 1)]);
      }
    });
  });
});
