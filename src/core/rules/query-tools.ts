/**
 * What executing queries needs of layers behind it: the account of an execution, and the management canister's query calls.
 *
 * Data certificates are signed trees, which a network without certification does not make: `data_certificate_present` is 0 here.
 */
import { canisterOfManagementQuery, managementQuery, managementQueryFromCanister } from "../management/management-query.ts";
import type { QueryTools } from "../queries/query-tools.ts";
import { ExecutionView } from "./execution-view.ts";
import { threadQuotas } from "./quotas.ts";

export const QUERY_TOOLS: QueryTools = {
  view: (input) => new ExecutionView({ ...input, quotas: threadQuotas(input.world, input.subnet) }),
  dataCertificate: () => null,
  managementQuery,
  managementQueryFromCanister,
  canisterOfManagementQuery,
};
