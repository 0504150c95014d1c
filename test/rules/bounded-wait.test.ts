/**
 * Calls that wait until a deadline, and what becomes of messages that are late.
 *
 * Source: messaging.md 2.1, 5.
 */
import { expect, test } from "vitest";
import type { CanisterId } from "../../src/core/state/ids.ts";
import type { GenesisConfig } from "../../src/core/genesis.ts";
import {
  accept,
  append,
  appendInfo,
  appendReject,
  appendRefused,
  call,
  note,
  passOn,
  program,
  reply,
  send,
  spin,
  type CallOptions,
} from "../support/puppet.ts";
import { GENESIS_TIME_NANOS, Scenario, subnets } from "../support/scenario.ts";

const SECOND = 1_000_000_000n;
const UNKNOWN = "-\x06Call deadline has expired.";
const TIMED_OUT = "-\x02Request timed out.";

/** A caller and a callee on two subnets; the callee's makes rounds only when asked to. */
function far(config: Partial<GenesisConfig> = {}) {
  const scene = new Scenario({ ...subnets(2), ...config });
  const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
  const near = (): void => void scene.net.step({ kind: "round", subnets: [scene.subnet(0)] });
  const callFar = (options: CallOptions) => {
    const id = scene.start(a, call(b, { arg: program(note("x"), reply("answer")), ...passOn, ...options }));
    near();
    return id;
  };
  return { scene, a, b, near, callFar };
}

const number = (bytes: string): bigint => [...bytes].reduceRight((sum, char) => (sum << 8n) + BigInt(char.charCodeAt(0)), 0n);

function deadlineSeen(scene: Scenario, a: CanisterId, b: CanisterId, timeout: number | undefined): bigint {
  const arg = program(appendInfo("deadline"), send);
  const end = scene.call(a, "run", call(b, { arg, timeout, onReply: passOn.onReply }));
  if (end.kind === "rejected") throw new Error(end.message);
  return new DataView(end.data.buffer, end.data.byteOffset + 1).getBigUint64(0, true);
}

test("a deadline is in whole seconds, rounded down, at most 300 from now; 0 stands for none [canister-interface#system-api-call] [canister-interface#interpretation-of-numbers]", () => {
  const scene = new Scenario();
  const [a, b] = [scene.puppet(), scene.puppet()];
  scene.pass(0.75);
  const now = GENESIS_TIME_NANOS;
  expect(deadlineSeen(scene, a, b, 10)).toBe(now + 10n * SECOND);
  expect(deadlineSeen(scene, a, b, 300)).toBe(now + 300n * SECOND);
  expect(deadlineSeen(scene, a, b, 301)).toBe(now + 300n * SECOND);
  expect(deadlineSeen(scene, a, b, 0xffff_fffe)).toBe(now + 300n * SECOND);
  expect(deadlineSeen(scene, a, b, 0)).toBe(now);
  expect(deadlineSeen(scene, a, b, undefined)).toBe(0n);
});

test("without an answer the outcome is unknown once the deadline has passed, not before [abstract-behavior#call-expiry]", () => {
  const { scene, near, callFar } = far();
  const id = callFar({ timeout: 10 });
  scene.pass(10.9);
  near();
  expect(scene.outcome(id)).toBe("processing");
  scene.pass(0.2);
  near();
  expect(scene.outcome(id)).toBe(UNKNOWN);
});

test("the call may have been executed all the same; the late answer is dropped, what it refunds is credited [message-execution-properties#property-9]", () => {
  const { scene, a, b, near, callFar } = far();
  const id = callFar({ timeout: 10, cycles: 5_000_000n, arg: program(accept(2_000_000n), note("x"), reply("late")) });
  scene.pass(11);
  near();
  expect(scene.outcome(id)).toBe(UNKNOWN);
  const before = scene.canister(a).balanceCycles;
  scene.rounds(4);
  expect(scene.journal(b)).toBe("x");
  expect(scene.canister(a).balanceCycles - before).toBe(3_000_000n);
  expect(scene.events).toContainEqual(expect.objectContaining({ kind: "dropped", reason: "its caller no longer waits for it" }));
  expect(scene.canister(a).callbacks.size).toBe(0);
});

