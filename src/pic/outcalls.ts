/**
 * HTTPS outcalls in the words of `@dfinity/pic`: those that wait, and what a test says came back.
 */
import type { Instance } from "../api/pocketic/instance.ts";
import { mockOutcall, waitingOutcalls, type MockedResponse } from "../api/pocketic/outcalls.ts";
import { NO_BYTES } from "../base/bytes.ts";
import { principalOf } from "../core/management/candid.ts";
import { asClient } from "./errors.ts";
import { subnetIdFrom } from "./principals.ts";
import type { HttpsOutcallResponseMock, MockPendingHttpsOutcallOptions, PendingHttpsOutcall } from "./types.ts";

export function pendingHttpsOutcalls(instance: Instance): PendingHttpsOutcall[] {
  return waitingOutcalls(instance).map(({ subnet, call, request }) => ({
    subnetId: principalOf(subnet),
    requestId: call,
    httpMethod: request.method.toUpperCase() as PendingHttpsOutcall["httpMethod"],
    url: request.url,
    headers: request.headers.map(({ name, value }) => [name, value]),
    body: request.body ?? NO_BYTES,
    ...(request.maxResponseBytes === null ? {} : { maxResponseBytes: request.maxResponseBytes }),
  }));
}

/** Answers for all nodes, or with one response for each. */
export function mockHttpsOutcall(instance: Instance, options: MockPendingHttpsOutcallOptions): void {
  const { subnetId, requestId, response, additionalResponses = [] } = options;
  const responses = [...additionalResponses, response].map(mockedResponse);
  asClient(() => mockOutcall(instance, { subnet: subnetIdFrom(subnetId), number: BigInt(requestId), responses }));
}

function mockedResponse(mock: HttpsOutcallResponseMock): MockedResponse {
  if (mock.type === "reject") return { kind: "reject", code: BigInt(mock.statusCode), message: mock.message };
  const headers = mock.headers.map(([name, value]) => ({ name, value }));
  return { kind: "response", response: { kind: "response", status: mock.statusCode, headers, body: Uint8Array.from(mock.body) } };
}
