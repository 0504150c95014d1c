/**
 * Between subnets: how long messages take, how large they may be, what streams hold, and which calls take the stream at home.
 *
 * Source: messaging.md 1.1, 6; scheduling.md 6.
 */
import { IDL } from "@icp-sdk/core/candid";
import { expect, test } from "vitest";
import type { CanisterId, PrincipalId } from "../../src/core/state/ids.ts";
import { principalText } from "../../src/core/state/principal.ts";
import { appendZeros, call, note, passOn, program, reply, send } from "../support/puppet.ts";
import { Scenario, subnets } from "../support/scenario.ts";

const MIB = 1 << 20;
const MAINNET = { ...subnets(2), latency: "mainnet" as const };

function far(config: ConstructorParameters<typeof Scenario>[0] = subnets(2)) {
  const scene = new Scenario(config);
  return { scene, a: scene.puppet(), b: scene.puppet({ subnet: 1 }) };
}

/** Rounds until a program is answered, and the answer. */
function rounds(scene: Scenario, on: CanisterId, what: Uint8Array): [number, string] {
  const before = scene.net.state.round;
  const end = scene.run(on, what);
  return [scene.net.state.round - before, end];
}

test("on the mainnet's clock a round takes a second and a hop two to three of them [replica: rounds that messages take]", () => {
  const { scene, a, b } = far(MAINNET);
  const taken = new Set<number>();
  for (let i = 0; i < 12; i++) {
    const before = scene.net.state.timeNanos;
    const [count, answer] = rounds(scene, a, call(b, { arg: reply("b"), ...passOn }));
    expect(answer).toBe("+b");
    expect(scene.net.state.timeNanos - before).toBe(BigInt(count) * 1_000_000_000n);
    taken.add(count - 1);
  }
  expect([...taken].sort((a, b) => a - b)).toEqual([4, 5, 6]);
});

test("calls one after another wait for each other, calls together do not [replica: rounds that messages take]", () => {
  const { scene, a, b } = far(MAINNET);
  const one = call(b, { arg: reply("1"), ...passOn });
  const nested = call(b, { arg: reply("1"), onReply: call(b, { arg: reply("2"), onReply: one }) });
  const [sequential] = rounds(scene, a, nested);
  const [parallel] = rounds(scene, a, program(call(b, { arg: reply("1"), times: 2 }), one));
  expect(sequential).toBeGreaterThanOrEqual(13);
  expect(parallel).toBeLessThanOrEqual(7);
});

test("requests of many rounds arrive in their order, however long each slice travels [message-execution-properties#property-3]", () => {
  const { scene, a, b } = far(MAINNET);
  for (const n of "abcdefghijklmnop") {
    scene.start(a, program(call(b, { arg: program(note(n), reply()) }), reply()));
    scene.rounds();
  }
  scene.rounds(8);
  expect(scene.journal(b)).toBe("abcdefghijklmnop");
});

test("2 MiB leave a subnet, a byte more is rejected by the system; within a subnet it is 10 MiB [canister-interface#system-api-call]", () => {
  const { scene, a, b } = far();
  const c = scene.puppet();
  const sized = (callee: CanisterId, bytes: number) => {
    const arg = reply("got it");
    return call(callee, { arg, pad: bytes - arg.length - "run".length, ...passOn });
  };
  expect(rounds(scene, a, sized(b, 2 * MIB))).toEqual([3, "+got it"]);
  expect(rounds(scene, a, sized(b, 2 * MIB + 1))).toEqual([
    2,
    `-\x05Canister ${principalText(a)} violated contract: attempted to send a message of size 2097153 exceeding the limit 2097152`,
  ]);
  expect(rounds(scene, a, sized(c, 2 * MIB + 1))).toEqual([1, "+got it"]);
  expect(scene.run(a, sized(c, 10 * MIB))).toBe("+got it");
  expect(scene.run(a, sized(c, 10 * MIB + 1))).toMatch(/^IC0504: /);
});

test("an answer has 2 MiB at most, also at home [canister-interface#responding]", () => {
  const { scene, a, b } = far();
  expect(scene.run(a, call(b, { arg: program(appendZeros(2 * MIB), send), onReply: reply("large") }))).toBe("large");
  expect(scene.run(a, program(appendZeros(2 * MIB + 1), send))).toMatch(/^IC0504: /);
});

test("a full stream lets the rest wait in the output queue, in its order [replica: limits of streams]", () => {
  const { scene, a, b } = far({ ...subnets(2), limits: { streamMessages: 3 } });
  const calls = [..."12345678"].map((n) => call(b, { arg: program(note(n), reply()) }));
  scene.start(a, program(...calls, reply()));
  scene.rounds();
  const waiting = () => [...scene.canister(a).queues.messages()].filter(({ where }) => where === "output").length;
  expect(waiting()).toBe(5);
  scene.rounds();
  expect(scene.journal(b)).toBe("123");
  scene.rounds(8);
  expect(scene.journal(b)).toBe("12345678");
  expect(scene.canister(a).callbacks.size).toBe(0);
});

test("a management call on the own subnet takes three rounds: called, executed, answered [replica: rounds that messages take]", () => {
  const { scene, a } = far();
  expect(rounds(scene, a, call("" as PrincipalId, { method: "raw_rand", arg: IDL.encode([], []), onReply: reply("32 bytes") }))).toEqual([
    3,
    "32 bytes",
  ]);
});

test("what cannot be routed, and who is missing at home, is known in the next round", () => {
  const { scene, a } = far();
  const nowhere = "0000000000000abc0101" as CanisterId;
  expect(rounds(scene, a, call(nowhere, passOn))).toEqual([2, `-\x03No route to canister ${principalText(nowhere)}`]);
  const missing = "ffffffffffe0ffff0101" as CanisterId;
  expect(rounds(scene, a, call(missing, passOn))).toEqual([2, `-\x03Canister ${principalText(missing)} not found`]);
  const stopped = scene.puppet();
  scene.manageOne("stop_canister", stopped);
  expect(rounds(scene, a, call(stopped, passOn))).toEqual([2, `-\x05Canister ${principalText(stopped)} is stopped`]);
});

test("what stands behind a message that is not taken takes the stream as well [replica: routing within a subnet]", () => {
  const { scene, a } = far();
  const stopped = scene.puppet();
  scene.manageOne("stop_canister", stopped);
  const [count, answer] = rounds(
    scene,
    a,
    program(call(stopped, { onReject: note("1") }), call(stopped, { onReject: program(note("2"), reply("both")) })),
  );
  expect([count, answer, scene.journal(a)]).toEqual([2, "both", "12"]);
});

test("a chain of calls on one subnet fits into the round of its ingress message [replica: rounds that messages take]", () => {
  const { scene, a } = far();
  const others = Array.from({ length: 6 }, () => scene.puppet());
  const chain = others.reduceRight((inner, id) => call(id, { arg: inner, ...passOn }), reply("end"));
  expect(rounds(scene, a, chain)).toEqual([1, "++++++end"]);
});

test("a round may run on one subnet alone; the others' clock is the same [abstract-behavior#time-progressing-cycle-consumption-canister-version-increments-and-subnet-admins-updates]", () => {
  const { scene, a, b } = far();
  const id = scene.start(a, call(b, { arg: reply("b"), ...passOn }));
  const only = (subnet: number): void => void scene.net.step({ kind: "round", subnets: [scene.subnet(subnet)] });
  only(0);
  only(0);
  expect(scene.outcome(id)).toBe("processing");
  only(1);
  only(0);
  expect(scene.outcome(id)).toBe("+b");
});
