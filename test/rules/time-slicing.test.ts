/**
 * Long executions: a slice a round; their end shows in the round in which the platform would finish them.
 *
 * Source: scheduling.md 3.1.
 */
import { expect, test } from "vitest";
import type { GenesisConfig } from "../../src/core/genesis.ts";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { allocatedBytes } from "../../src/core/state/memory-usage.ts";
import {
  accept,
  append,
  appendJournal,
  call,
  grow,
  note,
  passOn,
  program,
  reply,
  send,
  setTimer,
  setHook,
  spin,
  trap,
} from "../support/puppet.ts";
import { Scenario } from "../support/scenario.ts";
import { growStable } from "../universal/program.ts";

/** The platform's limits divided by 200 (message: by 400), with overheads to match. */
const LIMITS: Partial<GenesisConfig> = {
  limits: {
    messageInstructions: 100_000_000,
    sliceInstructions: 10_000_000,
    roundInstructions: 20_000_000,
    installCodeSliceInstructions: 10_000_000,
    queryInstructions: 25_000_000,
    messageOverheadInstructions: 10_000,
    canisterOverheadInstructions: 40_000,
    canistersPerRoundOverheadInstructions: 60,
  },
};

/** A little less than so many slices: a turn of the puppet's loop costs some instructions. */
const slices = (count: number) => spin(Math.floor((count - 0.5) * (10_000_000 / TURN)));
/** Instructions of a turn. */
const TURN = 10;

test("a message of five slices ends in the fifth round; until then others see the old state [replica: time slicing]", () => {
  const scene = new Scenario(LIMITS);
  const id = scene.puppet();
  scene.run(id, program(note("a"), reply()));
  const before = scene.net.state.round;
  const long = scene.start(id, program(note("b"), slices(5), appendJournal, send));
  for (let round = 1; round <= 4; round++) {
    scene.rounds();
    expect([scene.outcome(long), scene.journal(id)]).toEqual(["processing", "a"]);
  }
  scene.rounds();
  expect(scene.outcome(long)).toBe("ab");
  expect(scene.net.state.round - before).toBe(5);
  expect(scene.executed().at(-1)).toMatchObject({ slices: 5 });
  expect(scene.journal(id)).toBe("ab");
});

test("a canister executes nothing else while a long execution is under way, nor in the round in which it ends [replica: time slicing]", () => {
  const scene = new Scenario(LIMITS);
  const id = scene.puppet({ hooks: ["heartbeat"] });
  scene.run(id, program(setHook("heartbeat", note("h")), reply()));
  scene.start(id, program(note("L"), slices(3), reply()));
  scene.rounds();
  const journal = scene.journal(id);
  scene.start(id, program(note("u"), reply()));
  scene.rounds();
  expect(scene.journal(id)).toBe(journal);
  scene.rounds();
  expect(scene.journal(id)).toBe(`${journal}L`);
  scene.rounds();
  expect(scene.journal(id).slice(journal.length)).toMatch(/^L(hu|u)$/);
});

test("others go on meanwhile, and management calls of the canister wait [replica: time slicing]", () => {
  const scene = new Scenario(LIMITS);
  const [id, other] = [scene.puppet(), scene.puppet()];
  scene.start(id, program(slices(4), reply()));
  scene.rounds();
  const stop = scene.ask("stop_canister", id);
  expect(scene.run(other, reply("other"))).toBe("other");
  expect(scene.outcome(stop)).toBe("received");
  expect(scene.canister(id).status.kind).toBe("running");
  scene.await(stop);
  expect(scene.canister(id)).toMatchObject({ paused: null, status: { kind: "stopped" } });
});

test("a long execution has a thread of its own: nine others all run beside it [replica: time slicing]", () => {
  const scene = new Scenario(LIMITS);
  const id = scene.puppet();
  const others = Array.from({ length: 9 }, () => scene.puppet());
  scene.start(id, program(slices(5), reply()));
  scene.rounds(2);
  const calls = others.map((other) => scene.start(other, reply("ran")));
  scene.rounds();
  expect(calls.map((call) => scene.outcome(call))).toEqual(others.map(() => "ran"));
});

test("the time is that of the round in which the execution started [replica: time slicing]", () => {
  const scene = new Scenario({ ...LIMITS, latency: "mainnet" });
  const id = scene.puppet();
  const end = scene.start(id, program(slices(3), append("t"), send));
  scene.rounds();
  const started = scene.net.state.timeNanos;
  scene.rounds(2);
  expect(scene.outcome(end)).toBe("t");
  expect(scene.net.state.timeNanos - started).toBe(2_000_000_000n);
});

test("a long message's calls leave when it ends; a long callback and its trap [replica: time slicing]", () => {
  const scene = new Scenario(LIMITS);
  const [a, b] = [scene.puppet(), scene.puppet()];
  const long = program(slices(2), note("c"), trap("late"));
  const end = scene.start(
    a,
    program(note("a"), call(b, { arg: program(note("b"), reply()), onReply: long, onCleanup: note("x") }), slices(2)),
  );
  scene.rounds();
  expect([scene.outcome(end), scene.journal(b)]).toEqual(["processing", ""]);
  scene.rounds();
  expect([scene.outcome(end), scene.journal(a), scene.journal(b)]).toEqual(["processing", "a", "b"]);
  scene.rounds(3);
  expect(scene.outcome(end)).toMatch(/^IC0503: .*'late'/);
  expect(scene.journal(a)).toBe("ax");
});

