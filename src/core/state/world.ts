/**
 * What rules work on: the state, and what stays outside it (the Wasm engine, compiled modules, the schedule, where events go).
 *
 * Nothing in the state is written that was not obtained here with `edit…`: it copies the record when a snapshot still owns it.
 */
import { assert } from "../../base/assert.ts";
import type { InstancePool } from "../canister/instances.ts";
import type { NetworkEvent } from "../events.ts";
import type { Schedule } from "../schedule/schedule.ts";
import type { Platform } from "../wasm/engine.ts";
import type { ModuleCache } from "../wasm/prepare.ts";
import type { CanisterState } from "./canister.ts";
import type { CanisterId, PrincipalId, SubnetId } from "./ids.ts";
import type { Limits } from "./limits.ts";
import type { NetworkState, SubnetState } from "./network-state.ts";

export interface World {
  readonly state: NetworkState;
  readonly platform: Platform;
  readonly pool: InstancePool;
  readonly modules: ModuleCache;
  readonly schedule: Schedule;
  emit(event: NetworkEvent): void;
  /** Called after each execution, when its effects are whole. Absent where nobody watches. */
  readonly afterExecution?: (() => void) | undefined;
  /** What a mock canister is to do in a query, by whoever stands behind it; `null` when nobody does. */
  answerMockQuery(canister: CanisterId, payload: Uint8Array): Uint8Array | null;
}

/** Limits of execution on this subnet. */
export function limitsOf(world: World, subnet: SubnetState): Limits {
  const { kind, limits } = subnet.config;
  return limits ?? (kind === "system" ? world.state.limits.system : world.state.limits.application);
}

/** The subnet for writing. */
export function editSubnet(world: World, id: SubnetId): SubnetState {
  const subnet = world.state.subnets.edit(id);
  assert(subnet !== undefined, `subnet ${id} exists`);
  return subnet;
}

/** The canister for writing, or `undefined` when the subnet has none of this id. `subnet` must itself be for writing. */
export function editCanister(subnet: SubnetState, id: CanisterId): CanisterState | undefined {
  return subnet.canisters.edit(id);
}

/** Subnets with canister ids, by the routing table, which is replaced whole. */
const hosting = new WeakMap<NetworkState["routing"], ReadonlySet<SubnetId>>();

/** Whether a subnet is there and was not deleted: what is left of one are its record, as others' streams may name it, and its number. */
export function isThere(state: NetworkState, subnet: PrincipalId): boolean {
  let known = hosting.get(state.routing);
  if (known === undefined) hosting.set(state.routing, (known = new Set(state.routing.map((entry) => entry.subnet))));
  return known.has(subnet as SubnetId);
}

/** The subnet a principal is routed to, or `null`. Subnet ids route to themselves. */
export function route(state: NetworkState, id: PrincipalId): SubnetId | null {
  if (state.subnets.has(id)) return isThere(state, id) ? (id as SubnetId) : null;
  let low = 0;
  let high = state.routing.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (state.routing[middle].range.start <= id) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return null;
  const entry = state.routing[low - 1];
  return id <= entry.range.end ? entry.subnet : null;
}

/** Where and when: the common part of every event. */
export function at(world: World, subnet: SubnetState): { readonly round: number; readonly timeNanos: bigint; readonly subnet: SubnetId } {
  return { round: subnet.round, timeNanos: world.state.timeNanos, subnet: subnet.config.id };
}

/** The lines of a run, as events. */
export function emitPrinted(world: World, subnet: SubnetState, canister: CanisterId, lines: readonly Uint8Array[]): void {
  for (const content of lines) world.emit({ kind: "printed", ...at(world, subnet), canister, content });
}
