/**
 * How long names, arguments, answers and texts may be.
 *
 * Source: messaging.md 1.1.
 */
import { describe, expect, test } from "vitest";
import type { CanisterId, PrincipalId } from "../../src/core/state/ids.ts";
import { Scenario, subnets } from "../support/scenario.ts";
import { append, appendZeros, argument, call, passOn, program, reject, rejectMessage, reply, send, trap } from "../universal/program.ts";

const MIB = 1 << 20;
const zeros = (bytes: number) => program(appendZeros(bytes), send);

function pair(): { scene: Scenario; a: CanisterId; b: CanisterId } {
  const scene = new Scenario();
  return { scene, a: scene.puppet(), b: scene.puppet() };
}

describe("requests [canister-interface#system-api-call]", () => {
  test("a method name has 20,000 bytes at most, or call_new traps", () => {
    const { scene, a, b } = pair();
    const named = (bytes: number) => call(b, { method: "m".repeat(bytes), ...passOn });
    expect(scene.run(a, named(20_000))).toMatch(/^-\x05IC0536: .* has no update method 'm+\.\.\.m+'/);
    expect(scene.run(a, named(20_001))).toMatch(/^IC0504: .*Size of method_name 20001 exceeds the allowed limit of 20000\./);
  });

  test("an argument is refused beyond 10 MiB wherever it goes: who is far away is only known later", () => {
    const scene = new Scenario(subnets(2));
    const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
    const end = scene.run(a, call(b, { pad: 10 * MIB - "run".length + 1, ...passOn }));
    expect(end).toMatch(/^IC0504: Error from Canister \S+: Canister violated contract: /);
  });
});

describe("replies [canister-interface#responding]", () => {
  test("an update and a query that goes through consensus have 2 MiB", () => {
    const { scene, a, b } = pair();
    expect(scene.call(a, "run", zeros(2 * MIB))).toMatchObject({ kind: "replied" });
    const tooLong = /application payload size \(2097153\) cannot be larger than 2097152/;
    expect(scene.run(a, zeros(2 * MIB + 1))).toMatch(tooLong);
    const asked = (bytes: number) => call(b, { method: "look", arg: zeros(bytes), onReply: reply("2 MiB"), onReject: passOn.onReject });
    expect(scene.run(a, asked(2 * MIB))).toBe("2 MiB");
    expect(scene.run(a, asked(2 * MIB + 1))).toMatch(tooLong);
  });

  test("a query of a user has 3 MiB, composite or not; a callback in a composite one 2 MiB", () => {
    const { scene, a, b } = pair();
    for (const method of ["look", "ask"]) {
      expect(scene.query(a, method, zeros(3 * MIB))).toMatchObject({ kind: "replied" });
      expect(scene.query(a, method, zeros(3 * MIB + 1))).toMatchObject({ kind: "rejected", error: { code: 504 } });
    }
    const callback = (bytes: number) => call(b, { method: "look", arg: reply(), onReply: zeros(bytes) });
    expect(scene.query(a, "ask", callback(2 * MIB))).toMatchObject({ kind: "replied" });
    expect(scene.query(a, "ask", callback(2 * MIB + 1))).toMatchObject({ kind: "rejected", error: { code: 504 } });
    // The body of a nested query has 3 MiB again.
    expect(scene.look(a, call(b, { method: "look", arg: zeros(3 * MIB), onReply: reply("3 MiB") }), { method: "ask" })).toBe("3 MiB");
  });

  test("what is appended without a reply is dropped", () => {
    const { scene, a } = pair();
    const self = call(a, { arg: reply("later"), onReply: reply(argument) });
    expect(scene.run(a, program(append("never"), self))).toBe("later");
  });
});

describe("texts of rejects", () => {
  const long = "x".repeat(9_000);
  const cut = `${"x".repeat(6_144)}...${"x".repeat(2_045)}`;

  test("a calling canister reads 8 KiB, the middle cut out; a user, and whoever asked a query, reads all [replica: length of reject texts]", () => {
    const { scene, a, b } = pair();
    const ask = (method: string) => call(b, { method, arg: reject(long), onReject: reply(rejectMessage) });
    expect(scene.run(a, ask("run"))).toBe(cut);
    expect(scene.run(a, ask("look"))).toBe(long);
    expect(scene.look(a, ask("ask"), { method: "ask" })).toBe(cut);
    expect(scene.run(b, reject(long))).toBe(`IC0406: ${long}`);
    expect(scene.query(b, "look", reject(long))).toMatchObject({ kind: "rejected", reject: { code: 4, message: long } });
  });

  test("the text of a failure in the ingress history has 8 KiB [replica: length of reject texts]", () => {
    const { scene, a } = pair();
    const end = scene.call(a, "run", trap(long));
    if (end.kind === "replied") throw new Error("replied");
    expect(end.message.length).toBe(8_192);
    expect(end.message).toMatch(/^Error from Canister \S+: Canister called `ic0.trap` with message: 'x+\.\.\.x+'/);
  });

  test("a text must be UTF-8, and no longer than a reply [canister-interface#responding]", () => {
    const { scene, a } = pair();
    expect(scene.run(a, reject(Uint8Array.of(0xff)))).toMatch(/^IC0504: .*ic0\.msg_reject: invalid UTF-8 string provided/);
  });

  test("a reject for a management call that went nowhere is cut as well [replica: length of reject texts]", () => {
    const { scene, a } = pair();
    const end = scene.run(a, call("" as PrincipalId, { method: "m".repeat(9_000), onReject: reply(rejectMessage) }));
    expect(end.length).toBe(8_192);
    expect(end).toMatch(/^IC0536: Management canister has no method 'm+\.\.\.m+'$/);
  });
});
