/**
 * What `core/queries` takes from the layers above it: the account of a run, and the management canister.
 */
import { canisterOfManagementQuery, managementQuery, managementQueryFromCanister } from "../management/management-query.ts";
import type { QueryTools } from "../queries/query-tools.ts";
import { ExecutionView } from "./execution-view.ts";
import { threadQuotas } from "./quotas.ts";

/** `dataCertificate` comes from whoever makes certificates. */
export function makeQueryTools(dataCertificate: QueryTools["dataCertificate"]): QueryTools {
  return {
    view: (input) => new ExecutionView({ ...input, quotas: threadQuotas(input.world, input.subnet) }),
    dataCertificate,
    managementQuery,
    managementQueryFromCanister,
    canisterOfManagementQuery,
  };
}
