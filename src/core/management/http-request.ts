/**
 * `http_request`: an HTTPS outcall. Checked and paid here; the nodes do it outside, and `rules/outcalls.ts` takes in what they got.
 *
 * Source: interface spec, "IC method http_request"; management-canister.md 6; cycles.md 2.1.
 * Replica: `rs/types/types/src/canister_http.rs` (`generate_from_args`), `rs/execution_environment/src/execution_environment.rs` (c7c5005).
 */
import { utf8Length } from "../../base/utf8.ts";
import { countConsumed } from "../cycles/accounts.ts";
import { feesOf, httpRequest as outcallFee } from "../cycles/fees.ts";
import type { HttpMethod, OutcallRequest } from "../state/pending-calls.ts";
import { principalText } from "../state/principal.ts";
import type { UserError } from "../state/rejects.ts";
import { editCanister } from "../state/world.ts";
import { fail } from "./call.ts";
import { idOf, optional, type ArgumentValue } from "./candid.ts";
import { checkHeadersAndBody, headersBytes } from "./http-headers.ts";
import { forCanisters, withArgument } from "./method.ts";
import { notEnoughCyclesFor, outcallRefused } from "./outside-errors.ts";

const MAX_URL_BYTES = 8192;
const MAX_RESPONSE_BYTES = 2_000_000n;
const MAX_IN_FLIGHT = 3000;

/** Methods whose effect depends on how often they are done: by one node only. Source: interface spec; `patch` is newer than the replica. */
const ONE_NODE_ONLY: readonly HttpMethod[] = ["put", "delete", "patch"];

const outcall = withArgument("http_request", ({ subnet, call }, value) => {
  const refused = check(value, call.sender);
  if (refused !== null) return fail(call, refused);
  const request = requestOf(value);
  const inFlight = [...subnet.pendingCalls.values()].filter((pending) => pending.request.kind === "outcall").length;
  if (inFlight >= MAX_IN_FLIGHT) return fail(call, outcallRefused(`max number (${MAX_IN_FLIGHT}) of http requests in-flight reached.`));
  const fees = feesOf(subnet.config);
  const price = (of: typeof fees): bigint => outcallFee(of, BigInt(requestBytes(request)), optional(value.max_response_bytes));
  const fee = price(fees);
  if (call.cycles < fee) return fail(call, notEnoughCyclesFor(call.method, call.cycles, fee));
  subnet.consumed.httpOutcalls += fee;
  const caller = editCanister(subnet, call.sender);
  if (caller !== undefined) countConsumed(caller, "httpOutcalls", price(fees.nominal));
  return { kind: "pending", request, refundCycles: call.cycles - fee };
});

export const httpRequest = forCanisters(outcall);

/** Replica: known, and nothing behind it (c7c5005). */
export const flexibleHttpRequest = forCanisters(
  withArgument("flexible_http_request", ({ call }) => fail(call, outcallRefused("FlexibleHttpRequest is not yet implemented"))),
);

/** In the replica's order. */
function check(value: ArgumentValue["http_request"], caller: string): UserError | null {
  const { transform, url, headers, body, max_response_bytes, is_replicated } = value;
  if (transform.length === 1) {
    const owner = idOf(transform[0].function[0]);
    if (owner !== caller) {
      return outcallRefused(`transform principal id expected to be ${principalText(caller as typeof owner)}, got ${principalText(owner)}`);
    }
  }
  if (utf8Length(url) > MAX_URL_BYTES) return outcallRefused(`url size ${utf8Length(url)} exceeds ${MAX_URL_BYTES}`);
  const tooLarge = checkHeadersAndBody(headers, body[0]?.length ?? 0);
  if (tooLarge !== null) return tooLarge;
  const limit = max_response_bytes[0] ?? 0n;
  if (limit > MAX_RESPONSE_BYTES) {
    return outcallRefused(`max_response_bytes expected to be in the range [0..${MAX_RESPONSE_BYTES}], got ${limit}`);
  }
  if (ONE_NODE_ONLY.includes(methodOf(value)) && is_replicated[0] !== false) {
    return outcallRefused(
      "The requested HTTP method is only allowed for non-replicated requests, or flexible requests with min_responses = max_responses = total_requests.",
    );
  }
  return null;
}

function methodOf({ method }: ArgumentValue["http_request"]): HttpMethod {
  return Object.keys(method)[0] as HttpMethod;
}

function requestOf(value: ArgumentValue["http_request"]): OutcallRequest {
  const maxResponseBytes = optional(value.max_response_bytes);
  const transform = optional(value.transform);
  return {
    kind: "outcall",
    url: value.url,
    method: methodOf(value),
    headers: value.headers,
    body: optional(value.body),
    maxResponseBytes: maxResponseBytes === null ? null : Number(maxResponseBytes),
    transform: transform === null ? null : { method: transform.function[1], context: transform.context },
    isReplicated: optional(value.is_replicated) !== false,
  };
}

/** What the price counts. Source: cycles.md 2.1. */
function requestBytes({ url, headers, body, transform }: OutcallRequest): number {
  const transformBytes = transform === null ? 0 : utf8Length(transform.method) + transform.context.length;
  return utf8Length(url) + headersBytes(headers) + (body?.length ?? 0) + transformBytes;
}
