/**
 * `flexible_http_request`: an HTTPS outcall by a committee of nodes, which may get different responses; the caller gets several of them.
 * `rules/flexible-outcalls.ts` says what becomes of them.
 *
 * There where outcalls are free, and elsewhere only where the network has what is in beta. Source: the crates `pocket-ic` 16.1 (changelog) and
 * `ic-management-canister-types` 0.11. Replica: `rs/types/types/src/canister_http.rs` (`generate_from_flexible_args`, c7c5005).
 */
import { areOutcallsFree, feesOf, flexibleRequest } from "../cycles/fees.ts";
import type { FlexibleReplication, OutcallRequest } from "../state/pending-calls.ts";
import type { UserError } from "../state/rejects.ts";
import { limitsOf } from "../state/world.ts";
import { fail } from "./call.ts";
import { optional, type ArgumentValue } from "./candid.ts";
import { methodRefusal, paid, refusalOf, requestBytes, requestOf, tooManyInFlight } from "./http-request.ts";
import { forCanisters, withArgument } from "./method.ts";
import { outcallRefused } from "./outside-errors.ts";

const flexibleOutcall = withArgument("flexible_http_request", ({ world, subnet, call }, value) => {
  // What the replica answers where only the beta has it, and in its words.
  if (!areOutcallsFree(feesOf(subnet.config)) && !limitsOf(world, subnet).paidFlexibleOutcalls)
    return fail(call, outcallRefused("FlexibleHttpRequest is not yet implemented"));
  const flexible = replicationOf(optional(value.replication), subnet.config.nodeCount);
  const { totalRequests, minResponses, maxResponses } = flexible;
  const refused =
    refusalOf(value, call.sender) ??
    countRefusal(flexible, subnet.config.nodeCount) ??
    methodRefusal(value, minResponses === maxResponses && maxResponses === totalRequests) ??
    tooManyInFlight(subnet);
  if (refused !== null) return fail(call, refused);
  const request: OutcallRequest = { ...requestOf(value), isReplicated: false, flexible };
  return paid(subnet, call, request, (of) => flexibleRequest(of, BigInt(requestBytes(request)), totalRequests));
});

export const flexibleHttpRequest = forCanisters(flexibleOutcall);

type Counts = NonNullable<ArgumentValue["flexible_http_request"]["replication"][0]>;

/** By default all nodes, of which more than two thirds must answer. */
function replicationOf(counts: Counts | null, nodes: number): FlexibleReplication {
  if (counts === null) return { totalRequests: nodes, minResponses: Math.floor((2 * nodes) / 3) + 1, maxResponses: nodes };
  return { totalRequests: counts.total_requests, minResponses: counts.min_responses, maxResponses: counts.max_responses };
}

function countRefusal(
  { totalRequests: total, minResponses: min, maxResponses: max }: FlexibleReplication,
  nodes: number,
): UserError | null {
  if (total < 1) return outcallRefused(`total_requests (${total}) must be at least 1`);
  if (total > nodes) return outcallRefused(`total_requests (${total}) must not exceed the number of available nodes (${nodes})`);
  if (min > max) return outcallRefused(`min_responses (${min}) must not exceed max_responses (${max})`);
  return max > total ? outcallRefused(`max_responses (${max}) must not exceed total_requests (${total})`) : null;
}
