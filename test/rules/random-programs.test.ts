/**
 * Random programs on canisters of two subnets, random operators, random schedules: whatever happens, every law holds (`play-programs.ts` says which). Every
 * time other ones; more of them with `npm run fuzz`.
 */
import { expect, test } from "vitest";
import { fuzzPrograms } from "../support/fuzz-programs.ts";

test("random programs, operators and schedules are lawful [abstract-behavior#invariants]", () => {
  const seed = Date.now() % 2 ** 31;
  const { runs, failures } = fuzzPrograms({ seed, runs: 80, timeMillis: 12_000 });
  console.log(`random programs: ${runs} runs, seed ${seed}`);
  for (const { path, message, run } of failures) {
    throw new Error(`${message}\n${run}\nTo repeat it: npm run fuzz -- programs --seed ${seed} --path ${path}`);
  }
  expect(runs).toBeGreaterThan(0);
});
