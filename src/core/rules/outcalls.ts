/**
 * HTTPS outcalls: what the nodes got is checked, transformed by a query of the caller, and compared.
 *
 * All nodes run the same transform, so equal responses are transformed once. Source: management-canister.md 6.
 * Replica: `rs/https_outcalls/client/src/client.rs`, `rs/https_outcalls/consensus/src/payload_builder.rs` (c7c5005).
 */
import { toHex } from "../../base/bytes.ts";
import { countConsumed } from "../cycles/accounts.ts";
import { feesOf, flexibleResponse, type Fees } from "../cycles/fees.ts";
import { executeQuery } from "../queries/execute-query.ts";
import type { Answer, OutcallInput } from "../inputs.ts";
import { encodeArgument, encodeResult, type HttpResultValue } from "../management/candid.ts";
import { checkHeadersAndBody, headersBytes } from "../management/http-headers.ts";
import { MANAGEMENT_CANISTER } from "../state/ids.ts";
import type { SubnetState } from "../state/network-state.ts";
import {
  outcallNodes,
  type FlexibleReplication,
  type OutcallRequest,
  type OutcallResponse,
  type PendingAnswer,
  type PendingCall,
} from "../state/pending-calls.ts";
import { principalText } from "../state/principal.ts";
import { ErrorCode, errorCodeText, RejectCode } from "../state/rejects.ts";
import { editCanister, editSubnet, type World } from "../state/world.ts";
import { flexibleOutcome } from "./flexible-outcalls.ts";
import { hashedResponse } from "./outcall-hash.ts";
import { QUERY_TOOLS } from "./query-tools.ts";

/** Most bytes of a response when the request names no limit. Replica: `MAX_CANISTER_HTTP_RESPONSE_BYTES`. */
const DEFAULT_MAX_RESPONSE_BYTES = 2_000_000;

/** Takes in what the nodes got; the caller has it after the next round. Refused when nobody waits for it or its size is wrong. */
export function takeOutcall(world: World, { subnet: id, call: number, responses }: OutcallInput): Answer {
  if (!world.state.subnets.has(id)) return refused(`There is no subnet ${principalText(id)}.`);
  const subnet = editSubnet(world, id);
  const call = subnet.pendingCalls.get(number);
  if (call?.request.kind !== "outcall") return refused(`No HTTPS outcall ${number} waits on subnet ${principalText(id)}.`);
  if (call.arrived !== null) return refused(`HTTPS outcall ${number} is answered already.`);
  if (call.request.flexible !== null) return takeFlexible(world, subnet, call as Outcall, call.request.flexible, responses);
  const nodes = outcallNodes(call.request, subnet.config.nodeCount);
  if (responses.length !== 1 && responses.length !== nodes) {
    return refused(`HTTPS outcall ${number} is done by ${nodes} node(s): give one response for all, or ${nodes}; got ${responses.length}.`);
  }
  const results = memoized(responses, (response) => resultOf(world, subnet, call, response));
  const arrived = results.length === 1 ? results[0] : agreed(world, call, results);
  subnet.pendingCalls.set(number, { ...call, arrived });
  return { kind: "accepted" };
}

/** One response of each node that has one. What is too little is forgotten: the outcall waits on, and may be given others. */
function takeFlexible(
  world: World,
  subnet: SubnetState,
  call: Outcall,
  replication: FlexibleReplication,
  responses: readonly OutcallResponse[],
): Answer {
  const { totalRequests } = replication;
  if (responses.length > totalRequests)
    return refused(`HTTPS outcall ${call.id} is done by ${totalRequests} node(s), which cannot have ${responses.length} responses.`);
  const results = memoized(responses, (response) => resultOf(world, subnet, call, response));
  const arrived = flexibleOutcome(world, subnet, replication, results);
  if (arrived === null) return { kind: "accepted" };
  const price = (fees: Fees): bigint =>
    responses.reduce(
      (sum, response, i) => sum + flexibleResponse(fees, BigInt(rawBytes(response)), BigInt(transformedBytes(results[i]!))),
      0n,
    );
  const fees = feesOf(subnet.config);
  const asked = price(fees);
  const spent = asked < call.refundCycles ? asked : call.refundCycles;
  subnet.consumed.httpOutcalls += spent;
  const caller = editCanister(subnet, call.origin.canister);
  if (caller !== undefined) countConsumed(caller, "httpOutcalls", price(fees.nominal));
  subnet.pendingCalls.set(call.id, { ...call, arrived, refundCycles: call.refundCycles - spent });
  return { kind: "accepted" };
}

