import { expect, test } from "vitest";
import type { Deviation } from "../core/schedule/recorder.ts";
import { hurried, shrink } from "./shrink.ts";

const hold = (nth: number): Deviation => ({ kind: "message", concerns: "message at 00", nth, chose: "none" });
const turn = (nth: number, rounds: number): Deviation => ({ kind: "turn", concerns: "turn", nth, chose: `${rounds} rounds` });

test("none of what is left can be left out", async () => {
  const all = Array.from({ length: 40 }, (_, i) => i);
  const { deviations } = await shrink(all, async (some) => some.includes(3) && some.includes(17) && some.includes(39), 2_000);
  expect(deviations).toEqual([3, 17, 39]);
});

test("a body that waits for rounds is tried without, and messages with fewer rounds to be held for", () => {
  const found = [hold(0), turn(0, 4), hold(1), hold(2), turn(1, 0), hold(3)];
  expect([...hurried(found)]).toEqual([
    [hold(0), turn(0, 0), hold(1), hold(2), turn(1, 0), hold(3)],
    [hold(0), turn(0, 0), hold(1), turn(1, 0)],
    [hold(0), turn(0, 0), turn(1, 0)],
  ]);
  expect([...hurried([hold(0), turn(1, 0)])]).toEqual([]);
});
