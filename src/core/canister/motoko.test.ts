/**
 * A module as the Motoko compiler makes it (wasm64, its own garbage collector, table64, state in memory and globals), run after run.
 */
import { IDL } from "@icp-sdk/core/candid";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { newPool, NO_ARG, preparedModule, replyBytes, TestCanister, trapReason } from "../../../test/support/run-canister.ts";
import type { InstancePool } from "./instances.ts";
import type { Outcome } from "./types.ts";

const COUNTER = preparedModule(
  new Uint8Array(gunzipSync(readFileSync(new URL("../../../generated/motoko/counter.wasm.gz", import.meta.url)))),
);

const NOTHING = new Uint8Array(IDL.encode([], []));
const nat = (value: bigint): Uint8Array => new Uint8Array(IDL.encode([IDL.Nat], [value]));
const natOf = (outcome: Outcome): bigint => IDL.decode([IDL.Nat], replyBytes(outcome))[0] as bigint;

function counter(pool: InstancePool = newPool()): TestCanister {
  const canister = new TestCanister(COUNTER, pool);
  expect(canister.execute({ kind: "start" }).result.kind).toBe("none");
  expect(canister.execute({ kind: "init", arg: NOTHING }).result.kind).toBe("none");
  return canister;
}

test("init, updates, queries", () => {
  const canister = counter();
  expect(canister.state.module.info.wasm64).toBe(true);
  expect(natOf(canister.update("inc", NOTHING))).toBe(1n);
  expect(natOf(canister.update("add", nat(10n ** 30n)))).toBe(10n ** 30n + 1n);
  expect(natOf(canister.query("get", NOTHING))).toBe(10n ** 30n + 1n);
});

test("the same message costs the same, whichever instance runs it", () => {
  const one = counter();
  const other = counter();
  for (let i = 0; i < 5; i++) {
    other.pool.dropAll();
    const [a, b] = [one.update("inc", NOTHING), other.update("inc", NOTHING)];
    expect([b.instructions, b.dirtyHeapPages]).toEqual([a.instructions, a.dirtyHeapPages]);
    expect(other.digest()).toBe(one.digest());
  }
});

test("a query writes its heap and leaves no trace; a trap neither", () => {
  const canister = counter();
  canister.update("inc", NOTHING);
  const before = canister.digest();
  canister.query("get", NOTHING);
  expect(trapReason(canister.update("fail", NOTHING))).toMatch(/^IC0503: Canister called `ic0\.trap` with message: 'counter failed at 2'/);
  expect(trapReason(canister.update("inc", NO_ARG))).toMatch(/^IC0503: .*IDL error/);
  expect(canister.digest()).toBe(before);
  expect(natOf(canister.update("inc", NOTHING))).toBe(2n);
});

test("what is printed is logged", () => {
  const outcome = counter().update("print", new Uint8Array(IDL.encode([IDL.Text], ["héllo"])));
  expect(outcome.logs.records.map(({ content }) => Buffer.from(content).toString())).toEqual([expect.stringContaining("héllo")]);
});

test("an upgrade carries the count over, in stable memory or in a heap that stays", () => {
  const canister = counter();
  canister.update("add", nat(41n));
  expect(canister.execute({ kind: "preUpgrade" }).result.kind).toBe("none");
  const { heap, stable } = canister.state;
  canister.install(COUNTER, { heap, stable });
  expect(canister.execute({ kind: "start" }).result.kind).toBe("none");
  expect(canister.execute({ kind: "postUpgrade", arg: NOTHING }).result.kind).toBe("none");
  expect(natOf(canister.update("inc", NOTHING))).toBe(42n);
});

test("canisters share few instances", () => {
  const pool = newPool({ instances: 2 });
  const canisters = Array.from({ length: 12 }, () => counter(pool));
  for (let round = 1n; round <= 3n; round++) for (const canister of canisters) expect(natOf(canister.update("inc", NOTHING))).toBe(round);
  expect(pool.size).toBe(2);
  for (const canister of canisters) expect(canister.digest()).toBe(canisters[0].digest());
});
