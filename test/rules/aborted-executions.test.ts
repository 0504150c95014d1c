/**
 * Executions over several rounds that are thrown away, at a checkpoint or because there are too many, and start over.
 *
 * Source: scheduling.md 1, 2 (step 15), 3.1, 5.
 */
import { describe, expect, test } from "vitest";
import type { GenesisConfig } from "../../src/core/genesis.ts";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { isHeld } from "../../src/core/state/long-execution.ts";
import { allCycles } from "../support/all-cycles.ts";
import { accept, appendInfo, call, note, passOn, program, puppet, reply, send, setHook, setTimer, spin } from "../support/puppet.ts";
import { Scenario } from "../support/scenario.ts";

const SLICE = 10_000_000;
const LIMITS: NonNullable<GenesisConfig["limits"]> = {
  messageInstructions: 200_000_000,
  installCodeInstructions: 400_000_000,
  queryInstructions: 50_000_000,
  sliceInstructions: SLICE,
  installCodeSliceInstructions: SLICE,
  roundInstructions: 2 * SLICE,
  messageOverheadInstructions: 10_000,
  canisterOverheadInstructions: 10_000,
  canistersPerRoundOverheadInstructions: 60,
};
const slices = (count: number) => spin(Math.floor(((count - 0.5) * SLICE) / 10));

/** Runs rounds until so many are left, the one with the checkpoint included. */
function beforeCheckpoint(scene: Scenario, every: number, left: number): void {
  while ((subnetRound(scene) + left) % every !== 0) scene.rounds();
}

function subnetRound(scene: Scenario): number {
  return scene.net.state.subnets.get(scene.subnet(0))!.round;
}

