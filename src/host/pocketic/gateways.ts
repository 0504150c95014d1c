/**
 * HTTP gateways of the PocketIC server: a port of its own for an instance, or for another network, that browsers and agents talk to.
 *
 * Source: pocketic-server.md 8. Replica: `create_http_gateway` in `rs/pocket_ic_server/src/state_api/state.rs` (c7c5005).
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { gatewayConfig, type GatewayConfig } from "../../api/pocketic/config.ts";
import type { InstanceRequest, InstanceResponse } from "../../api/pocketic/handler.ts";
import { fields, required, text, unsigned, variant, type Reader } from "../../api/pocketic/shape.ts";
import { customDomainsOf } from "../custom-domains.ts";
import { MAX_HEADER_BYTES } from "../http-limits.ts";
import { osError } from "./os-error.ts";
import { bodyOf, empty, plain, send } from "./wire.ts";

export type Backend = { readonly kind: "instance"; readonly id: number } | { readonly kind: "replica"; readonly url: string };

export interface GatewayRequest extends GatewayConfig {
  readonly backend: Backend;
}

export const gatewayRequest: Reader<GatewayRequest> = (value, what) => ({
  ...gatewayConfig(value, what),
  backend: required(
    fields(value, what),
    "forward_to",
    variant<Backend>({
      PocketIcInstance: (id, at) => ({ kind: "instance", id: Number(unsigned(64)(id, at)) }),
      Replica: (url, at) => ({ kind: "replica", url: text(url, at) }),
    }),
  ),
});

/** A request to a gateway, for the instance behind it. */
export type ForwardedRequest = Omit<InstanceRequest, "stored">;

/** Answers for an instance. */
export type Forward = (instance: number, request: ForwardedRequest) => Promise<InstanceResponse>;

export class GatewayRefused extends Error {
  override name = "GatewayRefused";
}

interface Gateway {
  readonly port: number;
  readonly config: GatewayRequest;
  readonly server: Server;
}

const HTTP = { maxHeaderSize: MAX_HEADER_BYTES };

/** A gateway's server on its port, which serves nothing yet. Throws `GatewayRefused`. */
export function boundServer({ ipAddress, port, https }: GatewayConfig): Promise<Server> {
  const host = ipAddress ?? "127.0.0.1";
  const server = https === null ? createServer(HTTP) : createSecureServer(HTTP);
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(new GatewayRefused(`Failed to bind to address ${host}:${port ?? 0}: ${osError(error)}`)));
    server.listen(port ?? 0, host, () => resolve(server));
  });
}

function secure(server: Server, { https }: GatewayConfig): void {
  if (https === null) return;
  try {
    (server as SecureServer).setSecureContext({ cert: readFileSync(https.certPath), key: readFileSync(https.keyPath) });
  } catch (error) {
    throw new GatewayRefused(`TLS config could not be created: ${osError(error)}`);
  }
}

export class Gateways {
  private readonly forward: Forward;
  /** By number; `null` for those that were stopped. */
  private readonly all: (Gateway | null)[] = [];

  constructor(forward: Forward) {
    this.forward = forward;
  }

  /** `bound` is the gateway's server where that was bound before; it is closed when there will be no gateway. Throws `GatewayRefused`. */
  async create(config: GatewayRequest, bound?: Server): Promise<{ readonly instance_id: number; readonly port: number }> {
    const server = bound ?? (await boundServer(config));
    try {
      await this.checkBackend(config.backend);
      secure(server, config);
      server.on("request", this.listener(config));
    } catch (error) {
      server.close();
      throw error;
    }
    const { port } = server.address() as AddressInfo;
    return { instance_id: this.all.push({ port, config, server }) - 1, port };
  }

  list(): object[] {
    return this.all.flatMap((gateway, id) => {
      if (gateway === null) return [];
      const { backend, domains, https } = gateway.config;
      return [
        {
          instance_id: id,
          port: gateway.port,
          forward_to: backend.kind === "instance" ? { PocketIcInstance: backend.id } : { Replica: backend.url },
          domains,
          https_config: https === null ? null : { cert_path: https.certPath, key_path: https.keyPath },
        },
      ];
    });
  }

