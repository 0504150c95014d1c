/**
 * One execution at a time, and what happens between two of them: reentrancy, calls to oneself, what a cleanup may use.
 *
 * Source: messaging.md 7.2, 7.3.
 */
import { describe, expect, test } from "vitest";
import { Scenario, subnets } from "../support/scenario.ts";
import { argument, call, journal, note, passOn, performanceCounter, plus, program, reply, spin, time, trap } from "../universal/program.ts";

/** A round of two slices. */
const slices = (instructions: number) => ({
  ...{ sliceInstructions: instructions, installCodeSliceInstructions: instructions, roundInstructions: 2 * instructions },
  ...{ messageInstructions: 100_000_000, messageOverheadInstructions: 0, canisterOverheadInstructions: 0 },
});

describe("between two executions [message-execution-properties#property-4]", () => {
  test("while a call is open others are executed, and its callback sees what they did [message-execution-properties#property-2]", () => {
    const scene = new Scenario(subnets(2));
    const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
    const id = scene.start(a, program(note("1"), call(b, { arg: reply(), onReply: program(note("3"), reply(journal)) })));
    scene.rounds();
    expect(scene.run(a, program(note("2"), reply(journal)))).toBe("12");
    scene.await(id);
    expect(scene.outcome(id)).toBe("123");
  });

  test("a callee may call back: the canister is free while it waits", () => {
    const scene = new Scenario();
    const [a, b] = [scene.puppet(), scene.puppet()];
    const back = call(a, { arg: program(note("inside "), reply(journal)), ...passOn });
    expect(scene.run(a, program(note("before "), call(b, { arg: back, ...passOn })))).toBe("++before inside ");
  });

  test("a call to oneself is a message like any other: executed after this one, its changes are seen [message-execution-properties#property-2]", () => {
    const scene = new Scenario();
    const a = scene.puppet();
    const inner = program(note("b"), reply("inner"));
    expect(scene.run(a, program(call(a, { arg: inner, onReply: program(note("c"), reply(journal)) }), note("a")))).toBe("abc");
  });

  test("two that wait for each other's answer are not stuck, as nobody waits inside an execution", () => {
    const scene = new Scenario();
    const [a, b] = [scene.puppet(), scene.puppet()];
    const ends = [a, b].map((from, i) =>
      scene.start(from, call([b, a][i]!, { arg: call(from, { arg: reply("x"), ...passOn }), ...passOn })),
    );
    scene.rounds();
    expect(ends.map((id) => scene.outcome(id))).toEqual(["++x", "++x"]);
  });
});

describe("an execution [message-execution-properties#property-1]", () => {
  test("has one time from beginning to end, also where it takes several rounds", () => {
    const scene = new Scenario({ limits: slices(2_000_000), latency: "mainnet" });
    const a = scene.puppet();
    const bytes = scene.run(a, program(note(time), spin(3_000_000), note(time), reply(journal)));
    expect(bytes.slice(0, 8)).toBe(bytes.slice(8));
    expect(bytes.length).toBe(16);
  });

  test("counts its own instructions, and those of its call context before it [canister-interface#system-api-performance-counter]", () => {
    const scene = new Scenario();
    const [a, b] = [scene.puppet(), scene.puppet()];
    const counters = reply(performanceCounter(0), performanceCounter(1));
    const end = scene.call(a, "run", program(spin(100_000), call(b, { arg: spin(1_000_000), onReply: trap(), onReject: counters })));
    if (end.kind !== "replied") throw new Error(end.message);
    const view = new DataView(end.data.buffer, end.data.byteOffset);
    const [own, whole] = [Number(view.getBigUint64(0, true)), Number(view.getBigUint64(8, true))];
    expect(own).toBeLessThan(50_000);
    // The turns before the call are in it, those of the callee are not.
    expect(whole).toBeGreaterThan(500_000);
    expect(whole).toBeLessThan(2_000_000);
  });
});

describe("a callback that runs out of instructions [canister-interface#callbacks]", () => {
  const scene = new Scenario({ limits: slices(100_000_000) });
  const [a, b] = [scene.puppet(), scene.puppet()];
  const endless = program(note("callback"), spin(1n << 40n));
  const failing = (turns: number) => call(b, { arg: reply(), onReply: endless, onCleanup: program(spin(turns), note("cleaned up ")) });

  test("leaves five per cent for the cleanup", () => {
    expect(scene.run(a, failing(300_000))).toMatch(
      /^IC0522: .*Canister exceeded the limit of \d+ instructions for single message execution/,
    );
    expect(scene.journal(a)).toBe("cleaned up ");
  });

  test("and no more: a cleanup that needs more fails too", () => {
    const end = scene.run(a, failing(700_000));
    expect(end).toMatch(/^IC0522: .*call_on_cleanup also failed:\n\n.*exceeded the limit of \d+ instructions/s);
    expect(scene.journal(a)).toBe("cleaned up ");
  });

  test("what a callback leaves of its own share is the cleanup's too", () => {
    const early = call(b, { arg: reply(), onReply: trap("early"), onCleanup: program(spin(5_000_000), note("much ")) });
    expect(scene.run(a, early)).toMatch(/^IC0503: .*'early'/);
    expect(scene.journal(a)).toBe("cleaned up much ");
  });
});

test("answers come in the order in which the callee gave them, whatever was asked first [message-execution-properties#property-3]", () => {
  const scene = new Scenario();
  const [a, b, c] = [scene.puppet(), scene.puppet(), scene.puppet()];
  // The first call waits for another canister, the second is answered at once.
  const slow = call(c, { arg: reply(), onReply: program(note("1"), reply("slow ")) });
  const asked = (arg: Uint8Array) => call(b, { arg, onReply: note(argument) });
  scene.run(a, program(asked(slow), asked(program(note("2"), reply("fast "))), reply()));
  scene.rounds(2);
  expect([scene.journal(a), scene.journal(b)]).toEqual(["fast slow ", "21"]);
  expect(scene.look(a, reply(plus(0x41, 1)))).toBe("B\0\0\0\0\0\0\0");
});