describe("a checkpoint aborts what lasts over rounds [replica: aborted executions]", () => {
  const every = 40;
  const config = { latency: "mainnet", limits: { ...LIMITS, checkpointRounds: every } } as const;

  test("a message starts over in the next round, at that round's time, and is charged once", () => {
    const scene = new Scenario(config);
    const id = scene.puppet();
    const plain = scene.start(id, program(slices(4), note("x"), reply("plain")));
    const before = scene.canister(id).consumed.instructions;
    scene.await(plain);
    const once = scene.canister(id).consumed.instructions - before;
    beforeCheckpoint(scene, every, 2);
    const start = scene.canister(id).consumed.instructions;
    const total = allCycles(scene.net.state);
    const end = scene.start(id, program(slices(4), note("x"), appendInfo("time"), send));
    scene.rounds();
    expect(isHeld(scene.canister(id))).toBe(true);
    scene.rounds();
    // The checkpoint: what has run is gone, the call is not.
    expect([isHeld(scene.canister(id)), scene.canister(id).paused === null]).toEqual([false, false]);
    expect([scene.canister(id).callContexts.size, scene.outcome(end)]).toEqual([0, "processing"]);
    expect(allCycles(scene.net.state)).toBe(total);
    scene.rounds();
    const restarted = scene.net.state.timeNanos;
    scene.rounds(2);
    expect(scene.outcome(end)).toBe("processing");
    scene.rounds();
    const status = scene.status(end);
    expect(status?.kind === "replied" && new DataView(status.data.buffer, status.data.byteOffset).getBigUint64(0, true)).toBe(restarted);
    expect(scene.journal(id)).toBe("xx");
    const spent = scene.canister(id).consumed.instructions - start;
    expect(spent > once - 100_000n && spent < once + 100_000n).toBe(true);
    expect(allCycles(scene.net.state)).toBe(total);
  });

  test("a call with cycles, a timer, a callback and a replicated query start over too", () => {
    const scene = new Scenario(config);
    const [a, b, t] = [scene.puppet(), scene.puppet(), scene.puppet({ hooks: ["global_timer"] })];
    scene.run(t, program(setHook("global_timer", program(slices(3), note("t"))), reply()));
    beforeCheckpoint(scene, every, 2);
    const total = allCycles(scene.net.state);
    const called = scene.start(a, call(b, { arg: program(accept(700n), slices(3), reply("called")), cycles: 1_000n, ...passOn }));
    scene.run(t, program(setTimer(1n), reply()));
    const query = scene.submit(b, "look", program(slices(3), reply("query"))).messageId;
    scene.rounds();
    expect([a, b, t].map((id) => scene.canister(id).paused?.held ?? null)).toEqual([null, null, null]);
    expect(allCycles(scene.net.state)).toBe(total);
    scene.await(called);
    scene.await(query);
    expect([scene.outcome(called), scene.outcome(query), scene.journal(t)]).toEqual(["+called", "query", "t"]);

    beforeCheckpoint(scene, every, 2);
    const back = scene.start(a, call(b, { arg: reply("b"), cycles: 5n, onReply: program(slices(3), appendInfo("refunded"), send) }));
    scene.rounds();
    expect(isHeld(scene.canister(a))).toBe(true);
    scene.rounds();
    expect([isHeld(scene.canister(a)), scene.canister(a).paused?.kind]).toEqual([false, "message"]);
    scene.await(back);
    expect(scene.outcome(back)).toBe("\u0005\0\0\0\0\0\0\0");
    expect(allCycles(scene.net.state)).toBe(total);
  });

  test("an installation starts over, and what changes the canister still waits; an aborted message lets settings through", () => {
    const scene = new Scenario(config);
    const [a, b] = [scene.puppet(), scene.puppet()];
    beforeCheckpoint(scene, every, 2);
    const install = scene.askInstall(a, "upgrade", puppet(), program(note("new"), slices(3)));
    const long = scene.start(b, program(slices(3), reply("long")));
    scene.rounds(2);
    expect([a, b].map((id) => [scene.canister(id).paused?.kind, isHeld(scene.canister(id))])).toEqual([
      ["installation", false],
      ["message", false],
    ]);
    const [settings, stop] = [scene.askSettings(a, {}), scene.ask("stop_canister", a)];
    const lasting = [scene.askSettings(b, {}), scene.ask("stop_canister", b)];
    scene.rounds();
    expect([settings, stop].map((id) => scene.outcome(id))).toEqual(["received", "received"]);
    expect(scene.outcome(lasting[1])).toBe("received");
    for (const id of [install, long, settings, stop, ...lasting]) scene.await(id);
    expect([scene.outcome(install), scene.outcome(long)]).toEqual(["DIDL\0\0", "long"]);
  });

  test("induction fees that were postponed are taken when the execution is aborted", () => {
    const scene = new Scenario(config);
    const id = scene.puppet();
    beforeCheckpoint(scene, every, 2);
    const end = scene.start(id, program(slices(4), reply("long")));
    scene.rounds();
    const { balanceCycles } = scene.canister(id);
    scene.start(id, reply());
    scene.rounds();
    expect(scene.canister(id).postponedIngressCycles).toBe(0n);
    expect(scene.canister(id).balanceCycles).toBeLessThan(balanceCycles);
    scene.await(end);
  });
});

describe("a canister that cannot pay, in the middle of something [replica: aborted executions]", () => {
  test("what goes on at the charge ends first; what is aborted then finds no module, and has its prepayment back", () => {
    const every = 40;
    const scene = new Scenario({ latency: "mainnet", limits: { ...LIMITS, checkpointRounds: every } });
    const ids = Array.from({ length: 6 }, () => scene.puppet());
    for (const id of ids) scene.setSettings(id, { compute_allocation: 1n });
    beforeCheckpoint(scene, every, 3);
    const ends = ids.map((id) => scene.start(id, program(slices(6), reply("done"))));
    scene.rounds(3);
    expect(ids.map((id) => [scene.canister(id).paused?.kind, isHeld(scene.canister(id))])).toEqual(ids.map(() => ["message", false]));
    scene.pass(1e9);
    scene.rounds();
    const goesOn = ids.map((id) => isHeld(scene.canister(id)));
    expect(new Set(goesOn).size).toBe(2);
    expect(ids.map((id) => scene.canister(id).execution !== null)).toEqual(goesOn);
    for (const end of ends) scene.await(end);
    expect(ends.map((end) => scene.outcome(end).slice(0, 6))).toEqual(goesOn.map((on) => (on ? "done" : "IC0537")));
    scene.rounds();
    // 200 M instructions; the fixed part stays paid.
    expect(ids.map((id) => scene.canister(id).balanceCycles)).toEqual(goesOn.map((on) => (on ? 0n : 200_000_000n)));
  });
});

