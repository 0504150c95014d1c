/**
 * Memory that messages take on a subnet: reserved for answers that must come, and taken back from those that need not.
 *
 * Source: messaging.md 5, 6.1.
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { describe, expect, test } from "vitest";
import type { GenesisConfig } from "../../src/core/genesis.ts";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { ALICE, Scenario, subnets } from "../support/scenario.ts";
import {
  accept,
  append,
  appendZeros,
  call,
  note,
  passOn,
  program,
  refunded,
  refusedCalls,
  rejectCode,
  rejectMessage,
  reply,
  send,
  slice,
  spin,
} from "../universal/program.ts";

const MIB = 1 << 20;
const refusals = append(slice(refusedCalls, 0, 1));

function far(limits: GenesisConfig["limits"]) {
  const scene = new Scenario({ ...subnets(3), limits });
  const [first, second, a, b] = [scene.puppet(), scene.puppet(), scene.puppet(), scene.puppet({ subnet: 1 })];
  const only = (subnet: number): void =>
    void scene.events.push(...scene.net.step({ kind: "round", subnets: [scene.subnet(subnet)] }).events);
  return { scene, others: [first, second], a, b, only };
}

describe("memory of guaranteed responses [replica: memory of guaranteed responses]", () => {
  test("an execution has its thread's quarter: what does not fit is refused by call_perform, calls with a deadline are not", () => {
    const scene = new Scenario({ limits: { guaranteedMessageMemoryBytes: 4 * 5 * MIB } });
    const [a, b] = [scene.puppet(), scene.puppet()];
    const calls = (timeout?: number) => program(call(b, { arg: reply(), times: 6, timeout }), refusals, send);
    // A response of 2 MiB and its record fits twice into 5 MiB.
    expect(scene.run(a, calls())).toBe("\x04");
    scene.rounds(2);
    expect(scene.run(a, calls(10))).toBe("\0");
  });

  test("a reservation is given back with the answer", () => {
    const { scene, a, b, only } = far({ guaranteedMessageMemoryBytes: 20 * MIB });
    const calls = program(call(b, { arg: reply(), times: 2 }), refusals, send);
    const first = scene.start(a, calls);
    only(0);
    const second = scene.start(a, calls);
    only(0);
    // 16 MiB are left, 4 of them for this thread.
    expect([first, second].map((id) => scene.outcome(id))).toEqual(["\0", "\x01"]);
    scene.rounds(4);
    expect(scene.run(a, calls)).toBe("\0");
    scene.rounds(4);
    expect(scene.net.state.subnets.get(scene.subnet(0))!.guaranteedMemoryBytes).toBe(0);
  });

  test("without room at the receiver a request is rejected on induction; one with a deadline is taken", () => {
    const { scene, a, b, only } = far({ guaranteedMessageMemoryBytes: 9 * MIB });
    // Four threads of b's subnet take 2 MiB each, for calls to a third subnet.
    const others = Array.from({ length: 4 }, () => scene.puppet({ subnet: 1 }));
    const third = scene.puppet({ subnet: 2 });
    for (const other of others) scene.start(other, call(third, { arg: reply(), ...passOn }));
    only(1);
    const ask = (timeout?: number) => scene.start(a, call(b, { arg: reply("b"), timeout, cycles: 77n, ...passOn }));
    const [unbounded, bounded] = [ask(), ask(60)];
    only(0);
    only(1);
    only(0);
    expect(scene.outcome(unbounded)).toMatch(/^-\x05Cannot induct request. Out of memory: requested \d+$/);
    expect(scene.outcome(unbounded)).toContain(String(2 * MIB).slice(0, 4));
    expect(scene.outcome(bounded)).toBe("+b");
    scene.rounds(3);
    expect(others.map((other) => scene.canister(other).callbacks.size)).toEqual([0, 0, 0, 0]);
  });

  test("at home it waits for the stream, and is rejected there", () => {
    const scene = new Scenario({ limits: { guaranteedMessageMemoryBytes: 9 * MIB } });
    const callers = Array.from({ length: 4 }, () => scene.puppet());
    const b = scene.puppet();
    const before = scene.net.state.round;
    const ids = callers.map((caller) => scene.start(caller, call(b, { arg: reply("b"), ...passOn })));
    scene.rounds();
    expect(ids.map((id) => scene.outcome(id))).toEqual(Array(4).fill("processing"));
    for (const id of ids) expect(scene.await(id)).toMatchObject({ kind: "replied" });
    expect(ids.map((id) => scene.outcome(id))).toEqual(Array(4).fill(expect.stringMatching(/^-\x05Cannot induct request\. Out of memory/)));
    expect(scene.net.state.round - before).toBe(2);
  });
});

describe("shedding of messages with a deadline [replica: shedding of best-effort messages]", () => {
  const limits = { bestEffortMessageMemoryBytes: 50_000, streamMessages: 1 };
  const large = (callee: CanisterId, timeout: number, pad = 60_000) =>
    call(callee, { arg: program(note("x"), reply("b")), pad, timeout, cycles: 500n, onReply: reply("+"), onReject: rejected });
  const rejected = program(append(slice(rejectCode, 0, 1), slice(refunded, 0, 2), rejectMessage), send);

  test("a request that has not left times out: it is known not to have been executed, and all its cycles come back", () => {
    const { scene, a, b } = far(limits);
    const [left, shed] = [scene.start(a, large(b, 60, 10)), scene.start(a, large(b, 60))];
    scene.rounds(3);
    expect(scene.outcome(left)).toBe("+");
    expect(scene.outcome(shed)).toBe("\x02\xf4\x01Request timed out.".replace("\xf4", "\ufffd"));
    expect(scene.journal(b)).toBe("x");
  });

  test("the largest message goes first, and no more than is needed; requests without a deadline never", () => {
    const { scene, a, b } = far(limits);
    const unbounded = scene.start(a, call(b, { arg: reply("+"), pad: 80_000, onReply: reply("+") }));
    const ids = [20_000, 40_000, 21_000].map((pad) => scene.start(a, large(b, 60, pad)));
    scene.rounds(8);
    expect(ids.map((id) => scene.outcome(id).slice(-8))).toEqual(["+", "med out.", "+"]);
    expect(scene.outcome(unbounded)).toBe("+");
  });

  test("an answer that waits at a busy caller leaves a reject behind, its refund comes by itself", () => {
    const slices = { sliceInstructions: 4_000_000, installCodeSliceInstructions: 4_000_000, roundInstructions: 8_000_000 };
    const overheads = { messageInstructions: 400_000_000, messageOverheadInstructions: 0, canisterOverheadInstructions: 0 };
    const { scene, a, b, only } = far({ ...slices, ...overheads, bestEffortMessageMemoryBytes: 50_000 });
    const arg = program(accept(100n), appendZeros(60_000), send);
    const id = scene.start(a, call(b, { arg, timeout: 60, cycles: 500n, onReply: reply("+"), onReject: rejected }));
    scene.rounds();
    const long = scene.start(a, program(spin(20_000_000), reply()));
    only(0);
    expect(scene.canister(a).paused).not.toBe(null);
    const balance = scene.canister(a).balanceCycles;
    scene.rounds(3);
    expect(scene.net.state.subnets.get(scene.subnet(0))!.bestEffortMemoryBytes).toBe(0);
    expect(scene.canister(a).balanceCycles).toBe(balance);
    // The refund comes while the canister is in the middle of a message, which does not survive that; the callback is next.
    scene.await(long);
    expect(scene.outcome(long)).toMatch(/^IC0521: .*Mismatch in cycles balance when resuming an update call/);
    expect(scene.canister(a).balanceCycles - balance).toBe(400_000_400n);
    scene.await(id);
    expect(scene.outcome(id)).toBe("\x06\0\0Response was dropped.");
  });

  test("an answer that has not left is gone: the caller learns at its deadline that the outcome is unknown", () => {
    const { scene, others, a, b, only } = far({ ...limits, streamMessages: 2 });
    const id = scene.start(a, call(b, { arg: program(appendZeros(60_000), send), timeout: 60, cycles: 500n, ...passOn }));
    // They take the stream, as destinations are served in the order of their ids: the answer has to wait.
    scene.start(b, program(...others.map((other) => call(other, { arg: reply(), timeout: 60 }))));
    only(0);
    const before = scene.canister(a).balanceCycles;
    only(1);
    expect(scene.outcome(id)).toBe("processing");
    scene.rounds(3);
    expect(scene.outcome(id)).toBe("processing");
    expect(scene.canister(a).balanceCycles - before).toBe(500n);
    scene.pass(61);
    scene.rounds();
    expect(scene.outcome(id)).toBe("-\x06Call deadline has expired.");
  });
});

describe("calls of the management canister with a deadline [replica: deadlines of management calls]", () => {
  test("stop_canister goes on when its caller has stopped waiting", () => {
    const scene = new Scenario(subnets(2));
    const [a, target, b] = [scene.puppet(), scene.puppet(), scene.puppet({ subnet: 1 })];
    scene.setSettings(target, { controllers: [Principal.fromHex(a), Principal.fromHex(ALICE)] });
    const near = (): void => void scene.net.step({ kind: "round", subnets: [scene.subnet(0)] });
    const open = scene.start(target, call(b, { arg: reply(), ...passOn }));
    near();
    const stop = call("" as CanisterId, { method: "stop_canister", arg: canisterArgument(target), timeout: 5, ...passOn });
    const id = scene.start(a, stop);
    near();
    near();
    expect(scene.canister(target).status.kind).toBe("stopping");
    scene.pass(6);
    near();
    expect(scene.outcome(id)).toBe("-\x06Call deadline has expired.");
    expect(scene.canister(target).status.kind).toBe("stopping");
    scene.rounds(4);
    expect([scene.outcome(open), scene.canister(target).status.kind]).toEqual(["+", "stopped"]);
  });
});

function canisterArgument(id: CanisterId): Uint8Array {
  return new Uint8Array(IDL.encode([IDL.Record({ canister_id: IDL.Principal })], [{ canister_id: Principal.fromHex(id) }]));
}
