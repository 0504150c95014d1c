/**
 * PocketIC's REST API over HTTP/1.1: what concerns the server is answered here, what concerns an instance by its worker.
 *
 * Source: pocketic-server.md 2, 3. Replica: `rs/pocket_ic_server/src/main.rs` and `state_api/routes.rs` (c7c5005).
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { CreationRefused, instanceConfig, type InstanceConfig } from "../../api/pocketic/config.ts";
import { CORS, PREFLIGHT } from "../../api/http/responses.ts";
import type { InstanceRequest, InstanceResponse } from "../../api/pocketic/handler.ts";
import { openApi } from "../../api/pocketic/openapi.ts";
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
import { Router, type Handlers } from "./router.ts";
import { bodyOf, empty, plain, send } from "./wire.ts";

/** Of the server that it answers for. */
export const HTTP = { keepAliveTimeout: 600_000, requestTimeout: 0, headersTimeout: 60_000, maxHeaderSize: MAX_HEADER_BYTES } as const;

interface ServerRequest {
  readonly method: string;
  readonly contentType: string | null;
  readonly encoding: string | undefined;
  /** How long the client waits, as it says it. */
  readonly timeout: string | string[] | undefined;
  readonly body: Uint8Array;
}

export class PicServer {
  private readonly router = new Router(this.table());
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
    const path = (request.url ?? "/").replace(/[?#].*$/s, "");
    const parts = path.split("/").filter((part) => part !== "");
    const given: ServerRequest = {
      method: request.method ?? "GET",
      contentType: request.headers["content-type"] ?? null,
      encoding: request.headers["content-encoding"],
      timeout: request.headers["processing-timeout-ms"],
      body,
    };
    if (parts[0] !== "instances") return this.router.answer(`/${parts.join("/")}`, given);
    // A browser asks what it may ask before anybody looks what is there.
    if (given.method === "OPTIONS") return { ...empty(200), headers: PREFLIGHT };
    const below = path.slice(path.indexOf(parts[1] ?? "") + (parts[1] ?? "").length);
    const response = await (parts.length > 2 ? this.instance(given, parts[1]!, below) : this.router.answer(`/${parts.join("/")}`, given));
    return { ...response, headers: { ...response.headers, ...CORS } };
  }

  /** All but what is below an instance's own path. */
  private table(): Readonly<Record<string, Handlers<ServerRequest>>> {
    return {
      "/api.json": { GET: () => json(200, openApi(Object.entries(this.table()).map(([path, handlers]) => [path, Object.keys(handlers)]))) },
      "/status": { GET: () => empty(200) },
      "/blobstore": { POST: ({ encoding, body }) => this.storeBlob(encoding, body) },
      "/blobstore/:id": { GET: (_, parameter) => this.fetchBlob(parameter("id")) },
      "/verify_signature": {
        POST: (request) => answeredWithin(async () => verifyCanisterSignature(jsonOf(request), nodePlatform)),
      },
      "/read_graph/:state_label/:op_id": {
        GET: (_, parameter) => this.instances.readGraph(parameter("state_label"), parameter("op_id")),
      },
      "/prune_graph/:state_label/:op_id": {
        DELETE: (_, parameter) => this.instances.pruneGraph(parameter("state_label"), parameter("op_id")),
      },
      "/instances": { GET: () => json(200, this.instances.list()), POST: (request) => this.create(request) },
      "/instances/:id": { DELETE: (_, parameter) => withNumber(parameter("id"), (id) => this.delete(id)) },
      "/http_gateway": {
        GET: () => json(200, this.gateways.list()),
        POST: (request) => answeredWithin(() => this.createGateway(gatewayRequest(jsonOf(request), "body"))),
      },
      "/http_gateway/:id/stop": {
        POST: (_, parameter) => withNumber(parameter("id"), (id) => this.gateways.stop(id).then(() => json(200, null))),
      },
    };
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

  private async instance(request: ServerRequest, number: string, path: string): Promise<InstanceResponse> {
    const { method, contentType, body, timeout } = request;
    const routes = routesAt(path);
    if (routes?.[method] === undefined) return noRoute(routes);
    const stored = path.startsWith("/update/set_stable_memory") ? this.named(body) : null;
    // Endpoints of the platform block until they are done.
    const waits = path.startsWith("/api/") || path.startsWith("/_/");
    const milliseconds = typeof timeout === "string" && /^\d+$/.test(timeout) && !waits ? Number(timeout) : null;
    return withNumber(number, (id) => this.instances.handle(id, { method, path, contentType, body, stored }, milliseconds));
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

/** Of an instance or a gateway, in a path. */
const NUMBER = /^\d{1,15}$/;

function withNumber(text: string, answer: (id: number) => Promise<InstanceResponse>): InstanceResponse | Promise<InstanceResponse> {
  if (NUMBER.test(text)) return answer(Number(text));
  return plain(400, `Invalid URL: Cannot parse \`id\` with value \`${text}\` to a \`usize\``);
}

function tooLarge(): InstanceResponse {
  return plain(413, "Failed to buffer the request body: length limit exceeded");
}
