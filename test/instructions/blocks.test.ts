/**
 * Blocks, branches and calls: where the platform cuts code, and what each piece is charged. The sums in the second column are
 * written as the blocks in which they are charged.
 */
import { describe, expect, test } from "vitest";
import { measure } from "./measure.ts";

/** Every sum begins with the 1 that a function's first block costs extra. */
const rows: Readonly<Record<string, readonly (readonly [what: string, body: string, sum: number, declarations?: string])[]>> = {
  "cuts": [
    ["nothing", "", 1],
    ["block does not cut, its end does", "nop block nop end nop", 1 + 1 + 1 + 1],
    ["loop cuts", "nop loop nop end nop", 1 + 1 + (1 + 0) + 1],
    ["a call does not cut", "nop call $f nop", 1 + (1 + 5 + 1) + 1, "(func $f)"],
    ["code behind an unconditional branch is not paid", "block nop br 0 nop nop nop end nop nop", 1 + (1 + 2) + 2],
    ["code behind return is not paid", "nop return nop nop", 1 + (1 + 1)],
    ["a branch not taken", "block i32.const 0 br_if 0 nop nop end nop", 1 + (1 + 2) + 2 + 1],
    ["a branch taken", "block i32.const 1 br_if 0 nop nop end nop", 1 + (1 + 2) + 1],
    ["out of the function", "i32.const 1 br_if 0 nop nop", 1 + (1 + 2)],
    ["many ends in a row cost nothing", "block block block block nop end end end end", 1 + 1],
  ],
  "if": [
    ["then", "i32.const 1 if nop else nop nop end nop nop nop", 1 + (1 + 2) + 1 + 3],
    ["else", "i32.const 0 if nop else nop nop end nop nop nop", 1 + (1 + 2) + 2 + 3],
    ["without else, not entered", "i32.const 0 if nop nop end nop", 1 + (1 + 2) + 1],
    ["nested", "i32.const 1 if i32.const 0 if nop else nop nop end nop end", 1 + (1 + 2) + (1 + 2) + 2 + 1],
    ["the worked example, either way", "i32.const 0 call $f drop i32.const 1 call $f drop", 1 + 2 * (1 + 5 + 1) + 2 * (1 + 1 + 2 + 1),
      "(func $f (param i32) (result i32) local.get 0 if (result i32) i32.const 1 else i32.const 2 end)"],
  ],
  "loop": [
    ["each turn pays its body", "(local i32) i32.const 10 local.set 0 loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end", 1 + 2 + 10 * 6],
    ["once through", "loop nop nop nop end", 1 + 3],
    ["cut in its middle", "(local i32) i32.const 3 local.set 0 loop nop local.get 0 i32.const 1 i32.eq if nop nop end local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end",
      1 + 2 + 3 * (1 + 1 + 1 + 1 + 2) + 2 + 3 * 6],
    ["a loop in a loop", "(local i32 i32) i32.const 4 local.set 0 loop i32.const 5 local.set 1 loop local.get 1 i32.const 1 i32.sub local.tee 1 br_if 0 end local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end",
      1 + 2 + 4 * 2 + 4 * 5 * 6 + 4 * 6],
    ["with a parameter", "i32.const 6 loop (param i32) i32.const 1 i32.sub drop end", 1 + 1 + 3],
    ["left by a branch", "block loop nop br 1 end nop end nop nop", 1 + (1 + 2) + 2],
  ],
  "br_table": [0, 1, 2, 7].map((index) => [
    `index ${index}`,
    `block block block i32.const ${index} br_table 0 1 2 end nop return end nop nop return end nop nop nop`,
    1 + (1 + 2) + [1 + 1, 2 + 1, 3][Math.min(index, 2)]!,
  ] as const),
  "calls": [
    ["the callee's entry costs 1", "call $f", 1 + 5 + (1 + 3), "(func $f nop nop nop)"],
    ["through the table", "i32.const 0 call_indirect (type $t) nop", 1 + (1 + 10 + 1) + (1 + 1), "(type $t (func)) (table 1 funcref) (elem (i32.const 0) $f) (func $f nop)"],
    ["through a table of 64 bits", "i64.const 0 call_indirect (type $t) nop", 1 + (1 + 10 + 1) + (1 + 1), "(type $t (func)) (table i64 1 funcref) (elem (i64.const 0) $f) (func $f nop)"],
    ["in tail position", "nop return_call $f", 1 + (1 + 3) + (1 + 2), "(func $f nop nop)"],
    ["in tail position through the table", "i32.const 0 return_call_indirect (type $t)", 1 + (1 + 6) + (1 + 2), "(type $t (func)) (table 1 funcref) (elem (i32.const 0) $f) (func $f nop nop)"],
    // f(n) for n = 3, 2, 1: entry 1, local.get 1, if 2, then local.get, const, sub and call; f(0) has no arm.
    ["recursion", "i32.const 3 call $f", 1 + (1 + 5) + 4 * (1 + 1 + 2) + 3 * (1 + 1 + 1 + 5), "(func $f (param i32) local.get 0 if local.get 0 i32.const 1 i32.sub call $f end)"],
    ["many results", "call $f drop drop drop", 1 + (5 + 3) + (1 + 3), "(func $f (result i32 i64 f64) i32.const 1 i64.const 2 f64.const 3)"],
  ],
  "tables": [
    ["table.get", "i32.const 0 table.get 0 drop", 1 + (1 + 5 + 1), "(table 3 funcref)"],
    ["table.size", "table.size 0 drop", 1 + (100 + 1), "(table 3 funcref)"],
    ["elem.drop", "elem.drop $e", 1 + 300, "(elem $e func)"],
  ],
}; // prettier-ignore

for (const [what, cases] of Object.entries(rows)) {
  describe(`${what} [replica: metering of blocks]`, () => {
    for (const [name, body, sum, declarations = ""] of cases) {
      test(name, () => {
        for (const wide of [false, true]) {
          expect([wide, measure({ body, declarations, wide })]).toEqual([wide, { instructions: sum, dirtyHeapPages: 0 }]);
        }
      });
    }
  });
}
