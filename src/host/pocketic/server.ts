/**
 * PocketIC's REST API over HTTP/1.1: what concerns the server is answered here, what concerns an instance by its worker.
 *
 * Source: pocketic-server.md 2, 3. Replica: `rs/pocket_ic_server/src/main.rs` and `state_api/routes.rs` (c7c5005).
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { CreationRefused, instanceConfig, type InstanceConfig } from "../../api/pocketic/config.ts";
import type { InstanceRequest, InstanceResponse } from "../../api/pocketic/handler.ts";
import { answered, json, jsonOf } from "../../api/pocketic/responses.ts";
import { noRoute, routesAt } from "../../api/pocketic/routes.ts";
import { verifyCanisterSignature } from "../../api/pocketic/verify-signature.ts";
import { parseJson } from "../../api/pocketic/json.ts";
import { now } from "../clock.ts";
import { nodePlatform } from "../platform-node.ts";
import { Blobs } from "./blobs.ts";
import { boundServer, gatewayRequest, GatewayRefused, Gateways, type GatewayRequest } from "./gateways.ts";
import type { Created, Instances } from "./instances.ts";
import { stateDirProblem } from "./journal-file.ts";
import { MAX_HEADER_BYTES } from "../http-limits.ts";
import { bodyOf, empty, plain, send } from "./wire.ts";

/** Of the server that it answers for. */
export const HTTP = { keepAliveTimeout: 600_000, requestTimeout: 0, headersTimeout: 60_000, maxHeaderSize: MAX_HEADER_BYTES } as const;

export class PicServer {
  private readonly instances: Instances;
  private readonly blobs = new Blobs();
  private readonly gateways: Gateways;
  private pending = 0;
  /** When the last request was answered, milliseconds. */
  private lastActive = Date.now();

  constructor(instances: Instances) {
    this.instances = instances;
    this.gateways = new Gateways((id, request) => this.instances.handle(id, { ...request, stored: null }, null));
  }

  /** Milliseconds since something was asked; 0 while something is under way. */
  get idleMilliseconds(): number {
    return this.pending > 0 ? 0 : Date.now() - this.lastActive;
  }

  /** Deletes what is there. */
  async stop(): Promise<void> {
    await this.gateways.stopAll();
    await this.instances.deleteAll();
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.pending++;
    try {
      const body = await bodyOf(request);
      const answer = body === null ? tooLarge() : await this.answer(request, body);
      send(request, response, answer);
    } catch (error) {
      // The client went away in the middle of its request, or this is a bug of ours.
      const message = error instanceof Error ? error.message : String(error);
      if (!response.headersSent && !request.destroyed) send(request, response, json(500, { message }));
      else response.destroy();
    } finally {
      this.pending--;
      this.lastActive = Date.now();
    }
  }

