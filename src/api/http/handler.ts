/**
 * The public HTTPS interface as a function from request to response, without a socket: `status`, `call`, `query` and `read_state` in all their versions.
 *
 * Source: interface spec, https-interface#http-interface; http-interface.md 1.
 */
import { Hono, type Context } from "hono";
import { cors } from "hono/cors";
import { rootKey } from "../../core/certification/certificate.ts";
import type { MessageId } from "../../core/state/ids.ts";
import { call, type CallVersion } from "./call.ts";
import { encodeFields } from "./cbor.ts";
import { query } from "./query.ts";
import { readState } from "./read-state.ts";
import { badRequest, boundaryRefusal, HttpRefusal } from "./refusal.ts";
import { cborAnswer, refusalAnswer } from "./responses.ts";
import { canisterTarget, subnetTarget } from "./route.ts";
import type { ServedNetwork } from "./served.ts";

export interface HandlerOptions {
  /** Most bytes of a request's body; 5 MiB by default, PocketIC has 4. */
  readonly maxBodyBytes?: number;
  /** Shown in the status. */
  readonly version: string;
}

const MAX_BODY_BYTES = 5 * 2 ** 20;

/** Never rejects: what is wrong with a request is in the response. */
export function httpInterface(network: ServedNetwork, options: HandlerOptions): (request: Request) => Promise<Response> {
  const app = new Hono();
  const limit = options.maxBodyBytes ?? MAX_BODY_BYTES;
  const awaited = new Set<MessageId>();
  app.use("*", cors({ origin: "*", allowMethods: ["GET", "POST"], allowHeaders: ["authorization", "accept", "content-type"] }));
  app.get("/api/v2/status", () => status(network, options.version));
  for (const version of ["v2", "v3", "v4"] as const satisfies readonly CallVersion[]) {
    app.post(`/api/${version}/canister/:id/call`, async (c) =>
      call(network, canisterTarget(network, c.req.param("id")), version, await body(c, limit), awaited),
    );
  }
  app.post("/api/v4/subnet/:id/call", async (c) =>
    call(network, subnetTarget(network, c.req.param("id")), "v4", await body(c, limit), awaited),
  );
  for (const version of [2, 3] as const) {
    app.post(`/api/v${version}/canister/:id/query`, async (c) =>
      query(network, canisterTarget(network, c.req.param("id")), version, await body(c, limit)),
    );
    app.post(`/api/v${version}/canister/:id/read_state`, async (c) =>
      readState(network, canisterTarget(network, c.req.param("id")), version, await body(c, limit)),
    );
    app.post(`/api/v${version}/subnet/:id/read_state`, async (c) =>
      readState(network, subnetTarget(network, c.req.param("id")), version, await body(c, limit)),
    );
  }
  app.post("/api/v3/subnet/:id/query", async (c) => query(network, subnetTarget(network, c.req.param("id")), 3, await body(c, limit)));
  app.notFound(() => refusalAnswer(new HttpRefusal(404, "404 page not found")));
  app.onError((error) => {
    if (error instanceof HttpRefusal) return refusalAnswer(error);
    return refusalAnswer(boundaryRefusal(500, "internal_server_error", error.message));
  });
  return async (request) => app.fetch(request);
}

/** The body of a POST with CBOR in it. */
async function body(c: Context, limit: number): Promise<Uint8Array> {
  const tooLarge = (): HttpRefusal =>
    boundaryRefusal(413, "payload_too_large", `Payload is too large: maximum body size is ${limit} bytes.`);
  if (Number(c.req.header("content-length") ?? 0) > limit) throw tooLarge();
  const bytes = new Uint8Array(await c.req.arrayBuffer());
  if (bytes.length > limit) throw tooLarge();
  const type = c.req.header("content-type") ?? "";
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
