/**
 * Query methods that go through consensus: as a user's update call, or called by a canister.
 *
 * Source: messaging.md 7.1; system-api.md 4.1.
 */
import { describe, expect, test } from "vitest";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { said, Scenario } from "../support/scenario.ts";
import {
  accept,
  append,
  argument,
  burn,
  call,
  certify,
  deadline,
  dataCertificatePresent,
  growStable,
  inReplicatedExecution,
  note,
  noteStable,
  passOn,
  print,
  program,
  refunded,
  reject,
  reply,
  send,
  setTimer,
  slice,
  trap,
  type Program,
} from "../universal/program.ts";

function pair(): { scene: Scenario; a: CanisterId; b: CanisterId } {
  const scene = new Scenario();
  return { scene, a: scene.puppet(), b: scene.puppet() };
}

/** The query method called by a canister, with what its caller learns. */
const asked = (b: CanisterId, what: Program, cycles = 0n) => call(b, { method: "look", arg: what, cycles, ...passOn });

describe("a query in replicated mode [canister-interface#replicated-and-non-replicated-execution-mode]", () => {
  test("knows that it is", () => {
    const { scene, a, b } = pair();
    const what = reply(slice(inReplicatedExecution, 0, 1), slice(dataCertificatePresent, 0, 1));
    expect(said(scene.call(a, "look", what))).toBe("\x01\0");
    expect(scene.run(a, asked(b, what))).toBe("+\x01\0");
    expect(scene.look(a, what)).toBe("\0\x01");
  });

  test("changes no memory, but keeps the cycles it accepted or burned, its log, and counts as a version", () => {
    const { scene, a, b } = pair();
    const { balanceCycles, version } = scene.canister(b);
    const what = program(note("x"), growStable(1), noteStable("y"), print("line"), accept(600n), reply("asked"));
    expect(scene.run(a, call(b, { method: "look", arg: what, cycles: 1_000n, onReply: reply(argument, slice(refunded, 0, 2)) }))).toBe(
      `asked${new TextDecoder().decode(Uint8Array.of(400 & 255, 400 >> 8))}`,
    );
    const after = scene.canister(b);
    expect([scene.journal(b), after.execution!.stable.wasmPages, after.version]).toEqual(["", 0, version + 1]);
    expect(after.log.records.length).toBe(1);
    // It paid for its execution.
    expect(after.balanceCycles).toBeLessThan(balanceCycles);

    const cheap = scene.canister(b).balanceCycles;
    scene.run(a, asked(b, reply()));
    const price = cheap - scene.canister(b).balanceCycles;
    const dear = scene.canister(b).balanceCycles;
    scene.run(a, asked(b, program(burn(5_000_000_000n), reply())));
    expect(dear - scene.canister(b).balanceCycles - price).toBeGreaterThanOrEqual(5_000_000_000n);
    expect(dear - scene.canister(b).balanceCycles - price).toBeLessThan(5_001_000_000n);
  });

  test.each([
    ["call", "call_new", call("04" as CanisterId)],
    ["certify", "certified_data_set", certify("x")],
    ["set a timer", "global_timer_set", setTimer(1n)],
  ] as const)("may not %s", (_what, api, statement) => {
    const { scene, a, b } = pair();
    const refused = new RegExp(`IC0504: .*"ic0_${api}" cannot be executed in replicated query mode`);
    expect(said(scene.call(a, "look", program(statement, reply())))).toMatch(refused);
    expect(scene.run(a, asked(b, program(statement, reply())))).toMatch(refused);
  });

  test("ends in a reject, a trap or silence", () => {
    const { scene, a, b } = pair();
    const { version } = scene.canister(b);
    expect(scene.run(a, asked(b, reject("no")))).toBe("-\x04no");
    expect(scene.run(a, asked(b, program(append("x"))))).toBe("-\x05No response");
    expect(said(scene.call(a, "look", program()))).toMatch(/^IC0506: Canister \S+ did not reply to the call$/);
    expect(scene.canister(b).version).toBe(version + 2);
    expect(scene.run(a, asked(b, program(accept(1n), trap("t")), 50n))).toMatch(/^-\x05IC0503: Error from Canister \S+: .*'t'/);
    expect(scene.canister(b).version).toBe(version + 2);
  });

  test("sees the deadline of its call [replica: msg_deadline in replicated queries]", () => {
    const { scene, a, b } = pair();
    const end = scene.call(a, "run", call(b, { method: "look", arg: reply(deadline), timeout: 9, onReply: reply(argument) }));
    if (end.kind !== "replied") throw new Error(end.message);
    const now = (scene.net.state.timeNanos / 1_000_000_000n) * 1_000_000_000n;
    expect(new DataView(end.data.buffer, end.data.byteOffset).getBigUint64(0, true)).toBe(now + 9_000_000_000n);
    expect(scene.look(a, reply(deadline))).toBe("\0".repeat(8));
  });
});

test("a composite query has no replicated mode [canister-interface#system-api-requests]", () => {
  const { scene, a, b } = pair();
  const end = scene.run(a, call(b, { method: "ask", arg: program(reply()), cycles: 5n, onReject: program(passOn.onReject) }));
  expect(end).toMatch(/^-\x05IC0527: Error from Canister \S+: Composite query cannot be called in replicated mode|^-\x05IC0527: Composite/);
  expect(said(scene.call(a, "ask", reply()))).toBe("IC0527: Composite query cannot be called in replicated mode");
  expect(scene.run(a, program(append("x"), send))).toBe("x");
});
