/** Damaged modules never crash, hang or surprise: each is refused with a reason, or compiles and runs. More of them: `npm run fuzz -- modules`. */
import { describe, expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { nodePlatform } from "../../src/host/platform-node.ts";
import { isRefusal, prepareModule } from "../../src/core/wasm/prepare.ts";
import { fuzzModules } from "../support/fuzz-modules.ts";
import { mutateModule } from "../support/mutate-module.ts";
import { puppet } from "../support/puppet.ts";

/** A new one every day, so that CI sees others; printed with each failure. */
const SEED = BigInt(process.env["CANNERY_FUZZ_SEED"] ?? Math.floor(Date.now() / 86_400_000));

describe("damaged modules", () => {
  test(`3,000 of seed ${SEED}`, () => {
    const { runs, accepted, failures } = fuzzModules({ seed: SEED, runs: 3000 });
    expect({ runs, failures, seed: SEED }).toEqual({ runs: 3000, failures: [], seed: SEED });
    // Some damage does no harm; where all or nothing is refused, nothing was tried.
    expect(accepted).toBeGreaterThan(50);
    expect(accepted).toBeLessThan(2000);
  });

  test("a run repeats by its number", () => {
    const all = fuzzModules({ seed: 5, runs: 30 });
    const single = Array.from({ length: 30 }, (_, first) => fuzzModules({ seed: 5, runs: 1, first }));
    expect(single.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(all.accepted);
  });

  test("the same generator gives the same damage", () => {
    const [left, right] = [1, 1].map((seed) => mutateModule(puppet(), Prng.fromSeed(BigInt(seed))));
    expect(left).toEqual(right);
    expect(left).not.toEqual(puppet());
  });

  test("cut anywhere, a module is refused or has lost whole sections", () => {
    const whole = puppet();
    for (let length = 0; length < whole.length; length += 1 + (length >> 6)) {
      const result = prepareModule(whole.slice(0, length), nodePlatform);
      if (isRefusal(result)) expect(result).toMatchObject({ kind: "invalid" });
      else expect(result.info.methods.size).toBe(0);
    }
  });
});
