/**
 * What rounds and checkpoints do beside executing messages: turns, hooks, rate limits, the rooms of a subnet.
 *
 * Source: scheduling.md 2, 3, 5; messaging.md 3, 5; wasm.md 5.
 */
import { describe, expect, test } from "vitest";
import { defaultLimits } from "../../src/core/state/limits.ts";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { call, growStable, note, passOn, program, puppet, reply, setHook, spin } from "../support/puppet.ts";
import { stableWrite } from "../universal/program.ts";
import { said, Scenario, subnets } from "../support/scenario.ts";

const PAGE = 65_536;
/** What is counted when memory changes. */
const OS_PAGE = 4_096;

describe("the low-memory hook [abstract-behavior#rule-on-low-wasm-memory]", () => {
  /** A puppet whose hook is due, with a note to tell. */
  function due(): { scene: Scenario; id: CanisterId } {
    const scene = new Scenario();
    const id = scene.puppet({ hooks: ["on_low_wasm_memory"] });
    scene.run(id, program(setHook("on_low_wasm_memory", note("w")), reply()));
    return { scene, id };
  }
  const low = (scene: Scenario, id: CanisterId) => ({
    wasm_memory_limit: BigInt((scene.canister(id).execution!.heap.wasmPages + 1) * PAGE),
    wasm_memory_threshold: BigInt(2 * PAGE),
  });

  test("of a canister that is stopped is used up, at the price of a message that does not run", () => {
    const { scene, id } = due();
    scene.manageOne("stop_canister", id);
    const { instructions } = scene.canister(id).consumed;
    scene.setSettings(id, low(scene, id));
    scene.rounds();
    expect(scene.canister(id).lowMemoryHook).toBe("executed");
    expect(scene.canister(id).consumed.instructions - instructions).toBe(5_000_000n);
    scene.manageOne("start_canister", id);
    scene.rounds(2);
    expect(scene.journal(id)).toBe("");
  });

  test("of a module without it is used up too; of a frozen canister it stays due, and keeps all messages waiting", () => {
    const { scene, id } = due();
    const bare = scene.puppet();
    scene.setSettings(bare, low(scene, bare));
    scene.rounds();
    expect(scene.canister(bare).lowMemoryHook).toBe("executed");

    scene.net.step({ kind: "command", command: "setBalance", canister: id, cycles: 30_000_000_000n });
    scene.setSettings(id, low(scene, id));
    const waiting = scene.start(id, reply("m"));
    scene.rounds(2);
    expect([scene.canister(id).lowMemoryHook, scene.outcome(waiting)]).toEqual(["ready", "received"]);
    scene.net.step({ kind: "command", command: "addCycles", canister: id, cycles: 10n ** 13n });
    scene.rounds();
    expect([scene.journal(id), scene.outcome(waiting)]).toEqual(["w", "m"]);
  });
});

describe("a checkpoint [replica: canister queues at checkpoints]", () => {
  test("forgets whose turn it is where nothing is queued or reserved, and only there", () => {
    const scene = new Scenario({ ...subnets(2), limits: { checkpointRounds: 10 } });
    const [a, b, far] = [scene.puppet(), scene.puppet(), scene.puppet({ subnet: 1 })];
    const turn = (id: CanisterId) => [...scene.canister(id).queues.standing()][0];
    // `b` never answers `a` before the checkpoint: a call of it to another subnet is open.
    for (const id of [a, b]) scene.run(id, reply());
    expect([turn(a), turn(b)]).toEqual(["turn 2", "turn 2"]);
    while ((scene.net.state.round + 2) % 10 !== 0) scene.rounds();
    scene.start(b, call(far, { arg: program(reply()), ...passOn }));
    const before = turn(b);
    scene.rounds(2);
    expect(scene.net.state.subnets.get(scene.subnet(0))!.round % 10).toBe(0);
    expect([turn(a), scene.canister(b).queues.isEmpty]).toEqual(["turn 0", false]);
    expect(turn(b)).not.toBe("turn 0");
    expect(before).toBe("turn 2");
  });
});

