/**
 * HTTPS outcalls as tests ask for them: the arguments of a plain GET, with what a test changes, and a puppet that makes it.
 */
import { encodeArgument, type ArgumentValue } from "../../src/core/management/candid.ts";
import { MANAGEMENT_CANISTER } from "../../src/core/state/ids.ts";
import { append, appendArgument, appendReject, call, program, send } from "./puppet.ts";

export type HttpRequest = ArgumentValue["http_request"];
export type FlexibleRequest = ArgumentValue["flexible_http_request"];

export const ASKED_URL = "https://example.org/price";

const PLAIN = {
  url: ASKED_URL,
  max_response_bytes: [],
  method: { get: null },
  headers: [],
  body: [],
  transform: [],
} satisfies Partial<HttpRequest>;

/** Argument of `http_request`. */
export function httpRequest(changes: Partial<HttpRequest> = {}): Uint8Array {
  return encodeArgument("http_request", { ...PLAIN, is_replicated: [], pricing_version: [], ...changes });
}

/** Argument of `flexible_http_request`. */
export function flexibleRequest(changes: Partial<FlexibleRequest> = {}): Uint8Array {
  return encodeArgument("flexible_http_request", { ...PLAIN, replication: [], ...changes });
}

/** For a puppet's `run`: makes a plain outcall; replies "+" with the response, or "-" with the reject. */
export function fetching(url: string): Uint8Array {
  return call(MANAGEMENT_CANISTER, {
    method: "http_request",
    arg: httpRequest({ url }),
    cycles: 100_000_000_000n,
    onReply: program(append("+"), appendArgument, send),
    onReject: program(append("-"), appendReject, send),
  });
}