test("growing memory, cycles, and timers of a long execution are applied at its end [replica: time slicing]", () => {
  const scene = new Scenario(LIMITS);
  const [a, b] = [scene.puppet(), scene.puppet({ hooks: ["global_timer"] })];
  scene.run(b, program(setHook("global_timer", note("t")), reply()));
  const arg = program(accept(700n), grow(3), setTimer(1n), slices(3), reply("done"));
  const pages = scene.canister(b).execution!.heap.wasmPages;
  const end = scene.start(a, call(b, { arg, cycles: 1_000n, ...passOn }));
  scene.rounds(2);
  expect(scene.canister(b).execution!.heap.wasmPages).toBe(pages);
  expect(scene.canister(b).globalTimerNanos).toBe(0n);
  expect([...scene.canister(b).callContexts.values()][0].availableCycles).toBe(1_000n);
  scene.rounds(2);
  expect(scene.outcome(end)).toBe("+done");
  expect(scene.canister(b).execution!.heap.wasmPages).toBe(pages + 3);
  scene.rounds(2);
  expect(scene.journal(b)).toBe("t");
});

test("a replicated query is sliced too; a query of a user is not [replica: time slicing]", () => {
  const scene = new Scenario(LIMITS);
  const id = scene.puppet();
  const round = scene.net.state.round;
  const end = scene.call(id, "look", program(slices(2), reply("seen")));
  expect(end.kind).toBe("replied");
  expect(scene.net.state.round - round).toBe(2);
  expect(scene.query(id, "look", program(slices(2), reply("seen")))).toMatchObject({ kind: "replied" });
});

test("a snapshot, a fork and dropped instances in the middle of a held execution go on alike", () => {
  const scene = new Scenario(LIMITS);
  const id = scene.puppet();
  const long = scene.start(id, program(note("a"), grow(2), slices(4), appendJournal, send));
  scene.rounds(2);
  const snapshot = scene.net.snapshot();
  const fork = scene.net.fork();
  const middle = scene.net.digest();
  expect(fork.digest()).toBe(middle);
  scene.rounds(4);
  const end = scene.net.digest();
  for (let i = 0; i < 4; i++) fork.step({ kind: "round", subnets: null });
  expect(fork.digest()).toBe(end);
  scene.net.restore(snapshot);
  expect(scene.net.digest()).toBe(middle);
  expect(scene.outcome(long)).toBe("processing");
  scene.dropInstances();
  scene.rounds(4);
  expect(scene.outcome(long)).toBe("a");
  expect(scene.net.digest()).toBe(end);
});

test("an endless loop ends at the limit: the state is unchanged, all instructions are charged, the network goes on [replica: time slicing]", () => {
  const scene = new Scenario(LIMITS);
  const id = scene.puppet();
  const { version, consumed } = scene.canister(id);
  const instructions = consumed.instructions;
  const round = scene.net.state.round;
  const end = scene.start(id, program(note("x"), grow(1), spin(Number.MAX_SAFE_INTEGER)));
  scene.await(end);
  expect(scene.outcome(end)).toMatch(
    /^IC0522: Error from Canister \S+: Canister exceeded the limit of 100000000 instructions for single message execution\.\.?\n/,
  );
  expect(scene.net.state.round - round).toBe(10);
  expect([scene.canister(id).version, scene.journal(id)]).toEqual([version, ""]);
  expect(scene.canister(id).consumed.instructions - instructions).toBe(100_000_000n + 5_000_000n);
  expect(scene.run(id, reply("alive"))).toBe("alive");
});

test("long heartbeats and long timers take turns, three rounds each: neither starves the other [replica: time slicing]", () => {
  const scene = new Scenario({ ...LIMITS, latency: "mainnet" });
  const id = scene.puppet({ hooks: ["heartbeat", "global_timer"] });
  const [heartbeat, timer] = [program(slices(3), note("h")), program(slices(3), note("t"), setTimer(1n))];
  scene.run(id, program(setHook("heartbeat", heartbeat), setHook("global_timer", timer), setTimer(1n), reply()));
  const journals = Array.from({ length: 12 }, () => {
    scene.rounds();
    return scene.journal(id).length;
  });
  expect(scene.journal(id)).toMatch(/^(th)+t?$/);
  // The first of them may have begun before.
  const ended = journals.map((length, i) => length - (journals[i - 1] ?? 0)).lastIndexOf(1);
  expect([0, 3, 6].map((back) => journals[ended - back]! - journals[ended - back - 1]!)).toEqual([1, 1, 1]);
  expect(journals[11]).toBe(4);
});

test("memory that a long update grew and others took meanwhile is not there at its end; a callback has what is kept for it [replica: time slicing]", () => {
  const KEPT = 10n * 2n ** 30n;
  const scene = new Scenario({ limits: { ...LIMITS.limits, messageInstructions: 200_000_000, subnetMemoryBytes: KEPT + 2n ** 24n } });
  const ids = Array.from({ length: 3 }, () => scene.puppet());
  const [update, callback, other] = ids as [CanisterId, CanisterId, CanisterId];
  const growing = program(growStable(16), slices(16), reply("done"));
  const ends = [scene.start(update, growing), scene.start(callback, call(callback, { arg: reply(), onReply: growing }))];
  scene.rounds();
  // A thread has a quarter of what is left, and less than these 16 pages in the end.
  const left = () => 2n ** 24n - BigInt(scene.net.state.subnets.get(scene.subnet(0))!.memoryUsageBytes);
  const held = () => allocatedBytes(scene.canister(other));
  while (left() / 4n >= 16n * 65_536n) scene.setSettings(other, { memory_allocation: held() + left() / 4n });
  expect(ends.map((end) => scene.outcome(end))).toEqual(["processing", "processing"]);
  for (const end of ends) scene.await(end);
  expect(ends.map((end) => scene.outcome(end).slice(0, 6))).toEqual(["IC0507", "done"]);
  expect([update, callback].map((id) => scene.canister(id).execution!.stableBytes)).toEqual([0, 16 * 65_536]);
});
