/**
 * Whether a canister can be asked, and what for: the checks before a query runs, also those of a composite query's calls.
 *
 * Source: messaging.md 7.8 (order). Replica: `rs/execution_environment/src/query_handler/query_context.rs`,
 * `rs/execution_environment/src/execution/nonreplicated_query.rs` (c7c5005).
 */
import { methodNotFound, userErrorOf, wasmModuleNotFound } from "../canister/errors.ts";
import type { ExecutionState } from "../canister/execution-state.ts";
import { methodKind } from "../canister/run.ts";
import { isMock, mockQueryExport } from "../state/mock-canisters.ts";
import { feesOf } from "../cycles/fees.ts";
import { isFrozen } from "../cycles/freezing.ts";
import type { CanisterState } from "../state/canister.ts";
import type { PrincipalId } from "../state/ids.ts";
import type { SubnetState } from "../state/network-state.ts";
import { principalText } from "../state/principal.ts";
import { ErrorCode, type UserError } from "../state/rejects.ts";

export type Callable =
  | {
      readonly kind: "callable";
      readonly canister: CanisterState;
      readonly execution: ExecutionState;
      readonly method: "query" | "composite_query";
      /** Name under which the module exports it: the method's own, but for mock canisters. */
      readonly exported: string;
    }
  | { readonly kind: "error"; readonly error: UserError };

export function findQueryMethod(subnet: SubnetState, id: PrincipalId, method: string): Callable {
  const canister = subnet.canisters.get(id);
  const name = principalText(id);
  const refuse = (code: ErrorCode, description: string): Callable => ({ kind: "error", error: { code, description } });
  if (canister === undefined) return refuse(ErrorCode.CanisterNotFound, `Canister ${name} not found`);
  if (canister.status.kind === "stopped") {
    return refuse(ErrorCode.CanisterStopped, `Canister ${name} is stopped and therefore does not have a CallContextManager`);
  }
  const { execution } = canister;
  if (execution === null) return { kind: "error", error: userErrorOf(id, wasmModuleNotFound()) };
  const exported = isMock(execution) ? mockQueryExport(method) : method;
  const kind = methodKind(execution, exported);
  if (kind !== "query" && kind !== "composite_query") return { kind: "error", error: userErrorOf(id, methodNotFound("query", method)) };
  if (isFrozen(feesOf(subnet.config), canister)) {
    const advice = "Please top up the canister with cycles and try again.";
    return refuse(ErrorCode.CanisterOutOfCycles, `Canister ${name} is unable to process query calls because it's frozen. ${advice}`);
  }
  if (canister.status.kind === "stopping") return refuse(ErrorCode.CanisterStopping, `Canister ${name} is not running`);
  return { kind: "callable", canister, execution, method: kind, exported };
}
