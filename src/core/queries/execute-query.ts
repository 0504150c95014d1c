/**
 * Queries of users: executed by one replica on the latest state, without changing it.
 *
 * Source: interface spec, "Query call"; messaging.md 7.8 and 8. The platform keeps answers in a cache as long as the canisters' versions, balances
 * and the time are the same; that cannot be seen (an answer from it counts in the statistics like any other), so there is none here.
 */
import { discard } from "../canister/outcome.ts";
import { run } from "../canister/run.ts";
import type { Answer, QueryInput } from "../inputs.ts";
import { MANAGEMENT_CANISTER, type SubnetId } from "../state/ids.ts";
import type { SubnetState } from "../state/network-state.ts";
import { ErrorCode, RejectCode, rejectCodeOf, type UserError } from "../state/rejects.ts";
import { emitPrinted, limitsOf, route, type World } from "../state/world.ts";
import { findQueryMethod } from "./callable.ts";
import { didNotRespond, evaluateCompositeQuery, type QueryResult } from "./composite-query.ts";
import { queryLimits } from "./query-limits.ts";
import type { QueryExecution } from "./query-statistics.ts";
import type { QueryTools } from "./query-tools.ts";

/** The subnet that executes a query call: the one that is asked, else that of its receiver, or of the canister that a management query is about, else the first. */
export function querySubnet(world: World, input: QueryInput, tools: Pick<QueryTools, "canisterOfManagementQuery">): SubnetId | null {
  if (input.subnet !== undefined && input.subnet !== null) return input.subnet;
  if (input.receiver !== MANAGEMENT_CANISTER) return route(world.state, input.receiver);
  const canister = tools.canisterOfManagementQuery(input.method, input.arg);
  return canister === null ? world.state.subnetOrder[0] : route(world.state, canister);
}

/** Executes a query call on a subnet, which knows its own canisters only. */
export function executeQuery(world: World, subnet: SubnetState, input: QueryInput, tools: QueryTools): ExecutedQuery {
  if (input.receiver === MANAGEMENT_CANISTER) {
    const answer = tools.managementQuery(world, subnet, input.sender, input.method, input.arg);
    return unexecuted(answer.kind === "reply" ? { kind: "replied", data: answer.data, instructions: 0 } : failed(answer.error));
  }
  const found = findQueryMethod(subnet, input.receiver, input.method);
  if (found.kind === "error") return unexecuted(failed(found.error));
  if (found.method === "query") {
    const result = executePlainQuery(world, subnet, found, input, tools);
    const responseBytes = result.kind === "reply" ? result.data.length : 0;
    const counts = { calls: 1, instructions: result.instructions, requestBytes: input.arg.length, responseBytes };
    return { answer: answerOf(result), executions: [{ canister: found.canister.id, counts }] };
  }
  const { result, executions } = evaluateCompositeQuery(world, subnet, found, input, tools);
  return { answer: answerOf(result), executions };
}

export interface ExecutedQuery {
  readonly answer: Answer;
  /** The methods that ran, for the statistics. */
  readonly executions: readonly QueryExecution[];
}

function unexecuted(answer: Answer): ExecutedQuery {
  return { answer, executions: [] };
}

type Found = Extract<ReturnType<typeof findQueryMethod>, { kind: "callable" }>;

/** A method of kind `query`: it cannot call others. */
function executePlainQuery(
  world: World,
  subnet: SubnetState,
  { canister, execution, exported }: Found,
  input: QueryInput,
  tools: QueryTools,
): QueryResult & { readonly instructions: number } {
  const limits = limitsOf(world, subnet);
  const dataCertificate = tools.dataCertificate(world, subnet, canister, input);
  const outcome = run(
    world.pool,
    execution,
    { kind: "query", method: exported, arg: input.arg },
    () =>
      tools.view({
        world,
        subnet,
        canister,
        kind: "query",
        context: null,
        caller: input.sender,
        callerInfo: input.senderInfo,
        dataCertificate,
      }),
    queryLimits(limits, "method", Math.min(limits.queryInstructions, limits.queryTreeInstructions)),
  );
  discard(outcome);
  emitPrinted(world, subnet, canister.id, outcome.printed);
  const { result, instructions } = outcome;
  switch (result.kind) {
    case "reply":
      return { kind: "reply", data: result.data, instructions };
    case "reject":
      return { kind: "reject", message: result.message, instructions };
    case "trap":
      return { kind: "error", error: result.error, instructions };
    case "none":
      return { kind: "error", error: didNotRespond(canister.id), instructions };
  }
}

function answerOf(result: QueryResult): Answer {
  switch (result.kind) {
    case "reply":
      return { kind: "replied", data: result.data, instructions: result.instructions };
    case "reject": {
      const { message } = result;
      const error: UserError = { code: ErrorCode.CanisterRejectedMessage, description: message };
      return { kind: "rejected", reject: { code: RejectCode.CANISTER_REJECT, message }, error };
    }
    case "error":
      return failed(result.error);
  }
}

function failed(error: UserError): Answer {
  return { kind: "rejected", reject: { code: rejectCodeOf(error.code), message: error.description }, error };
}