  private async answer(request: IncomingMessage, body: Uint8Array): Promise<InstanceResponse> {
    const method = request.method ?? "GET";
    const path = (request.url ?? "/").replace(/[?#].*$/s, "");
    const parts = path.split("/").filter((part) => part !== "");
    const [room = "", first, ...more] = parts;
    switch (room) {
      case "status":
        return first === undefined ? only(method, { GET: () => empty(200) }) : empty(404);
      case "blobstore":
        return this.blob(method, request, first, body);
      case "read_graph":
        return more.length === 1
          ? only(method, { GET: () => this.instances.readGraph(unescaped(first!), unescaped(more[0]!)) })
          : empty(404);
      case "prune_graph":
        return more.length === 1
          ? only(method, { DELETE: () => this.instances.pruneGraph(unescaped(first!), unescaped(more[0]!)) })
          : empty(404);
      case "instances":
        return withCors(method, await this.instance(method, request, first, path, body));
      case "verify_signature": {
        const question = { contentType: request.headers["content-type"] ?? null, body };
        return only(method, { POST: () => answeredWithin(async () => verifyCanisterSignature(jsonOf(question), nodePlatform)) });
      }
      case "http_gateway":
        return this.gateway(method, { contentType: request.headers["content-type"] ?? null, body }, first, more);
      default:
        return empty(404);
    }
  }

  private gateway(
    method: string,
    request: Pick<InstanceRequest, "contentType" | "body">,
    id: string | undefined,
    more: readonly string[],
  ): InstanceResponse | Promise<InstanceResponse> {
    if (id === undefined)
      return only(method, {
        GET: () => json(200, this.gateways.list()),
        POST: () => answeredWithin(() => this.createGateway(gatewayRequest(jsonOf(request), "body"))),
      });
    if (more.length !== 1 || more[0] !== "stop") return empty(404);
    return only(method, { POST: () => (NUMBER.test(id) ? this.gateways.stop(Number(id)).then(() => json(200, null)) : noNumber(id)) });
  }

  private async createGateway(request: GatewayRequest): Promise<InstanceResponse> {
    try {
      return json(201, { Created: await this.gateways.create(request) });
    } catch (error) {
      if (error instanceof GatewayRefused) return json(502, { Error: { message: error.message } });
      throw error;
    }
  }

  private async delete(id: number): Promise<InstanceResponse> {
    await this.gateways.stopAll((backend) => backend.kind === "instance" && backend.id === id);
    await this.instances.delete(id);
    return empty(200);
  }

  private async blob(method: string, request: IncomingMessage, id: string | undefined, body: Uint8Array): Promise<InstanceResponse> {
    if (id === undefined) return only(method, { POST: () => this.storeBlob(request.headers["content-encoding"], body) });
    return only(method, { GET: () => this.fetchBlob(id) });
  }

  private storeBlob(encoding: string | undefined, body: Uint8Array): InstanceResponse {
    if (encoding !== undefined && encoding !== "gzip") return plain(400, "Bad encoding: Only 'gzip' content encoding is supported");
    return plain(200, this.blobs.store(body, encoding === "gzip"));
  }

  private fetchBlob(id: string): InstanceResponse {
    if (!/^(?:[0-9a-f]{2})+$/i.test(id)) return empty(400);
    const found = this.blobs.get(id.toLowerCase());
    if (found === null) return empty(404);
    return {
      status: 200,
      headers: { "content-type": "application/octet-stream", ...(found.isGzip ? { "content-encoding": "gzip" } : {}) },
      body: found.bytes,
    };
  }

  private async instance(
    method: string,
    request: IncomingMessage,
    number: string | undefined,
    path: string,
    body: Uint8Array,
  ): Promise<InstanceResponse> {
    if (method === "OPTIONS") return empty(200);
    const contentType = request.headers["content-type"] ?? null;
    if (number === undefined)
      return only(method, { GET: () => json(200, this.instances.list()), POST: () => this.create({ contentType, body }) });
    const id = NUMBER.test(number) ? Number(number) : null;
    const below = path.slice(path.indexOf(number) + number.length);
    if (below === "" || below === "/") return only(method, { DELETE: () => (id === null ? noNumber(number) : this.delete(id)) });
    const routes = routesAt(below);
    if (routes?.[method] === undefined) return noRoute(routes);
    if (id === null) return noNumber(number);
    const stored = below.startsWith("/update/set_stable_memory") ? this.named(body) : null;
    const timeout = request.headers["processing-timeout-ms"];
    const given: InstanceRequest = { method, path: below, contentType, body, stored };
    // Endpoints of the platform block until they are done.
    const waits = below.startsWith("/api/") || below.startsWith("/_/");
    return this.instances.handle(id, given, typeof timeout === "string" && /^\d+$/.test(timeout) && !waits ? Number(timeout) : null);
  }

  /** The blob that a request names; `null` when it names none that is here, or is no such request: the instance says so. */
  private named(body: Uint8Array) {
    try {
      const { blob_id } = parseJson(Buffer.from(body).toString()) as { readonly blob_id?: unknown };
      return typeof blob_id === "string" ? this.blobs.get(Buffer.from(blob_id, "base64").toString("hex")) : null;
    } catch {
      return null;
    }
  }

  private create(request: Pick<InstanceRequest, "contentType" | "body">): Promise<InstanceResponse> {
    return answeredWithin(async () => {
      let config: InstanceConfig;
      try {
        config = instanceConfig(jsonOf(request), now(), stateDirProblem);
      } catch (error) {
        if (error instanceof CreationRefused) return json(400, { Error: { message: error.message } });
        throw error;
      }
      const refused = (message: string): InstanceResponse => json(400, { Error: { message } });
      let created: Created | null = null;
      try {
        // Where the port is taken there will be no instance.
        const port = config.gateway === null ? null : await boundServer(config.gateway);
        created = await this.instances.create(config);
        if ("refused" in created) {
          port?.close();
          return refused(created.refused);
        }
        const backend = { kind: "instance", id: created.id } as const;
        const gateway = port === null ? null : await this.gateways.create({ ...config.gateway!, backend }, port);
        const body = `{"Created":{"instance_id":${created.id},"topology":${created.topology},"http_gateway_info":${JSON.stringify(gateway)}}}`;
        return { status: 201, headers: { "content-type": "application/json" }, body };
      } catch (error) {
        if (!(error instanceof GatewayRefused)) throw error;
        if (created !== null && "id" in created) await this.delete(created.id);
        return refused(error.message);
      }
    });
  }
}

/** What is wrong with the request's JSON becomes the response. */
async function answeredWithin(run: () => Promise<InstanceResponse>): Promise<InstanceResponse> {
  let response: InstanceResponse | null = null;
  const failure = await answered(async () => void (response = await run()));
  return response ?? failure;
}

function only(
  method: string,
  handlers: Readonly<Record<string, () => InstanceResponse | Promise<InstanceResponse>>>,
): InstanceResponse | Promise<InstanceResponse> {
  const run = handlers[method === "HEAD" ? "GET" : method];
  if (run !== undefined) return run();
  const allowed = Object.keys(handlers).flatMap((name) => (name === "GET" ? ["GET", "HEAD"] : [name]));
  return { status: 405, headers: { allow: allowed.join(",") }, body: "" };
}

/** Of an instance or a gateway, in a path. */
const NUMBER = /^\d{1,15}$/;

function noNumber(text: string): InstanceResponse {
  return plain(400, `Invalid URL: Cannot parse \`id\` with value \`${text}\` to a \`usize\``);
}

function tooLarge(): InstanceResponse {
  return plain(413, "Failed to buffer the request body: length limit exceeded");
}

const CORS = { "access-control-allow-origin": "*" };
const PREFLIGHT = { ...CORS, "access-control-allow-methods": "*", "access-control-allow-headers": "*" };

function withCors(method: string, response: InstanceResponse): InstanceResponse {
  return { ...response, headers: { ...response.headers, ...(method === "OPTIONS" ? PREFLIGHT : CORS) } };
}

/** A part of a path, as it was meant; as it is where it was not escaped rightly. */
function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
