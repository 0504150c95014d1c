/**
 * What subnets tell about themselves, and what only the NNS may ask of them.
 */
import { IDL } from "@icp-sdk/core/candid";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ask, rejectOf, user } from "./support.ts";
import { universalCanister } from "../universal/module.ts";
import { nodeOf } from "../../src/core/certification/topology-tree.ts";
import { RESULT } from "../../src/core/management/candid-types.ts";
import { canisterIdFromIndex } from "../../src/core/state/principal.ts";
import type { CanisterId, PrincipalId } from "../../src/core/state/ids.ts";
import { BlockMakers } from "../../src/core/state/block-makers.ts";
import { nodePlatform } from "../../src/host/platform-node.ts";
import { ALICE, encode, ManagementWorld, principal, principalText } from "../support/management-world.ts";
import { Scenario } from "../support/scenario.ts";

const DAY = 86_400_000_000_000n;
const WITH_NNS = {
  subnets: [
    { kind: "application" as const, name: "application" },
    { kind: "system" as const, name: "nns" },
  ],
};
const NODE = "0e0e02" as PrincipalId;

interface DayOfNodes {
  timestamp_nanos: bigint;
  node_metrics: { node_id: unknown; num_blocks_proposed_total: bigint; num_block_failures_total: bigint }[];
}

describe("node_metrics_history [management-canister#ic-node_metrics_history]", () => {
  const historyOf = (scene: Scenario, from: CanisterId, since: bigint): DayOfNodes[] => {
    const arg = encode("node_metrics_history", { subnet_id: principal(scene.subnet(0)), start_at_timestamp_nanos: since });
    const answer = ask(scene, from, "node_metrics_history", arg);
    if (answer.kind === "reject") throw new Error(answer.text);
    return IDL.decode(RESULT.node_metrics_history, answer.data)[0] as unknown as DayOfNodes[];
  };

  test("a sample of each day that has ended, of the last block in it, from the time asked for", () => {
    const scene = new Scenario();
    const from = scene.puppet();
    expect(historyOf(scene, from, 0n)).toEqual([]);
    const [subnet] = [...scene.net.state.subnets.values()];
    const firstDay = scene.net.state.timeNanos / DAY;
    const blocks = subnet.round;
    const lastOfFirstDay = scene.net.state.timeNanos;
    scene.pass(86_400);
    const [first] = historyOf(scene, from, 0n);
    expect([first.timestamp_nanos, first.timestamp_nanos / DAY]).toEqual([lastOfFirstDay, firstDay]);
    expect(first.node_metrics.reduce((sum, node) => sum + node.num_blocks_proposed_total, 0n)).toBe(BigInt(blocks));
    expect(first.node_metrics.every((node) => node.num_block_failures_total === 0n)).toBe(true);
    const nodes = Array.from({ length: Math.min(13, blocks) }, (_, node) =>
      principalText(nodeOf(scene.net.state, scene.subnet(0), node, nodePlatform).id),
    );
    expect(first.node_metrics.map((node) => String(node.node_id)).sort()).toEqual(nodes.sort());
    scene.pass(86_400);
    expect(historyOf(scene, from, 0n).length).toBe(2);
    expect(historyOf(scene, from, first.timestamp_nanos + 1n).length).toBe(1);
    expect(historyOf(scene, from, first.timestamp_nanos).length).toBe(2);
  });

  test("nodes without a block since the day before are left out, and count from 0 when they are back", () => {
    const makers = BlockMakers.none(3);
    for (let i = 0; i < 3; i++) makers.observe(1n, null);
    makers.observe(DAY, null);
    makers.observe(2n * DAY, null);
    makers.observe(3n * DAY, null);
    makers.observe(4n * DAY, null);
    const shown = makers
      .since(0n)
      .map(({ timeNanos, blocks }) => [timeNanos / DAY, [...blocks].sort(([a], [b]) => a - b).map(([node, { made }]) => [node, made])]);
    expect(shown).toEqual([
      [
        0n,
        [
          [0, 1],
          [1, 1],
          [2, 1],
        ],
      ],
      [1n, [[0, 2]]],
      [2n, [[1, 1]]],
      [3n, [[2, 1]]],
    ]);
  });

  test("at most 59 ended days, no two samples of one day", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 1n, max: 3n * DAY }), { maxLength: 150 }), (steps) => {
        const makers = BlockMakers.none(4);
        let now = 0n;
        for (const step of steps) makers.observe((now += step), null);
        const days = makers.since(0n).map(({ timeNanos }) => timeNanos / DAY);
        expect(days.length).toBeLessThanOrEqual(59);
        expect(new Set(days).size).toBe(days.length);
        expect(makers.copy().samples).toEqual(makers.samples);
      }),
      { numRuns: 30 },
    );
  });
});

