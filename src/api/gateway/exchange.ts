/**
 * One request to a canister and its response: asked as a query, again as an update where the canister wants that, the body fetched to its end,
 * and verified.
 *
 * Source: HTTP gateway protocol specification, "Overview"; in details that it leaves open as dfinity/http-gateway `protocol/handler.rs` and
 * `response/response_handler.rs`. Ours: a streamed body is verified however many parts it has, as the specification has it; the platform's gateway
 * passes it on unverified from the fifth callback on.
 */
import { concat } from "../../base/bytes.ts";
import { decodeUtf8Lossy } from "../../base/utf8.ts";
import type { PrincipalId } from "../../core/state/ids.ts";
import { route } from "../../core/state/world.ts";
import type { ServedNetwork } from "../http/served.ts";
import { askQuery, askUpdate } from "./ask.ts";
import { contentRange } from "./content-range.ts";
import { GatewayFailure } from "./failure.ts";
import {
  decodePart,
  decodeResponse,
  encodeQuery,
  encodeUpdate,
  type CanisterRequest,
  type CanisterResponse,
  type Header,
  type Streaming,
} from "./messages.ts";
import type { CertificateCheck } from "./verification/certificates.ts";
import { VerificationFailure } from "./verification/failure.ts";
import type { HashedResponse } from "./verification/hashes.ts";
import { verifyResponse, type VerifiedResponse } from "./verification/verify.ts";

export interface Exchange {
  readonly network: ServedNetwork;
  readonly canister: PrincipalId;
  /** As it came. */
  readonly request: CanisterRequest;
  /** Passed on unverified. */
  readonly isRaw: boolean;
  readonly certificateCheck: CertificateCheck;
}

/** Calls for one body. Source: dfinity/http-gateway `response_handler.rs`. */
const MAX_PARTS = 1000;
/** What a body may grow to. Ours. */
const MAX_BODY_BYTES = 512 * 2 ** 20;

/** Throws a `GatewayFailure`. */
export async function exchanged(exchange: Exchange): Promise<HashedResponse> {
  const { network, canister, request } = exchange;
  const answer = decodeResponse(askQuery(network, canister, "http_request", encodeQuery(forCanister(request))));
  if (answer.isUpgrade) {
    const updated = decodeResponse(await askUpdate(network, canister, "http_request_update", encodeUpdate(forCanister(request))));
    // Whatever came with the reply of an update was agreed upon.
    return completed(exchange, withBody(exchange, updated), false);
  }
  const response = withBody(exchange, answer);
  if (exchange.isRaw) return completed(exchange, response, false);
  return completed(exchange, verified(exchange, request, response), true);
}

/** What a canister is told: that the client takes a body as it is, and not what the gateway calls the request. */
function forCanister(request: CanisterRequest): CanisterRequest {
  const headers = request.headers
    .filter(([name]) => name !== "x-request-id")
    .map(([name, value]): Header => {
      const isComplete = name !== "accept-encoding" || value.split(",").some((encoding) => encoding.trim().toLowerCase() === "identity");
      return [name, isComplete ? value : `${value}, identity`];
    });
  return { ...request, headers };
}

function withBody(exchange: Exchange, { status, headers, body, streaming }: CanisterResponse): HashedResponse {
  return { status, headers, body: streaming === null ? body : streamed(exchange, body, streaming) };
}

/** Source: HTTP gateway protocol specification, "Response Body Streaming". */
function streamed({ network, canister }: Exchange, start: Uint8Array, streaming: Streaming): Uint8Array {
  if (streaming.canister !== canister) {
    throw new GatewayFailure("backend_http_gateway", "The streaming callback is a method of another canister.");
  }
  const parts = new Parts(start);
  for (let token: Uint8Array | null = streaming.token; token !== null;) {
    const part = decodePart(askQuery(network, canister, streaming.method, token));
    parts.add(part.body);
    token = part.token;
  }
  return parts.whole;
}