test("an answer that arrives in the round in which the deadline expires loses [abstract-behavior#call-expiry]", () => {
  const { scene, callFar } = far();
  const id = callFar({ timeout: 10 });
  scene.net.step({ kind: "round", subnets: [scene.subnet(1)] });
  scene.pass(11);
  scene.rounds();
  expect(scene.outcome(id)).toBe(UNKNOWN);

  const intime = callFar({ timeout: 10 });
  scene.net.step({ kind: "round", subnets: [scene.subnet(1)] });
  scene.pass(10);
  scene.rounds();
  expect(scene.outcome(intime)).toBe("+answer");
});

test("a request that has not left by its deadline timed out: it is known not to have been executed [abstract-behavior#message-timeout]", () => {
  const { scene, a, b, near } = far({ limits: { streamMessages: 1 } });
  const start = (timeout?: number) =>
    scene.start(a, call(b, { arg: program(note("x"), reply("answer")), ...passOn, timeout, cycles: 77n }));
  const [left, stayed, waits] = [start(10), start(10), start()];
  near();
  scene.pass(11);
  near();
  expect([left, stayed, waits].map((id) => scene.outcome(id))).toEqual([UNKNOWN, TIMED_OUT, "processing"]);
  scene.rounds(6);
  expect(scene.outcome(waits)).toBe("+answer");
  expect(scene.journal(b)).toBe("xx");
});

test("a request without deadline leaves within 300 seconds or not at all [replica: lifetime of requests]", () => {
  const { scene, a, b, near } = far({ limits: { streamMessages: 1 } });
  const start = () => scene.start(a, call(b, { arg: reply("answer"), ...passOn }));
  const [left, stayed] = [start(), start()];
  near();
  scene.pass(300.9);
  near();
  expect(scene.outcome(stayed)).toBe("processing");
  scene.pass(0.2);
  near();
  expect([left, stayed].map((id) => scene.outcome(id))).toEqual(["processing", TIMED_OUT]);
});

test("a call without deadline is answered however long it takes [message-execution-properties#property-8]", () => {
  const { scene, near, callFar } = far();
  const id = callFar({});
  for (let hour = 0; hour < 3; hour++) {
    scene.pass(3600);
    near();
    expect(scene.outcome(id)).toBe("processing");
  }
  expect(scene.await(id)).toMatchObject({ kind: "replied" });
  expect(scene.outcome(id)).toBe("+answer");
});

test("a request that waits at the callee beyond its deadline is dropped, its cycles come back [abstract-behavior#message-timeout]", () => {
  const limits = {
    ...{
      messageInstructions: 100_000_000,
      sliceInstructions: 10_000_000,
      installCodeSliceInstructions: 10_000_000,
      roundInstructions: 20_000_000,
    },
    ...{ messageOverheadInstructions: 0, canisterOverheadInstructions: 0, canistersPerRoundOverheadInstructions: 0 },
  };
  const scene = new Scenario({ limits });
  const [a, busy] = [scene.puppet(), scene.puppet()];
  scene.start(busy, program(spin(3_500_000), reply()));
  scene.rounds();
  const id = scene.start(a, call(busy, { arg: program(note("x"), reply()), timeout: 5, cycles: 9_000_000n, ...passOn }));
  scene.rounds();
  const total = scene.canister(a).balanceCycles;
  scene.pass(6);
  scene.rounds();
  expect(scene.outcome(id)).toBe(UNKNOWN);
  scene.rounds(3);
  expect(scene.journal(busy)).toBe("");
  expect(scene.events).toContainEqual(expect.objectContaining({ kind: "dropped", reason: "expired before it was executed" }));
  // The unused part of what the call was charged in advance, and the attached cycles.
  expect(scene.canister(a).balanceCycles - total).toBeGreaterThan(9_000_000n);
  expect(scene.canister(busy).queues.bestEffortMemoryBytes).toBe(0);
});