describe("subnet_info [management-canister#ic-subnet_info]", () => {
  test("versions of the subnet asked for", () => {
    const scene = new Scenario(WITH_NNS);
    const from = scene.puppet();
    for (const subnet of [0, 1]) {
      const answer = ask(scene, from, "subnet_info", encode("subnet_id", { subnet_id: principal(scene.subnet(subnet)) }), { cycles: 9n });
      if (answer.kind === "reject") throw new Error(answer.text);
      expect(answer.refunded).toBe(9n);
      expect(IDL.decode(RESULT.subnet_info, answer.data)).toEqual([
        { replica_version: "c7c5005419785db6d1c3009a1426274be33010f8", registry_version: 1n },
      ]);
    }
  });

  test("of a subnet that there is not, nobody answers but the router", () => {
    const scene = new Scenario();
    const from = scene.puppet();
    const answer = ask(scene, from, "subnet_info", encode("subnet_id", { subnet_id: principal(NODE) }));
    expect(rejectOf(answer)).toBe(`3: No route to canister ${principalText(NODE)}`);
  });
});

test.each(["node_metrics_history", "subnet_info"] as const)("%s tells of its own subnet only, and not to users", (method) => {
  const net = new ManagementWorld(WITH_NNS);
  const from = net.create();
  const [own, other] = net.world.state.subnetOrder;
  const name = method === "subnet_info" ? "subnet_id" : method;
  const arg = encode(name, { subnet_id: principal(other), start_at_timestamp_nanos: 0n });
  expect(net.error(method, arg, { from })).toBe(
    `IC0406: Provided target subnet ID ${principalText(other)} does not match current subnet ID ${principalText(own)}.`,
  );
  expect(net.error(method, Uint8Array.of(1), { from })).toMatch(/^IC0408: Error decoding candid: /);
  expect(net.error(method, arg)).toBe(`IC0504: ${method} cannot be called by a user.`);
  expect(user(net, method, arg)).toBe(`IC0406: ic00 method ${method} can not be called via ingress messages`);
});

