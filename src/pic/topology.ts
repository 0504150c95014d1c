/**
 * The subnets of an instance in the words of `@dfinity/pic`.
 */
import type { SubnetSpec } from "../api/pocketic/config.ts";
import type { Instance } from "../api/pocketic/instance.ts";
import { principalOf } from "../core/management/candid.ts";
import { SubnetType, type SubnetTopology } from "./types.ts";

export function topologyOf({ state, specs }: Instance): SubnetTopology[] {
  return state.subnetOrder.map((id, index) => {
    const { nodeCount, ranges } = state.subnets.get(id)!.config;
    const canisterRanges = ranges.map(({ start, end }) => ({ start: principalOf(start), end: principalOf(end) }));
    return { id: principalOf(id), type: typeOf(specs[index]!), size: nodeCount, canisterRanges };
  });
}

function typeOf({ kind }: SubnetSpec): SubnetType {
  const known = Object.values(SubnetType).find((type) => type === kind);
  if (known === undefined) throw new Error(`Unknown subnet kind: ${kind}`);
  return known;
}
