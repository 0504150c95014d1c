/**
 * The subnets of a network, as people see and name them.
 */
import { CanneryError } from "../base/cannery-error.ts";
import type { SubnetId } from "../core/state/ids.ts";
import type { NetworkState } from "../core/state/network-state.ts";
import { principalText } from "../core/state/principal.ts";
import { kindOf } from "./given.ts";
import type { Subnet } from "./options.ts";

/** In the order in which they were asked for. */
export function subnetsOf({ subnetOrder, subnets }: NetworkState): readonly Subnet[] {
  return subnetOrder.map((id) => {
    const { kind, name } = subnets.get(id)!.config;
    return { id: principalText(id), kind, name };
  });
}

/** A subnet by its id, or as `net.subnets` has it; the first one where nothing is said. Refuses others, naming those that there are. */
export function subnetId(state: NetworkState, wanted: Subnet | string | undefined): SubnetId {
  if (wanted === undefined) return state.subnetOrder[0]!;
  const text = typeof wanted === "object" && wanted !== null ? wanted.id : wanted;
  const found = state.subnetOrder.find((id) => principalText(id) === text);
  if (found !== undefined) return found;
  const known = subnetsOf(state).map(({ name, id }) => `${name} (${id})`);
  throw new CanneryError("no-such-subnet", `there is no subnet ${kindOf(text)}; net.subnets has ${known.join(", ")}`);
}
