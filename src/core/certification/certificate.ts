/**
 * Certificates: a part of a subnet's state, the signature of the subnet on the whole, and where the subnet is not the root, the root subnet's word
 * for its key. Nothing is made before somebody asks; certificates of one state share its signature.
 *
 * Source: interface spec, certification#certificate and certification#certification-delegation; http-interface.md 4.
 * Ours: the state that is certified is that of now; on the platform it is some rounds old.
 */
import { unreachable } from "../../base/assert.ts";
import { concat } from "../../base/bytes.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import type { CanisterId, SubnetId } from "../state/ids.ts";
import type { NetworkState } from "../state/network-state.ts";
import { principalBytes } from "../state/principal.ts";
import { encodeCertificate, type Delegation } from "./encoding.ts";
import { digestOf, domainSeparator, type HashTree, type Path, type Sha256 } from "./hash-tree.ts";
import { labelMap } from "./label-map.ts";
import { natural, stateTree } from "./state-tree.ts";
import { keyIndex, shardOf, topologyOf, type KeySource } from "./topology-tree.ts";
import { witness, withoutPaths } from "./witness.ts";

/** What certifying needs: `World` has it. */
export interface Certifying {
  readonly state: NetworkState;
  readonly platform: KeySource & { readonly sha256: Sha256 };
}

/**
 * How a delegation tells the canister ids of the subnet: `flat` in one list, as endpoints before version 3 do; `tree` by the shard in which
 * the canister's range is; `none` for what is not about canisters. The certificates themselves show lists of other subnets only if it is `flat`.
 */
export type RangesFormat = { readonly kind: "flat" } | { readonly kind: "tree"; readonly canister: CanisterId } | { readonly kind: "none" };

export interface CertificateRequest {
  readonly subnet: SubnetId;
  /** What is shown, with everything below; absent paths are proved to be absent. `/time` is always shown. Whoever asks for others checks their rights. */
  readonly paths: readonly Path[];
  readonly ranges: RangesFormat;
}

/** A path of texts and bytes. */
export function path(...labels: readonly (string | Uint8Array)[]): Path {
  return labels.map((label) => (typeof label === "string" ? encodeUtf8(label) : label));
}

const TIME = path("time");
/** What a subnet's signature on a state is of, before the root hash. */
export const STATE_ROOT = domainSeparator("ic-state-root");

/** DER of the root subnet's key, by which everything is verified. */
export function rootKey(state: NetworkState): Uint8Array {
  return state.subnets.get(state.rootSubnetId)!.config.publicKeyDer;
}

/** Encoded, with the self-describing tag. */
export function certificate(world: Certifying, { subnet, paths, ranges }: CertificateRequest): Uint8Array {
  const { state, platform } = world;
  const tree = stateTree(state, state.subnets.get(subnet)!, platform);
  const shown = witness(tree, [TIME, ...paths], platform.sha256);
  return encodeCertificate({
    tree: ranges.kind === "flat" ? shown : withoutPaths(shown, listsOfOthers(state), platform.sha256),
    signature: signatureOf(world, subnet, tree),
    delegation: subnet === state.rootSubnetId ? null : delegation(world, subnet, ranges),
  });
}

/** The certificate that a query may show for its canister's certified data. Source: interface spec, index#state-tree-certified-data. */
export function dataCertificate(world: Certifying, subnet: SubnetId, canister: CanisterId, format: "flat" | "tree"): Uint8Array {
  const ranges: RangesFormat = format === "flat" ? { kind: "flat" } : { kind: "tree", canister };
  return certificate(world, { subnet, paths: [path("canister", principalBytes(canister), "certified_data")], ranges });
}

/** Lists of canister ranges below `/subnet` that only old clients look at. Replica: `rs/http_endpoints/public/src/read_state.rs` (c7c5005). */
function listsOfOthers(state: NetworkState): Path[] {
  return state.subnetOrder.filter((id) => id !== state.rootSubnetId).map((id) => path("subnet", principalBytes(id), "canister_ranges"));
}

function signatureOf({ state, platform }: Certifying, subnet: SubnetId, tree: HashTree): Uint8Array {
  return platform.networkKeys.signAsSubnet(keyIndex(state, subnet), concat(STATE_ROOT, digestOf(tree, platform.sha256)));
}

/** Replicas ask for a new delegation every five minutes. Source: http-interface.md 4. */
const DELEGATION_NANOS = 300_000_000_000n;

/**
 * The root subnet's certificate about a subnet. It is of the last full five minutes, so that it is signed once in that time, and by
 * whoever asks: which certificates were made before makes no difference to it.
 *
 * Ours: of the root subnet's state it has only what delegations show.
 */
function delegation(world: Certifying, subnet: SubnetId, ranges: RangesFormat): Delegation {
  const { state, platform } = world;
  const topology = topologyOf(state, state.rootSubnetId, platform);
  const tree = labelMap([
    ["canister_ranges", topology.ranges],
    ["subnet", topology.subnets],
    ["time", natural(state.timeNanos - (state.timeNanos % DELEGATION_NANOS))],
  ]);
  const id = principalBytes(subnet);
  const paths = [TIME, path("subnet", id, "public_key"), path("subnet", id, "type"), ...rangesPaths(state, subnet, ranges)];
  return {
    subnetId: subnet,
    certificate: encodeCertificate({
      tree: witness(tree, paths, platform.sha256),
      signature: signatureOf(world, state.rootSubnetId, tree),
      delegation: null,
    }),
  };
}

function rangesPaths(state: NetworkState, subnet: SubnetId, ranges: RangesFormat): Path[] {
  const id = principalBytes(subnet);
  switch (ranges.kind) {
    case "flat":
      return [path("subnet", id, "canister_ranges")];
    case "tree":
      // Without a shard the canister's own id, which is none, proves that there is none.
      return [path("canister_ranges", id, principalBytes(shardOf(state, subnet, ranges.canister) ?? ranges.canister))];
    case "none":
      return [];
    default:
      return unreachable(ranges);
  }
}
