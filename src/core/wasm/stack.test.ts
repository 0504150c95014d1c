import { describe, expect, test } from "vitest";
import { Subject } from "../../../test/support/rewritten.ts";
import { TrapCode } from "./abi.ts";
import { FRAME_BYTES, RESERVE_BYTES } from "./layout.ts";

const STACK = 200_000;

/** A function that calls itself for ever and counts its frames in `$depth`; `extra` are more locals. */
function recursion(extra = "", call = "call $f"): string {
  return `(module (type $t (func (param i32) (result i32))) (table 1 funcref) (elem (i32.const 0) $f)
    (global $depth (mut i32) (i32.const 0))
    (func $f (type $t) ${extra} global.get $depth i32.const 1 i32.add global.set $depth local.get 0 ${call} i32.const 1 i32.add)
    (func (export "canister_update run") i32.const 0 call $f drop)
    (func (export "canister_update once") i32.const 1 drop))`;
}

function depthOf(s: Subject): number {
  s.loadGlobals(new Uint8Array(8));
  const { ending } = s.run("run", { stackBytes: STACK });
  expect(ending).toMatchObject({ kind: "trap", trap: "unreachable", code: TrapCode.stackOverflow });
  return new DataView(s.globals().buffer).getInt32(0, true);
}

describe("the stack", () => {
  test("counts a frame's locals and deepest operands", () => {
    // f: 1 parameter, at most 2 operands, and parameter and result once more. run: no local, 1 operand.
    const frame = FRAME_BYTES + 8 * (1 + 2 + 2);
    const outer = FRAME_BYTES + 8;
    expect(depthOf(new Subject(recursion()))).toBe(Math.floor((STACK - RESERVE_BYTES - outer) / frame));
    const more = frame + 8 * 10;
    expect(depthOf(new Subject(recursion(`(local ${"i64 ".repeat(10)})`)))).toBe(Math.floor((STACK - RESERVE_BYTES - outer) / more));
    // One v128 makes every value of the function count 16.
    const wide = FRAME_BYTES + 16 * (2 + 2 + 2);
    expect(depthOf(new Subject(recursion("(local v128)")))).toBe(Math.floor((STACK - RESERVE_BYTES - outer) / wide));
  });

  test("ends at the same depth cold and hot, fast and exact, called directly or through the table", () => {
    for (const text of [recursion(), recursion("", "i32.const 0 call_indirect (type $t)")]) {
      const depths = new Set<number>();
      for (const variant of ["fast", "exact"] as const) {
        const s = new Subject(text, variant);
        for (let i = 0; i < 60; i++) depths.add(depthOf(s));
      }
      expect([...depths].length).toBe(1);
    }
  });

  test("is given back by every way out of a function", () => {
    const leave = [
      "",
      "return",
      "br 0",
      "block br 1 end",
      "i32.const 1 br_if 0",
      "i32.const 0 br_table 0",
      "return_call $leaf",
      "i32.const 0 return_call_indirect (type $v)",
    ];
    for (const way of leave) {
      const s = new Subject(`(module (type $v (func)) (table 1 funcref) (elem (i32.const 0) $leaf) (func $leaf)
        (func $f call $leaf ${way})
        (func (export "canister_update run") (local $i i32) loop call $f local.get $i i32.const 1 i32.add local.tee $i i32.const 5000 i32.lt_u br_if 0 end))`);
      expect([way, s.run("run", { stackBytes: 4096 }).ending]).toEqual([way, { kind: "returned" }]);
    }
  });

  test("tail calls take none", () => {
    const s = new Subject(`(module (func $f (param i32) local.get 0 if local.get 0 i32.const 1 i32.sub return_call $f end)
      (func (export "canister_update run") i32.const 100000 call $f))`);
    expect(s.run("run", { stackBytes: 4096 }).ending).toEqual({ kind: "returned" });
  });

  test("a small function that calls nothing needs no check, a large one has its own", () => {
    const leaf = (locals: number): Subject =>
      new Subject(`(module (func $f (local ${"i64 ".repeat(locals)})) (func (export "canister_update run") call $f))`);
    // run itself needs its frame and the reserve.
    const own = FRAME_BYTES + RESERVE_BYTES;
    expect(leaf(1).run("run", { stackBytes: own }).ending).toEqual({ kind: "returned" });
    expect(leaf(1).run("run", { stackBytes: own - 1 }).ending).toMatchObject({ code: TrapCode.stackOverflow });
    expect(leaf(1000).run("run", { stackBytes: own }).ending).toMatchObject({ code: TrapCode.stackOverflow });
    expect(leaf(1000).run("run", { stackBytes: 2 * FRAME_BYTES + 8000 }).ending).toEqual({ kind: "returned" });
  });

  test("the overflow is noticed before the callee's instructions are charged", () => {
    const s = new Subject(recursion(), "exact");
    const { used } = s.run("run", { stackBytes: STACK });
    s.loadGlobals(new Uint8Array(8));
    const depth = depthOf(s);
    // run: 1 + const 1 + call 5 + drop 1; each frame of f: 1 + get 2 const 1 add 1 set 2 get 1 call 5 const 1 add 1.
    expect(used).toBe(8 + 15 * depth);
  });

  test("it runs out before the engine's own stack does, in frames of any shape", () => {
    const many = Array.from({ length: 40 }, (_, i) => `local.get 0 i32.const ${i} i32.xor`).join(" ");
    for (const text of [
      recursion(),
      recursion(`(local ${"i64 ".repeat(50)})`),
      recursion("(local v128 v128)"),
      `(module (func $f (param ${"i64 ".repeat(17)}) (result ${"i64 ".repeat(12)}) ${Array.from({ length: 17 }, (_, i) => `local.get ${i}`).join(" ")} call $f)
        (func (export "canister_update run") ${"i64.const 0 ".repeat(17)} call $f ${"drop ".repeat(12)}))`,
      recursion("", `${many} call $f ${"i32.add ".repeat(39)} i32.add`),
    ]) {
      for (const variant of ["fast", "exact"] as const) {
        const s = new Subject(text, variant);
        for (let i = 0; i < 4; i++) expect(s.run("run", { stackBytes: 512 * 1024 }).ending).toMatchObject({ code: TrapCode.stackOverflow });
      }
    }
  });
});
