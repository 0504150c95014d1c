/**
 * What a threshold signature or derived key costs: the price of the subnet that holds the key.
 *
 * Source: system-api.md 4, `cost_sign_with_*`; interface spec, "Cycle cost calculation".
 */
import type { SubnetConfig } from "../state/network-state.ts";
import { feesOf, signature } from "./fees.ts";

/** Order of subnets that hold the same key: by nodes, then ordinary before free, then by id. Replica: `get_key_subnet_details`. */
function comparePrice(a: SubnetConfig, b: SubnetConfig): number {
  if (a.nodeCount !== b.nodeCount) return a.nodeCount - b.nodeCount;
  if (a.costSchedule !== b.costSchedule) return a.costSchedule === "free" ? 1 : -1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** The price on the largest of the subnets that hold a key. */
export function signingPrice(holders: readonly [SubnetConfig, ...SubnetConfig[]]): bigint {
  return signature(feesOf(holders.reduce((best, config) => (comparePrice(config, best) > 0 ? config : best))));
}