describe("cycles that come while a message is under way [replica: balance mismatch on resuming]", () => {
  const come = (scene: Scenario, canister: CanisterId) =>
    scene.net.step({ kind: "command", command: "addCycles", canister, cycles: 1_000n });

  test("make an update fail at its next slice: nothing of it stays but the fixed part of its price", () => {
    const scene = new Scenario({ limits: LIMITS });
    const id = scene.puppet();
    const { instructions } = scene.canister(id).consumed;
    const end = scene.start(id, program(note("x"), slices(4), reply("long")));
    scene.rounds(2);
    come(scene, id);
    scene.rounds();
    expect(scene.outcome(end)).toMatch(
      /^IC0521: Error from Canister \S+: Canister encountered a Wasm engine error: Failed to apply system changes: Mismatch in cycles balance when resuming an update call$/,
    );
    expect([scene.journal(id), scene.canister(id).paused, scene.canister(id).callContexts.size]).toEqual(["", null, 0]);
    expect(scene.canister(id).consumed.instructions - instructions).toBe(5_000_000n);
  });

  test("make a callback fail, whose cleanup runs; an aborted message does not care", () => {
    const scene = new Scenario({ limits: LIMITS });
    const [a, b] = [scene.puppet(), scene.puppet()];
    const end = scene.start(a, call(b, { arg: reply(), onReply: program(slices(4), note("r"), reply()), onCleanup: note("c") }));
    scene.rounds(2);
    expect(isHeld(scene.canister(a))).toBe(true);
    come(scene, a);
    scene.rounds();
    expect(scene.outcome(end)).toMatch(/^IC0521: .* when resuming a response call$/);
    expect(scene.journal(a)).toBe("c");

    const every = new Scenario({ limits: { ...LIMITS, checkpointRounds: 40 } });
    const id = every.puppet();
    beforeCheckpoint(every, 40, 1);
    const aborted = every.start(id, program(slices(4), reply("long")));
    every.rounds();
    come(every, id);
    every.await(aborted);
    expect(every.outcome(aborted)).toBe("long");
  });
});

describe("more than four held messages [replica: max_paused_executions]", () => {
  test("beyond four they are aborted, those that are charged last first; all end", () => {
    const scene = new Scenario({ limits: LIMITS });
    const ids = Array.from({ length: 7 }, () => scene.puppet());
    // Four threads: four begin in this round, and three more in the next ones.
    const ends = ids.map((id) => scene.start(id, program(slices(6), note("x"), reply("done"))));
    const held = (): CanisterId[] => ids.filter((id) => isHeld(scene.canister(id)));
    let aborted = 0;
    for (let round = 0; round < 60 && ends.some((end) => scene.outcome(end) !== "done"); round++) {
      scene.rounds();
      expect(held().length).toBeLessThanOrEqual(4);
      aborted += ids.filter((id) => scene.canister(id).paused !== null && !isHeld(scene.canister(id))).length > 0 ? 1 : 0;
    }
    expect(ends.map((end) => scene.outcome(end))).toEqual(ids.map(() => "done"));
    expect(ids.map((id) => scene.journal(id))).toEqual(ids.map(() => "x"));
    expect(aborted).toBeGreaterThan(0);
  });
});

describe("long messages that share a thread [replica: long execution cores]", () => {
  test("take turns: so many slices fit a round as its budget has room for", () => {
    const scene = new Scenario({ limits: LIMITS });
    const ids = Array.from({ length: 12 }, () => scene.puppet());
    const ends = ids.slice(0, 3).map((id) => scene.start(id, program(slices(5), reply("done"))));
    scene.rounds();
    const round = subnetRound(scene);
    for (const end of ends) scene.await(end);
    const slicesLeft = scene
      .executed()
      .slice(-3)
      .map((event) => event.slices - 1);
    // 3 of 12 canisters, 300 % free: one thread for what each has left after its first slice. The last half of a slice leaves room for one of the next canister.
    expect(slicesLeft[0]).toBeGreaterThan(2);
    expect(subnetRound(scene) - round).toBe(slicesLeft.reduce((sum, left) => sum + left, 0) - 2);
  });
});
