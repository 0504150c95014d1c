import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attempt, ended, prepared, Subject, type Ending } from "../../../test/support/rewritten.ts";
import { randomModule } from "../../../test/support/random-module.ts";
import { wat } from "../../../test/support/wat.ts";
import { wasmEngine } from "../../host/engine.ts";
import { PAGE_BYTES, SLACK_BYTES } from "./abi.ts";
import { decode } from "./decode.ts";
import { validateFunctions } from "./measure.ts";
import type { PreparedModule } from "./module-info.ts";
import { Positions } from "./positions.ts";
import { rewrite } from "./rewrite.ts";

const LIMIT = 300_000;
const seeds = fc.integer();
const runs = { numRuns: 150 };

interface Observed {
  readonly ending: Ending;
  readonly heap: Uint8Array;
  readonly globals: Uint8Array;
}

/** Runs twice, so that globals and memory of the first run matter to the second. */
function observe(subject: Subject): { observed: Observed[]; used: number[] } {
  const observed: Observed[] = [];
  const used: number[] = [];
  for (let i = 0; i < 2; i++) {
    const before = subject.heap.slice();
    subject.clearMarks();
    const ran = subject.run("run", { limit: LIMIT });
    const { ending } = ran;
    used.push(ending.kind === "returned" || subject.variant === "exact" ? ran.used : -1);
    expectMarked(subject, before);
    observed.push({
      ending: ending.kind === "trap" ? { ...ending, backtrace: [], code: trapKind(ending) } : ending,
      heap: subject.heap.slice(),
      globals: subject.globals(),
    });
  }
  return { observed, used };
}

/** The exact variant says more about a null table entry; everything else must be the same. */
function trapKind(ending: Ending & { kind: "trap" }): number {
  return ending.code === 3 || ending.trap === "null or wrong signature" ? 3 : ending.code;
}

/** Every page whose content changed is marked, or lies behind a marked one and differs in its first bytes alone. */
function expectMarked(subject: Subject, before: Uint8Array): void {
  const marked = new Set(subject.marked());
  const { heap } = subject;
  for (let at = 0; at < heap.length; at++) {
    if (heap[at] === (before[at] ?? 0)) continue;
    const page = Subject.page(at);
    if (!marked.has(page) && !(marked.has(page - 1) && at % PAGE_BYTES < SLACK_BYTES))
      throw new Error(`page ${page} changed at ${at} unmarked`);
  }
}

function comparable({ observed, used }: ReturnType<typeof observe>, withCounts = true): unknown {
  return {
    used: withCounts ? used : [],
    observed: observed.map(({ ending, heap, globals }) => [ended(ending), Buffer.from(heap).toString("base64"), globals]),
  };
}

interface NanStep {
  readonly to: number;
  readonly left: number;
  readonly right: number;
  readonly operation: number;
  readonly kept: boolean;
}

/** Six f64 locals that are infinite or zero to begin with, operations on them, and one local stored at the end. */
function nanProgram(steps: readonly NanStep[], stored: number): string {
  const operations = ["add", "sub", "mul", "div", "min", "copysign", "neg", "sqrt"];
  const lines = steps.map(({ to, left, right, operation, kept }) => {
    const unary = operation > 5;
    const value = `local.get ${left} ${unary ? "" : `local.get ${right}`} f64.${operations[operation]!}`;
    return kept
      ? `${value} local.set ${to}`
      : `${value} local.get ${right} f64.mul local.tee ${to} local.get ${left} f64.lt global.set $i32`;
  });
  return `(module (memory 1) (global $i32 (mut i32) (i32.const 0)) (func (export "canister_update run") (local f64 f64 f64 f64 f64 f64)
    f64.const inf local.set 0 f64.const -inf local.set 1
    ${lines.join("\n")} i32.const 8 local.get ${stored} f64.store)))`.replace(/\)\)\)$/, "))");
}

describe("random modules", () => {
  for (const wide of [false, true]) {
    test(`${wide ? "wasm64" : "wasm32"}: the fast variant does what the exact one does, and counts the same`, () => {
      fc.assert(
        fc.property(seeds, (seed) => {
          const module = prepared(wat(randomModule(seed, { wide }), { check: false }));
          const fast = observe(new Subject(module, "fast"));
          const exact = observe(new Subject(module, "exact"));
          fast.used.forEach((used, i) => {
            if (used >= 0) expect(used).toBe(exact.used[i]);
          });
          expect(comparable(fast, false)).toEqual(comparable(exact, false));
        }),
        runs,
      );
    });
  }

  test("NaNs that are left as they are cannot be seen: all made canonical, a module does the same", () => {
    const step = fc.record({ to: fc.nat(5), left: fc.nat(5), right: fc.nat(5), operation: fc.nat(7), kept: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), fc.nat(5), (steps, stored) => {
        const bytes = wat(nanProgram(steps, stored));
        const all = rewrite(decode(bytes), { ...validateFunctions(decode(bytes)), unseenNaNs: new Positions(bytes.length) }, "fast");
        const ours = prepared(bytes);
        const theirs: PreparedModule = { ...ours, info: ours.info, compiled: () => wasmEngine.compile(all) };
        expect(comparable(observe(new Subject(theirs, "fast")))).toEqual(comparable(observe(new Subject(ours, "fast"))));
      }),
      runs,
    );
  });

  test("the wasm64 twin does what the wasm32 one does", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const [narrow, wide] = [false, true].map((w) =>
          observe(new Subject(wat(randomModule(seed, { wide: w }), { check: false }), "fast")),
        );
        // Their counts differ, so only programs that met no limit compare.
        fc.pre([narrow!, wide!].every(({ observed }) => observed.every(({ ending }) => ending.kind !== "out of instructions")));
        expect(comparable(wide!, false)).toEqual(comparable(narrow!, false));
      }),
      runs,
    );
  });

  test("the engine's own run of the module gives the same", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const bytes = wat(randomModule(seed, { hideNaN: true }));
        const subject = new Subject(bytes, "fast");
        const own = observe(subject);
        fc.pre(own.observed.every(({ ending }) => ending.kind !== "out of instructions"));
        const raw = new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)).exports;
        const memory = raw["memory"] as WebAssembly.Memory;
        const comparableRuns = own.observed.some(({ ending }) => ending.kind === "trap") ? 1 : own.observed.length;
        for (let i = 0; i < comparableRuns; i++) {
          const ending = attempt(() => (raw["canister_update run"] as () => void)());
          // Dropped segments stay dropped in the raw instance, so only the first run compares where there was one.
          if (i > 0 && /data\.drop/.test(randomModule(seed, { hideNaN: true }))) return;
          expect(ending).toBe(ended(own.observed[i]!.ending));
          expect(Buffer.from(memory.buffer).equals(Buffer.from(own.observed[i]!.heap))).toBe(true);
          expect(rawGlobals(raw)).toEqual(ownGlobals(own.observed[i]!.globals));
        }
      }),
      runs,
    );
  });
});

/** i32, i64, f32, f64, in this order in the image, 8 bytes each; NaNs compare as equal. */
function ownGlobals(image: Uint8Array): unknown[] {
  const view = new DataView(image.buffer, image.byteOffset);
  return [view.getInt32(0, true), view.getBigInt64(8, true), view.getFloat32(16, true), view.getFloat64(24, true)];
}

function rawGlobals(exports: WebAssembly.Exports): unknown[] {
  return ["i32", "i64", "f32", "f64"].map((name) => (exports[name] as WebAssembly.Global).value as unknown);
}
