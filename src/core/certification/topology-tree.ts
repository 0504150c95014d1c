/**
 * What a subnet certifies of the network's subnets: `/subnet` and `/canister_ranges`. It stays as it is as long as the routing table does, but
 * for the subnet's own metrics.
 *
 * Source: interface spec, index#state-tree-subnet and index#state-tree-canister-ranges; http-interface.md 3. Replica:
 * `rs/canonical_state/src/lazy_tree_conversion.rs` (`subnets_as_tree`, `canister_ranges_as_tree`, c7c5005).
 */
import { concat } from "../../base/bytes.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import { ED25519_DER_PREFIX, type NetworkKeys } from "../../crypto/network-keys.ts";
import { canisterIdFromIndex, principalBytes, selfAuthenticatingPrincipal } from "../state/principal.ts";
import { knownSubnets } from "../state/topology.ts";
import { isThere } from "../state/world.ts";
import type { PrincipalId, SubnetId } from "../state/ids.ts";
import type { CanisterRange, NetworkState, SubnetConfig } from "../state/network-state.ts";
import { encodeRanges } from "./encoding.ts";
import { leaf, type HashTree } from "./hash-tree.ts";
import { labelMap, type LabelMap } from "./label-map.ts";

export interface Topology {
  /** `/subnet`, without the metrics of the own subnet. */
  readonly subnets: LabelMap;
  /** `/canister_ranges`. */
  readonly ranges: LabelMap;
}

/** What of the host's is needed here. */
export interface KeySource {
  readonly networkKeys: NetworkKeys;
  sha224(bytes: Uint8Array): Uint8Array;
}

/** By the routing table, which is replaced whole. */
const topologies = new WeakMap<NetworkState["routing"], Map<SubnetId, Topology>>();

export function topologyOf(state: NetworkState, own: SubnetId, keys: KeySource): Topology {
  let known = topologies.get(state.routing);
  if (known === undefined) topologies.set(state.routing, (known = new Map()));
  let topology = known.get(own);
  if (topology === undefined) known.set(own, (topology = madeTopology(state, own, keys)));
  return topology;
}

function madeTopology(state: NetworkState, own: SubnetId, keys: KeySource): Topology {
  const shown = certifiedSubnets(state, own);
  return {
    subnets: labelMap(shown.map((id) => [principalBytes(id), subnetTree(state, id, id === own ? nodesTree(state, id, keys) : null)])),
    ranges: labelMap(shown.map((id) => [principalBytes(id), shardsTree(rangesOf(state, id))])),
  };
}

/** The root subnet knows all; cloud engines are known to nobody else, and know nobody. */
function certifiedSubnets(state: NetworkState, own: SubnetId): readonly SubnetId[] {
  if (own === state.rootSubnetId) return state.subnetOrder.filter((id) => isThere(state, id));
  return knownSubnets(state, own);
}

function subnetTree(state: NetworkState, id: SubnetId, nodes: HashTree | null): HashTree {
  const { publicKeyDer, kind } = configOf(state, id);
  return labelMap([
    ["public_key", leaf(publicKeyDer)],
    ["canister_ranges", leaf(encodeRanges(rangesOf(state, id)))],
    ["type", leaf(encodeUtf8(kind))],
    ...(nodes === null ? [] : [["node", nodes] as const]),
  ]);
}

function nodesTree(state: NetworkState, id: SubnetId, keys: KeySource): HashTree {
  return labelMap(nodesOf(state, id, keys).map((node) => [principalBytes(node.id), labelMap([["public_key", leaf(node.publicKeyDer)]])]));
}

export interface SubnetNode {
  readonly id: PrincipalId;
  readonly publicKeyDer: Uint8Array;
}

/** In the order of their numbers. */
function nodesOf(state: NetworkState, id: SubnetId, keys: KeySource): SubnetNode[] {
  return Array.from({ length: configOf(state, id).nodeCount }, (_, node) => nodeOf(state, id, node, keys));
}

export function nodeOf(state: NetworkState, subnet: SubnetId, node: number, { networkKeys, sha224 }: KeySource): SubnetNode {
  const publicKeyDer = concat(ED25519_DER_PREFIX, networkKeys.nodePublicKey(keyIndex(state, subnet), node));
  return { id: selfAuthenticatingPrincipal(publicKeyDer, sha224), publicKeyDer };
}

/** By which the keys of a subnet and its nodes are named. */
export function keyIndex(state: NetworkState, subnet: SubnetId): number {
  return state.subnetOrder.indexOf(subnet);
}

/** Ascending. */
function rangesOf(state: NetworkState, id: SubnetId): readonly CanisterRange[] {
  return state.routing.filter(({ subnet }) => subnet === id).map(({ range }) => range);
}

/** Ranges of one leaf. Replica: `MAX_RANGES_PER_ROUTING_TABLE_LEAF` (c7c5005). */
const SHARD_RANGES = 5;
/** Under which a subnet without ranges has an empty list. Replica: `EMPTY_RANGES_LABEL` (c7c5005). */
const NO_RANGES = canisterIdFromIndex(0n);

/** `/canister_ranges/<subnet>`: ranges by the first id of their shard. */
function shardsTree(ranges: readonly CanisterRange[]): HashTree {
  if (ranges.length === 0) return labelMap([[principalBytes(NO_RANGES), leaf(encodeRanges([]))]]);
  const shards: (readonly [Uint8Array, HashTree])[] = [];
  for (let i = 0; i < ranges.length; i += SHARD_RANGES) {
    shards.push([principalBytes(ranges[i]!.start), leaf(encodeRanges(ranges.slice(i, i + SHARD_RANGES)))]);
  }
  return labelMap(shards);
}

/** Label of the shard that a canister's range would be in: the largest that is not above it. `null` when it is below all. */
export function shardOf(state: NetworkState, subnet: SubnetId, canister: PrincipalId): PrincipalId | null {
  const starts = rangesOf(state, subnet)
    .map(({ start }) => start)
    .filter((_, i) => i % SHARD_RANGES === 0);
  return starts.findLast((start) => start <= canister) ?? null;
}

function configOf(state: NetworkState, id: SubnetId): SubnetConfig {
  return state.subnets.get(id)!.config;
}