  /** Its port is free afterwards. */
  async stop(id: number): Promise<void> {
    const gateway = this.all[id];
    if (gateway == null) return;
    this.all[id] = null;
    await new Promise<void>((resolve) => {
      gateway.server.close(() => resolve());
      gateway.server.closeAllConnections();
    });
  }

  async stopAll(which: (backend: Backend) => boolean = () => true): Promise<void> {
    await Promise.all(this.all.map((gateway, id) => (gateway !== null && which(gateway.config.backend) ? this.stop(id) : undefined)));
  }

  /** What is behind it must answer. */
  private async checkBackend(backend: Backend): Promise<void> {
    const status = await this.passOn(backend, { method: "GET", path: "/api/v2/status", contentType: null, body: new Uint8Array() });
    if (status.status !== 200) throw new GatewayRefused(`error: upstream_error (${textOf(status.body)})`);
  }

  private listener(config: GatewayRequest): RequestListener {
    const customDomain = config.customDomainsFile === null ? () => null : customDomainsOf(config.customDomainsFile);
    return (request, response) => {
      const answer = async (): Promise<InstanceResponse> => {
        const body = await bodyOf(request);
        if (body === null) return plain(413, "Request body is too large");
        const host = request.headers.host ?? "localhost";
        const name = host.replace(/:\d+$/, "").toLowerCase();
        const id = customDomain(name);
        const path = (request.url ?? "/").replace(/[?#].*$/s, "");
        const contentType = request.headers["content-type"] ?? null;
        return this.answer(config.backend, {
          method: request.method ?? "GET",
          path,
          contentType,
          body,
          gateway: {
            url: `${config.https === null ? "http" : "https"}://${host}${request.url ?? "/"}`,
            headers: headersOf(request),
            domains: config.domains,
            customDomains: id === null ? [] : [[name, id]],
          },
        });
      };
      answer().then(
        (given) => send(request, response, given),
        () => response.destroy(),
      );
    };
  }

  /** The instance answers for itself; before another network only its API is. */
  private async answer(backend: Backend, request: ForwardedRequest): Promise<InstanceResponse> {
    const { path } = request;
    if (backend.kind === "instance" || path.startsWith("/api/") || path === "/_/topology" || path === "/_/dashboard")
      return this.passOn(backend, request);
    if (path === "/health") return empty(200);
    return plain(404, "error: a gateway before a replica passes on /api only: canisters' pages are served for instances of this server");
  }

  private async passOn(backend: Backend, request: ForwardedRequest): Promise<InstanceResponse> {
    if (backend.kind === "instance") return this.forward(backend.id, request);
    try {
      const { method, path, contentType, body } = request;
      const response = await fetch(new URL(path, backend.url), {
        method,
        headers: contentType === null ? {} : { "content-type": contentType },
        ...(method === "GET" || method === "HEAD" ? {} : { body: Uint8Array.from(body) }),
      });
      const headers: Record<string, string> = { "access-control-allow-origin": "*" };
      const type = response.headers.get("content-type");
      if (type !== null) headers["content-type"] = type;
      return { status: response.status, headers, body: new Uint8Array(await response.arrayBuffer()) };
    } catch (error) {
      return plain(503, `error: upstream_error (${error instanceof Error ? error.message : String(error)})`);
    }
  }
}

function textOf(body: InstanceResponse["body"]): string {
  return typeof body === "string" ? body : Buffer.from(body).toString();
}

/** As a `Request` takes them: those of the connection are not for whoever answers. */
function headersOf(request: IncomingMessage): [string, string][] {
  const headers: [string, string][] = [];
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i]!.toLowerCase();
    if (name !== "connection" && name !== "keep-alive" && name !== "transfer-encoding") headers.push([name, request.rawHeaders[i + 1]!]);
  }
  return headers;
}
