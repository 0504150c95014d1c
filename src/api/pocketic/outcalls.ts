/**
 * HTTPS outcalls that wait, and the client's answers to them.
 *
 * Source: pocketic-server.md 7. Replica: `get_canister_http_requests` and `process_mock_canister_https_response` in
 * `rs/pocket_ic_server/src/pocket_ic.rs` (c7c5005).
 */
import { toBase64 } from "../../codec/base64.ts";
import { NO_BYTES } from "../../base/bytes.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import type { SubnetId } from "../../core/state/ids.ts";
import type { OutcallRequest, OutcallResponse, PendingCallId } from "../../core/state/pending-calls.ts";
import { principalBytes, principalText } from "../../core/state/principal.ts";
import type { RejectCode } from "../../core/state/rejects.ts";
import { failed, isRejectCode, OperationFailed, subnetNotFound } from "./failure.ts";
import type { Instance } from "./instance.ts";
import { blob, fields, list, maybe, principalIn, required, text, u64, unsigned, variant, type Fields, type Reader } from "./shape.ts";

export interface WaitingOutcall {
  readonly subnet: SubnetId;
  readonly call: PendingCallId;
  readonly request: OutcallRequest;
}

/** In the order of the subnets' ids and of the calls. */
export function waitingOutcalls({ state }: Instance): WaitingOutcall[] {
  return [...state.subnets.entries()].flatMap(([subnet, { pendingCalls }]) =>
    [...pendingCalls.values()].flatMap(({ id, request, arrived }) =>
      request.kind === "outcall" && arrived === null ? [{ subnet, call: id, request }] : [],
    ),
  );
}

/** The last two are read by clients of version 16. An `http_request` is priced as ever: what it says of its price is for later. */
export function outcallJson({ subnet, call, request }: WaitingOutcall): object {
  return {
    subnet_id: { subnet_id: toBase64(principalBytes(subnet)) },
    request_id: call,
    http_method: request.method.toUpperCase(),
    url: request.url,
    headers: request.headers,
    body: toBase64(request.body ?? NO_BYTES),
    max_response_bytes: request.maxResponseBytes,
    replication: replicationJson(request),
    pricing_version: request.flexible === null ? "Legacy" : "PayAsYouGo",
  };
}

function replicationJson({ isReplicated, flexible }: OutcallRequest): string | object {
  if (flexible === null) return isReplicated ? "FullyReplicated" : "NonReplicated";
  const { totalRequests, minResponses, maxResponses } = flexible;
  return { Flexible: { total_requests: totalRequests, min_responses: minResponses, max_responses: maxResponses } };
}

export type MockedResponse =
  | { readonly kind: "response"; readonly response: OutcallResponse }
  | { readonly kind: "reject"; readonly code: bigint; readonly message: string };

const mockedResponse: Reader<MockedResponse> = variant<MockedResponse>({
  CanisterHttpReply: (value, what) => {
    const reply = fields(value, what);
    const status = Number(required(reply, "status", unsigned(16)));
    const headers = required(reply, "headers", list(header));
    return { kind: "response", response: { kind: "response", status, headers, body: required(reply, "body", blob) } };
  },
  CanisterHttpReject: (value, what) => {
    const reject = fields(value, what);
    return { kind: "reject", code: required(reject, "reject_code", u64), message: required(reject, "message", text) };
  },
});

function header(value: unknown, what: string): { readonly name: string; readonly value: string } {
  const given = fields(value, what);
  return { name: required(given, "name", text), value: required(given, "value", text) };
}

/** What a client says that the nodes got for an outcall: one response for all of them, or one of each, the first one last. */
export interface MockedOutcall extends OutcallName {
  readonly responses: readonly MockedResponse[];
}

export const mockedOutcall: Reader<MockedOutcall> = (value, what) => {
  const mock = fields(value, what);
  const named = outcallNamed(mock);
  const first = required(mock, "response", mockedResponse);
  return { ...named, responses: [...(maybe(mock, "additional_responses", list(mockedResponse)) ?? []), first] };
};

/** Of a flexible outcall: the response of each node that has one. */
export const mockedFlexibleOutcall: Reader<MockedOutcall> = (value, what) => {
  const mock = fields(value, what);
  return { ...outcallNamed(mock), responses: required(mock, "responses", list(mockedResponse)) };
};

export function mockOutcall(instance: Instance, mock: MockedOutcall): void {
  const responses = mock.responses.map(responseOf);
  const waiting = waitingOutcall(instance, mock, (request) => request.flexible === null);
  const { nodeCount } = instance.subnet(mock.subnet)!.config;
  if (responses.length !== 1 && responses.length !== nodeCount) throw wrongNumber(responses.length, nodeCount);
  // Where one node does it alone, its response is the first that was given.
  answer(instance, waiting, waiting.request.isReplicated ? responses : responses.slice(-1));
}

export function mockFlexibleOutcall(instance: Instance, mock: MockedOutcall): void {
  const responses = mock.responses.map(responseOf);
  const waiting = waitingOutcall(instance, mock, (request) => request.flexible !== null);
  const { totalRequests } = waiting.request.flexible!;
  if (responses.length > totalRequests) throw wrongNumber(responses.length, totalRequests);
  answer(instance, waiting, responses);
}

interface OutcallName {
  readonly subnet: SubnetId;
  readonly number: bigint;
}

function outcallNamed(mock: Fields): OutcallName {
  return { subnet: required(mock, "subnet_id", principalIn("subnet_id")) as SubnetId, number: required(mock, "request_id", u64) };
}

function waitingOutcall(
  instance: Instance,
  { subnet, number }: OutcallName,
  isMeant: (request: OutcallRequest) => boolean,
): WaitingOutcall {
  if (instance.subnet(subnet) === null) throw subnetNotFound(subnet);
  const waiting = waitingOutcalls(instance).find((outcall) => outcall.subnet === subnet && BigInt(outcall.call) === number);
  if (waiting === undefined || !isMeant(waiting.request))
    throw failed("InvalidCanisterHttpRequestId", `(${principalText(subnet)}, ${number})`);
  return waiting;
}

function wrongNumber(actual: number, expected: number): OperationFailed {
  return failed("InvalidMockCanisterHttpResponses", `(${actual}, ${expected})`);
}

function answer(instance: Instance, { subnet, call }: WaitingOutcall, responses: readonly OutcallResponse[]): void {
  const taken = instance.answered({ kind: "outcall", subnet, call, responses });
  if (taken.kind === "refused") throw failed("InvalidCanisterHttpRequestId", taken.error.description);
}

/** Source: the crate `pocket-ic` 16, `CanisterHttpReject`. */
const MAX_REJECT_BYTES = 1024;

function responseOf(response: MockedResponse): OutcallResponse {
  if (response.kind === "response") return response.response;
  if (!isRejectCode(response.code)) throw failed("InvalidRejectCode", String(response.code));
  if (encodeUtf8(response.message).length > MAX_REJECT_BYTES)
    throw new OperationFailed(`A reject message has at most ${MAX_REJECT_BYTES} bytes: that is where a node cuts it off.`);
  return { kind: "reject", code: Number(response.code) as RejectCode, message: response.message };
}
