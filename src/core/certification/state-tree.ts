/**
 * The whole tree that a subnet certifies, of its state as it is now. Its two large parts, canisters and calls, are kept from one certificate
 * to the next, so that making it costs what changed.
 *
 * Source: interface spec, index#state-tree; http-interface.md 3. Replica: `rs/canonical_state/src/lazy_tree_conversion.rs` (c7c5005).
 *
 * Departure: `/streams` is empty, and `/metadata` has the height but not the hash of the state before: nobody may read them (subnets here read each
 * other's streams without certificates), and the hash would have to be made every round.
 */
import { encodeLeb128 } from "../../codec/leb128.ts";
import type { NetworkState, SubnetState } from "../state/network-state.ts";
import { principalBytes } from "../state/principal.ts";
import { encodePacked } from "./encoding.ts";
import { EMPTY, leaf, type HashTree, type Leaf } from "./hash-tree.ts";
import { below, labelMap, withLabel, type LabelMap } from "./label-map.ts";
import { topologyOf, type KeySource, type Topology } from "./topology-tree.ts";

export function stateTree(state: NetworkState, subnet: SubnetState, keys: KeySource): HashTree {
  const topology = topologyOf(state, subnet.config.id, keys);
  return labelMap([
    ["api_boundary_nodes", EMPTY],
    ["canister", subnet.certifiedCanisters.current(subnet.canisters)],
    ["canister_ranges", topology.ranges],
    ["metadata", labelMap([["height", natural(subnet.round)]])],
    ["request_status", subnet.ingressHistory.certified()],
    ["streams", EMPTY],
    ["subnet", withMetrics(topology, subnet)],
    ["time", natural(state.timeNanos)],
  ]);
}

export function natural(value: number | bigint): Leaf {
  return leaf(encodeLeb128(value));
}

function withMetrics({ subnets }: Topology, subnet: SubnetState): LabelMap {
  const id = principalBytes(subnet.config.id);
  const own = below(subnets, id) as LabelMap;
  return withLabel(subnets, id, withLabel(own, "metrics", leaf(encodeMetrics(subnet))));
}

/** Source: http-interface.md 3, "Metrics blob". */
function encodeMetrics(subnet: SubnetState): Uint8Array {
  const consumedCycles = consumedCyclesTotal(subnet);
  return encodePacked([
    BigInt(subnet.canisters.size),
    BigInt(subnet.canisterStateBytes + subnet.guaranteedMemoryBytes + subnet.bestEffortMemoryBytes),
    encodePacked([BigInt.asUintN(64, consumedCycles), consumedCycles >> 64n]),
    BigInt(subnet.updateTransactions),
  ]);
}

/** What canisters that are there consumed is not in it. Replica: `SubnetMetrics::consumed_cycles_total` (c7c5005). */
function consumedCyclesTotal({ consumed, consumedCountedTwice }: SubnetState): bigint {
  return Object.values(consumed).reduce((sum, cycles) => sum + cycles, consumedCountedTwice);
}