describe("methods of the NNS [management-canister#ic-management-canister]", () => {
  const key = { VetKd: { curve: { bls12_381_g2: null }, name: "key_1" } };
  const reshare = (subnet: PrincipalId, nodes: PrincipalId[] = [], keyId: object = key) =>
    encode("reshare_chain_key", { key_id: keyId, subnet_id: principal(subnet), nodes: nodes.map(principal), registry_version: 1n });
  const dkg = (nodes: PrincipalId[], subnet: PrincipalId[] = []) =>
    encode("setup_initial_dkg", { node_ids: nodes.map(principal), registry_version: 1n, subnet_id: subnet.map(principal) });
  const rename = (canister: CanisterId, version: number) =>
    encode("rename_canister", {
      canister_id: principal(canister),
      rename_to: { canister_id: principal("00000000000000ff0101" as CanisterId), version: 1n, total_num_changes: 1n },
      requested_by: principal(ALICE),
      sender_canister_version: BigInt(version),
    });

  test("a canister elsewhere may not, a user neither", () => {
    const scene = new Scenario(WITH_NNS);
    const from = scene.puppet();
    const version = scene.canister(from).version;
    const onlyNns = (method: string) => `5: ${method} is called by ${principalText(from)}. It can only be called by NNS.`;
    expect(rejectOf(ask(scene, from, "setup_initial_dkg", dkg([])))).toBe(onlyNns("setup_initial_dkg"));
    expect(rejectOf(ask(scene, from, "reshare_chain_key", reshare(scene.subnet(0))))).toBe(onlyNns("reshare_chain_key"));
    expect(rejectOf(ask(scene, from, "rename_canister", rename(from, version + 4)))).toBe(onlyNns("rename_canister"));
    const net = new ManagementWorld(WITH_NNS);
    for (const method of ["setup_initial_dkg", "reshare_chain_key"]) {
      expect(user(net, method, dkg([]))).toBe(`IC0406: ic00 method ${method} can not be called via ingress messages`);
    }
    expect(user(net, "rename_canister", rename(net.create(), 0))).toBe("IC0406: Only canisters can call ic00 method rename_canister");
  });

  test("what cannot be routed", () => {
    const scene = new Scenario(WITH_NNS);
    const from = scene.puppet({ subnet: 1 });
    const unroutable = (method: string, why: string) => `3: Unable to route management canister request ${method}: ${why}`;
    const error = (answer: ReturnType<typeof ask>) => rejectOf(answer);
    expect(error(ask(scene, from, "reshare_chain_key", reshare(NODE)))).toBe(
      unroutable(
        "reshare_chain_key",
        `ChainKeyError("Requested threshold key vetkd:Bls12_381_G2:key_1 from unknown subnet ${principalText(NODE)}")`,
      ),
    );
    expect(error(ask(scene, from, "reshare_chain_key", reshare(scene.subnet(1))))).toBe(
      unroutable(
        "reshare_chain_key",
        `ChainKeyError("Requested unknown threshold key vetkd:Bls12_381_G2:key_1 on subnet ${principalText(scene.subnet(1))}, subnet has keys: []")`,
      ),
    );
    for (const method of ["setup_initial_dkg", "reshare_chain_key"]) {
      const prefix = unroutable(method, "UserError(UserError { code: InvalidManagementPayload, description: ");
      expect(error(ask(scene, from, method, Uint8Array.of(1))).startsWith(prefix)).toBe(true);
    }
    expect(error(ask(scene, from, "rename_canister", Uint8Array.of(1)))).toMatch(/^4: IC0408: Error decoding candid: /);
    expect(error(ask(scene, from, "rename_canister", rename(from, 77)))).toMatch(
      /^5: IC0504: Management canister call payload includes sender canister version 77 /,
    );
  });

  test("the NNS is refused by name, after the platform's own checks", () => {
    const scene = new Scenario(WITH_NNS);
    const from = scene.puppet({ subnet: 1 });
    const no = (method: string) => `4: Cannery does not implement ${method}`;
    const twice = `4: Expected a set of NodeIds. The NodeId ${principalText(NODE)} is repeated`;
    expect(rejectOf(ask(scene, from, "setup_initial_dkg", dkg([NODE])))).toBe(no("setup_initial_dkg"));
    expect(rejectOf(ask(scene, from, "setup_initial_dkg", dkg([NODE], [scene.subnet(0)])))).toBe(no("setup_initial_dkg"));
    expect(rejectOf(ask(scene, from, "setup_initial_dkg", dkg([NODE, NODE])))).toBe(twice);
    expect(rejectOf(ask(scene, from, "reshare_chain_key", reshare(scene.subnet(0), [NODE])))).toBe(no("reshare_chain_key"));
    expect(rejectOf(ask(scene, from, "reshare_chain_key", reshare(scene.subnet(0), [NODE, NODE])))).toBe(twice);
  });

  test("only the migration canister renames, and only what it controls", () => {
    const scene = new Scenario(WITH_NNS);
    const from = scene.puppet({ subnet: 1 });
    const target = scene.puppet();
    const renamed = (of: CanisterId) => rejectOf(ask(scene, from, "rename_canister", rename(of, scene.canister(from).version)));
    expect(renamed(target)).toBe(`5: Only the controllers of the canister ${principalText(target)} can control it.`);
    scene.setSettings(target, { controllers: [principal(ALICE), principal(from)] });
    expect(renamed(target)).toBe("4: The caller is not authorized to call this method.");

    const migration = canisterIdFromIndex(17n);
    scene.manage(
      "provisional_create_canister_with_cycles",
      { amount: [], settings: [], specified_id: [principal(migration)], sender_canister_version: [] },
      { subnet: scene.subnet(1) },
    );
    scene.reinstall(migration, "install", universalCanister([], 32));
    scene.setSettings(target, { controllers: [principal(migration)] });
    const version = scene.canister(migration).version;
    expect(rejectOf(ask(scene, migration, "rename_canister", rename(target, version)))).toBe(
      "4: Cannery does not implement rename_canister",
    );
  });
});
