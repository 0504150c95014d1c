/**
 * What `install_code` is charged for making a module: 20 M, and 6,000 for each instruction of the module as the platform instruments it, all of
 * its functions and helpers included. The sums count that module's instructions one by one.
 */
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decode } from "../../src/core/wasm/decode.ts";
import { validateFunctions } from "../../src/core/wasm/measure.ts";
import { ManagementWorld } from "../support/management-world.ts";
import { randomModule } from "../support/random-module.ts";
import { meteredAsThePlatform } from "../support/replica-metering.ts";
import { prepared } from "../support/rewritten.ts";
import { wat } from "../support/wat.ts";

const CREATION = 20_000_000;
const EACH = 6_000;
/** The function that charges bulk operations, and the one that counts clean pages of stable memory. */
const CHARGE = 20;
const CLEAN_PAGES = 46;
/** Three globals are added; each global is an initial value and an `end`. */
const GLOBALS = 3 * 2;
const ALWAYS = CHARGE + CLEAN_PAGES + GLOBALS;
/** get, const, sub, set; where a block may be entered again also get, const, lt, if, call, end. */
const BLOCK = 4;
const CHECKED = 10;

const net = new ManagementWorld();

/** Charged by a first installation that runs nothing. */
function charged(module: Uint8Array): number {
  const outcome = net.install(net.create({ amount: 10n ** 18n }), module);
  expect(outcome).toMatchObject({ kind: "answered", result: { kind: "reply" } });
  return (outcome as { instructions: number }).instructions;
}

describe("compilation [replica: compilation cost]", () => {
  const sums: readonly (readonly [what: string, module: string, instructions: number])[] = [
    ["nothing at all", "(module)", 0],
    ["an empty function is its end, and is checked", "(module (func))", 1 + CHECKED],
    ["a block of its own costs nothing to enter", "(module (func block nop end nop))", 5 + CHECKED + BLOCK],
    ["an end with nothing behind it is no block", "(module (func block nop end))", 4 + CHECKED],
    ["both arms of an if", "(module (func i32.const 1 if nop else nop end))", 6 + 1 + CHECKED + 2 * BLOCK],
    ["a loop is checked even if nothing is in it", "(module (func loop end))", 3 + 2 * CHECKED],
    ["code that is never reached is there all the same", "(module (func return nop nop))", 4 + CHECKED + BLOCK],
    ["a bulk operation: extend, call, wrap", "(module (memory 1) (func i32.const 0 i32.const 0 i32.const 0 memory.fill))", 5 + CHECKED + 3],
    ["in wasm64 the call alone", "(module (memory i64 1) (func i64.const 0 i32.const 0 i64.const 0 memory.fill))", 5 + CHECKED + 1],
    ["memory.grow becomes four instructions", "(module (memory 1) (func i32.const 0 memory.grow drop))", 4 + CHECKED + 3],
    ["globals", "(module (global i32 (i32.const 1)) (global (mut f64) (f64.const 1)))", 4],
    ["imports are none of it", '(module (import "ic0" "msg_reply" (func)) (import "ic0" "time" (func (result i64))))', 0],
    ["functions of stable memory are", '(module (import "ic0" "stable64_size" (func (result i64))) (import "ic0" "stable_grow" (func (param i32) (result i32))))', 2 + 24],
    ["tables and data are none of it", '(module (memory 1) (table 9 funcref) (data (i32.const 0) "many bytes"))', 0],
  ]; // prettier-ignore

  test.each(sums)("%s", (_, source, instructions) => {
    expect(charged(wat(source))).toBe(CREATION + EACH * (ALWAYS + instructions));
  });

  test("an instruction is one, however long it is written, and compression changes nothing", () => {
    const module = wat("(module (func i64.const -1 i64.const 9223372036854775807 drop drop))");
    const other = wat("(module (func i64.const 0 i64.const 1 drop drop))");
    const packed = new Uint8Array(gzipSync(module));
    expect(new Set([module, other, packed].map(charged))).toEqual(new Set([CREATION + EACH * (ALWAYS + 5 + CHECKED)]));
  });

  test("a module that is known on the subnet costs a hundredth of its compilation", () => {
    const module = wat('(module (func (export "canister_update x") nop nop nop))');
    const compilation = EACH * (ALWAYS + 4 + CHECKED);
    expect([charged(module), charged(module)]).toEqual([CREATION + compilation, CREATION + compilation / 100]);
  });

  test("a module that is refused costs 6,000 for each of its bytes", () => {
    const outcome = net.install(net.create({ amount: 10n ** 18n }), Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 99));
    expect(outcome).toMatchObject({ instructions: CREATION + EACH * 9 });
  });

  for (const wide of [false, true]) {
    test(`random modules of ${wide ? 64 : 32} bits: the instructions of the model's own output`, () => {
      fc.assert(
        fc.property(fc.integer(), (seed) => {
          const source = randomModule(seed, { wide, wideTable: false });
          const bytes = wat(source, { check: false });
          const metered = decode(meteredAsThePlatform(bytes));
          const functions = validateFunctions(metered).instructions.reduce((sum, count) => sum + count, 0);
          // The model has the charging function and one of the globals, and leaves memory.grow as it is.
          const growths = [...source.matchAll(/memory\.grow/g)].length;
          const expected = functions + 3 * growths + CLEAN_PAGES + 2 * (metered.globals.length + 2);
          expect(prepared(bytes).info.compilationInstructions).toBe(expected);
        }),
        { numRuns: 60 },
      );
    });
  }
});
