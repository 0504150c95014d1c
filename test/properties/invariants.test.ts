/**
 * The invariants of the state: what is broken on purpose is found after the next step, by the check of what was touched and by the check of everything alike.
 * That both hold through lawful runs is seen in all tests of the rules, whose networks check them (`Scenario`), and in the random programs.
 */
import { describe, expect, test } from "vitest";
import { InvariantWatch } from "../../src/core/invariant-watch.ts";
import { checkInvariants } from "../../src/core/invariants.ts";
import type { NetworkOptions } from "../../src/core/network.ts";
import type { CanisterState } from "../../src/core/state/canister.ts";
import { copyNetwork } from "../../src/core/state/copy.ts";
import type { CanisterId } from "../../src/core/state/ids.ts";
import type { NetworkState, SubnetState } from "../../src/core/state/network-state.ts";
import { call, reply } from "../universal/program.ts";
import { Scenario, subnets } from "../support/scenario.ts";

/** Two subnets in the middle of calls between them: a waits for c, for an unlimited time and for a limited one, and for itself. */
function busy(options: NetworkOptions = {}) {
  const scene = new Scenario({ ...subnets(2), latency: "mainnet" }, options);
  const [a, b, c] = [scene.puppet({ hooks: ["heartbeat"] }), scene.puppet(), scene.puppet({ subnet: 1 })];
  scene.start(a, call(c, { arg: call(a, { arg: reply() }), times: 2 }));
  scene.start(a, call(c, { arg: reply(), timeout: 200 }));
  scene.rounds(3);
  return { scene, a, b, c };
}

interface Open {
  /** All for writing. */
  readonly subnet: SubnetState;
  readonly canister: CanisterState;
  readonly b: CanisterId;
}

function open(state: NetworkState, a: CanisterId, b: CanisterId): Open {
  const subnet = state.subnets.edit(state.subnetOrder[0])!;
  return { subnet, canister: subnet.canisters.edit(a)!, b };
}

/** What is done to the state, and what is said of it. */
const BREAKS: readonly (readonly [string, RegExp, (open: Open) => void])[] = [
  ["a callback is not counted", /counts the open callbacks/, ({ subnet }) => void subnet.callbackCount--],
  ["message memory is not counted", /counts the guaranteed-response memory/, ({ subnet }) => void (subnet.guaranteedMemoryBytes += 7)],
  ["best-effort memory is not counted", /counts the best-effort memory/, ({ subnet }) => void subnet.bestEffortMemoryBytes++],
  ["memory is not counted", /counts the memory/, ({ subnet }) => void (subnet.memoryUsageBytes -= 1)],
  ["a heartbeat is forgotten", /belongs to the set withHeartbeat/, ({ subnet, canister }) => void subnet.withHeartbeat.delete(canister.id)],
  ["a set has a canister that is not there", /has no entries of others/, ({ subnet }) => subnet.stopping.set("ff" as CanisterId, true)],
  ["a deadline is listed too late", /earliest deadline/, ({ canister }) => void (canister.deadlineKey = "f".repeat(36))],
  ["a balance is negative", /never negative/, ({ canister }) => void (canister.balanceCycles = -1n)],
  [
    "a call context counts too many callbacks",
    /counts its open callbacks/,
    ({ canister }) => void canister.callContexts.edit(canister.callContexts.first()![0])!.openCallbacks++,
  ],
  [
    "an answered call context holds cycles",
    /holds no cycles/,
    ({ canister }) => {
      const context = canister.callContexts.edit(canister.callContexts.first()![0])!;
      context.responded = true;
      context.availableCycles = 1n;
    },
  ],
  [
    "a deleted call context awaits a response",
    /was not awaiting a response/,
    ({ canister }) => void (canister.callContexts.edit(canister.callContexts.first()![0])!.deleted = true),
  ],
  [
    "a callback belongs to no call context",
    /every callback belongs to a call context/,
    ({ canister }) => void canister.callContexts.delete(canister.callContexts.first()![0]),
  ],
  ["a stopped canister has something open", /has nothing open/, ({ canister }) => void (canister.status = { kind: "stopped" })],
  ["fees are postponed and nothing is under way", /postponed only while/, ({ canister }) => void (canister.postponedIngressCycles = 5n)],
  ["a canister vanishes", /of its canisters|has no entries of others/, ({ subnet, b }) => void subnet.canisters.delete(b)],
];

const saidBy = (check: () => void): string => {
  try {
    check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "nothing";
};

describe("what is broken is found", () => {
  test.each(BREAKS)("%s", (_what, says, breaks) => {
    const { scene, a, b } = busy();
    const watch = new InvariantWatch();
    watch.check(scene.net.state);
    const broken = copyNetwork(scene.net.state);
    breaks(open(broken, a, b));
    const [part, whole] = [saidBy(() => watch.check(broken)), saidBy(() => checkInvariants(broken))];
    expect(part).toMatch(says);
    expect(whole).toBe(part);
  });

  test("nothing is said of a state in which nothing is broken", () => {
    const { scene } = busy({ checkInvariants: false });
    const watch = new InvariantWatch();
    for (let i = 0; i < 8; i++) {
      scene.rounds();
      const { state } = scene.net;
      expect([saidBy(() => watch.check(state)), saidBy(() => checkInvariants(state))]).toEqual(["nothing", "nothing"]);
      // What is written after it belongs to another epoch.
      scene.net.snapshot();
    }
  });

  test("a network that checks stops at the step after which something is broken", () => {
    const { scene, a, b } = busy();
    open(scene.net.state, a, b).subnet.callbackCount++;
    expect(saidBy(() => scene.pass(1))).toMatch(
      /counts the open callbacks .* \(a bug of Cannery: seed 1, input \d+, time; the network has stopped\)/,
    );
    expect(saidBy(() => scene.pass(1))).toMatch(/the network has stopped/);
  });
});

describe("referenced call contexts exist [abstract-behavior#invariants]", () => {
  test("whoever is owed an answer waits for it: messages under way, and calls that are served", () => {
    for (const rounds of [0, 1, 2, 3, 4]) {
      const { scene, a, b } = busy();
      scene.rounds(rounds);
      const state = copyNetwork(scene.net.state);
      const { canister, subnet } = open(state, a, b);
      const guaranteed = [...canister.callbacks.values()].filter((callback) => callback.deadline === 0);
      if (guaranteed.length === 0) continue;
      for (const { id, callContextId } of guaranteed) {
        canister.callbacks.delete(id);
        canister.callContexts.edit(callContextId)!.openCallbacks--;
        subnet.callbackCount--;
      }
      for (const context of [...canister.callContexts.values()]) if (context.openCallbacks === 0) canister.callContexts.delete(context.id);
      expect(saidBy(() => checkInvariants(state))).toMatch(/waits for what it is owed/);
    }
  });

  test("unless the deadline may have expired", () => {
    const { scene, a, b } = busy();
    const state = copyNetwork(scene.net.state);
    const { canister, subnet } = open(state, a, b);
    const bounded = [...canister.callbacks.values()].filter((callback) => callback.deadline !== 0);
    expect(bounded).toHaveLength(1);
    canister.callbacks.delete(bounded[0]!.id);
    canister.expiringCallbacks.delete(canister.expiringCallbacks.first()![0]);
    canister.callContexts.delete(bounded[0]!.callContextId);
    subnet.callbackCount--;
    expect(saidBy(() => checkInvariants(state))).not.toMatch(/waits for what it is owed/);
  });
});
