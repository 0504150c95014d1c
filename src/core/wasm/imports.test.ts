import { describe, expect, test } from "vitest";
import { OutOfInstructions, Subject } from "../../../test/support/rewritten.ts";
import { EXPORT } from "./abi.ts";
import { IC0, type Ic0Function } from "./ic0.ts";

/** Types of an import's signature as text. */
function type(letter: string, wide: boolean): string {
  return letter === "l" || (wide && (letter === "I" || letter === "E")) ? "i64" : "i32";
}

/** A module that calls one import with these arguments and keeps its result in a global. */
function calling(api: Ic0Function, args: readonly (number | bigint)[], wide: boolean): string {
  const params = [...api.params].map((letter) => type(letter, wide));
  const result = api.result === "" ? "" : type(api.result, wide);
  const pushes = params.map((param, i) => `${param}.const ${args[i]!}`).join(" ");
  const keep = result === "" ? "" : result === "i32" ? "i64.extend_i32_u global.set $r" : "global.set $r";
  return `(module (import "ic0" "${api.name}" (func $f (param ${params.join(" ")}) ${result === "" ? "" : `(result ${result})`}))
    (memory ${wide ? "i64 " : ""}1) (global $r (mut i64) (i64.const 0))
    (func (export "canister_update run") ${pushes} call $f ${keep}))`;
}

function keptResult(s: Subject): bigint {
  return new DataView(s.globals().buffer).getBigUint64(0, true);
}

const every = [...IC0.values()];

describe("wrappers of ic0", () => {
  for (const wide of [false, true]) {
    test(`${wide ? "wasm64" : "wasm32"}: every import is charged before its host function runs, and gets its arguments lowered`, () => {
      for (const api of every.filter(({ only32 }) => !(wide && only32))) {
        const args = [...api.params].map((_, i) => 11 + i);
        const s = new Subject(calling(api, args, wide));
        s.results.set(api.name, api.result === "l" ? [0x89abcdef | 0, 0x12345678] : 0xfffffff0 | 0);
        const { ending, used } = s.run();
        expect([api.name, ending]).toEqual([api.name, { kind: "returned" }]);
        // 1 + constants + call 5, then what follows: extend and global.set, or global.set alone.
        const narrowResult = api.result !== "" && type(api.result, wide) === "i32";
        const own = 1 + args.length + 5 + (api.result === "" ? 0 : narrowResult ? 3 : 2);
        const bytes = api.perByteOf.reduce((sum, i) => sum + args[i]!, 0);
        const charge = api.metered ? api.fixed + api.perByte * bytes : 0;
        expect([api.name, used]).toEqual([api.name, own + charge]);
        const [call] = s.calls;
        const lowered = [...api.params].flatMap((letter, i) => (letter === "l" || letter === "E" ? [args[i]!, 0] : [args[i]!]));
        expect([api.name, call!.args]).toEqual([api.name, lowered]);
        expect(call!.counter).toBe(1_000_000_000n - BigInt(own + charge));
        if (api.result === "l") expect(keptResult(s)).toBe(0x1234567889abcdefn);
        else if (api.result !== "") expect(keptResult(s)).toBe(0xfffffff0n);
      }
    });
  }

  test("64-bit values arrive as low and high word, wide pointers are cut to 2^32-1, environments arrive whole", () => {
    const big = 0x1_0000_0005n;
    const call = new Subject(calling(IC0.get("call_new")!, [1, 2, 3, 4, big, big, -1n, 0x8000_0001_0000_0002n], true));
    call.run();
    expect(call.calls[0]!.args.map((arg) => arg >>> 0)).toEqual([1, 2, 3, 4, 0xffffffff, 5, 1, 0xffffffff, 2, 0x80000001]);
    const stable = new Subject(calling(IC0.get("stable64_grow")!, [0xffff_ffff_0000_0001n], false));
    stable.run();
    expect(stable.calls[0]!.args.map((arg) => arg >>> 0)).toEqual([1, 0xffffffff]);
    const narrow = new Subject(calling(IC0.get("call_on_cleanup")!, [7, 0xffffffff], false));
    narrow.run();
    expect(narrow.calls[0]!.args.map((arg) => arg >>> 0)).toEqual([7, 0xffffffff, 0]);
  });

  test("sizes that cannot be right are charged all the same", () => {
    const s = new Subject(calling(IC0.get("msg_reply_data_append")!, [0, 0xffffffff], false));
    expect(s.run().ending.kind).toBe("out of instructions");
    expect(s.run("run", { limit: 1e12 }).used).toBe(1 + 2 + 5 + 500 + 50 * (2 ** 32 - 1));
    for (const size of [-1n, 1n << 63n, (1n << 63n) - 1n, 1n << 60n]) {
      for (const name of ["msg_reply_data_append", "is_controller"]) {
        const wide = new Subject(calling(IC0.get(name)!, [0, BigInt.asIntN(64, size)], true));
        expect([name, size, wide.run("run", { limit: 4e11 }).ending.kind]).toEqual([name, size, "out of instructions"]);
        expect(wide.calls).toEqual([]);
      }
    }
  });

  test("a counter that is already negative meets the handler before the charge, and again after it", () => {
    const seen: bigint[] = [];
    const s = new Subject(calling(IC0.get("canister_status")!, [], false), "fast", (counter) => {
      seen.push(counter.value);
      counter.value += 10n;
    });
    s.prepare(7);
    // Entry: 1 + call 5 + extend 1 + global.set 2 = 9 of 7.
    s.attempt(() => s.instance.functions["canister_update run"]!());
    expect(seen).toEqual([-2n, 8n - 500n]);
  });

  test("stable reads and writes charge like bulk operations: the handler is asked once, after the charge", () => {
    const seen: bigint[] = [];
    const text = calling(IC0.get("stable64_write")!, [0, 0, 30], false).replace(
      "i64.const 0 i64.const 0",
      "i64.const 0 block end i64.const 0",
    );
    const s = new Subject(text, "fast", (counter) => {
      seen.push(counter.value);
      throw new OutOfInstructions();
    });
    // Entry 2 of 5, checked; the next block costs 1 + 1 + 5 and is not.
    s.prepare(5);
    s.attempt(() => s.instance.functions["canister_update run"]!());
    expect(seen).toEqual([5n - 2n - 7n - 50n]);
  });

  test("an import can be exported, put into a table and called from there", () => {
    const s = new Subject(`(module (import "ic0" "msg_reply" (func $reply)) (type $v (func))
      (table 2 funcref) (elem (i32.const 0) $reply) (global $g (mut i32) (i32.const 0))
      (export "canister_update direct" (func $reply))
      (func (export "canister_update run") i32.const 0 call_indirect (type $v) ref.func $reply ref.is_null global.set $g))`);
    expect(s.run().used).toBe(1 + 1 + 10 + 500 + 130 + 5 + 2);
    expect(s.run("canister_update direct").used).toBe(500);
    expect(s.calls.length).toBe(2);
  });
});

