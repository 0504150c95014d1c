/**
 * The programs of `examples/bugs` that are written in TypeScript, built with Azle: exploration knows nothing of the language, so it finds in them what it
 * finds in Motoko.
 */
import { randomInt } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { azleNames, explorationOf } from "../../examples/bugs/programs.ts";
import { replay } from "../../src/index.ts";
import { compileAzleBugs } from "../azle/bugs.ts";

const SEED = randomInt(2 ** 31);

beforeAll(compileAzleBugs);

describe(`with seed ${SEED}`, () => {
  test.each(azleNames())("%s is found, repeats to the same digest, and its choices do not break the correct version", async (name) => {
    const { exploration } = await explorationOf(name, "buggy");
    const { counterexample, runs } = await exploration.run({ seed: SEED, runs: 2_000 });
    expect(counterexample, `not found in ${runs} runs from seed ${SEED}`).not.toBeNull();
    const file: unknown = JSON.parse(JSON.stringify(counterexample!.run));
    for (let again = 0; again < 2; again++) expect(replay(file).failure?.message).toBe(counterexample!.failure.message);
    const { exploration: correct } = await explorationOf(name, "correct");
    await correct.regress(counterexample!.deviations);
    expect((await correct.run({ seed: SEED, runs: 300 })).counterexample?.text).toBeUndefined();
  });
});

test.each(azleNames())("fifty runs of the ordinary schedule, each of a network with another seed, find nothing in %s", async (name) => {
  for (let seed = 0; seed < 50; seed++) {
    const { exploration } = await explorationOf(name, "buggy", seed);
    await exploration.regress([]);
  }
});
