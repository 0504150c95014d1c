import { expect, test } from "vitest";
import { SCENARIOS } from "./scenarios.ts";

for (const [name, run] of Object.entries(SCENARIOS)) {
  test(`the same seed and inputs give the same digest: ${name}`, async () => {
    const first = await run();
    expect(await run()).toBe(first);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
  });
}

test("another order of messages gives another digest", async () => {
  expect(await SCENARIOS["parallel calls, any order"]!()).not.toBe(await SCENARIOS["parallel calls"]!());
});
