import { describe, expect, test } from "vitest";
import { Subject } from "../../../test/support/rewritten.ts";

const variants = ["fast", "exact"] as const;

/** Instructions of `canister_update run` with this body, in both variants, which must agree. */
function count(body: string, declarations = ""): number {
  const text = `(module ${declarations} (func (export "canister_update run") ${body}))`;
  const [fast, exact] = variants.map((variant) => new Subject(text, variant).run());
  expect(fast!.ending).toEqual({ kind: "returned" });
  expect(exact).toEqual(fast);
  return fast!.used;
}

describe("metering, wasm.md 4.1", () => {
  test("an empty function costs 1", () => expect(count("")).toBe(1));

  test("the worked example: an if with two arms costs 5 either way", () => {
    const f = `(func $f (param i32) (result i32) local.get 0 if (result i32) i32.const 1 else i32.const 2 end)`;
    // run: 1 + const 1 + call 5 + drop 1 = 8.
    expect(count("i32.const 1 call $f drop", f)).toBe(8 + 5);
    expect(count("i32.const 0 call $f drop", f)).toBe(8 + 5);
  });

  test("the worked example: a loop body costs 6 an iteration", () => {
    // Entry block: 1 + const 1 + local.set 1 + loop 0.
    expect(count("(local i32) i32.const 10 local.set 0 loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end")).toBe(3 + 10 * 6);
  });

  test("a branch pays its block whole, and the code it jumps over is not paid", () => {
    // Entry 1 + br 2; the nops are their own block, never run; after `end` one nop.
    expect(count("block br 0 nop nop nop end nop")).toBe(3 + 1);
  });

  test("block and call do not cut", () => {
    expect(count("nop block nop call $g nop end nop", "(func $g)")).toBe(1 + (1 + 1 + 5 + 1) + 1 + 1);
  });

  test("code after return is not paid", () => expect(count("nop return nop nop")).toBe(1 + 1 + 1));

  test("br_table", () => {
    const body = (n: number): string => `block block block i32.const ${n} br_table 0 1 2 end nop return end nop nop return end nop nop nop`;
    // Entry 1 + const 1 + br_table 2.
    expect(count(body(0))).toBe(4 + 1 + 1);
    expect(count(body(1))).toBe(4 + 2 + 1);
    expect(count(body(7))).toBe(4 + 3);
  });

  test("a branch out of the function", () => {
    expect(count("i32.const 1 br_if 0 nop nop")).toBe(1 + 1 + 2);
    expect(count("i32.const 0 br_if 0 nop nop")).toBe(1 + 1 + 2 + 2);
  });
});
