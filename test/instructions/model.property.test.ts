/**
 * Random modules in three ways: the fast variant, the exact one, and the platform's instrumentation as `replica-metering.ts` writes it down.
 * The counter must be the same at every moment it can be seen, wherever a message ends.
 */
import { setFlagsFromString } from "node:v8";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decode } from "../../src/core/wasm/decode.ts";
import type { PreparedModule } from "../../src/core/wasm/module-info.ts";
import { validateFunctions } from "../../src/core/wasm/measure.ts";
import { randomModule } from "../support/random-module.ts";
import { meteredAsThePlatform } from "../support/replica-metering.ts";
import { attempt, ended, OutOfInstructions, prepared, Subject } from "../support/rewritten.ts";
import { wat } from "../support/wat.ts";

// The model of a wasm64 module is wasm64: Node 20 runs it behind this flag, newer ones without.
if (!isMemory64Known()) setFlagsFromString("--experimental-wasm-memory64");

function isMemory64Known(): boolean {
  return WebAssembly.validate(wat("(module (memory i64 1))", { check: false }) as Uint8Array<ArrayBuffer>);
}

interface Counted {
  /** How the run ended. */
  readonly ending: string;
  /** The counter each time it was found negative. */
  readonly seen: readonly bigint[];
  /** The counter at the end; `null` where it is stale. */
  readonly counter: bigint | null;
}

/** What the handler does with a counter it finds negative: refills it, or ends the run. */
type Handler = (counter: { value: bigint }, seen: bigint[]) => void;

const stop: Handler = (counter, seen) => {
  seen.push(counter.value);
  throw new OutOfInstructions();
};

/** Small slices, each paying for the overrun of the last; larger ones after a large overrun, and not without end. */
function slicesOf(slice: number): Handler {
  return (counter, seen) => {
    seen.push(counter.value);
    if (seen.length > 300) throw new OutOfInstructions();
    counter.value += BigInt(slice) + 200_000n * (counter.value < -100_000n ? 1n : 0n);
    if (counter.value < 0n) counter.value = 0n;
  };
}

/** A module of a seed, whose runs all begin from the same state. */
class Program {
  readonly bytes: Uint8Array;
  private readonly module: PreparedModule;
  private readonly metered: WebAssembly.Module;

  constructor(seed: number, wide: boolean) {
    this.bytes = wat(randomModule(seed, { hideNaN: true, wide, wideTable: false }), { check: false });
    this.module = prepared(this.bytes);
    this.metered = new WebAssembly.Module(meteredAsThePlatform(this.bytes) as Uint8Array<ArrayBuffer>);
  }

  /** The one departure (`tail-positions.ts`): what follows a call through the table in tail position is charged before it. */
  get departs(): boolean {
    return [...validateFunctions(decode(this.bytes)).tailCalls.values()].some((weight) => weight > 0);
  }

  model(limit: number, handler: Handler): Counted {
    const seen: bigint[] = [];
    const instance = new WebAssembly.Instance(this.metered, { host: { out: () => handler(counter, seen) } });
    const counter = instance.exports["counter"] as unknown as { value: bigint };
    counter.value = BigInt(limit);
    const ending = attempt(() => (instance.exports["canister_update run"] as () => void)());
    return { ending, seen, counter: counter.value };
  }

  ours(variant: "fast" | "exact", limit: number, handler: Handler): Counted {
    const seen: bigint[] = [];
    const subject = new Subject(this.module, variant, (counter) => handler(counter, seen));
    const ran = subject.run("run", { limit });
    const stale = variant === "fast" && ran.ending.kind === "trap";
    return { ending: ended(ran.ending), seen, counter: stale ? null : subject.instance.counter.value };
  }

  /** Runs in all three ways, which must agree, and returns what the model says. */
  agree(limit: number, handler: Handler): Counted {
    const model = this.model(limit, handler);
    expect(this.ours("exact", limit, handler)).toEqual(model);
    const fast = this.ours("fast", limit, handler);
    expect(fast).toEqual({ ...model, counter: fast.counter === null ? null : model.counter });
    return model;
  }
}

const ENOUGH = 300_000;

describe("fast = exact = model [replica: metering of blocks]", () => {
  for (const wide of [false, true]) {
    const name = `wasm${wide ? 64 : 32}`;

    test(`${name}: whatever a message is given, it ends at the same place with the same count`, () => {
      fc.assert(
        fc.property(fc.integer(), fc.array(fc.nat(), { minLength: 5, maxLength: 5 }), (seed, samples) => {
          const program = new Program(seed, wide);
          fc.pre(!program.departs);
          const whole = program.agree(ENOUGH, stop);
          const used = ENOUGH - Number(whole.counter);
          for (const limit of new Set([0, 1, used - 1, used, used + 1, ...samples.map((sample) => sample % (used + 1))])) {
            const { ending, seen, counter } = program.agree(Math.max(limit, 0), stop);
            // A limit that is enough changes nothing; one that is not may still be noticed too late.
            if (limit >= used && whole.ending !== "out of instructions") expect(ending).toBe(whole.ending);
            if (ending === "out of instructions") expect(seen).toEqual([counter]);
          }
        }),
        { numRuns: 40 },
      );
    });

    test(`${name}: in slices of any size the counter is the platform's at every check that finds it negative`, () => {
      fc.assert(
        fc.property(fc.integer(), fc.integer({ min: 1, max: 400 }), (seed, slice) => {
          const program = new Program(seed, wide);
          fc.pre(!program.departs);
          program.agree(slice, slicesOf(slice));
        }),
        { numRuns: 80 },
      );
    });
  }

  test("the programs end in many ways", () => {
    const endings = new Set<string>();
    for (let seed = 0; seed < 120; seed++) endings.add(new Program(seed, false).model(50_000, stop).ending);
    for (const ending of ["returned", "out of instructions", "heap out of bounds", "null or wrong signature"])
      expect(endings).toContain(ending);
    expect(endings.size).toBeGreaterThan(5);
  });
});
