/**
 * Query calls of the management canister, by users and by composite queries: answered from the state, by one replica, for free.
 *
 * Source: management-canister.md 1.4, messaging.md 8. Replica: `rs/execution_environment/src/query_handler.rs` (c7c5005) and newer files
 * (`query_handler/subnet_query.rs`), which add `canister_info` and calls from composite queries.
 */
import type { ManagementAnswer } from "../queries/query-tools.ts";
import type { CanisterState } from "../state/canister.ts";
import type { CanisterId, PrincipalId } from "../state/ids.ts";
import type { SubnetState } from "../state/network-state.ts";
import { principalText } from "../state/principal.ts";
import { ErrorCode, rejectCodeOf, rejectFromError, type Reject, type UserError } from "../state/rejects.ts";
import type { World } from "../state/world.ts";
import { anybody, mayView, requireControllerOrAdmin, requireSubnetAdmin, subnetAdmins } from "./access.ts";
import { encodeCanisterInfo } from "./canister-info.ts";
import { encodeCanisterMetrics } from "./canister-metrics.ts";
import { encodeCanisterStatus, requireStatusAccess } from "./canister-status.ts";
import { decodeArgument, decodeNothing, decodeTarget, idOf, optional, type ArgumentOfCanister, type ArgumentValue } from "./candid.ts";
import { noAccessToLogs, noSubnetAdmins, noSuchMethod } from "./errors.ts";
import { encodeCanisterLogs } from "./fetch-canister-logs.ts";
import { encodeCanisterList } from "./list-canisters.ts";
import { isMock, MOCK_METHOD } from "../state/mock-canisters.ts";
import type { Access } from "./method.ts";
import { METHODS } from "./methods.ts";

type QueryMethod = (subnet: SubnetState, caller: PrincipalId, arg: Uint8Array) => ManagementAnswer;

const QUERY_METHODS: ReadonlyMap<string, QueryMethod> = new Map(
  Object.entries({
    canister_status: onCanister("canister_id", requireStatusAccess, (canister, subnet) => encodeCanisterStatus(subnet, canister)),
    canister_metrics: onCanister("canister_id", requireControllerOrAdmin, encodeCanisterMetrics),
    canister_info: onCanister("canister_info", anybody, (canister, _, { num_requested_changes }) =>
      encodeCanisterInfo(canister, optional(num_requested_changes) ?? 0n),
    ),
    fetch_canister_logs: onCanister("fetch_canister_logs", requireLogVisibility, (canister, _, { filter }) =>
      encodeCanisterLogs(canister, filter),
    ),
    list_canisters: listCanisters,
  }),
);

/** A user's query call. */
export function managementQuery(
  _world: World,
  subnet: SubnetState,
  caller: PrincipalId,
  method: string,
  arg: Uint8Array,
): ManagementAnswer {
  const found = QUERY_METHODS.get(method);
  if (found === undefined) return refuse({ code: ErrorCode.CanisterMethodNotFound, description: `Query method ${method} not found.` });
  return found(subnet, caller, arg);
}

/** A composite query's call. A name that the management canister has not at all fails as it does for any call; others as for users. */
export function managementQueryFromCanister(
  world: World,
  subnet: SubnetState,
  caller: CanisterState,
  method: string,
  arg: Uint8Array,
): { readonly kind: "data"; readonly data: Uint8Array } | ({ readonly kind: "reject" } & Reject) {
  if (method === MOCK_METHOD) return mockProgram(world, caller, arg);
  if (!METHODS.has(method) && !QUERY_METHODS.has(method)) return { kind: "reject", ...rejectFromError(noSuchMethod(method)) };
  const answer = managementQuery(world, subnet, caller.id, method, arg);
  if (answer.kind === "reply") return { kind: "data", data: answer.data };
  return { kind: "reject", code: rejectCodeOf(answer.error.code), message: answer.error.description };
}

/** What a mock canister is to do in a query. Others do not have the method. */
function mockProgram(world: World, caller: CanisterState, arg: Uint8Array): ReturnType<typeof managementQueryFromCanister> {
  const program = isMock(caller.execution) ? world.answerMockQuery(caller.id, arg) : null;
  return program === null ? { kind: "reject", ...rejectFromError(noSuchMethod(MOCK_METHOD)) } : { kind: "data", data: program };
}

/** The canister that a query call is about, for finding its subnet; `null` where there is none or the argument does not tell. */
export function canisterOfManagementQuery(method: string, arg: Uint8Array): CanisterId | null {
  if (!QUERY_METHODS.has(method) || method === "list_canisters") return null;
  const target = decodeTarget(method, arg);
  return target.kind === "value" ? target.value : null;
}

function onCanister<N extends ArgumentOfCanister>(
  name: N,
  access: Access,
  encode: (canister: CanisterState, subnet: SubnetState, argument: ArgumentValue[N]) => Uint8Array,
): QueryMethod {
  return (subnet, caller, arg) => {
    const decoded = decodeArgument(name, arg);
    if (decoded.kind === "error") return decoded;
    const id = idOf(decoded.value.canister_id);
    const canister = subnet.canisters.get(id);
    if (canister === undefined) return refuse({ code: ErrorCode.CanisterNotFound, description: `Canister ${principalText(id)} not found` });
    const denied = access(canister, caller, subnet);
    return denied === null ? { kind: "reply", data: encode(canister, subnet, decoded.value) } : refuse(denied);
  };
}

function requireLogVisibility(canister: CanisterState, caller: PrincipalId): UserError | null {
  return mayView(canister, canister.settings.logVisibility, caller) ? null : noAccessToLogs(caller);
}

function listCanisters(subnet: SubnetState, caller: PrincipalId, arg: Uint8Array): ManagementAnswer {
  const decoded = decodeNothing(arg);
  if (decoded.kind === "error") return decoded;
  const admins = subnetAdmins(subnet.config);
  if (admins === null) return refuse(noSubnetAdmins());
  const denied = requireSubnetAdmin(admins, caller);
  return denied === null ? { kind: "reply", data: encodeCanisterList(subnet) } : refuse(denied);
}

function refuse(error: UserError): ManagementAnswer {
  return { kind: "error", error };
}
