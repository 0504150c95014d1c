/**
 * Who made the blocks of a tick: what `node_metrics_history` tells a canister.
 *
 * Replica: `Tick` in `rs/pocket_ic_server/src/pocket_ic.rs`, `BlockmakerMetrics::new_for_test` in `rs/types/types/src/batch.rs` (c7c5005).
 */
import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { expect, test } from "vitest";
import { nodeOf } from "../../src/core/certification/topology-tree.ts";
import { RESULT } from "../../src/core/management/candid-types.ts";
import { principalBytes, principalText } from "../../src/core/state/principal.ts";
import { asked, asking } from "../management/support.ts";
import { base64, encoded, NEW, PicInstance, raw } from "../support/pic-instance.ts";
import { program, puppet } from "../support/puppet.ts";

const CANISTER = "lxzze-o7777-77777-aaaaa-cai";
const DAY_NANOS = 86_400_000_000_000n;

interface History {
  readonly node_metrics: readonly {
    readonly node_id: Principal;
    readonly num_blocks_proposed_total: bigint;
    readonly num_block_failures_total: bigint;
  }[];
}

test("a tick's block makers and those who failed are counted; nobody of the subnet makes other blocks [management-canister#ic-node_metrics_history]", async () => {
  const pic = new PicInstance({ subnet_config_set: { application: [NEW] } });
  const { instance } = pic.handler;
  const [subnet] = instance.state.subnetOrder;
  const subnetText = principalText(subnet!);
  const nodes = [0, 1].map((node) => nodeOf(instance.state, subnet!, node, instance.host.environment.platform).id);
  const [maker, idler] = nodes.map((id) => ({ node_id: base64(principalBytes(id)) }));
  await pic.create();
  const canister_id = Principal.fromText(CANISTER);
  await pic.manage("install_code", { mode: { install: null }, canister_id, wasm_module: puppet(), arg: [], sender_canister_version: [] });
  const makers = { subnet: { subnet_id: raw(subnetText) }, blockmaker: maker, failed_blockmakers: [idler] };
  for (let i = 0; i < 5; i++) expect(await pic.ask("/update/tick", { blockmakers: [makers] })).toEqual({ status: 200, json: null });
  // Before version 12 there was an object around the list.
  await pic.ask("/update/tick", { blockmakers: { blockmakers_per_subnet: [makers] } });
  await pic.ask("/update/set_time", { nanos_since_epoch: instance.timeNanos + DAY_NANOS });
  await pic.ask("/update/tick", {});
  const arg = encoded("node_metrics_history", { subnet_id: Principal.fromText(subnetText), start_at_timestamp_nanos: 0n });
  const { Ok } = await pic.update(raw(CANISTER), "run", program(asking("node_metrics_history", arg)));
  const answer = asked(new Uint8Array(Buffer.from(Ok!, "base64")));
  if (answer.kind === "reject") throw new Error(answer.text);
  const [history] = IDL.decode(RESULT.node_metrics_history, answer.data) as unknown as [History[]];
  const counts = history[0]!.node_metrics.map(({ node_id, num_blocks_proposed_total, num_block_failures_total }) => [
    node_id.toText(),
    num_blocks_proposed_total,
    num_block_failures_total,
  ]);
  expect(history.length).toBe(1);
  // Its creation, two operations of ours before the ticks, and the first of the next day is not in it.
  expect(counts).toContainEqual([Principal.fromHex("0000000000000000fd01").toText(), 3n, 0n]);
  expect(counts).toContainEqual([principalText(nodes[0]!), 6n, 0n]);
  expect(counts).toContainEqual([principalText(nodes[1]!), 0n, 6n]);
  expect(counts.length).toBe(3);
});

test("block makers that cannot be are refused [replica: block makers of a tick]", async () => {
  const pic = new PicInstance({ subnet_config_set: { application: [NEW] } });
  const { state } = pic.handler.instance;
  const subnet = principalText(state.subnetOrder[0]!);
  const tick = (blockmaker: string, failed: string[], of = subnet) =>
    pic.ask("/update/tick", {
      blockmakers: [
        {
          subnet: { subnet_id: raw(of) },
          blockmaker: { node_id: raw(blockmaker) },
          failed_blockmakers: failed.map((id) => ({ node_id: raw(id) })),
        },
      ],
    });
  const refused = (message: string) => ({ status: 400, json: { message } });
  expect(await tick(CANISTER, [CANISTER])).toEqual(refused(`BlockmakerContainedInFailed(${CANISTER})`));
  expect(await tick(CANISTER, [], CANISTER)).toEqual(refused(`SubnetNotFound(${CANISTER})`));
  expect(await tick(CANISTER, [])).toEqual(refused(`BlockmakerNotFound(${CANISTER})`));
});
