import { expect, test } from "vitest";
import { puppets } from "./puppets.ts";
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

/** Every machine and engine must come to these. They change with the rules, with the format of digests and with the puppet's code: then take the new ones over. */
const PINNED = ["f5c3ff242260563a", "a7e605ea3010b559", "e436a4fb346d80de", "e25f53b80c6d2b49"];

test("the digests of a fixed run are those of all other machines, whether Wasm instances are kept or dropped", () => {
  for (const dropInstances of [false, true]) expect(puppets(dropInstances).map((digest) => digest.slice(0, 16))).toEqual(PINNED);
});
