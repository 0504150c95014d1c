/**
 * What a flexible outcall comes to, by what the nodes of its committee got: several responses, or an error that says why there are not enough. Both
 * are replies.
 *
 * Replica: `find_flexible_result` in `rs/https_outcalls/consensus/src/payload_builder/utils.rs`, `flexible_error_into_consensus_response` in
 * `payload_builder.rs` (c7c5005).
 */
import { IDL } from "@icp-sdk/core/candid";
import { encodeResult, principalOf, type HttpResultValue } from "../management/candid.ts";
import { RESULT } from "../management/candid-types.ts";
import { nodeOf } from "../certification/topology-tree.ts";
import type { SubnetState } from "../state/network-state.ts";
import type { FlexibleReplication, PendingAnswer } from "../state/pending-calls.ts";
import type { Reject } from "../state/rejects.ts";
import type { World } from "../state/world.ts";

/** Of the responses in a block. Replica: `MAX_CANISTER_HTTP_PAYLOAD_SIZE`. */
const MAX_BLOCK_BYTES = 2 * 2 ** 20;
/** Of the outcall's number, and about what a signed response has besides its content. */
const NUMBER_BYTES = 8;
const RESPONSE_OVERHEAD_BYTES = 200;

interface Success {
  readonly node: number;
  readonly value: HttpResultValue;
  readonly bytes: number;
}

interface Rejected {
  readonly node: number;
  readonly reject: Reject;
}

/** `results` are those of the committee's first nodes, the others have none yet. `null` while neither can be said. */
export function flexibleOutcome(
  world: World,
  subnet: SubnetState,
  replication: FlexibleReplication,
  results: readonly PendingAnswer[],
): PendingAnswer | null {
  const successes = results.flatMap(successOf).sort((a, b) => a.bytes - b.bytes);
  const rejects = results.flatMap((result, node): Rejected[] => (result.kind === "reject" ? [{ node, reject: result.reject }] : []));
  const { totalRequests, minResponses, maxResponses } = replication;
  const fitting = thoseThatFit(successes, maxResponses);
  if (fitting.length >= minResponses) return reply({ ok: fitting.map(({ value }) => value) });
  const idOf = (node: number) => principalOf(nodeOf(world.state, subnet.config.id, node, world.platform).id);
  if (rejects.length > totalRequests - minResponses) {
    const details = rejects.map(({ node, reject }) => detail(idOf(node), REJECT_NAMES[reject.code] ?? String(reject.code), reject.message));
    return failure("too_many_rejects", details, `Too many rejects: ${rejects.length} responses are rejects`);
  }
  // Those that have not answered may still answer with little.
  const unseen = totalRequests - results.length;
  const needed = Math.max(minResponses - unseen, 0);
  const smallest = successes.slice(0, needed);
  if (successes.length < needed || total(smallest.map(({ bytes }) => bytes + RESPONSE_OVERHEAD_BYTES)) <= MAX_BLOCK_BYTES) return null;
  const details = [
    ...successes.map(({ node, bytes }) => detail(idOf(node), "ok", `${bytes} bytes`)),
    ...rejects.map(({ node, reject }) => detail(idOf(node), "reject", `${reject.message.length + 8} bytes`)),
  ];
  const counts = `${successes.length} ok + ${rejects.length} reject + ${unseen} unseen = ${totalRequests} total_requests`;
  const sizes = smallest.map(({ bytes }) => bytes).join(", ");
  return failure(
    "responses_too_large",
    details,
    `Responses too large: need at least ${minResponses} OK responses to fit within ${MAX_BLOCK_BYTES} bytes, but even the smallest ${needed} (= ${minResponses} min_responses - ${unseen} unseen) of ${successes.length} OK responses have sizes [${sizes}] bytes (${counts})`,
  );
}

/** When nothing was said in time. */
export function flexibleTimeout(): PendingAnswer {
  return failure("timeout", [], "Flexible HTTP request timed out");
}

/** A transform may reply what is no response: that is not delivered. */
function successOf(result: PendingAnswer, node: number): Success[] {
  if (result.kind === "reject") return [];
  try {
    const [value] = IDL.decode(RESULT.http_request, result.data);
    return [{ node, value: value as unknown as HttpResultValue, bytes: result.data.length }];
  } catch {
    return [];
  }
}

function thoseThatFit(successes: readonly Success[], most: number): Success[] {
  const fitting: Success[] = [];
  let bytes = NUMBER_BYTES;
  for (const success of successes) {
    const size = success.bytes + RESPONSE_OVERHEAD_BYTES;
    if (fitting.length >= most || bytes + size >= MAX_BLOCK_BYTES) continue;
    fitting.push(success);
    bytes += size;
  }
  return fitting;
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/** As Rust prints them. */
const REJECT_NAMES: Readonly<Record<number, string>> = {
  1: "SysFatal",
  2: "SysTransient",
  3: "DestinationInvalid",
  4: "CanisterReject",
  5: "CanisterError",
  6: "SysUnknown",
};

const NOTHING_REPORTED = {
  raw_response_bytes: [],
  http_roundtrip_time_ms: [],
  transform_instructions: [],
  transformed_response_bytes: [],
  cycles: [],
};

function detail(node_id: ReturnType<typeof principalOf>, code: string, message: string): object {
  return { node_id, report: NOTHING_REPORTED, error: [{ code, message }] };
}

function failure(
  why: "timeout" | "responses_too_large" | "too_many_rejects",
  node_details: readonly object[],
  message: string,
): PendingAnswer {
  return reply({ err: { global_error: [{ [why]: null }], node_details, message } });
}

function reply(value: object): PendingAnswer {
  return { kind: "reply", data: encodeResult("flexible_http_request", value) };
}
