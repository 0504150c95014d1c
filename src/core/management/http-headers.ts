/**
 * Limits on headers and bodies of HTTPS outcalls, the same for requests and for responses.
 *
 * Source: management-canister.md 6. Replica: `rs/types/types/src/canister_http.rs` (`validate_http_headers_and_body`, c7c5005).
 */
import { utf8Length } from "../../base/utf8.ts";
import type { HttpHeader } from "../state/pending-calls.ts";
import type { UserError } from "../state/rejects.ts";
import { outcallRefused } from "./outside-errors.ts";

const MAX_HEADERS = 64;
const MAX_HEADER_PART_BYTES = 8 * 1024;
const MAX_HEADERS_BYTES = 48 * 1024;
const MAX_BYTES = 2_000_000;

/** `null` when everything is within the limits. */
export function checkHeadersAndBody(headers: readonly HttpHeader[], bodyBytes: number): UserError | null {
  let longestName = 0;
  let longestValue = 0;
  let sum = 0;
  for (const { name, value } of headers) {
    const [nameBytes, valueBytes] = [utf8Length(name), utf8Length(value)];
    longestName = Math.max(longestName, nameBytes);
    longestValue = Math.max(longestValue, valueBytes);
    sum += nameBytes + valueBytes;
  }
  const exceeds = (what: string, is: number, limit: number): UserError | null =>
    is > limit ? outcallRefused(`${what} ${is} exceeds ${limit}`) : null;
  return (
    exceeds("number of all http headers", headers.length, MAX_HEADERS) ??
    exceeds("number of bytes to represent some http header name", longestName, MAX_HEADER_PART_BYTES) ??
    exceeds("number of bytes to represent some http header value", longestValue, MAX_HEADER_PART_BYTES) ??
    exceeds("total number of bytes to represent all http header names and values", sum, MAX_HEADERS_BYTES) ??
    exceeds("total number of bytes to represent all http header names and values and http body", sum + bodyBytes, MAX_BYTES)
  );
}

/** Bytes of names and values. */
export function headersBytes(headers: readonly HttpHeader[]): number {
  return headers.reduce((sum, { name, value }) => sum + utf8Length(name) + utf8Length(value), 0);
}
