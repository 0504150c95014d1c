/**
 * The HTTP gateway as a function from request to response, in front of the public HTTPS interface: what is not for `/api` goes to the canister that the
 * address names.
 *
 * Source: HTTP gateway protocol specification; pocketic-server.md 8.1. Routes, added headers and CORS as dfinity/ic-gateway `src/routing` has them.
 * Ours: who accepts HTML gets errors as a page (the platform looks at the name of the browser); the address of the gateway itself shows a page of its own.
 */
import { toHex, u64BigEndian, concat } from "../../base/bytes.ts";
import { rootKey } from "../../core/certification/certificate.ts";
import { MANAGEMENT_CANISTER, type PrincipalId } from "../../core/state/ids.ts";
import { principalText } from "../../core/state/principal.ts";
import { route } from "../../core/state/world.ts";
import type { HttpInterface } from "../http/handler.ts";
import type { ServedNetwork } from "../http/served.ts";
import { CORS, preflight } from "./cors.ts";
import { exchanged } from "./exchange.ts";
import { failureAnswer, GatewayFailure, page } from "./failure.ts";
import { resolve, type Hosts } from "./host.ts";
import type { CanisterRequest } from "./messages.ts";
import { proxied } from "./proxy.ts";
import { certificateCheck } from "./verification/certificates.ts";
import type { HashedResponse } from "./verification/hashes.ts";

type Handler = (request: Request) => Promise<Response>;

/** Which addresses the HTTP gateway takes for those of canisters. */
export interface GatewayOptions {
  /** Domains under which canisters are served (`<id>.<domain>`), besides those of this machine; whatever domain by default. */
  readonly domains?: readonly string[] | null;
  /** The id of the canister behind a host that names none. */
  readonly customDomain?: (host: string) => string | null;
}

/** Of a request. Source: pocketic-server.md 8.1. */
const MAX_BODY_BYTES = 10 * 10 ** 6;
const METHODS = ["HEAD", "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];

/** Never rejects: what is wrong with a request is in the response. */
export function httpGateway(network: ServedNetwork, api: HttpInterface, options: GatewayOptions = {}): Handler {
  const hosts: Hosts = { domains: options.domains ?? null, customDomain: options.customDomain ?? (() => null) };
  const check = certificateCheck(rootKey(network.state), network.platform);
  let requests = 0n;

  async function toCanister(request: Request, url: URL, canister: PrincipalId | null, isRaw: boolean): Promise<Response> {
    if (!METHODS.includes(request.method)) throw new GatewayFailure("client_method_not_allowed", request.method);
    if (canister === null) throw new GatewayFailure("canister_id_not_resolved");
    const { state } = network;
    if (canister === MANAGEMENT_CANISTER || state.subnets.has(canister) || route(state, canister) === null) {
      throw new GatewayFailure("canister_not_found", `${principalText(canister)} is in no canister range of this network.`);
    }
    const asked = await canisterRequest(request, url);
    return answerOf(await exchanged({ network, canister, request: asked, isRaw, certificateCheck: check }), request.method);
  }

  return async (request) => {
    let canister: PrincipalId | null = null;
    let answer: Response;
    try {
      const url = new URL(request.url);
      const resolved = resolve(url, request.headers.get("referer"), hosts);
      canister = resolved.canister;
      if (url.pathname.startsWith("/api/v")) answer = await proxied(request, url.pathname, api);
      else if (canister === null && url.pathname === "/health") answer = new Response(null, { status: 200 });
      else if (canister === null && url.pathname === "/") answer = welcome(url);
      else if (request.method === "OPTIONS") answer = preflight(METHODS);
      else answer = await toCanister(request, url, canister, resolved.isRaw);
    } catch (error) {
      answer = failureAnswer(failureOf(error), request.headers.get("accept") ?? "");
    }
    for (const [name, value] of Object.entries(CORS)) answer.headers.set(name, value);
    answer.headers.set("x-request-id", requestId(network, ++requests));
    if (canister !== null) answer.headers.set("x-ic-canister-id", principalText(canister));
    return answer;
  };
}

function failureOf(error: unknown): GatewayFailure {
  if (error instanceof GatewayFailure) return error;
  return new GatewayFailure("internal_server_error", error instanceof Error ? error.message : String(error), { cause: error });
}

async function canisterRequest(request: Request, url: URL): Promise<CanisterRequest> {
  const tooLarge = (bytes: number): GatewayFailure =>
    new GatewayFailure("client_body_too_large", `The request has ${bytes} bytes, and may have ${MAX_BODY_BYTES}.`);
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > MAX_BODY_BYTES) throw tooLarge(announced);
  const body = new Uint8Array(await request.arrayBuffer());
  if (body.length > MAX_BODY_BYTES) throw tooLarge(body.length);
  const headers = [...request.headers];
  // Requests that never were on a wire have none.
  if (!request.headers.has("host")) headers.push(["host", url.host]);
  // Also one that is empty: `/?` is not `/`.
  const query = /\?[^#]*/.exec(url.href)?.[0] ?? "";
  return { method: request.method, url: url.pathname + query, headers, body };
}

/** Statuses that have no body. Source: Fetch Standard, "null body status". */
const WITHOUT_BODY = [204, 205, 304];
/** Headers of a connection, which the canister is not part of. Source: RFC 9110, 7.6.1. */
const OF_CONNECTIONS = ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

function answerOf({ status, headers, body }: HashedResponse, method: string): Response {
  if (status < 200 || status > 599)
    throw new GatewayFailure("backend_http_gateway", `There is no status ${status} that a response can have.`);
  const kept = new Headers();
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (OF_CONNECTIONS.includes(lower)) continue;
    // A length that is not the body's would break the connection; without a body it is the one that there would be.
    if (lower === "content-length" && method !== "HEAD" && value.trim() !== String(body.length)) continue;
    try {
      kept.append(name, value);
    } catch {
      throw new GatewayFailure(
        "backend_http_gateway",
        `The canister answered with a header that there cannot be: ${JSON.stringify([name, value])}.`,
      );
    }
  }
  // What a GET would have brought. Source: RFC 9110, 8.6.
  if (method === "HEAD" && !kept.has("content-length")) kept.set("content-length", String(body.length));
  const isWithout = method === "HEAD" || WITHOUT_BODY.includes(status);
  return new Response(isWithout ? null : (body as Uint8Array<ArrayBuffer>), { status, headers: kept });
}

function welcome({ host, protocol }: URL): Response {
  const body = `<p>A network of Cannery. Canisters are at <code>${protocol}//&lt;canister id&gt;.localhost${host.replace(/^.*?(:\d+)?$/, "$1")}/</code>, or here with <code>?canisterId=&lt;canister id&gt;</code>; agents talk to this address.</p>`;
  return page(200, "Cannery", body);
}

/** In the form of a UUID. */
function requestId({ platform, state }: ServedNetwork, count: bigint): string {
  const hex = toHex(platform.sha256(concat(u64BigEndian(state.timeNanos), u64BigEndian(count))));
  return hex.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
