/**
 * What executing queries needs of other layers: the account of an execution, data certificates, and the management canister's query calls.
 */
import { dataCertificate } from "../certification/certificate.ts";
import { canisterOfManagementQuery, managementQuery, managementQueryFromCanister } from "../management/management-query.ts";
import type { QueryTools } from "../queries/query-tools.ts";
import { ExecutionView } from "./execution-view.ts";
import { threadQuotas } from "./quotas.ts";

export const QUERY_TOOLS: QueryTools = {
  view: (input) => new ExecutionView({ ...input, quotas: threadQuotas(input.world, input.subnet) }),
  dataCertificate:
    (world, subnet, canister, { ranges = "tree" }) =>
    () =>
      dataCertificate(world, subnet.config.id, canister.id, ranges),
  managementQuery,
  managementQueryFromCanister,
  canisterOfManagementQuery,
};
