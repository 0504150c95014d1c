import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { wat } from "../../../test/support/wat.ts";
import { nodePlatform } from "../../host/platform-node.ts";
import { CREATION_INSTRUCTIONS, INSTRUCTIONS_PER_COMPILED_INSTRUCTION } from "./compilation-cost.ts";
import type { ModuleRefusal, PreparedModule } from "./module-info.ts";
import { isRefusal, ModuleCache, prepareModule } from "./prepare.ts";
import { ByteWriter } from "./writer.ts";

function refusal(source: string | Uint8Array): ModuleRefusal {
  const result = prepareModule(typeof source === "string" ? wat(source, { check: false }) : source, nodePlatform);
  if (!isRefusal(result)) throw new Error("accepted");
  return result;
}

function accepted(source: string | Uint8Array): PreparedModule {
  const result = prepareModule(typeof source === "string" ? wat(source, { check: false }) : source, nodePlatform);
  if (isRefusal(result)) throw new Error(`refused: ${result.description}`);
  return result;
}

const text = (source: string | Uint8Array): string => refusal(source).description;

const EMPTY = new Uint8Array([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

/** The empty module with custom sections. */
function withSections(...sections: readonly (readonly [string, number])[]): Uint8Array {
  const out = new ByteWriter();
  out.copy(EMPTY);
  for (const [name, size] of sections) {
    const content = new ByteWriter();
    content.name(name);
    content.copy(new Uint8Array(size));
    out.section(0, content);
  }
  return out.done();
}

/** A function body of raw bytes in a module of its own, `() -> ()`. */
function withBody(...body: number[]): Uint8Array {
  return withFunction(Uint8Array.of(0, ...body));
}

/** The same with the declarations of locals in front. */
function withFunction(bytes: Uint8Array): Uint8Array {
  const out = new ByteWriter();
  out.copy(EMPTY);
  out.copy(new Uint8Array([1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0]));
  const code = new ByteWriter();
  code.u32(1);
  code.u32(bytes.length);
  code.copy(bytes);
  out.section(10, code);
  return out.done();
}

describe("encoding, wasm.md 1", () => {
  const module = wat('(module (func (export "canister_update run")))');

  test("plain and gzip, the hash over the bytes as given", () => {
    const packed = new Uint8Array(gzipSync(module));
    expect(accepted(packed).info.methods).toEqual(new Map([["run", "update"]]));
    expect(accepted(packed).hash).toBe(Buffer.from(nodePlatform.sha256(packed)).toString("hex"));
    expect(accepted(module).hash).not.toBe(accepted(packed).hash);
  });

  test("neither of them", () => {
    expect(text(new Uint8Array([1, 2, 3]))).toBe("Failed to decode wasm module: unsupported canister module format");
    expect(text(new Uint8Array(0))).toBe("Failed to decode wasm module: unsupported canister module format");
    expect(text(new Uint8Array([0x1f, 0x8b, 8, 0]))).toBe("Failed to decode wasm module: invalid Wasm module: gzip stream is too short");
  });

  test("a gzip stream whose footer lies", () => {
    const packed = new Uint8Array(gzipSync(module));
    const lying = (size: number): Uint8Array => {
      const bytes = packed.slice();
      new DataView(bytes.buffer).setUint32(bytes.length - 4, size, true);
      return bytes;
    };
    expect(text(lying(module.length + 5))).toBe(
      `Failed to decode wasm module: specified uncompressed size ${module.length + 5} does not match extracted size ${module.length}`,
    );
    expect(text(lying(10))).toBe("Failed to decode wasm module: specified uncompressed size 10 does not match extracted size 11");
    expect(text(lying(104_857_601))).toBe("Wasm module size of 104857601 exceeds the maximum allowed size of 104857600.");
    // A broken body, a second member: the first member alone counts, and its size is not the last footer's.
    const broken = packed.slice();
    broken[14]! ^= 0xff;
    expect(text(broken)).toMatch(/^Failed to decode wasm module: failed to decode compressed Wasm module: /);
    const two = Buffer.concat([packed, gzipSync(Buffer.from("more"))]);
    expect(text(new Uint8Array(two))).toBe(`Failed to decode wasm module: specified uncompressed size 4 does not match extracted size 5`);
  });

  test("a failed attempt costs 20 M and 6,000 for each byte, given or announced", () => {
    const junk = new Uint8Array(50).fill(7);
    expect(refusal(junk).instructions).toBe(20_000_000 + 6_000 * 50);
    const packed = new Uint8Array(gzipSync(Buffer.concat([EMPTY, Buffer.alloc(5000, 1)])));
    expect(refusal(packed).instructions).toBe(20_000_000 + 6_000 * 5008);
    expect([CREATION_INSTRUCTIONS, INSTRUCTIONS_PER_COMPILED_INSTRUCTION]).toEqual([20_000_000, 6_000]);
  });

  test("a cut module is refused where it is cut", () => {
    for (let length = 8; length < module.length; length++) {
      const result = prepareModule(module.slice(0, length), nodePlatform);
      // Cut between two sections it may still be whole, but then it lacks the code its functions need.
      if (isRefusal(result))
        expect(result.description).toMatch(
          /^(Failed to decode wasm module: Error finding code section|Wasmtime failed to validate wasm module)/,
        );
      else expect(result.info.methods.size).toBe(0);
    }
  });
});

describe("validity, wasm.md 2", () => {
  const refused: Readonly<Record<string, string>> = {
    "ill-typed body": '(module (func (result i32) f32.const 1))',
    "missing operand": "(module (func i32.add drop))",
    "value left over": "(module (func i32.const 1))",
    "unknown local": "(module (func local.get 5 drop))",
    "unknown label": "(module (func br 7))",
    "immutable global": "(module (global i32 (i32.const 1)) (func i32.const 1 global.set 0))",
    "no memory": "(module (func i32.const 0 i32.load drop))",
    "two memories": "(module (memory 1) (memory 1))",
    "shared memory": "(module (memory 1 2 shared))",
    "alignment": "(module (memory 1) (func i32.const 0 i32.load align=8 drop))",
    "start with a parameter": "(module (func $s (param i32)) (start $s))",
    "undeclared ref.func": "(module (func $f) (func ref.func $f drop))",
    "65537 pages": "(module (memory 65537))",
    "minimum above maximum": "(module (memory 3 2))",
    "exceptions": "(module (tag) (func))",
    "duplicate export": '(module (func (export "a")) (func (export "a")))',
    "select of references": "(module (func ref.null func ref.null func i32.const 0 select drop))",
    "if without else": "(module (func (result i32) i32.const 1 if (result i32) i32.const 2 end))",
    "tail call to another result": "(module (func $f (result i32) i32.const 1) (func return_call $f))",
  }; // prettier-ignore
  for (const [what, source] of Object.entries(refused)) {
    test(what, () => {
      const bytes = wat(source, { check: false, features: { exceptions: true, multi_memory: true, threads: true } });
      expect(text(bytes)).toMatch(
        /^Wasmtime failed to validate wasm module wasmtime::Module::validate\(\) failed with .+ \(at offset 0x[0-9a-f]+\)$/,
      );
    });
  }

  test("instructions of other proposals", () => {
    // Atomics, relaxed SIMD, a GC instruction, try, call_ref, an unused opcode.
    for (const body of [
      [0xfe, 0x03, 0, 0x0b],
      [0xfd, 0x80, 0x02, 0x0b],
      [0xfb, 0x00, 0, 0x0b],
      [0x06, 0x40, 0x0b, 0x0b],
      [0x14, 0, 0x0b],
      [0x27, 0x0b],
      [0xff, 0x0b],
    ]) {
      expect(text(withBody(...body))).toMatch(/illegal opcode/);
    }
  });

  test("huge counts and lengths are refused at once", () => {
    const huge = [0xff, 0xff, 0xff, 0xff, 0x0f];
    for (let id = 1; id <= 12; id++) {
      expect(text(Uint8Array.from([...EMPTY, id, 5, ...huge]))).toMatch(/^(Wasmtime failed|Failed to decode)/);
    }
    expect(text(Uint8Array.from([...EMPTY, 1, ...huge]))).toMatch(/unexpected end-of-file/);
    // 2^32 - 1 locals; a br_table with as many targets.
    expect(text(withFunction(Uint8Array.of(1, ...huge, 0x7f, 0x0b)))).toMatch(/too many locals/);
    expect(text(withBody(0x41, 0, 0x0e, ...huge, 0x0b))).toMatch(/br_table/);
  });

  test("everything the platform allows is accepted", () => {
    accepted(`(module (memory i64 1) (table i64 1 funcref) (elem (i64.const 0) $f) (func $f)
      (func (result i32 i64) i32.const 1 i64.const 2) (func (param v128) (result v128) local.get 0 i8x16.popcnt)
      (func i64.const 0 i64.const 0 i64.const 0 memory.copy) (func f64.const 1 i32.trunc_sat_f64_u i32.extend8_s drop)
      (func return_call $f) (func i64.const 0 table.get 0 ref.is_null drop table.size 0 drop ref.func $f drop)
      (global (export "g") (mut i32) (i32.const 0)))`);
  });
});

describe("the platform's checks, wasm.md 3", () => {
  test("imports", () => {
    expect(text('(module (import "ic0" "nothing" (func)))')).toBe(
      "Wasm module has an invalid import section. Module imports function 'nothing' from 'ic0' that is not exported by the runtime.",
    );
    expect(text('(module (import "env" "msg_reply" (func)))')).toBe(
      'Wasm module has an invalid import section. Module imports function "msg_reply" from "env", expected to be imported from one of ["ic0"] instead.',
    );
    expect(text('(module (import "ic0" "msg_reply" (func (param i32))))')).toBe(
      "Wasm module has an invalid function signature. Expected input params [] for 'msg_reply', got [I32].",
    );
    expect(text('(module (import "ic0" "msg_arg_data_size" (func (result i64))))')).toBe(
      "Wasm module has an invalid function signature. Expected return type [I32] for 'msg_arg_data_size', got [I64].",
    );
    // Pointers are 64 bits wide in wasm64, and the 32-bit functions are unknown there.
    accepted('(module (import "ic0" "msg_arg_data_size" (func (result i64))) (memory i64 1))');
    expect(text('(module (import "ic0" "msg_arg_data_size" (func (result i32))) (memory i64 1))')).toMatch(/Expected return type \[I64\]/);
    expect(text('(module (import "ic0" "stable_size" (func (result i32))) (memory i64 1))')).toMatch(/not exported by the runtime/);
    expect(text('(module (import "x" "g" (global i32)))')).toBe(
      "Wasm module has an invalid import section. Importing globals is not allowed.",
    );
    expect(text('(module (import "x" "table" (table 1 funcref)))')).toBe(
      "Wasm module has an invalid import section. Only tables imported from env.table are allowed.",
    );
    expect(text('(module (import "x" "memory" (memory 1)))')).toBe(
      "Wasm module has an invalid import section. Only memory imported from env.memory is allowed.",
    );
  });

  test("imports that validate and cannot be linked are an engine error", () => {
    for (const source of ['(module (import "env" "memory" (memory 1)))', '(module (import "env" "table" (table 1 funcref)))']) {
      expect(refusal(source)).toMatchObject({
        kind: "engine",
        description: expect.stringMatching(/^Failed to instantiate module: unknown import/) as string,
      });
    }
  });

  test("exports", () => {
    expect(text('(module (func (export "canister_foo")))')).toBe(
      "Wasm module has an invalid export section. Exporting reserved function 'canister_foo' with \"canister_\" prefix",
    );
    expect(text('(module (func (export "canister_update")))')).toMatch(/reserved function 'canister_update'/);
    expect(text('(module (memory (export "stable_memory") 1))')).toBe(
      "Wasm module has an invalid export section. Exporting reserved symbol stable_memory not allowed.",
    );
    expect(text('(module (func (export "canister_start")))')).toMatch(/Exporting reserved symbol canister_start not allowed/);
    expect(text('(module (func (export "canister_update a")) (func (export "canister_query a")))')).toBe(
      "Duplicate function 'a' exported multiple times with different call types: update, query, or composite_query.",
    );
    expect(text('(module (func (export "canister_update a") (param i32)))')).toBe(
      "Wasm module has an invalid function signature. Expected input params [] for 'canister_update a', got [I32].",
    );
    expect(text('(module (func (export "canister_init") (result i64) i64.const 0))')).toBe(
      "Wasm module has an invalid function signature. Expected return type [] for 'canister_init', got [I64].",
    );
    // Only functions are looked at; names may be empty or hold spaces; other functions may have any name and type.
    const { info } = accepted(
      '(module (global (export "canister_x") i32 (i32.const 0)) (func (export "canister_update a b")) (func (export "canister_query ")) (func (export "x") (param i32)) (func (export "canister_heartbeat")))',
    );
    expect(info.methods).toEqual(new Map([["a b", "update"], ["", "query"]])); // prettier-ignore
    expect(info.systemExports).toEqual(new Set(["canister_heartbeat"]));
  });

  test("numbers and names of exports", () => {
    const many = (n: number, name: (i: number) => string): string =>
      `(module (func $f) ${Array.from({ length: n }, (_, i) => `(export "canister_query ${name(i)}" (func $f))`).join(" ")})`;
    accepted(many(1000, (i) => String(i)));
    expect(text(many(1001, (i) => String(i)))).toBe(
      "The number of exported functions called `canister_update <name>`, `canister_query <name>`, or `canister_composite_query <name>` is 1001 which exceeds 1000.",
    );
    const long = (n: number): string => many(10, (i) => String(i) + "\\c3\\a9".repeat((n - 1) / 2));
    accepted(long(2000 - 1));
    expect(text(long(2001))).toBe(
      "The sum of `<name>` lengths in exported functions called `canister_update <name>`, `canister_query <name>`, or `canister_composite_query <name>` is 20010 which exceeds the allowed limit of 20000.",
    );
  });

  test("tables, globals, functions, memory", () => {
    expect(text("(module (table 1 externref))")).toBe(
      "Wasm module has an invalid table section. Table element type must be funcref, got externref",
    );
    expect(refusal("(module (table 1 funcref) (table 1 funcref))")).toMatchObject({ kind: "engine" });
    accepted("(module (table 1000000 funcref))");
    expect(refusal("(module (table 1000001 funcref))")).toMatchObject({ kind: "engine" });
    expect(refusal("(module (table 1 funcref) (elem (i32.const 1) $f) (func $f))")).toMatchObject({ kind: "engine" });
    const globals = (n: number): string => `(module ${"(global i32 (i32.const 0))".repeat(n)})`;
    accepted(globals(1000));
    expect(text(globals(1001))).toBe("Wasm module defined 1001 globals which exceeds the maximum number allowed 1000.");
    expect(text("(module (global funcref (ref.null func)))")).toMatch(
      /^Wasm module has an invalid global section\. Unsupported global type: /,
    );
    const functions = (n: number): string => `(module ${"(func)".repeat(n)})`;
    accepted(functions(50_000));
    expect(text(functions(50_001))).toBe("Wasm module defined 50001 functions which exceeds the maximum number allowed 50000.");
    expect(text("(module (memory i64 98305))")).toBe(
      "Wasm module declares an initial Wasm64 heap memory size of 98305 pages which exceeds the maximum allowed size of 98304 pages.",
    );
    expect(refusal("(module (memory 65521))")).toMatchObject({
      kind: "engine",
      description: expect.stringMatching(/Cannery's largest heap is 65520 pages/) as string,
    });
    accepted("(module (memory 65520))");
  });

  test("function bodies: table writes, complexity, size, in the order of functions", () => {
    const table = "(table 1 funcref) (elem $e func)";
    const writes: Readonly<Record<string, string>> = {
      "table.set": "i32.const 0 ref.null func table.set 0",
      "table.grow": "ref.null func i32.const 0 table.grow 0 drop",
      "table.fill": "i32.const 0 ref.null func i32.const 0 table.fill 0",
      "table.copy": "i32.const 0 i32.const 0 i32.const 0 table.copy 0 0",
      "table.init": "i32.const 0 i32.const 0 i32.const 0 table.init $e",
    };
    for (const [name, body] of Object.entries(writes)) {
      expect(text(`(module ${table} (func) (func ${body}))`)).toBe(
        `Wasm module contains a function at index 1 with unsupported instruction ${name}.`,
      );
    }
    const body = (n: number): string => `(module (import "ic0" "msg_reply" (func)) (func) (func ${"block end ".repeat(n)}))`;
    // block 50 and end 1 each, and the last end.
    accepted(body(19607));
    expect(text(body(19608))).toBe(
      "Wasm module contains a function at index 2 with complexity 1000009 which exceeds the maximum complexity allowed 1000000.",
    );
    const nops = (n: number): Uint8Array => withFunction(new Uint8Array(n + 2).fill(0x01, 1, n + 1).fill(0x0b, n + 1));
    accepted(nops(999_999));
    // Complexity comes first, and counts 1 for the end as well.
    expect(text(nops(1_000_000))).toBe(
      "Wasm module contains a function at index 0 with complexity 1000001 which exceeds the maximum complexity allowed 1000000.",
    );
  });

  test("functions that leave no room for rewriting are refused by name, those with the most that is possible compile", () => {
    const params = (n: number): string => `(module (func (param ${"i32 ".repeat(n)})))`;
    const results = (n: number): string => `(module (func (result ${"i32 ".repeat(n)}) ${"i32.const 0 ".repeat(n)}))`;
    const locals = (n: number): string =>
      `(module (memory 1) (func (local ${"i64 ".repeat(n)}) local.get ${n - 1} drop i32.const 0 f64.const 0 f64.store i32.const 0 f32.const 1 f32.sqrt f32.store call 0))`;
    for (const [most, what, source] of [
      [998, "parameters", params],
      [999, "results", results],
      [49984, "locals", locals],
    ] as const) {
      for (const variant of ["fast", "exact"] as const) accepted(source(most)).compiled(variant, "own");
      expect(refusal(source(most + 1))).toMatchObject({
        kind: "engine",
        description: expect.stringMatching(`Cannery needs room to rewrite a module: .*${most + 1} ${what}`) as string,
      });
    }
  });

  test("the code section's size comes before everything else", () => {
    const out = new ByteWriter();
    out.copy(EMPTY);
    const code = new ByteWriter();
    code.copy(new Uint8Array(12 * 1024 * 1024 + 1));
    out.section(10, code);
    expect(text(out.done())).toBe("Wasm module code section size of 12582913 exceeds the maximum allowed size of 12582912.");
  });

  test("custom sections", () => {
    const wrong = "Wasm module has an invalid custom section. ";
    expect(text(withSections(["icp:public", 1]))).toBe(`${wrong}'icp:' section names must have a space after the public/private scope`);
    expect(text(withSections(["icp:secret x", 1]))).toBe(
      `${wrong}Invalid custom section: Custom section 'icp:secret x' has no public/private scope defined.`,
    );
    expect(text(withSections(["icp:public x", 1], ["icp:private x", 1]))).toBe(`${wrong}Invalid custom section: name x already exists`);
    expect(text(withSections(["icp:public abc", 1024 * 1024 - 2]))).toBe(
      `${wrong}Invalid custom sections: total size of the custom sections exceeds the maximum allowed: size 1048577 bytes, allowed 1048576 bytes`,
    );
    const many = (n: number): Uint8Array => withSections(...Array.from({ length: n }, (_, i) => [`icp:public ${i}`, 1] as const));
    expect(text(many(17))).toBe("Wasm module defined 17 custom sections which exceeds the maximum number allowed 16.");
    const { info } = accepted(withSections(["icp:public ", 3], ["icp:private b c", 2], ["other", 9], ["icp:public aaa", 1024 * 1024 - 11]));
    expect(info.customSections.map(({ visibility, name, content }) => [visibility, name, content.length])).toEqual([
      ["public", "", 3], ["public", "aaa", 1048565], ["private", "b c", 2],
    ]); // prettier-ignore
  });

  test("data segments are checked last, as an instrumentation error", () => {
    expect(refusal('(module (memory 1) (data (i32.const 65530) "seven b"))')).toMatchObject({
      kind: "instrumentation",
      description: "Wasm module has invalid data segment of 7 bytes at 65530",
    });
    expect(refusal('(module (memory i64 1) (data (i64.const -1) "x"))')).toMatchObject({ kind: "instrumentation" });
    const { info } = accepted('(module (memory 1) (data (i32.const 65529) "seven b") (data "passive") (data (i32.const 0) ""))');
    expect(info.dataSegments.map(({ offset, bytes }) => [offset, bytes.length])).toEqual([[65529, 7], [0, 0]]); // prettier-ignore
  });

  test("which error wins: imports before exports before globals before bodies before custom sections before data", () => {
    const parts = {
      imports: '(import "x" "g" (global i32))',
      exports: '(func (export "canister_foo"))',
      table: "(table 1 externref)",
      body: "(func (param funcref i32) local.get 1 local.get 0 table.set $t) (table $t 1 funcref)",
      data: '(memory 1) (data (i32.const 65536) "x")',
    };
    const order = Object.values(parts);
    const expected = [/Importing globals/, /reserved function/, /Table element type/, /unsupported instruction/, /invalid data segment/];
    for (let i = 0; i < order.length; i++) expect(text(`(module ${order.slice(i).join(" ")})`)).toMatch(expected[i]!);
  });
});

describe("what is known of a module", () => {
  test("memory, globals, names", () => {
    const source = `(module (memory 2 300) (import "ic0" "msg_reply" (func $reply)) (func $first) (func $second)
      (global $a (export "a") i32 (i32.const 1)) (global $b (mut i64) (i64.const -5)) (global $c i32 (i32.const 2)))`.replace(
      /(\(memory[^)]*\)) (\(import.*?\)\))/,
      "$2 $1",
    );
    const { info } = accepted(wat(source, { names: true }));
    expect(info).toMatchObject({
      wasm64: false,
      hasMemory: true,
      initialPages: 2,
      maximumPages: 300,
      declaredMaximumPages: 300,
      visibleGlobals: [
        { type: "i32", offset: null, initial: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0) },
        { type: "i64", offset: 0, initial: Uint8Array.of(0xfb, 255, 255, 255, 255, 255, 255, 255) },
      ],
      countedGlobals: 2,
      hasTable: false,
      hasStart: false,
    });
    // One import, three of ours, then the user's functions.
    expect(info.functionNames).toEqual(new Map([[4, "first"], [5, "second"]])); // prettier-ignore
    expect(accepted("(module (memory 1))").info).toMatchObject({ maximumPages: 65520, declaredMaximumPages: 65536 });
    expect(accepted("(module (memory i64 1))").info).toMatchObject({ wasm64: true, maximumPages: 65520, declaredMaximumPages: 98304 });
    expect(accepted("(module (table i64 1 funcref) (memory 1))").info).toMatchObject({ wasm64: false, hasTable: true });
    expect(accepted("(module)").info).toMatchObject({ hasMemory: false, initialPages: 0, maximumPages: 0 });
  });

  test("a broken name section is ignored", () => {
    for (const content of [[], [1], [1, 200], [1, 5, 1, 0, 3, 65, 66], [1, 4, 255, 255, 255, 255], [9, 9, 9]]) {
      const section = new ByteWriter();
      section.name("name");
      section.copy(Uint8Array.from(content));
      const out = new ByteWriter();
      out.copy(EMPTY);
      out.section(0, section);
      expect(accepted(out.done()).info.functionNames.size).toBe(0);
    }
  });

  test("Motoko's old modules reserve pages", () => {
    const helper = '(func (export "canister_update __motoko_async_helper"))';
    expect(accepted(`(module (memory 1) ${helper})`).info.legacyMotokoReserve).toBe(true);
    expect(accepted(`(module (memory i64 1) ${helper})`).info.legacyMotokoReserve).toBe(false);
    expect(accepted("(module (memory 1))").info.legacyMotokoReserve).toBe(false);
  });

  test("the compilation charge counts the replica's instrumented module", () => {
    // Helpers 20 + 46, three globals of 2; nothing else.
    const base = 72;
    expect(accepted("(module)").info.compilationInstructions).toBe(base);
    // nop, end; 10 for the checked entry.
    expect(accepted("(module (func nop))").info.compilationInstructions).toBe(base + 2 + 10);
    // local.get if const else const end end: 7; entry 10, arms 4 each, nothing after the inner end.
    expect(
      accepted("(module (func (param i32) (result i32) local.get 0 if (result i32) i32.const 1 else i32.const 2 end))").info
        .compilationInstructions,
    ).toBe(base + 7 + 10 + 8);
    // loop end end and a global: entry and loop are checked; memory.grow becomes four.
    expect(accepted("(module (global i32 (i32.const 1)) (func loop end))").info.compilationInstructions).toBe(base + 2 + 3 + 20);
    expect(accepted("(module (memory 1) (func i32.const 1 memory.grow drop))").info.compilationInstructions).toBe(base + 4 + 3 + 10);
    expect(accepted("(module (memory 1) (func i32.const 1 i32.const 1 i32.const 1 memory.fill))").info.compilationInstructions).toBe(
      base + 5 + 3 + 10,
    );
    expect(accepted("(module (memory i64 1) (func i64.const 1 i32.const 1 i64.const 1 memory.fill))").info.compilationInstructions).toBe(
      base + 5 + 1 + 10,
    );
    expect(
      accepted('(module (import "ic0" "stable64_size" (func (result i64))) (import "ic0" "stable64_read" (func (param i64 i64 i64))))').info
        .compilationInstructions,
    ).toBe(base + 2 + 119);
  });
});

describe("the cache in memory", () => {
  test("gives the same module for the same bytes, and keeps the most recent", () => {
    const cache = new ModuleCache({ capacity: 2 });
    const bytes = [1, 2, 3].map((n) => wat(`(module (memory ${n}))`));
    const prepare = (i: number): PreparedModule | ModuleRefusal => prepareModule(bytes[i]!.slice(), nodePlatform, cache);
    const first = prepare(0);
    prepare(1);
    expect(prepare(0)).toBe(first);
    prepare(2);
    expect(prepare(0)).toBe(first);
    expect(cache.get(Buffer.from(nodePlatform.sha256(bytes[1]!)).toString("hex"))).toBeNull();
  });
});
