/**
 * What executing queries needs of later layers, given by the rules.
 */
import type { ExecutionView } from "../rules/execution-view.ts";
import type { ViewInput } from "../rules/surroundings.ts";
import type { QueryInput } from "../inputs.ts";
import type { CanisterState } from "../state/canister.ts";
import type { CanisterId, PrincipalId } from "../state/ids.ts";
import type { SubnetState } from "../state/network-state.ts";
import type { Reject, UserError } from "../state/rejects.ts";
import type { World } from "../state/world.ts";

export interface QueryTools {
  /** The account of one execution; nothing of it is applied to the network. */
  view(input: Omit<ViewInput, "quotas">): ExecutionView;
  /** Makes the data certificate of a canister; called when it is asked for. */
  dataCertificate(world: World, subnet: SubnetState, canister: CanisterState, input: QueryInput): () => Uint8Array;
  /** A user's query call of the management canister. */
  managementQuery(world: World, subnet: SubnetState, caller: PrincipalId, method: string, arg: Uint8Array): ManagementAnswer;
  /** The same from a composite query, on the calling canister's own subnet. */
  managementQueryFromCanister(
    world: World,
    subnet: SubnetState,
    caller: CanisterState,
    method: string,
    arg: Uint8Array,
  ): { readonly kind: "data"; readonly data: Uint8Array } | ({ readonly kind: "reject" } & Reject);
  /** The canister that a management query is about; `null` where there is none or the argument does not tell. */
  canisterOfManagementQuery(method: string, arg: Uint8Array): CanisterId | null;
}

export type ManagementAnswer =
  { readonly kind: "reply"; readonly data: Uint8Array } | { readonly kind: "error"; readonly error: UserError };
