/**
 * Exploration finds what the ordinary schedule does not show, in programs that are not changed for it.
 */
import { expect, test } from "vitest";
import { withdrawals } from "./bank.ts";

test("the double spend of the unguarded bank is found, and shrunk to the choice that makes it", async () => {
  const { counterexample } = await withdrawals("withdrawUnsafe").run();
  expect(counterexample!.failure).toMatchObject({ kind: "invariant", name: "nobody is paid what was not there" });
  expect(counterexample!.deviations).toEqual([{ kind: "pick", concerns: "pick second", nth: 0, chose: "1: at once" }]);
  expect(counterexample!.text).toContain("1: at once");
  expect(counterexample!.diagram).toContain("withdrawUnsafe(60");
});

test("the guarded bank stands", async () => {
  const result = await withdrawals("withdraw").run();
  expect(result.counterexample?.text ?? null).toBe(null);
  expect(result.orders).toBeGreaterThan(3);
  expect(result.runs).toBe(101);
});

test("awaiting an exploration throws what failed; its seed repeats it, its deviations are a regression test", async () => {
  const unsafe = withdrawals("withdrawUnsafe");
  await expect(unsafe).rejects.toMatchObject({ code: "exploration-failed" });
  const { counterexample } = await unsafe.run();
  const again = await unsafe.run({ seed: counterexample!.seed, runs: 1 });
  expect(again.counterexample!.deviations).toEqual(counterexample!.deviations);
  await expect(unsafe.regress(counterexample!.deviations)).rejects.toMatchObject({ code: "exploration-failed" });
  expect(await withdrawals("withdraw").regress(counterexample!.deviations)).toEqual({ unused: [] });
});