describe("rate limits, where they are on [replica: rate limiting]", () => {
  const limits = { rateLimiting: true, installCodeRateLimitInstructions: 100_000_000, heapDeltaRateLimitBytes: 3 * OS_PAGE };

  test("a canister that installed for long is not scheduled until it has been worked off, and installs are refused meanwhile", () => {
    const scene = new Scenario({ limits });
    const id = scene.puppet();
    scene.rounds(10);
    expect(scene.canister(id).installCodeDebitInstructions).toBe(0);
    const { accumulatedPriority } = scene.canister(id);
    expect(scene.reinstall(id, "upgrade", puppet(), spin(35_000_000)).kind).toBe("replied");
    // After the round's own credit.
    const debit = scene.canister(id).installCodeDebitInstructions;
    expect(debit).toBeGreaterThan(200_000_000);
    expect(scene.reinstall(id, "upgrade", puppet())).toMatchObject({ kind: "rejected", errorCode: 209 });
    const left = scene.canister(id).installCodeDebitInstructions;
    const message = scene.start(id, reply("m"));
    const round = scene.net.state.round;
    scene.await(message);
    // Held back in each round at whose beginning the debit was at least the limit.
    expect(scene.net.state.round - round).toBe(Math.floor(left / 100_000_000) + 1);
    // It pays for each of them as if it had run.
    expect(scene.canister(id).accumulatedPriority).toBeLessThan(accumulatedPriority);
    expect(scene.reinstall(id, "upgrade", puppet()).kind).toBe("replied");
  });

  test("a failed installation counts as well", () => {
    const scene = new Scenario({ limits });
    const id = scene.puppet();
    scene.rounds(10);
    expect(scene.reinstall(id, "install", puppet()).kind).toBe("rejected");
    expect(scene.canister(id).installCodeDebitInstructions).toBe(0);
    expect(scene.reinstall(id, "upgrade", puppet(), program(spin(35_000_000), new Uint8Array([0xff]))).kind).toBe("rejected");
    expect(scene.canister(id).installCodeDebitInstructions).toBeGreaterThan(200_000_000);
  });

  test("a canister that changed much memory waits too; queries and refused messages change none", () => {
    const scene = new Scenario({ limits });
    const id = scene.puppet();
    scene.rounds(10);
    const write = program(growStable(1), stableWrite(0, new Uint8Array(10 * OS_PAGE).fill(1)), reply("written"));
    expect(scene.query(id, "look", write)).toMatchObject({ kind: "replied" });
    expect(scene.run(id, program(write, new Uint8Array([0xff])))).toMatch(/^IC05/);
    expect(scene.canister(id).heapDeltaDebitBytes).toBe(0);
    expect(scene.run(id, write)).toBe("written");
    const debit = scene.canister(id).heapDeltaDebitBytes;
    expect(debit).toBeGreaterThanOrEqual(10 * OS_PAGE - 3 * OS_PAGE);
    const message = scene.start(id, reply("m"));
    const round = scene.net.state.round;
    scene.await(message);
    expect(scene.net.state.round - round).toBe(Math.floor(debit / (3 * OS_PAGE)) + 1);
  });

  test("off by default", () => {
    const scene = new Scenario();
    const id = scene.puppet();
    expect(scene.reinstall(id, "upgrade", puppet()).kind).toBe("replied");
    expect(scene.canister(id).installCodeDebitInstructions).toBe(0);
  });
});

describe("priorities [replica: accumulated priority]", () => {
  test("when a round has room for some canisters only, all get their turns", () => {
    const scene = new Scenario({
      limits: { roundInstructions: 20_000_000, sliceInstructions: 19_000_000, installCodeSliceInstructions: 19_000_000 },
    });
    const ids = Array.from({ length: 12 }, () => scene.puppet());
    const counts = (): number[] => ids.map((id) => scene.journal(id).length);
    // Each canister has more to do than fits; four run in each round.
    for (const id of ids) for (let i = 0; i < 40; i++) scene.start(id, program(note("x"), spin(100_000), reply()));
    for (let round = 0; round < 90; round++) scene.rounds();
    const ran = counts();
    expect(Math.min(...ran)).toBeGreaterThan(0);
    expect(Math.max(...ran) - Math.min(...ran)).toBeLessThanOrEqual(Math.max(...ran) / 2);
  });
});

const MODULE = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const NAME = new TextEncoder().encode("icp:public data");
/** LEB128 of its length, then the bytes. */
function lengthFirst(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const prefix = length < 128 ? [length] : [(length & 127) | 128, length >> 7];
  return new Uint8Array([...prefix, ...bytes]);
}

