import { expect, test } from "vitest";
import type { Deviation } from "../core/schedule/recorder.ts";
import { choiceLines } from "./counterexample.ts";

const NAMES = new Map([["ffffffffffe000020101", "cache"]]);
const nameOf = (id: string): string => NAMES.get(id) ?? id;
const waits = (nth: number): Deviation => ({ kind: "message", concerns: "message at ffffffffffe000020101", nth, chose: "none" });

test("choices of one kind, one after the other, are one line", () => {
  const first: Deviation = { ...waits(7), chose: "request ffffffffffe000020101 ffffffffffe000020101 next" };
  expect(choiceLines([waits(0), waits(2), waits(3), waits(4), waits(5), first, waits(8), waits(9)], nameOf)).toEqual([
    "  - which message cache takes next: none yet, they wait",
    "  - which message cache takes next, the 3rd to 6th time: none yet, they wait",
    "  - which message cache takes next, the 8th time: first cache's call of cache.next",
    "  - which message cache takes next, the 9th and 10th time: none yet, they wait",
  ]);
});

test("what travels longer, and when the body goes on", () => {
  const hop: Deviation = { kind: "hop", concerns: "hop ffffffffffe000020101 to ffffffffffe000020202", nth: 0, chose: "1 more rounds" };
  const turn: Deviation = { kind: "turn", concerns: "turn", nth: 1, chose: "4 rounds" };
  expect(choiceLines([hop, turn], nameOf)).toEqual([
    "  - what goes from cache to ffffffffffe000020202: it takes 1 more round",
    "  - when the body goes on, the 2nd time: it goes on after 4 rounds",
  ]);
});

test("choices that take turns are a line each", () => {
  const turn = (nth: number): Deviation => ({ kind: "turn", concerns: "turn", nth, chose: "0 rounds" });
  expect(choiceLines([waits(0), turn(0), waits(1), turn(1), waits(2)], nameOf)).toEqual([
    "  - which message cache takes next, the 1st to 3rd time: none yet, they wait",
    "  - when the body goes on, the 1st and 2nd time: it goes on at once",
  ]);
});

test("users are named, however short their principals, and the management canister by its text", () => {
  const first: Deviation = { ...waits(0), chose: "ingress 04 ffffffffffe000020101 take" };
  expect(choiceLines([first], (id) => (id === "04" ? "user" : nameOf(id)))).toEqual([
    "  - which message cache takes next: first user's call of cache.take",
  ]);
  const random: Deviation = { ...waits(0), chose: "response aaaaa-aa ffffffffffe000020101 raw_rand" };
  expect(choiceLines([random], nameOf)).toEqual(["  - which message cache takes next: first the answer of aaaaa-aa to cache, raw_rand"]);
});
