/**
 * What a schedule may choose, one kind of choice at a time: each outcome is one the platform allows.
 */
import { expect, test } from "vitest";
import type { Choice, Schedule } from "../../src/core/schedule/schedule.ts";
import { accept, append, appendInfo, call, note, passOn, program, reply, send } from "../support/puppet.ts";
import { Scenario, subnets } from "../support/scenario.ts";
import { allCycles } from "../support/all-cycles.ts";
import { principalText } from "../../src/core/state/principal.ts";

/** Answers some choices otherwise, and remembers all it was asked. */
class Chosen implements Schedule {
  readonly ordinary = false;
  readonly asked: Choice[] = [];
  private readonly answer: (choice: Choice, options: number) => number;

  constructor(answer: (choice: Choice, options: number) => number) {
    this.answer = answer;
  }

  choose(choice: Choice, options: number): number {
    this.asked.push(choice);
    return this.answer(choice, options);
  }
}

function far(answer: (choice: Choice, options: number) => number) {
  const schedule = new Chosen(answer);
  const scene = new Scenario(subnets(2), { schedule });
  return { scene, schedule, a: scene.puppet(), b: scene.puppet({ subnet: 1 }), c: scene.puppet() };
}

const losing = (choice: Choice): number => (choice.kind === "loseResponse" ? 1 : 0);
const rejecting = (choice: Choice): number => (choice.kind === "rejectRequest" ? 1 : 0);

test("a lost response: the callee has done its work, the caller learns at its deadline that the outcome is unknown [message-execution-properties#property-9]", () => {
  const { scene, a, b, c } = far(losing);
  for (const callee of [b, c]) {
    const total = allCycles(scene.net.state);
    const id = scene.start(a, call(callee, { arg: program(accept(300n), note("x"), reply()), timeout: 5, cycles: 1_000n, ...passOn }));
    scene.rounds(5);
    expect([scene.outcome(id), scene.journal(callee)]).toEqual(["processing", "x"]);
    scene.pass(6);
    scene.rounds();
    expect(scene.outcome(id)).toBe("-\x06Call deadline has expired.");
    expect(allCycles(scene.net.state)).toBe(total);
  }
});

test("responses of calls without deadline are never lost, nor is anybody asked [message-execution-properties#property-8]", () => {
  const { scene, schedule, a, b } = far(losing);
  expect(scene.run(a, call(b, { arg: reply("safe"), ...passOn }))).toBe("+safe");
  expect(schedule.asked.some(({ kind }) => kind === "loseResponse")).toBe(false);
});

test("a request the system rejects: transient, not executed, everything attached comes back [message-execution-properties#property-6]", () => {
  const { scene, a, b, c } = far(rejecting);
  for (const callee of [b, c, a]) {
    for (const timeout of [undefined, 30]) {
      const onReject = program(appendInfo("refunded"), passOn.onReject);
      const end = scene.run(a, call(callee, { arg: note("x"), cycles: 7n, timeout, onReject }));
      expect(end).toBe(`\x07${"\0".repeat(7)}-\x02Canister ${principalText(callee)} input queue is full`);
      expect(scene.journal(callee)).toBe("");
    }
  }
});

test("extra rounds on the way", () => {
  const extra = (rounds: number) => {
    const { scene, a, b } = far((choice) => (choice.kind === "hop" ? rounds : 0));
    const { round } = scene.net.state;
    expect(scene.run(a, call(b, { arg: reply("b"), ...passOn }))).toBe("+b");
    return scene.net.state.round - round;
  };
  expect([extra(0), extra(1), extra(3)]).toEqual([3, 5, 9]);
});

test("a message may wait for a later round, another sender's may come first", () => {
  const waits = far((choice, options) => (choice.kind === "message" && choice.candidates[0]!.method === "run" ? options - 1 : 0));
  const id = waits.scene.start(waits.a, reply("later"));
  waits.scene.rounds(3);
  expect(waits.scene.outcome(id)).toBe("received");

  const last = far((choice) => (choice.kind === "ingress" ? choice.candidates.length - 1 : 0));
  for (const letter of "abc") last.scene.start(last.a, program(note(letter), append(letter), send));
  last.scene.rounds();
  expect(last.scene.journal(last.a)).toBe("cba");
});

test("whichever canister goes first: the order of their answers differs, what they answer does not [message-execution-properties#property-4]", () => {
  const journal = (option: number) => {
    const { scene, a, c } = far((choice, options) => (choice.kind === "canister" ? Math.min(option, options - 1) : 0));
    const callee = scene.puppet();
    for (const [from, letter] of [
      [a, "a"],
      [c, "c"],
    ] as const)
      scene.start(from, program(call(callee, { arg: program(note(letter), reply()) }), reply()));
    scene.rounds();
    return scene.journal(callee);
  };
  // Messages move between canisters in the order of their ids: whose turn it was does not show.
  expect([journal(0), journal(1)]).toEqual(["ac", "ac"]);
});

test("what was chosen is a deviation, named by what it concerns", () => {
  const { scene, a, b } = far(losing);
  scene.start(a, call(b, { arg: reply(), timeout: 5 }));
  scene.rounds(4);
  expect(scene.net.deviations()).toEqual([{ kind: "loseResponse", concerns: `loseResponse response ${b} ${a} run`, nth: 0, chose: "1" }]);
});