function rawBytes(response: OutcallResponse): number {
  return response.kind === "reject" ? 0 : headersBytes(response.headers) + response.body.length;
}

function transformedBytes(result: PendingAnswer): number {
  return result.kind === "reply" ? result.data.length : result.reject.message.length;
}

function refused(description: string): Answer {
  return { kind: "refused", error: { code: ErrorCode.InvalidManagementPayload, description } };
}

/** Equal objects (a mock that gives all nodes the same) are looked at once. */
function memoized<A extends object, B>(items: readonly A[], of: (item: A) => B): B[] {
  const known = new Map<A, B>();
  return items.map((item) => {
    const result = known.get(item) ?? of(item);
    known.set(item, result);
    return result;
  });
}

type Outcall = PendingCall & { readonly request: OutcallRequest };

/** One node's result: the adapter's limits, those of headers and bodies, then the transform. */
function resultOf(world: World, subnet: SubnetState, pending: PendingCall, response: OutcallResponse): PendingAnswer {
  const call = pending as Outcall;
  if (response.kind === "reject") return rejected(response.code, response.message);
  const limit = call.request.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES;
  const { status, body } = response;
  const headers = response.headers.map(({ name, value }) => ({ name: name.toLowerCase(), value }));
  if (headersBytes(headers) > limit) return rejected(RejectCode.SYS_FATAL, `Header size exceeds specified response size limit ${limit}`);
  if (headersBytes(headers) + body.length > limit) return rejected(RejectCode.SYS_FATAL, `Http body exceeds size limit of ${limit} bytes.`);
  const tooLarge = checkHeadersAndBody(headers, body.length);
  if (tooLarge !== null) return rejected(RejectCode.SYS_FATAL, tooLarge.description);
  const result = { status: BigInt(status), headers, body };
  return call.request.transform === null
    ? { kind: "reply", data: encodeResult("http_request", result) }
    : transformed(world, subnet, call, call.request.transform, result, limit);
}

function transformed(
  world: World,
  subnet: SubnetState,
  call: Outcall,
  { method, context }: NonNullable<OutcallRequest["transform"]>,
  response: HttpResultValue,
  limit: number,
): PendingAnswer {
  const arg = encodeArgument("transform", { response, context });
  const query = { kind: "query", sender: MANAGEMENT_CANISTER, receiver: call.origin.canister, method, arg, senderInfo: null } as const;
  const { answer } = executeQuery(world, subnet, query, QUERY_TOOLS);
  const result = resultOfTransform(answer);
  const bytes = result.kind === "reply" ? result.data.length : result.reject.message.length;
  return bytes > limit ? rejected(RejectCode.SYS_FATAL, `Transformed http response exceeds limit: ${limit}`) : result;
}

function resultOfTransform(answer: Answer): PendingAnswer {
  switch (answer.kind) {
    case "replied":
      return { kind: "reply", data: answer.data };
    case "rejected": {
      const { reject, error } = answer;
      // A reject by the method itself keeps its text; the system's errors come with their code.
      const own = reject.code === RejectCode.CANISTER_REJECT || error === null;
      return rejected(reject.code, own ? reject.message : `${errorCodeText(error.code)}: ${error.description}`);
    }
    case "refused":
      return rejected(RejectCode.SYS_FATAL, answer.error.description);
    case "accepted":
      throw new Error("a query is answered at once");
  }
}

function rejected(code: RejectCode, message: string): PendingAnswer {
  return { kind: "reject", reject: { code, message } };
}

/** More than two thirds of the nodes must have the same. */
function agreed({ platform }: World, { id, origin }: PendingCall, results: readonly PendingAnswer[]): PendingAnswer {
  const groups = new Map<string, { readonly result: PendingAnswer; count: number }>();
  for (const result of results) {
    const hash = toHex(platform.sha256(hashedResponse(id, origin.canister, result)));
    const group = groups.get(hash) ?? { result, count: 0 };
    group.count++;
    groups.set(hash, group);
  }
  const sorted = [...groups].sort(([a, { count: x }], [b, { count: y }]) => y - x || (a > b ? -1 : 1));
  const faulty = Math.floor((results.length - 1) / 3);
  const [[, first]] = sorted;
  if (first.count >= results.length - faulty) return first.result;
  const hashes = sorted.map(([hash, { count }]) => `[${hash}: ${count}]`).join(", ");
  return rejected(
    RejectCode.SYS_TRANSIENT,
    `No consensus could be reached. Replicas had different responses. Details: request_id: ${id}, hashes: ${hashes}`,
  );
}
