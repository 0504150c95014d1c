/**
 * `list_canisters`: the ids of all canisters of a subnet, as ranges without gaps; for the subnet's admins, as a query.
 *
 * Source: interface spec, "IC method list_canisters". Replica: `rs/execution_environment/src/query_handler.rs` (`list_canisters`, c7c5005).
 */
import { indexOfCanisterId } from "../state/principal.ts";
import type { CanisterId } from "../state/ids.ts";
import type { SubnetState } from "../state/network-state.ts";
import { encodeResult, principalOf } from "./candid.ts";

export function encodeCanisterList(subnet: SubnetState): Uint8Array {
  const ranges: { start: CanisterId; end: CanisterId }[] = [];
  for (const id of subnet.canisters.keys()) {
    const last = ranges.at(-1);
    if (last !== undefined && isNext(last.end, id)) last.end = id;
    else ranges.push({ start: id, end: id });
  }
  return encodeResult("list_canisters", {
    canisters: ranges.map(({ start, end }) => ({ start: principalOf(start), end: principalOf(end) })),
  });
}

function isNext(before: CanisterId, id: CanisterId): boolean {
  const [first, second] = [indexOfCanisterId(before), indexOfCanisterId(id)];
  return first !== null && second !== null && first + 1n === second;
}
