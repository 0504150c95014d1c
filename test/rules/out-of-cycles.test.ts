/**
 * Canisters with too few cycles: what they cannot do, what they still do, and when they are uninstalled.
 *
 * Source: cycles.md 3, 4, 6; messaging.md 2.
 */
import { expect, test } from "vitest";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { principalText } from "../../src/core/state/principal.ts";
import { allCycles } from "../support/all-cycles.ts";
import { append, appendInfo, appendRefused, call, note, passOn, program, reply, send } from "../support/puppet.ts";
import { Scenario, subnets } from "../support/scenario.ts";

/** Of an update, and of a call with so short a request: name and argument. */
const UPDATE = 40_005_000_000n;
const CALL = 260_000n + 2_097_152_000n + UPDATE;

function setBalance(scene: Scenario, canister: CanisterId, cycles: bigint): void {
  scene.net.step({ kind: "command", command: "setBalance", canister, cycles });
}

const number = (answer: string): number => answer.charCodeAt(0) + 256 * answer.charCodeAt(1);

test("each open call is charged in advance: the balance bounds how many may be open [abstract-behavior#initiating-canister-calls]", () => {
  const scene = new Scenario();
  const [a, b] = [scene.puppet(), scene.puppet()];
  scene.setSettings(a, { freezing_threshold: 0n });
  const arg = reply();
  const price = CALL + 1_000n * BigInt("run".length + arg.length);
  const what = program(call(b, { arg, times: 9 }), appendRefused, send);
  const before = (calls: bigint) => 10_000_000n + UPDATE + calls * price;
  for (const [cycles, refused] of [
    [before(3n), 6],
    [before(3n) - 10_000_000n, 7],
  ] as const) {
    setBalance(scene, a, cycles);
    const total = allCycles(scene.net.state);
    expect(number(scene.run(a, what))).toBe(refused);
    scene.rounds(2);
    expect(allCycles(scene.net.state)).toBe(total);
  }
});

test("what call_perform refuses leaves its cycles with the caller [canister-interface#system-api-call]", () => {
  const scene = new Scenario(subnets(2));
  const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
  setBalance(scene, a, 2n * UPDATE);
  const balance = program(append("x"), appendInfo("balance"));
  const what = program(balance, call(b, { arg: reply(), cycles: 1_000_000n }), balance, appendRefused, send);
  const end = scene.call(a, "run", what);
  if (end.kind === "rejected") throw new Error(end.message);
  expect([...end.data.subarray(10, 18)]).toEqual([...end.data.subarray(1, 9)]);
  expect(end.data[18]).toBe(1);
});

test("attaching more than the liquid balance traps [canister-interface#system-api-cycles]", () => {
  const scene = new Scenario();
  const [a, b] = [scene.puppet(), scene.puppet()];
  const { balanceCycles } = scene.canister(a);
  expect(scene.run(a, call(b, { arg: reply(), cycles: balanceCycles }))).toMatch(
    new RegExp(`^IC0504: Error from Canister ${principalText(a)}: Canister ${principalText(a)} is out of cycles`),
  );
});

test("a frozen callee's request fails as transient, everything attached comes back [abstract-behavior#calls-to-frozen-canisters-are-rejected]", () => {
  const scene = new Scenario();
  const [a, b] = [scene.puppet(), scene.puppet()];
  scene.setSettings(b, { freezing_threshold: 1n << 62n });
  const total = allCycles(scene.net.state);
  const end = scene.run(a, call(b, { arg: note("x"), cycles: 5n, onReject: program(appendInfo("refunded"), passOn.onReject) }));
  expect(end).toBe(`\x05${"\0".repeat(7)}-\x02IC0207: Canister ${principalText(b)} is out of cycles`);
  expect(scene.journal.bind(scene, b)).toThrow(/IC0207|unable to process query calls because it's frozen/);
  expect(allCycles(scene.net.state)).toBe(total);
});

test("a canister that freezes while it waits still runs its callback [abstract-behavior#callback-invocation]", () => {
  const scene = new Scenario(subnets(2));
  const [a, b] = [scene.puppet(), scene.puppet({ subnet: 1 })];
  const id = scene.start(a, call(b, { arg: reply("b"), ...passOn }));
  scene.rounds();
  setBalance(scene, a, 0n);
  scene.rounds(3);
  expect(scene.outcome(id)).toBe("+b");
});

test("who cannot pay for storage is uninstalled: callers are answered, the rest burns, the id stays [abstract-behavior#canister-out-of-cycles] [index#canister-cycles]", () => {
  const scene = new Scenario(subnets(2));
  const [a, b] = [scene.puppet(), scene.puppet()];
  const far = scene.puppet({ subnet: 1 });
  const inner = call(far, { arg: reply(), cycles: 900n, ...passOn });
  const id = scene.start(a, call(b, { arg: inner, cycles: 700n, ...passOn }));
  scene.net.step({ kind: "round", subnets: [scene.subnet(0)] });
  setBalance(scene, b, 10n);
  scene.pass(100_000);
  scene.net.step({ kind: "round", subnets: [scene.subnet(0)] });
  expect(scene.canister(b)).toMatchObject({ execution: null, balanceCycles: 0n, history: { entries: [] }, status: { kind: "running" } });
  expect(scene.events).not.toContainEqual(expect.objectContaining({ kind: "canister", canister: b, change: "deleted" }));
  const total = allCycles(scene.net.state);
  scene.rounds(5);
  expect(scene.outcome(id)).toBe("-\x04Canister has been uninstalled.");
  expect(scene.canister(b).callbacks.size).toBe(0);
  // The answer of the other subnet brings back what had been attached, and what was paid in advance.
  expect(scene.canister(b).balanceCycles).toBeGreaterThan(UPDATE);
  expect(allCycles(scene.net.state)).toBe(total);
});

test("storage is charged by the second, every ten seconds [abstract-behavior#cycle-bookkeeping-and-resource-consumption] [abstract-behavior#time-progressing-cycle-consumption-canister-version-increments-and-subnet-admins-updates]", () => {
  const scene = new Scenario();
  const a = scene.puppet();
  scene.rounds();
  scene.pass(10);
  scene.rounds();
  const charged = (seconds: number): bigint => {
    const before = scene.canister(a).consumed.memory;
    scene.pass(seconds);
    scene.rounds();
    return scene.canister(a).consumed.memory - before;
  };
  expect(charged(9)).toBe(0n);
  const ten = charged(1);
  expect(ten).toBeGreaterThan(0n);
  const hundred = charged(100);
  expect(hundred / ten).toBeGreaterThanOrEqual(9n);
  expect(hundred - 10n * ten).toBeLessThan(12n);
});
