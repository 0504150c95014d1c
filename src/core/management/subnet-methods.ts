/**
 * What a subnet tells about itself: `node_metrics_history` and `subnet_info`; for canisters.
 *
 * Source: interface spec, "IC method node_metrics_history", "IC method subnet_info"; management-canister.md 3.
 * Replica: `rs/execution_environment/src/execution_environment.rs` (`node_metrics_history`, `subnet_info`, c7c5005).
 */
import { nodeOf } from "../certification/topology-tree.ts";
import type { NodeBlocks } from "../state/block-makers.ts";
import type { PrincipalId } from "../state/ids.ts";
import { fail, reply } from "./call.ts";
import { encodeResult, idOf, principalOf } from "./candid.ts";
import { otherSubnet } from "./errors.ts";
import { forCanisters, withArgument } from "./method.ts";

/** Ours: the replica whose rules these are. */
const REPLICA_VERSION = "c7c5005419785db6d1c3009a1426274be33010f8";
/** Ours: a network is what it was made as, so its registry has one version. */
const REGISTRY_VERSION = 1n;
/**
 * Of no subnet: who makes the blocks of a network that is ticked by a test. Replica: `BlockmakerMetrics::new_for_test` in
 * `rs/types/types/src/batch.rs` (c7c5005).
 */
const STRANGER = "0000000000000000fd01" as PrincipalId;

const nodeMetrics = withArgument("node_metrics_history", ({ world, subnet, call }, { subnet_id, start_at_timestamp_nanos }) => {
  const { id } = subnet.config;
  const given = idOf(subnet_id);
  if (given !== id) return fail(call, otherSubnet(given, id));
  const history = subnet.blockMakers.since(start_at_timestamp_nanos).map(({ timeNanos, blocks }) => ({
    timestamp_nanos: timeNanos,
    node_metrics: [...blocks]
      .map(([node, counts]): [PrincipalId, NodeBlocks] => [node < 0 ? STRANGER : nodeOf(world.state, id, node, world.platform).id, counts])
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([node, { made, missed }]) => ({
        node_id: principalOf(node),
        num_blocks_proposed_total: BigInt(made),
        num_block_failures_total: BigInt(missed),
      })),
  }));
  return reply(call, encodeResult("node_metrics_history", history));
});

export const nodeMetricsHistory = forCanisters(nodeMetrics);

const info = withArgument("subnet_id", ({ subnet, call }, { subnet_id }) => {
  const given = idOf(subnet_id);
  if (given !== subnet.config.id) return fail(call, otherSubnet(given, subnet.config.id));
  return reply(call, encodeResult("subnet_info", { replica_version: REPLICA_VERSION, registry_version: REGISTRY_VERSION }));
});

export const subnetInfo = forCanisters(info);
