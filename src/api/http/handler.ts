/**
 * The public HTTPS interface as a function from request to response, without a socket: `status`, `call`, `query` and `read_state` in all their versions.
 *
 * Source: interface spec, https-interface#http-interface; http-interface.md 1.
 */
import { rootKey } from "../../core/certification/certificate.ts";
import type { MessageId } from "../../core/state/ids.ts";
import { call } from "./call.ts";
import { encodeFields } from "./cbor.ts";
import { query } from "./query.ts";
import { readState } from "./read-state.ts";
import { badRequest, boundaryRefusal, HttpRefusal } from "./refusal.ts";
import { endpointAt, methodsOf, type Endpoint } from "./endpoints.ts";
import { cborAnswer, notAllowed, preflight, refusalAnswer } from "./responses.ts";
import { callTarget, canisterTarget, subnetTarget, type Target } from "./route.ts";
import type { ServedNetwork } from "./served.ts";

export interface HandlerOptions {
  /** Most bytes of a request's body; 5 MiB by default, PocketIC has 4. */
  readonly maxBodyBytes?: number;
  /** Shown in the status. */
  readonly version: string;
}

const MAX_BODY_BYTES = 5 * 2 ** 20;

/** Answers a request; `path` is that of its address, for who knows it. */
export type HttpInterface = (request: Request, path?: string) => Promise<Response>;

/** Never rejects: what is wrong with a request is in the response. */
export function httpInterface(network: ServedNetwork, options: HandlerOptions): HttpInterface {
  const limit = options.maxBodyBytes ?? MAX_BODY_BYTES;
  const awaited = new Set<MessageId>();

  async function answerOf(request: Request, endpoint: Endpoint): Promise<Response> {
    if (endpoint.kind === "status") return status(network, options.version);
    const { kind, version } = endpoint;
    const sent = await body(request, limit);
    const target = targetOf(network, endpoint, sent);
    if (kind === "call") return call(network, target, version, sent, awaited);
    return (kind === "query" ? query : readState)(network, target, version === 2 ? 2 : 3, sent);
  }

  return async (request, path = new URL(request.url).pathname) => {
    if (request.method === "OPTIONS") return preflight();
    const endpoint = endpointAt(path);
    if (endpoint === null) return refusalAnswer(new HttpRefusal(404, "Endpoint not found."));
    const methods = methodsOf(endpoint);
    if (!methods.includes(request.method)) return notAllowed(methods);
    try {
      const answer = await answerOf(request, endpoint);
      return request.method === "HEAD" ? new Response(null, answer) : answer;
    } catch (error) {
      if (error instanceof HttpRefusal) return refusalAnswer(error);
      return refusalAnswer(boundaryRefusal(500, "internal_server_error", error instanceof Error ? error.message : String(error)));
    }
  };
}

function targetOf(network: ServedNetwork, { kind, target, id }: Exclude<Endpoint, { kind: "status" }>, sent: Uint8Array): Target {
  if (target === "subnet") return subnetTarget(network, id);
  return kind === "call" ? callTarget(network, id, sent) : canisterTarget(network, id);
}

/** The body of a POST with CBOR in it. */
async function body(request: Request, limit: number): Promise<Uint8Array> {
  const tooLarge = (): HttpRefusal =>
    boundaryRefusal(413, "payload_too_large", `Payload is too large: maximum body size is ${limit} bytes.`);
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw tooLarge();
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.length > limit) throw tooLarge();
  const type = request.headers.get("content-type") ?? "";
  if (type.toLowerCase() !== "application/cbor") throw badRequest("Unexpected content-type, expected application/cbor.");
  return bytes;
}

function status({ state }: ServedNetwork, version: string): Response {
  return cborAnswer(
    encodeFields({
      root_key: rootKey(state),
      impl_version: version,
      replica_health_status: "healthy",
      certified_height: state.round,
    }),
  );
}
