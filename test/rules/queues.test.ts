/**
 * Slots and order: 500 open calls for each ordered pair of canisters, and whose message is next.
 *
 * Source: messaging.md 3, 4.
 */
import { expect, test } from "vitest";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { appendRefused, call, note, program, reply, send, spin } from "../support/puppet.ts";
import { Scenario, subnets } from "../support/scenario.ts";

const number = (answer: string): number => answer.charCodeAt(0) + 256 * answer.charCodeAt(1);

/** Makes so many calls; answers how many `call_perform` refused. */
const flood = (callee: CanisterId, times: number) => program(call(callee, { arg: reply(), times }), appendRefused, send);

test("the 501st open call to a canister is refused by call_perform [replica: slots of queues]", () => {
  const scene = new Scenario();
  const [a, b] = [scene.puppet(), scene.puppet()];
  expect(number(scene.run(a, flood(b, 503)))).toBe(3);
  scene.rounds(2);
  expect(number(scene.run(a, flood(b, 500)))).toBe(0);
});

test("a canister has as many slots towards itself [replica: slots of queues]", () => {
  const scene = new Scenario();
  const a = scene.puppet();
  expect(number(scene.run(a, flood(a, 501)))).toBe(1);
});

test("slots are of an ordered pair: full from A to B, free from A to C and from B to A [replica: slots of queues]", () => {
  const scene = new Scenario(subnets(2));
  const [a, c] = [scene.puppet(), scene.puppet()];
  const b = scene.puppet({ subnet: 1 });
  const only = (subnet: number) => scene.net.step({ kind: "round", subnets: [scene.subnet(subnet)] });
  // B's subnet makes no round: the calls stay open.
  const first = scene.start(a, flood(b, 500));
  only(0);
  expect(number(scene.outcome(first))).toBe(0);
  const again = scene.start(a, program(call(b, { arg: reply() }), call(c, { arg: reply() }), appendRefused, send));
  only(0);
  expect(number(scene.outcome(again))).toBe(1);
  const back = scene.start(b, flood(a, 501));
  only(1);
  expect(number(scene.outcome(back))).toBe(1);
  scene.rounds(5);
  expect(scene.canister(a).callbacks.size + scene.canister(b).callbacks.size).toBe(0);
});

test("a slot is free again when the callback runs, not when the answer arrives [replica: slots of queues]", () => {
  const scene = new Scenario();
  const [a, b] = [scene.puppet(), scene.puppet()];
  const callback = (calls: number) => program(call(b, { arg: reply(), times: calls }), appendRefused, send);
  // The first callback finds 499 calls open, though all 500 answers are there.
  const full = (calls: number) => program(call(b, { arg: reply(), onReply: callback(calls) }), call(b, { arg: reply(), times: 499 }));
  expect(number(scene.run(a, full(1)))).toBe(0);
  scene.rounds(2);
  expect(number(scene.run(a, full(3)))).toBe(2);
});

test("requests of one sender are executed in the order they were made [message-execution-properties#property-3]", () => {
  const scene = new Scenario(subnets(2));
  const a = scene.puppet();
  for (const b of [scene.puppet(), scene.puppet({ subnet: 1 })]) {
    const other = scene.puppet();
    const calls = [..."12345"].flatMap((n) => [call(b, { arg: program(note(n), reply()) }), call(other, { arg: reply() })]);
    scene.run(a, program(...calls, reply()));
    scene.rounds(3);
    expect(scene.journal(b)).toBe("12345");
  }
});

test("senders take turns, one message each [replica: order of inputs]", () => {
  const scene = new Scenario();
  const [a, b, c] = [scene.puppet(), scene.puppet(), scene.puppet()];
  const callB = (letter: string) => call(b, { arg: program(note(letter), reply()), times: 3 });
  scene.start(a, program(callB("a"), reply()));
  scene.start(c, program(callB("c"), reply()));
  scene.rounds();
  expect(scene.journal(b)).toBe("acacac");
});

test("local senders, users and remote senders take turns, one message each [replica: order of inputs]", () => {
  const limits = {
    messageInstructions: 200_000_000,
    sliceInstructions: 10_000_000,
    installCodeSliceInstructions: 10_000_000,
    roundInstructions: 20_000_000,
    messageOverheadInstructions: 10_000,
    canisterOverheadInstructions: 10_000,
  };
  const scene = new Scenario({ ...subnets(2), limits });
  const [busy, local] = [scene.puppet(), scene.puppet()];
  const remote = scene.puppet({ subnet: 1 });
  const callBusy = (letter: string) => call(busy, { arg: program(note(letter), reply()), times: 2 });
  const long = scene.start(busy, program(spin(5_000_000), reply()));
  scene.start(local, program(callBusy("l"), reply()));
  scene.start(remote, program(callBusy("r"), reply()));
  scene.rounds();
  for (const letter of "uu") scene.start(busy, program(note(letter), reply()));
  scene.rounds(2);
  expect(scene.canister(busy).paused).not.toBe(null);
  scene.await(long);
  expect(scene.journal(busy)).toBe("");
  scene.rounds();
  // The long message was a user's: so the remote sender is next.
  expect(scene.journal(busy)).toBe("rlurlu");
});
