/**
 * Which messages are late.
 */
import { expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import type { Choice } from "../../core/schedule/schedule.ts";
import { late } from "./late.ts";
import { WEATHERS } from "./weather.ts";

const [CANISTER, CALLEE] = ["0a", "0b"];
const MESSAGES = 100;
const RUNS = 1000n;

function choiceOf(method: string, tag: number): Choice {
  const candidates = [{ message: "response", from: CALLEE, to: CANISTER, method, tag }];
  return { kind: "message", canister: CANISTER, candidates } as unknown as Choice;
}

/** In how many runs the answer to the only call of `once` is late, among many to others. */
function timesLate(by: "place" | "kind"): number {
  const counts = new Map([["message", MESSAGES]] as const);
  let times = 0;
  for (let seed = 0n; seed < RUNS; seed++) {
    const schedule = late(2, by).begin({ prng: Prng.fromSeed(seed), weather: WEATHERS.calm, counts });
    for (let i = 0; i < MESSAGES; i++) {
      const isOnce = i === MESSAGES / 2;
      const option = schedule.choose(choiceOf(isOnce ? "once" : "often", i), 2);
      if (isOnce) times += option;
    }
  }
  return times;
}

test("a call that is made once is late as often as one of its kind among many only where messages are chosen by kind", () => {
  expect(timesLate("place")).toBeLessThan(30);
  expect(timesLate("kind")).toBeGreaterThan(60);
});
