/**
 * Which subnets know of each other. A cloud engine knows only itself, and no other subnet knows it: no message finds a way between them, and
 * keys on the other side are not there.
 *
 * Source: messaging.md 6. Replica: `own_subnet_type == SubnetType::CloudEngine` in `rs/messaging/src/message_routing.rs` (c7c5005).
 */
import type { PrincipalId, SubnetId } from "./ids.ts";
import type { NetworkState } from "./network-state.ts";
import { isThere, route } from "./world.ts";

export function knownSubnets(state: NetworkState, from: SubnetId): readonly SubnetId[] {
  return isEngine(state, from) ? [from] : state.subnetOrder.filter((id) => isThere(state, id) && !isEngine(state, id));
}

/** The subnet that hosts an id, as far as the subnet asking knows. */
export function routeFrom(state: NetworkState, from: SubnetId, id: PrincipalId): SubnetId | null {
  const to = route(state, id);
  if (to === null || to === from) return to;
  return isEngine(state, from) || isEngine(state, to) ? null : to;
}

function isEngine(state: NetworkState, id: SubnetId): boolean {
  return state.subnets.get(id)!.config.kind === "cloud_engine";
}
