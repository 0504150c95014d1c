/**
 * Streams between subnets: messages stay until their signals have come back, rejects are signals, and what a system subnet takes at once.
 *
 * Source: messaging.md 6, 6.1. Replica: `rs/messaging/src/routing/stream_handler.rs`, `rs/xnet/payload_builder/src/lib.rs` (c7c5005).
 */
import { describe, expect, test } from "vitest";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { isQuiet } from "../../src/network/quiet.ts";
import { allCycles } from "../support/all-cycles.ts";
import { call, note, passOn, program, reply } from "../support/puppet.ts";
import { said, Scenario, subnets } from "../support/scenario.ts";

function lengths(scene: Scenario, from: number, to: number): number {
  return scene.net.state.subnets.get(scene.subnet(from))!.streams.get(scene.subnet(to))?.length ?? 0;
}

describe("receipts [replica: stream signals]", () => {
  test("a message stays in its stream until the receiver's signal has come back", () => {
    const scene = new Scenario(subnets(2));
    const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
    const end = scene.start(a, call(b, { arg: reply("b"), ...passOn }));
    const seen: [number, number, boolean][] = [];
    for (let round = 0; round < 4; round++) {
      scene.rounds();
      seen.push([lengths(scene, 0, 1), lengths(scene, 1, 0), isQuiet(scene.net.state)]);
    }
    // Sent; taken, answered; the answer taken, with it the request's receipt; the answer's receipt.
    expect(seen).toEqual([
      [1, 0, false],
      [1, 1, false],
      [0, 1, true],
      [0, 0, true],
    ]);
    expect(scene.outcome(end)).toBe("+b");
  });

  test("a full stream waits for receipts, not for the receiver alone", () => {
    const scene = new Scenario({ ...subnets(2), limits: { streamMessages: 1 } });
    const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
    for (const letter of "xyz") scene.start(a, program(call(b, { arg: program(note(letter), reply()) }), reply()));
    const journal: string[] = [];
    for (let round = 0; round < 7; round++) {
      scene.rounds();
      journal.push(scene.journal(b));
    }
    expect(journal).toEqual(["", "x", "x", "xy", "xy", "xyz", "xyz"]);
  });

  test("on the mainnet's clock a receipt takes its way as well", () => {
    const scene = new Scenario({ ...subnets(2), latency: "mainnet", limits: { streamMessages: 1 } });
    const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
    const start = scene.net.state.round;
    const arrived: number[] = [];
    for (const letter of "xyz") scene.start(a, program(call(b, { arg: program(note(letter), reply()) }), reply()));
    while (arrived.length < 3) {
      scene.rounds();
      if (scene.journal(b).length > arrived.length) arrived.push(scene.net.state.round - start);
    }
    for (let i = 1; i < 3; i++) expect(arrived[i] - arrived[i - 1]).toBeGreaterThanOrEqual(4);
  });
});

describe("what cannot be taken [replica: reject signals]", () => {
  test("a request to a canister that is not there is rejected by its own subnet when the signal comes; its cycles are never lost", () => {
    const scene = new Scenario(subnets(2));
    const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
    scene.manageOne("stop_canister", b);
    const before = allCycles(scene.net.state);
    const end = scene.start(a, call(b, { cycles: 5_000n, ...passOn }));
    for (const outcome of ["processing", "processing", /^-\u0005Canister \S+ is stopped$/]) {
      scene.rounds();
      expect(allCycles(scene.net.state)).toBe(before);
      if (typeof outcome === "string") expect(scene.outcome(end)).toBe(outcome);
      else expect(scene.outcome(end)).toMatch(outcome);
    }
    // Nothing ever travelled back but the signal.
    const back = scene.net.state.subnets.get(scene.subnet(1))!.streams.get(scene.subnet(0))!;
    expect([back.end, back.signalsEnd, back.rejectOf(0)?.code]).toEqual([0, 1, 5]);
    scene.rounds();
    expect(isQuiet(scene.net.state)).toBe(true);
    // The next slice of ours says that the message is gone: then the signal may go.
    scene.manageOne("start_canister", b);
    expect(scene.run(a, call(b, { arg: reply("b"), ...passOn }))).toBe("+b");
    scene.rounds(2);
    expect(scene.net.state.subnets.get(scene.subnet(1))!.streams.get(scene.subnet(0))!.rejectOf(0)).toBe(null);
  });

  test("a reject that waits on its way keeps the network from being quiet", () => {
    const scene = new Scenario({ ...subnets(2), latency: "mainnet" });
    const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
    scene.manageOne("stop_canister", b);
    scene.rounds(6);
    const end = scene.start(a, call(b, passOn));
    do {
      expect(scene.outcome(end)).not.toMatch(/stopped/);
      scene.rounds();
    } while (!isQuiet(scene.net.state));
    expect(scene.outcome(end)).toMatch(/is stopped$/);
  });

  test("rejects of signals come before the messages of the same slices", () => {
    const scene = new Scenario(subnets(2));
    const [a, missing, b] = [scene.puppet(), scene.puppet({ subnet: 1 }), scene.puppet({ subnet: 1 })];
    scene.manageOne("stop_canister", missing);
    const both = program(call(b, { arg: reply(), onReply: note("b") }), call(missing, { onReject: note("m") }), reply());
    expect(scene.run(a, both)).toBe("");
    scene.rounds(3);
    expect(scene.journal(a)).toBe("mb");
  });

  test("snapshots and forks with signals on their way go on alike", () => {
    const scene = new Scenario({ ...subnets(2), latency: "mainnet" });
    const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
    const gone = scene.puppet({ subnet: 1 });
    scene.manageOne("stop_canister", gone);
    scene.start(a, program(call(b, { arg: reply() }), call(gone), reply()));
    scene.rounds(3);
    const fork = scene.net.fork();
    scene.rounds(8);
    for (let i = 0; i < 8; i++) fork.step({ kind: "round", subnets: null });
    expect(fork.digest()).toBe(scene.net.digest());
  });
});

describe("towards a system subnet [replica: system subnet message limit]", () => {
  const config = {
    subnets: [
      { kind: "application" as const, name: "application" },
      { kind: "system" as const, name: "system" },
      { kind: "system" as const, name: "system" },
    ],
  };

  /** How many messages of `from` reach `to` in the first round. */
  function taken(scene: Scenario, from: CanisterId, to: CanisterId): number {
    const end = scene.start(from, program(call(to, { arg: program(note("x"), reply()), times: 150 }), reply()));
    scene.rounds(2);
    expect(scene.status(end)?.kind).toBe("replied");
    return scene.journal(to).length;
  }

  test("it takes 100 messages at once, less those in its stream back; another system subnet's all", () => {
    const scene = new Scenario(config);
    const [app, system, other] = [scene.puppet(), scene.puppet({ subnet: 1 }), scene.puppet({ subnet: 2 })];
    expect(taken(scene, app, system)).toBe(100);
    // 100 answers are in the stream back until their receipts come.
    scene.rounds();
    expect(scene.journal(system)).toHaveLength(100);
    scene.rounds(4);
    expect(scene.journal(system)).toHaveLength(150);
    expect(taken(scene, other, system) - 150).toBe(150);
  });

  test("an application subnet takes what fits a block", () => {
    const scene = new Scenario(config);
    const [app, system] = [scene.puppet(), scene.puppet({ subnet: 1 })];
    expect(taken(scene, system, app)).toBe(150);
    expect(said(scene.await(scene.start(app, reply("alive"))))).toBe("alive");
  });
});
