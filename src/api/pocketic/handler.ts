/**
 * The endpoints of one instance as a function from request to response, without a socket: everything below `/instances/{id}`.
 *
 * Source: pocketic-server.md 2, 5, 6, 8, 9. Replica: `rs/pocket_ic_server/src/state_api/routes.rs` (c7c5005).
 */
import { httpGateway } from "../gateway/gateway.ts";
import { httpInterface } from "../http/handler.ts";
import { AutoProgress } from "./auto-progress.ts";
import { autoProgressConfig, type InstanceConfig } from "./config.ts";
import { dashboard } from "./dashboard.ts";
import { OperationFailed } from "./failure.ts";
import { Instance, type InstanceHost } from "./instance.ts";
import { parseJson, writeJson } from "./json.ts";
import { READ_GET, READ_POST, topology, UPDATE, type Operation, type StoredBlob } from "./operations.ts";
import { makeRoom } from "./routing.ts";
import { BadShape } from "./shape.ts";

export interface InstanceRequest {
  readonly method: string;
  /** Below the instance's own path, with a slash in front; the query string is not part of it. */
  readonly path: string;
  readonly contentType: string | null;
  readonly body: Uint8Array;
  /** The blob that a request to set stable memory names; `null` when there is none. */
  readonly stored: StoredBlob | null;
  /** Of a request that came by an HTTP gateway: what it is more than a path. */
  readonly gateway?: GatewayAddress;
}

export interface GatewayAddress {
  /** With the host that was asked for. */
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly domains: readonly string[] | null;
  /** Canister ids by host. */
  readonly customDomains: readonly (readonly [string, string])[];
}

export interface InstanceResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

/** Replica: `MAX_REQUEST_BODY_SIZE` of the boundary. */
const MAX_API_BODY_BYTES = 4 * 2 ** 20;

export class InstanceHandler {
  readonly instance: Instance;
  private readonly api: (request: Request) => Promise<Response>;
  private progress: AutoProgress | null = null;

  /** Throws `GenesisRefused`. */
  constructor(config: InstanceConfig, host: InstanceHost) {
    this.instance = new Instance(config, host);
    this.api = httpInterface(this.instance.served(), { version: "cannery", maxBodyBytes: MAX_API_BODY_BYTES });
    if (config.autoProgress !== null) this.progress = new AutoProgress(this.instance, config.autoProgress.artificialDelayMs);
  }

  /** Whether rounds run by themselves. */
  get isProgressing(): boolean {
    return this.progress !== null;
  }

  topology(): object {
    return topology(this.instance);
  }

  /** Nothing more will be asked. */
  async close(): Promise<void> {
    await this.stopProgress();
    this.instance.close();
  }

  private async stopProgress(): Promise<void> {
    const { progress } = this;
    this.progress = null;
    await progress?.stop();
  }

  /**
   * What is wrong with a request is in the response; rejects only for bugs of ours. `whenWaiting` is called when everything is done but that
   * the client waits for an answer, which rounds to come may bring.
   */
  async handle(request: InstanceRequest, whenWaiting: () => void = () => {}): Promise<InstanceResponse> {
    this.instance.whenWaiting = whenWaiting;
    const path = request.path.replace(/\/$/, "");
    if (request.gateway !== undefined && !path.startsWith("/_/")) return this.throughGateway(request, request.gateway);
    if (path.startsWith("/api/")) return this.passOn(request, path);
    const operation = this.operationAt(path);
    if (operation === null) return { status: 404, headers: {}, body: "" };
    const run = operation[request.method];
    if (run === undefined) return { status: 405, headers: { allow: Object.keys(operation).join(",") }, body: "" };
    return answered(() => run(request));
  }

