/** As many random programs as fit three minutes: see `test/rules/random-programs.test.ts`. */
import { expect, test } from "vitest";
import { fuzzPrograms } from "../support/fuzz-programs.ts";

test("many random programs, operators and schedules are lawful", () => {
  const seed = Date.now() % 2 ** 31;
  const { runs, failures } = fuzzPrograms({ seed, runs: 100_000, timeMillis: 180_000 });
  console.log(`random programs: ${runs} runs, seed ${seed}`);
  for (const { path, message, run } of failures) {
    throw new Error(`${message}\n${run}\nTo repeat it: npm run fuzz -- programs --seed ${seed} --path ${path}`);
  }
  expect(runs).toBeGreaterThan(100);
});
