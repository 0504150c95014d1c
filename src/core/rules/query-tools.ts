/**
 * What executing queries needs of layers behind it: the account of an execution, and the management canister's query calls.
 *
 * Departure: data certificates are signed trees, which are not made yet: `data_certificate_present` is 0.
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
