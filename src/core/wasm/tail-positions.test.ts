import { describe, expect, test } from "vitest";
import { Subject } from "../../../test/support/rewritten.ts";

/** \`run\` counts down from \`n\`, each step a call through the table at the place marked \`TAIL\` of \`step\`. */
function countdown(n: number, step: string): string {
  return `(module
    (type $continuation (func (param i32)))
    (table 1 funcref) (elem (i32.const 0) $step)
    (func $step (param $left i32) ${step.replace("CALL", "(call_indirect (type $continuation) (i32.sub (local.get $left) (i32.const 1)) (i32.const 0))")})
    (func (export "canister_update run") (call $step (i32.const ${n}))))`;
}

const AT_THE_END = `(if (local.get $left) (then CALL))`;
const BEFORE_RETURN = `(block (if (local.get $left) (then CALL) (else (br 1))) (return)) (nop)`;
const BEFORE_BRANCHES = `(block $out (block (if (local.get $left) (then CALL (br 1)) (else (br $out)))) (br $out))`;
const WITH_WORK_AFTER = `(if (local.get $left) (then CALL)) (nop)`;

function used(n: number, step: string): number {
  const [fast, exact] = (["fast", "exact"] as const).map((variant) => new Subject(countdown(n, step), variant).run());
  expect(fast!.ending).toEqual({ kind: "returned" });
  expect(exact).toEqual(fast);
  return fast!.used;
}

describe("a call through a table that is the last thing its function does", () => {
  test("takes no stack, so that continuations can go on as long as there are instructions", () => {
    for (const step of [AT_THE_END, BEFORE_RETURN, BEFORE_BRANCHES]) expect(used(100_000, step)).toBeGreaterThan(100_000);
  });

  test("costs what it costs on the platform, the way out included", () => {
    // A step with a call: entry 1 + local.get 1 + if 2, then local.get 1 const 1 sub 1 const 1 call_indirect 10. The last: 4. run: 1 + const 1 + call 5.
    expect(used(10, AT_THE_END)).toBe(7 + 10 * (4 + 14) + 4);
    // The return behind the if: 1 a step. The last step takes the else: br 2, then nop 1.
    expect(used(10, BEFORE_RETURN)).toBe(7 + 10 * (4 + 14 + 1) + (4 + 2 + 1));
    // Two branches on the way out: the first is in the call's own block, the second behind an end.
    expect(used(10, BEFORE_BRANCHES)).toBe(7 + 10 * (4 + 14 + 2 + 2) + (4 + 2));
  });

  test("but one with work after it keeps its frame", () => {
    expect(new Subject(countdown(100_000, WITH_WORK_AFTER), "fast").run().ending).not.toEqual({ kind: "returned" });
    expect(used(100, WITH_WORK_AFTER)).toBe(7 + 100 * (4 + 14 + 1) + 4 + 1);
  });
});
