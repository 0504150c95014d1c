/**
 * The hashes of a request and a response that stand in a canister's tree.
 *
 * Source: HTTP gateway protocol specification, "Request Hash Calculation" and "Response Hash Calculation". Where the library of the platform's gateways
 * differs it is followed (dfinity/response-verification `request_hash.rs`): names of parameters are compared whatever their case, and a query string of
 * which nothing is certified is left out.
 */
import { compare, concat } from "../../../base/bytes.ts";
import { encodeUtf8 } from "../../../base/utf8.ts";
import { encodeLeb128 } from "../../../codec/leb128.ts";
import type { Sha256 } from "../../../core/certification/hash-tree.ts";
import type { CanisterRequest, Header } from "../messages.ts";
import type { Expression } from "./expression.ts";

type Certified = Extract<Expression, { kind: "certified" }>;

export const CERTIFICATE = "ic-certificate";
export const EXPRESSION = "ic-certificateexpression";

export function requestHash(request: CanisterRequest, certified: NonNullable<Certified["request"]>, sha256: Sha256): Uint8Array {
  const pairs = picked(request.headers, (name) => includes(certified.headers, name));
  pairs.push([":ic-cert-method", encodeUtf8(request.method)]);
  const [, query] = /\?([^#]*)/.exec(request.url) ?? [];
  const parameters = (query ?? "").split("&").filter((parameter) => includes(certified.parameters, parameter.split("=")[0]!));
  if (parameters.length > 0) pairs.push([":ic-cert-query", encodeUtf8(parameters.join("&"))]);
  return sha256(concat(hashOfPairs(pairs, sha256), sha256(request.body)));
}

export interface HashedResponse {
  readonly status: number;
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
}

export function responseHash({ status, headers, body }: HashedResponse, certified: Certified["response"], sha256: Sha256): Uint8Array {
  const pairs = picked(headers, isCertified(certified));
  pairs.push([":ic-cert-status", encodeLeb128(status)]);
  return sha256(concat(hashOfPairs(pairs, sha256), sha256(body)));
}

/** Whether a header (by its name in lower case) is part of the response's hash. */
export function isCertified({ kind, headers }: Certified["response"]): (name: string) => boolean {
  return (name) => name === EXPRESSION || (name !== CERTIFICATE && includes(headers, name) === (kind === "these"));
}

function includes(names: readonly string[], name: string): boolean {
  return names.some((other) => other.toLowerCase() === name.toLowerCase());
}

function picked(headers: readonly Header[], isPicked: (name: string) => boolean): [string, Uint8Array][] {
  return headers.map(([name, value]): [string, Uint8Array] => [name.toLowerCase(), encodeUtf8(value)]).filter(([name]) => isPicked(name));
}

/** The representation-independent hash of a map in which names may come several times. */
function hashOfPairs(pairs: readonly (readonly [string, Uint8Array])[], sha256: Sha256): Uint8Array {
  const hashes = pairs.map(([name, value]) => concat(sha256(encodeUtf8(name)), sha256(value)));
  return sha256(concat(...hashes.sort(compare)));
}