  /** What each HTTP method does at a path. */
  private operationAt(path: string): Readonly<Record<string, (request: InstanceRequest) => unknown>> | null {
    const [, room = "", name = "", ...more] = path.split("/");
    if (more.length > 0) return null;
    const inJson =
      (operation: Operation) =>
      (request: InstanceRequest): unknown =>
        operation(this.instance, jsonOf(request), request.stored);
    switch (room) {
      case "read":
        if (Object.hasOwn(READ_GET, name)) return { GET: () => READ_GET[name]!(this.instance, null, null) };
        return Object.hasOwn(READ_POST, name) ? { POST: inJson(READ_POST[name]!) } : null;
      case "update":
        return Object.hasOwn(UPDATE, name) ? { POST: inJson(UPDATE[name]!) } : null;
      case "_":
        if (name === "topology") return { GET: () => this.topology() };
        return name === "dashboard" ? { GET: () => new Html(dashboard(this.instance)) } : null;
      case "auto_progress":
        return name === "" ? { GET: () => this.isProgressing, POST: (request) => this.startProgress(jsonOf(request)) } : null;
      case "stop_progress":
        return name === "" ? { POST: () => this.stopProgress().then(() => null) } : null;
      default:
        return null;
    }
  }

  private startProgress(body: unknown): null {
    const { artificialDelayMs } = autoProgressConfig(body, "body");
    if (this.progress !== null) throw new OperationFailed("Auto progress mode has already been enabled.");
    this.progress = new AutoProgress(this.instance, artificialDelayMs);
    return null;
  }

  private async throughGateway({ method, body }: InstanceRequest, address: GatewayAddress): Promise<InstanceResponse> {
    const { url, headers, domains, customDomains } = address;
    const ids = new Map(customDomains);
    const gateway = httpGateway(this.instance.served(), this.api, { domains, customDomain: (host) => ids.get(host) ?? null });
    const withBody = method === "GET" || method === "HEAD" ? {} : { body: Uint8Array.from(body) };
    return plainly(
      await gateway(new Request(url, { method, headers: headers.map(([name, value]): [string, string] => [name, value]), ...withBody })),
    );
  }

  private async passOn(request: InstanceRequest, path: string): Promise<InstanceResponse> {
    makeRoom(this.instance, path, request.body);
    const headers: Record<string, string> = request.contentType === null ? {} : { "content-type": request.contentType };
    const withBody = request.method === "GET" || request.method === "HEAD" ? {} : { body: Uint8Array.from(request.body) };
    const response = await this.api(new Request(`http://instance${path}`, { method: request.method, headers, ...withBody }));
    return plainly(response);
  }
}

async function plainly(response: Response): Promise<InstanceResponse> {
  const headers = Object.fromEntries(response.headers.entries());
  return { status: response.status, headers, body: new Uint8Array(await response.arrayBuffer()) };
}

class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A request that is no JSON of any kind: status and text of the real server's extractor. */
class NoJson extends Error {
  override name = "NoJson";
  readonly status: 400 | 415;

  constructor(status: 400 | 415, message: string) {
    super(message);
    this.status = status;
  }
}

export function jsonOf({ contentType, body }: Pick<InstanceRequest, "contentType" | "body">): unknown {
  if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(contentType ?? ""))
    throw new NoJson(415, "Expected request with `Content-Type: application/json`");
  try {
    return parseJson(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    throw new NoJson(400, `Failed to parse the request body as JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const PLAIN = { "content-type": "text/plain; charset=utf-8" };

/** The response for what a function gives or throws. */
export async function answered(run: () => unknown, status = 200): Promise<InstanceResponse> {
  try {
    const result = await run();
    if (result instanceof Html) return { status, headers: { "content-type": "text/html; charset=utf-8" }, body: result.text };
    return json(status, result);
  } catch (error) {
    if (error instanceof OperationFailed) return json(error.status, { message: error.message });
    if (error instanceof NoJson) return { status: error.status, headers: PLAIN, body: error.message };
    if (error instanceof BadShape)
      return { status: 422, headers: PLAIN, body: `Failed to deserialize the JSON body into the target type: ${error.message}` };
    throw error;
  }
}

export function json(status: number, value: unknown): InstanceResponse {
  return { status, headers: { "content-type": "application/json" }, body: writeJson(value) };
}
