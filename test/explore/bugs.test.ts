/**
 * The programs of `examples/bugs`, each found by the default settings, from a fresh seed; what is found repeats, and does not fail where it is repaired.
 */
import { randomInt } from "node:crypto";
import { describe, expect, test } from "vitest";
import { bugNames, explorationOf } from "../../examples/bugs/programs.ts";
import { replay } from "../../src/index.ts";

const SEED = randomInt(2 ** 31);

test("there are seventeen kinds of bugs", () => {
  expect(bugNames().length).toBeGreaterThanOrEqual(17);
});

describe(`with seed ${SEED}`, () => {
  test.each(bugNames())("%s is found, repeats to the same digest, and its choices do not break the correct version", async (name) => {
    const { exploration } = await explorationOf(name, "buggy");
    const { counterexample, runs } = await exploration.run({ seed: SEED, runs: 2_000 });
    expect(counterexample, `not found in ${runs} runs from seed ${SEED}`).not.toBeNull();
    const file: unknown = JSON.parse(JSON.stringify(counterexample!.run));
    // Opening repeats the run, and refuses another digest.
    for (let again = 0; again < 2; again++) expect(replay(file).failure?.message).toBe(counterexample!.failure.message);
    // What a mock is told by the test's handler is an input, not a message that anybody sent.
    expect(replay(file).draw()).not.toContain("cannery_mock");
    await expect(exploration.regress(counterexample!.deviations)).rejects.toThrow(counterexample!.failure.message);
    const { exploration: repaired } = await explorationOf(name, "correct");
    await repaired.regress(counterexample!.deviations);
  });
});
