/**
 * From `call_new` to `call_perform`: what is only decided when the message has ended, and what becomes of a call that is not made.
 *
 * Source: messaging.md 2; system-api.md 4.
 */
import { describe, expect, test } from "vitest";
import { concat, fromHex } from "../../src/base/bytes.ts";
import type { CanisterId, PrincipalId } from "../../src/core/state/ids.ts";
import { Scenario, subnets } from "../support/scenario.ts";
import {
  accept,
  accepted,
  append,
  argument,
  available,
  balance,
  call,
  note,
  passOn,
  program,
  refunded,
  refusedCalls,
  reply,
  send,
  slice,
  trap,
  type Program,
} from "../universal/program.ts";

const MANAGEMENT = "" as PrincipalId;
/** The least a call takes in advance is many times this. */
const ATTACHED = 7_000_000_000_000n;

function pair(): { scene: Scenario; a: CanisterId; b: CanisterId } {
  const scene = new Scenario();
  return { scene, a: scene.puppet(), b: scene.puppet() };
}

function amounts(scene: Scenario, id: CanisterId, what: Program): bigint[] {
  const end = scene.call(id, "run", what);
  if (end.kind !== "replied") throw new Error(`IC0${end.errorCode}: ${end.message}`);
  const view = new DataView(end.data.buffer, end.data.byteOffset, end.data.length);
  return Array.from(
    { length: end.data.length / 16 },
    (_, i) => view.getBigUint64(16 * i, true) + (view.getBigUint64(16 * i + 8, true) << 64n),
  );
}

describe("a call that is not made [canister-interface#system-api-call]", () => {
  const unfinished = (callee: CanisterId) => call(callee, { arg: note("never"), cycles: ATTACHED, unfinished: true });

  test("the next call_new discards the one under construction, and gives its cycles back", () => {
    const { scene, a, b } = pair();
    const [before, during, after] = amounts(
      scene,
      a,
      program(append(balance), unfinished(b), append(balance), call(b, { arg: note("x"), unfinished: true }), append(balance), send),
    );
    expect(before! - during!).toBe(ATTACHED);
    expect(after).toBe(before);
    expect(scene.run(a, program(unfinished(b), call(b, { arg: program(note("made"), reply("made")), ...passOn })))).toBe("+made");
    expect(scene.journal(b)).toBe("made");
  });

  test("nor is one that is under construction when the message ends", () => {
    const { scene, a, b } = pair();
    const { balanceCycles } = scene.canister(a);
    expect(scene.run(a, program(unfinished(b), reply("done")))).toBe("done");
    expect(balanceCycles - scene.canister(a).balanceCycles).toBeLessThan(1_000_000_000n);
    expect([scene.canister(a).callbacks.size, scene.journal(b)]).toEqual([0, ""]);
    expect(scene.sent().filter(({ from, message }) => from === a && message === "request")).toEqual([]);
  });

  test("whom it goes to is not looked at: a canister that does not exist rejects later", () => {
    const { scene, a } = pair();
    const missing = "ffffffffffe0ffff0101" as CanisterId;
    expect(scene.run(a, program(call(missing), append(refusedCalls), send))).toBe("\0\0\0\0");
  });
});

describe("slots of the management canister [replica: slots of the management canister]", () => {
  const used = (ways: readonly PrincipalId[]): string => {
    const { scene, a } = pair();
    const names = ways.map((callee) => (callee === "subnet" ? scene.subnet(0) : callee));
    const calls = names.map((callee) => call(callee, { method: "raw_rand", arg: fromHex("4449444c0000"), times: 300 }));
    return scene.run(a, program(...calls, append(slice(refusedCalls, 0, 1)), send));
  };

  test("its name and the subnet's share one counter of 500", () => {
    expect(used([MANAGEMENT])).toBe("\0");
    expect(used([MANAGEMENT, MANAGEMENT])).toBe("\x64");
    expect(used([MANAGEMENT, "subnet" as PrincipalId])).toBe("\x64");
  });
});

