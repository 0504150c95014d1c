/** Damaged run files, in numbers: none of them ends in anything but a sentence. */
import { expect, test } from "vitest";
import { replay, type RunFile } from "../../src/index.ts";
import { withdrawals } from "../explore/bank.ts";
import { mutatedRun, outcomeOf } from "../explore/mutated-run.ts";

test("a thousand damaged run files are replayed, or refused with what is wrong", async () => {
  const { counterexample } = await withdrawals("withdrawUnsafe").run();
  const file = JSON.parse(JSON.stringify(counterexample!.run)) as RunFile;
  const refused = new Map<string | null, number>();
  for (let seed = 0; seed < 1_000; seed++) {
    const outcome = outcomeOf(() => {
      const run = replay(mutatedRun(file, seed));
      run.draw();
      run.to(0);
    });
    refused.set(outcome, (refused.get(outcome) ?? 0) + 1);
  }
  for (const code of ["bad-run-file", "no-run-file", "other-version", "replay-differs", "replay-broke-off", "unknown-kind"])
    expect(refused.get(code), code).toBeGreaterThan(0);
});
