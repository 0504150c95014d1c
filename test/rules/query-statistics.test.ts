/**
 * What `canister_status` tells about queries: counted by the nodes, reported in blocks, added up epochs later.
 * Nodes serve queries in turn, so with 4 nodes every fourth query goes to the same one. An epoch has 8 rounds here instead of 600.
 */
import { expect, test } from "vitest";
import type { CanisterId } from "../../src/core/state/ids.ts";
import { append, appendArgument, call, NOTHING, program, reply, reject, send, spin, trap } from "../support/puppet.ts";
import { Scenario } from "../support/scenario.ts";

const EPOCH = 8;

function scenario(nodeCount = 4): Scenario {
  return new Scenario({
    subnets: [{ kind: "application", name: "application", nodeCount }],
    limits: { queryStatisticsEpochRounds: EPOCH },
  });
}

/** To the start of the next epoch. */
function nextEpoch(s: Scenario): void {
  do s.rounds();
  while (s.net.state.round % EPOCH !== 0);
}

const stats = (s: Scenario, id: CanisterId): object => ({ ...s.canister(id).queryStats });
const calls = (s: Scenario, id: CanisterId): number => s.canister(id).queryStats.calls;
const NONE = { calls: 0, instructions: 0, requestBytes: 0, responseBytes: 0 };

function ask(s: Scenario, id: CanisterId, what: Uint8Array, times = 4): void {
  for (let i = 0; i < times; i++) s.query(id, "look", what);
}

test("queries of an epoch are added once enough nodes have reported a later epoch [management-canister#ic-canister_status]", () => {
  const s = scenario();
  const id = s.puppet();
  nextEpoch(s);
  const what = reply("four");
  ask(s, id, what, 8);
  const answer = s.query(id, "look", what);
  if (answer.kind !== "replied") throw new Error("the query is answered");
  nextEpoch(s);
  expect(stats(s, id)).toEqual(NONE);
  ask(s, id, what, 7); // all nodes see the new epoch, and report the last one in their next blocks
  nextEpoch(s);
  expect(stats(s, id)).toEqual(NONE);
  ask(s, id, what);
  s.rounds(EPOCH);
  // 9 queries on 4 nodes: 2 on three of them, 3 on the first. The median is 2.
  expect(stats(s, id)).toEqual({
    calls: 8,
    instructions: 8 * answer.instructions,
    requestBytes: 8 * what.length,
    responseBytes: 8 * 4,
  });
});

/** Three epochs with queries, so that those of the first are added. */
function addUp(s: Scenario, first: () => void, id: CanisterId): void {
  nextEpoch(s);
  first();
  for (let epoch = 0; epoch < 2; epoch++) {
    nextEpoch(s);
    for (let i = 0; i < 8; i++) s.query(id, "look", reply());
  }
  s.rounds(EPOCH);
}

test("rejects and traps count, what never ran does not [replica: query statistics]", () => {
  const s = scenario();
  const [id, third] = [s.puppet(), s.puppet()];
  addUp(
    s,
    () => {
      ask(s, id, reject("no"));
      ask(s, id, trap("no"));
      for (let i = 0; i < 4; i++) s.query(third, "no such method");
    },
    id,
  );
  expect(stats(s, id)).toMatchObject({ calls: 8, responseBytes: 0 });
  expect(calls(s, third)).toBe(0);
});

test("one node's queries are outvoted, and a subnet of one node counts all [replica: query statistics]", () => {
  const s = scenario();
  const [id, seldom] = [s.puppet(), s.puppet()];
  addUp(
    s,
    () => {
      ask(s, id, reply());
      ask(s, seldom, reply(), 1);
    },
    id,
  );
  expect(calls(s, id)).toBe(4);
  expect(calls(s, seldom)).toBe(0);

  const one = scenario(1);
  const alone = one.puppet();
  addUp(one, () => ask(one, alone, reply(), 3), alone);
  expect(calls(one, alone)).toBe(3);
});

test("an uninstalled canister keeps its sums, a deleted one is passed over; snapshots go back in the counting [replica: query statistics]", () => {
  const s = scenario(1);
  const [id, gone] = [s.puppet(), s.puppet()];
  nextEpoch(s);
  ask(s, id, reply(), 2);
  const before = s.net.snapshot();
  ask(s, id, reply(), 5);
  s.net.restore(before);
  ask(s, gone, append(""), 1);
  s.manageOne("stop_canister", gone);
  s.manageOne("delete_canister", gone);
  for (let epoch = 0; epoch < 2; epoch++) {
    nextEpoch(s);
    ask(s, id, reply());
  }
  s.rounds(EPOCH);
  expect(calls(s, id)).toBe(2);
  s.uninstall(id);
  expect(calls(s, id)).toBe(2);
});

test("a query leaves the digest of the network as it is [https-interface#http-query]", () => {
  const s = scenario();
  const id = s.puppet();
  const before = s.net.digest();
  ask(s, id, reply());
  expect(s.net.digest()).toBe(before);
});

test("a composite query counts for each canister whose methods ran, callbacks for none [replica: query statistics]", () => {
  const s = scenario();
  const [root, asked, twice] = [s.puppet(), s.puppet(), s.puppet()];
  const inner = program(append("0123456789"), send);
  const last = call(twice, { method: "look", arg: inner, onReply: program(spin(100_000), appendArgument, send) });
  const what = call(asked, { method: "look", arg: inner, onReply: call(twice, { method: "ask", arg: NOTHING, onReject: last }) });
  expect(s.query(root, "ask", what)).toMatchObject({ kind: "replied" });
  addUp(
    s,
    () => {
      for (let i = 0; i < 4; i++) s.query(root, "ask", what);
    },
    s.puppet(),
  );
  // The root's own execution returned without an answer, so nothing counts as its reply; what its callbacks did is nobody's.
  expect(stats(s, root)).toMatchObject({ calls: 4, requestBytes: 4 * what.length, responseBytes: 0 });
  expect(stats(s, asked)).toMatchObject({ calls: 4, requestBytes: 4 * inner.length, responseBytes: 40 });
  expect(stats(s, twice)).toMatchObject({ calls: 8, requestBytes: 4 * inner.length, responseBytes: 40 });
  const { instructions } = s.canister(root).queryStats;
  expect(instructions).toBeLessThan(4 * 100_000);
  expect(instructions).toBeGreaterThan(0);
});