test("a subnet has so many callbacks; when they are used up each canister has a few of its own [replica: quota of callbacks]", () => {
  const scene = new Scenario({ ...subnets(2), limits: { subnetCallbackSoftLimit: 5, canisterGuaranteedCallbackQuota: 2 } });
  const [a, b, far] = [scene.puppet(), scene.puppet(), scene.puppet({ subnet: 1 })];
  const near = (): void => void scene.net.step({ kind: "round", subnets: [scene.subnet(0)] });
  const refused = (from: CanisterId, times: number): string => {
    const id = scene.start(from, program(call(far, { arg: reply(), times }), append(slice(refusedCalls, 0, 1)), send));
    near();
    return scene.outcome(id);
  };
  expect(refused(a, 9)).toBe("\x04");
  expect(refused(b, 4)).toBe("\x02");
  expect(refused(a, 3)).toBe("\x03");
  scene.rounds(4);
  expect(refused(a, 5)).toBe("\0");
});

describe("cycles on the way [canister-interface#system-api-cycles]", () => {
  test("the refund is there before the callback runs, and stays when that traps", () => {
    const { scene, a, b } = pair();
    const { balanceCycles } = scene.canister(a);
    const [back] = amounts(scene, a, call(b, { arg: program(accept(5n), reply()), cycles: ATTACHED, onReply: reply(refunded) }));
    expect(back).toBe(ATTACHED - 5n);
    scene.run(a, call(b, { arg: reply(), cycles: ATTACHED, onReply: trap("late") }));
    expect(balanceCycles - scene.canister(a).balanceCycles).toBeLessThan(5_000_000_000n);
  });

  test("what is left at the end of the execution that answers goes back; later ones have nothing, nor has any more than was attached", () => {
    const { scene, a, b } = pair();
    // The callback of a call that b made before it answered.
    const later = call(a, { arg: reply(), onReply: note(available, accepted(100n)) });
    const arg = program(append(available, accepted(3n)), later, send, accept(2n));
    expect(amounts(scene, a, call(b, { arg, cycles: 10n, onReply: reply(argument, refunded) }))).toEqual([10n, 3n, 5n]);
    expect(scene.journal(b)).toBe("\0".repeat(32));
    const greedy = program(append(accepted(1n << 70n)), send);
    expect(amounts(scene, a, call(b, { arg: greedy, cycles: 10n, onReply: reply(argument, refunded) }))).toEqual([10n, 0n]);
  });

  test("a callback takes from those of the call it works for, not from those it sent", () => {
    const { scene, a, b } = pair();
    const c = scene.puppet();
    const inner = call(c, { arg: program(accept(1n), reply()), cycles: 50n, onReply: reply(refunded, available, accepted(4n)) });
    expect(amounts(scene, a, call(b, { arg: inner, cycles: 20n, onReply: reply(argument, refunded) }))).toEqual([49n, 20n, 4n, 16n]);
  });

  test("more than 2^64 of them travel", () => {
    const scene = new Scenario();
    const cycles = (1n << 64n) + 5n;
    const [a, b] = [scene.puppet({ cycles: cycles * 2n }), scene.puppet()];
    const arg = reply(available, accepted(cycles - 1n));
    expect(amounts(scene, a, call(b, { arg, cycles, onReply: reply(argument, refunded) }))).toEqual([cycles, cycles - 1n, 1n]);
    expect(scene.canister(b).balanceCycles).toBeGreaterThan(1n << 64n);
  });
});

test("what a response brings to a caller that is gone is nobody's [abstract-behavior#callback-invocation]", () => {
  const scene = new Scenario(subnets(2));
  const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
  const near = (): void => void scene.net.step({ kind: "round", subnets: [scene.subnet(0)] });
  const id = scene.start(a, call(b, { arg: program(note("x"), reply("late")), timeout: 5, cycles: ATTACHED, ...passOn }));
  near();
  scene.pass(6);
  near();
  expect(scene.outcome(id)).toBe("-\x06Call deadline has expired.");
  const stop = scene.ask("stop_canister", a);
  near();
  expect(scene.outcome(stop)).toMatch(/^DIDL/);
  scene.ask("delete_canister", a);
  near();
  expect(scene.net.state.subnets.get(scene.subnet(0))!.canisters.get(a)).toBe(undefined);
  scene.rounds(4);
  expect(scene.journal(b)).toBe("x");
  expect(scene.events).toContainEqual(expect.objectContaining({ kind: "dropped" }));
  expect(scene.run(b, reply(concat()))).toBe("");
});
