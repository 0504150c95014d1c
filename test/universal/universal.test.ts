/** The universal canister does what its programs say, in 32 and in 64 bit. */
import { describe, expect, test } from "vitest";
import { fromHex } from "../../src/base/bytes.ts";
import type { PrincipalId } from "../../src/core/state/ids.ts";
import { ALICE, decodeText, GENESIS_TIME_NANOS, Scenario, subnets } from "../support/scenario.ts";
import { HEAP } from "./operations.ts";
import * as does from "./program.ts";
import { append, argument, call, number, program, reply, send, type Program, type Value } from "./program.ts";

describe.each([32, 64] as const)("%i bit", (bits) => {
  const scene = new Scenario(subnets(2));
  const hooks = ["heartbeat", "global_timer", "inspect_message"] as const;
  const [a, b] = [scene.puppet({ bits }), scene.puppet({ bits, subnet: 1 })];

  const data = (what: Program): Uint8Array => {
    const end = scene.call(a, "run", what);
    if (end.kind !== "replied") throw new Error(`IC0${end.errorCode}: ${end.message}`);
    return end.data;
  };
  const int = (value: Value): bigint => littleEndian(data(reply(value)));

  test("values are joined, cut, added and compared", () => {
    expect(scene.run(a, reply("a", new TextEncoder().encode("b"), does.slice(does.caller, 0, 0), "c"))).toBe("abc");
    expect(int(does.plus(1n << 63n, number(5)))).toBe((1n << 63n) + 5n);
    expect(int(number((1n << 100n) + 1n))).toBe((1n << 100n) + 1n);
    expect(scene.run(a, does.whenEqual(does.status, number(1), reply("yes"), reply("no")))).toBe("yes");
    expect(scene.run(a, program(does.whenEqual("ab", "ax", does.note("never")), reply(does.journal)))).toBe("");
    expect(scene.run(a, program(does.repeat(3, program(append("x"), does.repeat(2, append("y")))), append("z"), send))).toBe("xyyxyyxyyz");
  });

  test("what the system says", () => {
    expect(data(reply(does.caller))).toEqual(fromHex(ALICE));
    expect(data(reply(does.self))).toEqual(fromHex(a));
    expect(data(reply(does.subnetSelf))).toEqual(fromHex(scene.subnet(0)));
    expect(int(does.time)).toBe(scene.net.state.timeNanos);
    expect(int(does.version)).toBe(BigInt(scene.canister(a).version - 1));
    expect(int(does.inReplicatedExecution)).toBe(1n);
    expect(int(does.isController(does.caller))).toBe(1n);
    expect(int(does.isController(does.self))).toBe(0n);
    expect(int(does.balance)).toBeLessThan(scene.canister(a).balanceCycles);
    expect(int(does.performanceCounter())).toBeGreaterThan(100n);
    expect(int(does.costCall(3, 100))).toBeGreaterThan(0n);
    expect(data(reply(does.rootKey)).length).toBe(133);
    expect(scene.look(a, reply(does.slice(does.inReplicatedExecution, 0, 1)))).toBe("\0");
  });

  test("heap and stable memory", () => {
    const at = HEAP.free;
    expect(scene.run(a, program(does.heapWrite(at, "abc"), does.heapFill(at + 1, 1, 0x2d), reply(does.heapRead(at, 3))))).toBe("a-c");
    expect(int(does.stableGrown(2))).toBe(0n);
    expect(scene.run(a, program(does.stableWrite(70_000, "xyz"), reply(does.stableRead(70_001, 2))))).toBe("yz");
    expect(int(does.stableSize)).toBe(2n);
    const before = int(does.heapSize);
    expect(int(does.heapGrown(1))).toBe(before);
    expect(scene.run(a, program(does.heapWrite(does.plus(at, 8), does.argument), reply(does.heapRead(at + 8, 1))))).not.toBe("");
    expect(scene.run(a, does.evaluate(does.stableRead(10_000_000, 1)))).toMatch(/^IC0502: .*stable memory out of bounds/);
  });

  test("journals, on the heap and in stable memory, and the programs of hooks", () => {
    const canister = scene.puppet({ bits, hooks });
    scene.run(canister, program(does.note("a"), does.note("b"), does.noteStable("s", does.journal), reply()));
    expect(scene.journal(canister)).toBe("ab");
    expect(scene.look(canister, reply(does.stableJournal))).toBe("sab");
    scene.run(canister, program(does.setHook("heartbeat", does.note("h")), reply()));
    scene.rounds(2);
    expect(scene.journal(canister)).toMatch(/^abhh+$/);
    const accepting = does.whenEqual(does.methodName, "run", does.whenEqual(argument, "", program(), does.acceptMessage));
    scene.run(canister, program(does.setHook("inspect_message", accepting), reply()));
    expect(scene.run(canister, reply("in"))).toBe("in");
    expect(scene.run(canister, program())).toMatch(/^IC0406/);
  });

  test("calls: cycles, answers, rejects, cleanup, deadlines", () => {
    // 70 cycles ("F") are left when it answers, and come back.
    const what = program(does.accept(30n), does.note("b"), reply("done ", does.slice(does.available, 0, 1)));
    const onReply = reply("b said ", argument, does.slice(does.refunded, 0, 1));
    expect(scene.run(a, call(b, { arg: what, cycles: 100n, onReply }))).toBe("b said done FF");
    expect(scene.run(a, call(b, { arg: does.reject("no"), ...does.passOn }))).toBe("-\x04no");
    const failing = call(b, { arg: reply(), onReply: does.trap("late"), onCleanup: does.note("c") });
    expect(scene.run(a, failing)).toMatch(/^IC0503: .*'late'/);
    expect(scene.journal(a)).toBe("c");
    const deadline = call(b, { arg: reply(does.deadline), timeout: 7, onReply: reply(argument) });
    expect((int(does.time) + 7_000_000_000n) / 1_000_000_000n).toBe(littleEndian(data(deadline)) / 1_000_000_000n);
    expect(scene.run(a, call("04" as PrincipalId, { onReject: reply(does.rejectCode) }))).toBe(`\x03${"\0".repeat(7)}`);
  });

  test("composite queries call", () => {
    const [c, d] = [scene.puppet({ bits }), scene.puppet({ bits })];
    scene.run(d, program(does.note("d's"), reply()));
    const what = call(d, { method: "look", arg: reply(does.journal), onReply: reply("said ", argument) });
    expect(scene.look(c, what, { method: "ask" })).toBe("said d's");
    expect(scene.look(c, what)).toMatch(/^IC0504: .*cannot be executed in non replicated query mode/);
  });

  test("a timer at a time that is computed", () => {
    expect(int(does.timerWas(does.plus(does.time, 5n)))).toBe(0n);
    expect(scene.canister(a).globalTimerNanos - GENESIS_TIME_NANOS).toBeGreaterThanOrEqual(5n);
    expect(int(does.timerWas(0))).toBeGreaterThan(GENESIS_TIME_NANOS);
  });

  test("environment variables, certified data, prints", () => {
    scene.setSettings(a, { environment_variables: [{ name: "KEY", value: "v" }] });
    expect(scene.run(a, reply(does.variableName(0), "=", does.variable("KEY")))).toBe("KEY=v");
    expect([int(does.variableCount), int(does.variableExists("KEY")), int(does.variableExists("NO"))]).toEqual([1n, 1n, 0n]);
    scene.run(a, program(does.certify("c", "d"), does.print("line ", does.journal), reply()));
    expect(decodeText(scene.canister(a).certifiedData)).toBe("cd");
    expect(scene.run(a, does.trap("because ", does.variable("KEY")))).toMatch(/'because v'/);
  });
});

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