describe("what the host calls", () => {
  test("invoke runs a callback by index, environment included, and charges nothing of its own", () => {
    for (const wide of [false, true]) {
      const I = wide ? "i64" : "i32";
      const s = new Subject(`(module (memory ${wide ? "i64 " : ""}1) (global $r (mut ${I}) (${I}.const 0))
        (type $callback (func (param ${I}))) (table ${wide ? "i64 " : ""}2 funcref) (elem (${I}.const 1) $f)
        (func $f (type $callback) local.get 0 global.set $r) (func (export "canister_update run")))`);
      s.prepare();
      const { used, ending } = s.attempt(() => s.instance.functions[EXPORT.invoke]!(1, 5, wide ? 9 : 0));
      expect([ending.kind, used]).toEqual(["returned", 1 + 1 + 2]);
      expect(new DataView(s.globals().buffer).getBigUint64(0, true)).toBe(wide ? 0x9_0000_0005n : 5n);
      expect(s.instance.table!.length).toBe(2);
      expect(s.instance.table!.get(0)).toBeNull();
      expect(typeof s.instance.table!.get(1)).toBe("function");
    }
    expect(new Subject('(module (func (export "canister_update run")))').instance.functions[EXPORT.invoke]).toBeUndefined();
  });

  test("a callback of the wrong type, and a callback behind the table's end", () => {
    const s = new Subject(`(module (table 1 funcref) (elem (i32.const 0) $f) (func $f (param f64)) (func (export "canister_update run")))`);
    s.prepare();
    expect(s.attempt(() => s.instance.functions[EXPORT.invoke]!(0, 0, 0)).ending).toMatchObject({ trap: "null or wrong signature" });
    expect(s.attempt(() => s.instance.functions[EXPORT.invoke]!(1, 0, 0)).ending).toMatchObject({ trap: "table out of bounds" });
  });

  test("mutable globals of every type are saved and loaded, immutable ones stay", () => {
    const s = new Subject(`(module (memory 1)
      (global $a (mut i32) (i32.const -2)) (global $k i32 (i32.const 4)) (global $b (mut v128) (v128.const i32x4 1 2 3 4))
      (global $c (mut f32) (f32.const 1.5)) (global $d (mut f64) (f64.const -0)) (global $e (mut i64) (i64.const -9223372036854775808))
      (func (export "canister_update run") global.get $k global.set $a v128.const i32x4 9 8 7 6 global.set $b))`);
    const { globals, globalsBytes } = s.module.info;
    expect(globals.map(({ type: t, offset }) => [t, offset])).toEqual([["i32", 0], ["v128", 16], ["f32", 32], ["f64", 40], ["i64", 48]]); // prettier-ignore
    expect(globalsBytes).toBe(56);
    const initial = new Uint8Array(globalsBytes);
    for (const { offset, initial: bits } of globals) initial.set(bits, offset);
    expect(s.globals()).toEqual(initial);
    s.run();
    const after = s.globals();
    expect(new DataView(after.buffer).getInt32(0, true)).toBe(4);
    s.loadGlobals(initial);
    expect(s.globals()).toEqual(initial);
    s.loadGlobals(after);
    expect(s.globals()).toEqual(after);
  });

  test("the start function is exported and not run by instantiation", () => {
    const s = new Subject(
      `(module (global $g (mut i32) (i32.const 0)) (func $s i32.const 1 global.set $g) (start $s) (func (export "canister_update run")))`,
    );
    expect(s.module.info.hasStart).toBe(true);
    expect(s.globals()[0]).toBe(0);
    expect(s.run(EXPORT.start).used).toBe(1 + 1 + 2);
    expect(s.globals()[0]).toBe(1);
  });

  test("limits above 2^32 instructions and the largest ones are set whole", () => {
    const s = new Subject('(module (func (export "canister_update run")))');
    for (const limit of [1, 4294967296, 40_000_000_000, 300_000_000_000, 2 ** 50]) {
      s.prepare(limit);
      expect(s.instance.counter.value).toBe(BigInt(limit));
    }
  });
});
