/**
 * `http_request`: an HTTPS outcall. Checked and paid here; the nodes do it outside, and `rules/outcalls.ts` takes in what they got.
 *
 * Source: interface spec, "IC method http_request"; management-canister.md 6; cycles.md 2.1.
 * Replica: `rs/types/types/src/canister_http.rs` (`generate_from_args`), `rs/execution_environment/src/execution_environment.rs` (c7c5005).
 */
import { utf8Length } from "../../base/utf8.ts";
import { countConsumed } from "../cycles/accounts.ts";
import { feesOf, httpRequest as outcallFee, type Fees } from "../cycles/fees.ts";
import type { HttpMethod, OutcallRequest } from "../state/pending-calls.ts";
import { principalText } from "../state/principal.ts";
import type { SubnetState } from "../state/network-state.ts";
import type { UserError } from "../state/rejects.ts";
import { editCanister } from "../state/world.ts";
import { fail, type ManagementCall, type ManagementOutcome } from "./call.ts";
import { idOf, optional, type ArgumentValue } from "./candid.ts";
import { checkHeadersAndBody, headersBytes } from "./http-headers.ts";
import { forCanisters, withArgument } from "./method.ts";
import { notEnoughCyclesFor, outcallRefused } from "./outside-errors.ts";

const MAX_URL_BYTES = 8192;
const MAX_RESPONSE_BYTES = 2_000_000n;
const MAX_IN_FLIGHT = 3000;

/** What `http_request` and `flexible_http_request` have in common. */
type OutcallArgument = Omit<ArgumentValue["http_request"], "is_replicated" | "pricing_version">;

/** Methods whose effect depends on how often they are done. Source: interface spec; `patch` is newer than the replica. */
const COUNTED: readonly HttpMethod[] = ["put", "delete", "patch"];

const outcall = withArgument("http_request", ({ subnet, call }, value) => {
  const isReplicated = optional(value.is_replicated) !== false;
  const refused = refusalOf(value, call.sender) ?? methodRefusal(value, !isReplicated) ?? tooManyInFlight(subnet);
  if (refused !== null) return fail(call, refused);
  const request: OutcallRequest = { ...requestOf(value), isReplicated, flexible: null };
  return paid(subnet, call, request, (fees) => outcallFee(fees, BigInt(requestBytes(request)), optional(value.max_response_bytes)));
});

export const httpRequest = forCanisters(outcall);

/** The outcall waits, if the cycles of the call pay for it; what is left of them goes back. */
export function paid(subnet: SubnetState, call: ManagementCall, request: OutcallRequest, price: (fees: Fees) => bigint): ManagementOutcome {
  const fees = feesOf(subnet.config);
  const fee = price(fees);
  if (call.cycles < fee) return fail(call, notEnoughCyclesFor(call.method, call.cycles, fee));
  subnet.consumed.httpOutcalls += fee;
  const caller = editCanister(subnet, call.sender);
  if (caller !== undefined) countConsumed(caller, "httpOutcalls", price(fees.nominal));
  return { kind: "pending", request, refundCycles: call.cycles - fee };
}

/** In the replica's order. */
export function refusalOf(value: OutcallArgument, caller: string): UserError | null {
  const { transform, url, headers, body, max_response_bytes } = value;
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
  return null;
}

/** `isCounted`: the caller knows how often the request is done. */
export function methodRefusal(value: OutcallArgument, isCounted: boolean): UserError | null {
  if (isCounted || !COUNTED.includes(methodOf(value))) return null;
  return outcallRefused(
    "The requested HTTP method is only allowed for non-replicated requests, or flexible requests with min_responses = max_responses = total_requests.",
  );
}

/** `null` while there is room for one more. */
export function tooManyInFlight({ pendingCalls }: SubnetState): UserError | null {
  const inFlight = [...pendingCalls.values()].filter(({ request }) => request.kind === "outcall").length;
  return inFlight < MAX_IN_FLIGHT ? null : outcallRefused(`max number (${MAX_IN_FLIGHT}) of http requests in-flight reached.`);
}

function methodOf({ method }: OutcallArgument): HttpMethod {
  return Object.keys(method)[0] as HttpMethod;
}

export function requestOf(value: OutcallArgument): Omit<OutcallRequest, "isReplicated" | "flexible"> {
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
  };
}

/** What the price counts. Source: cycles.md 2.1. */
export function requestBytes({ url, headers, body, transform }: Omit<OutcallRequest, "isReplicated" | "flexible">): number {
  const transformBytes = transform === null ? 0 : utf8Length(transform.method) + transform.context.length;
  return utf8Length(url) + headersBytes(headers) + (body?.length ?? 0) + transformBytes;
}
