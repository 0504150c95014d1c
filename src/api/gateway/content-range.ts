/**
 * The header `Content-Range` of a part of a body: `bytes 0-1999/5000`. Source: RFC 9110, 14.4.
 */
import { GatewayFailure } from "./failure.ts";
import type { Header } from "./messages.ts";

export interface ContentRange {
  readonly first: number;
  readonly last: number;
  readonly total: number;
}

/** Throws a `GatewayFailure` where there is none, or one of an unknown length. */
export function contentRange(headers: readonly Header[]): ContentRange {
  const value = headers.find(([name]) => name.toLowerCase() === "content-range")?.[1];
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(value?.trim() ?? "");
  if (match === null) throw bad(`The canister answered with a part (206) whose Content-Range is ${value ?? "missing"}.`);
  const [first, last, total] = match.slice(1).map(Number) as [number, number, number];
  if (first > last || last >= total) throw bad(`The canister answered with a part (206) of the range ${value}, which there cannot be.`);
  return { first, last, total };
}

function bad(details: string): GatewayFailure {
  return new GatewayFailure("backend_http_gateway", details);
}