test("an expired call gives its slot back while the callee may still be at work; then the callee's side fills up [replica: slots of queues]", () => {
  const { scene, a, b, near } = far({ limits: { queueCapacity: 3 } });
  const three = (timeout?: number) =>
    scene.start(a, program(call(b, { arg: program(note("x"), reply()), timeout, times: 3 }), appendRefused, send));
  three(10);
  near();
  scene.pass(11);
  near();
  const again = scene.start(
    a,
    program(
      call(b, { arg: reply("4"), ...passOn }),
      call(b, { arg: reply(), times: 2 }),
      call(b, { arg: reply(), times: 1, onReject: append("never") }),
    ),
  );
  near();
  expect(scene.canister(a).callbacks.size).toBe(3);
  scene.rounds(5);
  expect(scene.journal(b)).toBe("xxx");
  expect(scene.outcome(again)).toMatch(/^-\x02Canister \S+ input queue is full$/);
});

test("stopping waits for bounded calls until their deadline; the late answer finds the canister stopped [abstract-behavior#ic-management-canister-stopping-a-canister]", () => {
  const { scene, a, near, callFar } = far();
  callFar({ timeout: 20, cycles: 4_000n, arg: reply("late") });
  const stop = scene.ask("stop_canister", a);
  near();
  expect(scene.canister(a).status.kind).toBe("stopping");
  scene.pass(21);
  near();
  expect(scene.canister(a).status.kind).toBe("stopped");
  expect(scene.outcome(stop)).toMatch(/^DIDL/);
  const before = scene.canister(a).balanceCycles;
  scene.rounds(4);
  expect(scene.canister(a).balanceCycles - before).toBe(4_000n);
});

test("deadlines are not inherited: a bounded call may wait without bound itself [canister-interface#system-api-call]", () => {
  const scene = new Scenario(subnets(2));
  const [a, b] = [scene.puppet(), scene.puppet()];
  const c = scene.puppet({ subnet: 1 });
  const inner = call(c, { arg: program(appendInfo("deadline"), send), onReply: program(note("c"), passOn.onReply) });
  const id = scene.start(a, call(b, { arg: inner, timeout: 5, ...passOn }));
  const near = (): void => void scene.net.step({ kind: "round", subnets: [scene.subnet(0)] });
  near();
  scene.pass(6);
  near();
  expect(scene.outcome(id)).toBe(UNKNOWN);
  scene.pass(3600);
  scene.rounds(4);
  expect(scene.journal(b)).toBe("c");
});

test("the callbacks of a bounded call see no cycles and the code of the reject [message-execution-properties#property-11]", () => {
  const { scene, near, callFar } = far();
  const id = callFar({ timeout: 1, cycles: 5n, onReject: program(appendInfo("refunded"), appendInfo("rejectCode"), appendReject, send) });
  scene.pass(2);
  near();
  const text = scene.outcome(id);
  expect([number(text.slice(0, 8)), number(text.slice(8, 16)), text.slice(16)]).toEqual([0n, 6n, "\x06Call deadline has expired."]);
});

test("an answer that is there in time waits for its busy caller as long as it must [abstract-behavior#call-expiry]", () => {
  const slices = { sliceInstructions: 10_000_000, installCodeSliceInstructions: 10_000_000, roundInstructions: 20_000_000 };
  const limits = { ...slices, messageInstructions: 400_000_000, messageOverheadInstructions: 0, canisterOverheadInstructions: 0 };
  const { scene, a, near, callFar } = far({ limits });
  const id = callFar({ timeout: 10 });
  scene.start(a, program(spin(10_000_000), reply()));
  scene.rounds(2);
  near();
  expect(scene.canister(a).paused).not.toBe(null);
  scene.pass(60);
  near();
  expect([scene.canister(a).paused === null, scene.outcome(id)]).toEqual([false, "processing"]);
  scene.await(id);
  expect(scene.outcome(id)).toBe("+answer");
});