/** The whole body, where the canister answered with its beginning and the client did not ask for a part. */
function completed(exchange: Exchange, response: HashedResponse, isVerified: boolean): HashedResponse {
  const { request, network, canister } = exchange;
  const isForRange = request.headers.some(([name]) => name === "range" || name === "if-range");
  if (response.status !== 206 || isForRange) return response;
  const { first, last, total } = contentRange(response.headers);
  if (first !== 0 || last + 1 !== response.body.length) throw outOfOrder(first, 0);
  const parts = new Parts(response.body);
  while (parts.length < total) {
    const at = parts.length;
    const partRequest = { ...request, headers: [...request.headers, ["range", `bytes=${at}-`] as const] };
    const part = decodeResponse(askQuery(network, canister, "http_request", encodeQuery(forCanister(partRequest))));
    if (part.streaming !== null) throw new GatewayFailure("backend_http_gateway", "A part of a body is streamed itself.");
    if (isVerified) verified(exchange, partRequest, part);
    const range = contentRange(part.headers);
    if (range.first > at || range.last < at || range.last - range.first + 1 !== part.body.length) throw outOfOrder(range.first, at);
    parts.add(part.body.subarray(at - range.first));
  }
  const isOfPart = (name: string): boolean => ["content-range", "content-length"].includes(name.toLowerCase());
  return { status: 200, headers: response.headers.filter(([name]) => !isOfPart(name)), body: parts.whole };
}

function outOfOrder(first: number, expected: number): GatewayFailure {
  return new GatewayFailure("backend_http_gateway", `A part of the body begins at ${first}, and the one at ${expected} was asked for.`);
}

/** The response with the headers that the canister stands for. */
function verified(exchange: Exchange, request: CanisterRequest, response: HashedResponse): HashedResponse {
  const { network, canister, certificateCheck } = exchange;
  let found: VerifiedResponse;
  try {
    found = verifyResponse(request, response, {
      canister,
      certificateCheck,
      nowNanos: network.now(),
      platform: network.platform,
      supportedVersions: () => supportedVersions(network, canister),
    });
  } catch (error) {
    if (!(error instanceof VerificationFailure)) throw error;
    throw new GatewayFailure("backend_response_verification", error.message);
  }
  const { status, headers, body } = response;
  if (found.version === 2) return { status, headers: found.headers ?? headers, body };
  // Version 1 does not certify the status and the headers.
  if (status >= 300 && status < 400) {
    throw new GatewayFailure(
      "backend_response_verification",
      "A redirect must be certified, which version 1 of response verification cannot.",
    );
  }
  return { status, headers: headers.filter(([name]) => name.toLowerCase() !== "cache-control"), body };
}

const VERSIONS = "supported_certificate_versions";

/** Source: HTTP gateway protocol specification, "Response Verification Version Assertion". */
function supportedVersions({ state }: ServedNetwork, id: PrincipalId): string | null {
  const canister = state.subnets.get(route(state, id)!)!.canisters.get(id);
  const section = canister?.execution?.module.info.customSections.find(({ name }) => name === VERSIONS);
  if (section === undefined) return null;
  if (section.visibility === "private") throw new VerificationFailure(`the canister's metadata ${VERSIONS} is private`);
  return decodeUtf8Lossy(section.content);
}

/** A body that comes in parts. */
class Parts {
  private readonly parts: Uint8Array[];
  length: number;

  constructor(start: Uint8Array) {
    this.parts = [start];
    this.length = start.length;
  }

  add(part: Uint8Array): void {
    this.parts.push(part);
    this.length += part.length;
    if (this.parts.length > MAX_PARTS || this.length > MAX_BODY_BYTES) {
      throw new GatewayFailure("backend_http_gateway", `The body is longer than ${this.length} bytes in ${this.parts.length} parts.`);
    }
  }

  get whole(): Uint8Array {
    return this.parts.length === 1 ? this.parts[0]! : concat(...this.parts);
  }
}
