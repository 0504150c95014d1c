/**
 * HTTP as canisters see it: requests to Candid, and their responses from it.
 *
 * Source: HTTP gateway protocol specification, "Canister HTTP Interface"; http-interface.md 6.1.
 */
import { IDL } from "@icp-sdk/core/candid";
import { CandidArgs } from "../../codec/candid-args.ts";
import {
  blobOf,
  boolOf,
  candidHash,
  CandidWireError,
  caseOf,
  fieldsOf,
  itemsOf,
  messageOf,
  methodOf,
  nat16Of,
  optionOf,
  readCandid,
  textOf,
  type WireValue,
} from "../../codec/candid-wire.ts";
import type { PrincipalId } from "../../core/state/ids.ts";
import { principalOfBytes } from "../../core/state/principal.ts";
import { GatewayFailure } from "./failure.ts";

export type Header = readonly [name: string, value: string];

export interface CanisterRequest {
  readonly method: string;
  /** Path and query string. */
  readonly url: string;
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
}

export interface CanisterResponse {
  readonly status: number;
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
  /** Asked again as an update. */
  readonly isUpgrade: boolean;
  /** Where the rest of the body comes from. */
  readonly streaming: Streaming | null;
}

export interface Streaming {
  readonly canister: PrincipalId;
  readonly method: string;
  /** The token as an argument of the method: of what type it is, the canister knows. */
  readonly token: Uint8Array;
}

const HEADER = IDL.Tuple(IDL.Text, IDL.Text);
const REQUEST = { method: IDL.Text, url: IDL.Text, headers: IDL.Vec(HEADER), body: IDL.Vec(IDL.Nat8) };
const QUERY = new CandidArgs([IDL.Record({ ...REQUEST, certificate_version: IDL.Opt(IDL.Nat16) })]);
const UPDATE = new CandidArgs([IDL.Record(REQUEST)]);

/** The version of response verification that is asked for. */
const CERTIFICATE_VERSION = 2;

export function encodeQuery(request: CanisterRequest): Uint8Array {
  return QUERY.encode([{ ...request, certificate_version: [CERTIFICATE_VERSION] }]);
}

export function encodeUpdate(request: CanisterRequest): Uint8Array {
  return UPDATE.encode([request]);
}

const FIELD = {
  status: candidHash("status_code"),
  headers: candidHash("headers"),
  body: candidHash("body"),
  upgrade: candidHash("upgrade"),
  streaming: candidHash("streaming_strategy"),
  callbackCase: candidHash("Callback"),
  callback: candidHash("callback"),
  token: candidHash("token"),
};

export function decodeResponse(bytes: Uint8Array): CanisterResponse {
  return decoding("http_request", () => {
    const fields = fieldsOf(readCandid(bytes));
    const upgrade = asOption(fields.get(FIELD.upgrade), boolOf);
    const streaming = asOption(fields.get(FIELD.streaming), streamingOf);
    return {
      status: nat16Of(required(fields, FIELD.status, "status_code")),
      headers: itemsOf(required(fields, FIELD.headers, "headers")).map(headerOf),
      body: blobOf(required(fields, FIELD.body, "body")),
      isUpgrade: upgrade === true,
      streaming,
    };
  });
}

/** A further part of a body, and the argument that the next one is asked for with. */
export function decodePart(bytes: Uint8Array): { readonly body: Uint8Array; readonly token: Uint8Array | null } {
  return decoding("the streaming callback", () => {
    const fields = fieldsOf(readCandid(bytes));
    const token = optionOf(fields.get(FIELD.token));
    return { body: blobOf(required(fields, FIELD.body, "body")), token: token === null ? null : messageOf(token) };
  });
}

function streamingOf(value: WireValue): Streaming {
  const strategy = caseOf(value);
  if (strategy.hash !== FIELD.callbackCase) throw new CandidWireError("a streaming strategy is not known");
  const fields = fieldsOf(strategy.value);
  const { canister, name } = methodOf(required(fields, FIELD.callback, "callback"));
  return { canister: principalOfBytes(canister), method: name, token: messageOf(required(fields, FIELD.token, "token")) };
}

function headerOf(value: WireValue): Header {
  const fields = fieldsOf(value);
  return [textOf(required(fields, 0, "0")), textOf(required(fields, 1, "1"))];
}

/** An option of another type is `null` in Candid. */
function asOption<T>(value: WireValue | undefined, of: (value: WireValue) => T): T | null {
  const inner = optionOf(value);
  if (inner === null) return null;
  try {
    return of(inner);
  } catch (error) {
    if (!(error instanceof CandidWireError)) throw error;
    return null;
  }
}

function required(fields: ReadonlyMap<number, WireValue>, hash: number, name: string): WireValue {
  const value = fields.get(hash);
  if (value === undefined) throw new CandidWireError(`the field ${name} is missing`);
  return value;
}

function decoding<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CandidWireError)) throw error;
    throw new GatewayFailure("backend_http_gateway", `The answer of ${what} is not of the type it must be: ${error.message}.`);
  }
}