describe("the rooms of a subnet", () => {
  test("custom sections of all canisters share two GiB, of which a thread sees a quarter [replica: custom sections memory]", () => {
    const scene = new Scenario({ limits: { subnetCustomSectionBytes: 4 * 10_000 } });
    const section = (bytes: number): Uint8Array =>
      new Uint8Array([...MODULE, 0, ...lengthFirst(new Uint8Array([...lengthFirst(NAME), ...new Uint8Array(bytes)]))]);
    const id = scene.install(section(9_000));
    // Of 40,000 bytes 9,004 are taken, so a thread sees 7,749.
    expect(scene.net.state.subnets.get(scene.subnet(0))!.customSectionBytes).toBe(9_004);
    expect(() => scene.install(section(7_746))).toThrow(
      /^IC0101: Canister requested 7.57 KiB of Wasm custom sections memory but only 7.57 KiB are available in the subnet/,
    );
    scene.install(section(7_745));
    // What was there before counts as free for its successor.
    scene.uninstall(id);
    expect(scene.net.state.subnets.get(scene.subnet(0))!.customSectionBytes).toBe(7_749);
  });

  test("a user's query has 5 G instructions on a system subnet too, a replicated one 50 G [replica: query call graph limit]", () => {
    const limits = { queryInstructions: 50_000_000, queryTreeInstructions: 5_000_000 };
    const scene = new Scenario({ subnets: [{ kind: "system", name: "system" }], limits });
    const id = scene.puppet();
    const long = program(spin(700_000), reply("long"));
    expect(scene.query(id, "look", long)).toMatchObject({ kind: "rejected", error: { code: 522 } });
    expect(scene.query(id, "ask", long)).toMatchObject({ kind: "rejected", error: { code: 522 } });
    expect(scene.call(id, "look", long).kind).toBe("replied");
    const { system } = scene.net.state.limits;
    expect([defaultLimits("system").queryInstructions, defaultLimits("system").queryTreeInstructions]).toEqual([50e9, 5e9]);
    expect(system.queryTreeInstructions).toBe(5_000_000);
  });

  test("on system subnets a slice of an installation decides how much fits a round [replica: system subnet slices]", () => {
    const { roundInstructions, sliceInstructions, installCodeSliceInstructions } = defaultLimits("system");
    expect([roundInstructions, sliceInstructions, installCodeSliceInstructions]).toEqual([7e9, 2e9, 5e9]);
    // A round stops when its budget of 7 G - 5 G is used up: two messages of a canister that use more than half of that each, a third waits.
    const limits = {
      roundInstructions: 7_000_000,
      sliceInstructions: 2_000_000,
      installCodeSliceInstructions: 5_000_000,
      messageOverheadInstructions: 1_000,
      canisterOverheadInstructions: 1_000,
      canistersPerRoundOverheadInstructions: 0,
    };
    const scene = new Scenario({ subnets: [{ kind: "system", name: "system" }], limits });
    const id = scene.puppet();
    for (let i = 0; i < 3; i++) scene.start(id, program(note("x"), spin(120_000), reply()));
    scene.rounds();
    expect(scene.journal(id)).toBe("xx");
    scene.rounds();
    expect(scene.journal(id)).toBe("xxx");
  });

  test("guaranteed-response memory: system subnets ask for it only for messages from elsewhere [replica: system subnet memory]", () => {
    const config = {
      subnets: [
        { kind: "system" as const, name: "system" },
        { kind: "application" as const, name: "application" },
      ],
    };
    const scene = new Scenario({ ...config, limits: { guaranteedMessageMemoryBytes: 9_000_000 } });
    const [a, b, far] = [scene.puppet(), scene.puppet(), scene.puppet({ subnet: 1 })];
    // Each call to a neighbour reserves 2 MiB at both ends: 12 of them, where there is room for two.
    expect(scene.run(a, call(b, { arg: reply("b"), times: 12, ...passOn }))).toBe("+b");
    // Four calls that are out hold four times 2 MiB; one that comes in finds no room.
    const out = scene.start(a, call(far, { arg: reply("far"), times: 4, ...passOn }));
    const into = scene.start(far, call(b, { arg: reply("b"), ...passOn }));
    expect(said(scene.await(into))).toMatch(/Cannot induct request. Out of memory: requested \d+$/);
    expect(scene.await(out).kind).toBe("replied");
    expect(scene.run(far, call(b, { arg: reply("b"), ...passOn }))).toBe("+b");
  });
});
