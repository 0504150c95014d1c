/**
 * The endpoints of one instance as a function from request to response, without a socket: everything below `/instances/{id}`.
 *
 * Source: pocketic-server.md 2, 5, 6, 8, 9. Replica: `rs/pocket_ic_server/src/state_api/routes.rs` (c7c5005).
 */
import { httpGateway } from "../gateway/gateway.ts";
import { httpInterface, type HttpInterface } from "../http/handler.ts";
import { AutoProgress, type Progress } from "./auto-progress.ts";
import type { InstanceConfig } from "./config.ts";
import { OperationFailed } from "./failure.ts";
import { Instance } from "./instance.ts";
import type { InstanceHost } from "./instance-host.ts";
import { topology, type StoredBlob } from "./operations.ts";
import { answered } from "./responses.ts";
import { noRoute, routesAt } from "./routes.ts";
import { makeRoom } from "./routing.ts";
import { RunningInstance, type RunningNetwork } from "./running-instance.ts";

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

/** Whatever canister a gateway's address names. All else below `/_/` is the canister's. */
const PAGES_OF_THE_SERVER = ["/_/dashboard", "/_/topology"];

export class InstanceHandler {
  readonly instance: Instance;
  private readonly api: HttpInterface;
  private readonly begin: (artificialDelayMs: number) => Progress;
  private progress: Progress | null = null;

  /** `begin` has rounds run by themselves from then on. */
  private constructor(instance: Instance, begin: (artificialDelayMs: number) => Progress) {
    this.instance = instance;
    this.begin = begin;
    this.api = httpInterface(instance.served(), { version: "cannery", maxBodyBytes: MAX_API_BODY_BYTES });
  }

  /** Throws `GenesisRefused`. */
  static create(config: InstanceConfig, host: InstanceHost): InstanceHandler {
    const instance = Instance.create(config, host);
    const handler = new InstanceHandler(instance, (delay) => new AutoProgress(instance, delay));
    if (config.autoProgress !== null) handler.progress = handler.begin(config.autoProgress.artificialDelayMs);
    return handler;
  }

  /** Of a network whose rounds run by themselves already. */
  static over(network: RunningNetwork, host: InstanceHost): InstanceHandler {
    const handler = new InstanceHandler(new RunningInstance(network, host), (delay) => network.live(delay));
    handler.progress = network.progress;
    return handler;
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

  async stopProgress(): Promise<null> {
    const { progress } = this;
    this.progress = null;
    await progress?.stop();
    return null;
  }

  /**
   * What is wrong with a request is in the response; rejects only for bugs of ours. `whenWaiting` is called when everything is done but that
   * the client waits for an answer, which rounds to come may bring.
   */
  async handle(request: InstanceRequest, whenWaiting: () => void = () => {}): Promise<InstanceResponse> {
    this.instance.whenWaiting = whenWaiting;
    if (request.gateway !== undefined && !PAGES_OF_THE_SERVER.includes(request.path)) return this.throughGateway(request, request.gateway);
    const routes = routesAt(request.path);
    const route = routes?.[request.method];
    if (route === undefined) return noRoute(routes);
    return route.kind === "api" ? this.passOn(request) : answered(() => route.take(request)(this));
  }

  startProgress(artificialDelayMs: number): null {
    if (this.progress !== null) throw new OperationFailed("Auto progress mode has already been enabled.");
    this.progress = this.begin(artificialDelayMs);
    return null;
  }

  private async throughGateway({ method, body }: InstanceRequest, address: GatewayAddress): Promise<InstanceResponse> {
    const { url, headers, domains, customDomains } = address;
    makeRoom(this.instance, new URL(url).pathname, body);
    const ids = new Map(customDomains);
    const gateway = httpGateway(this.instance.served(), this.api, { domains, customDomain: (host) => ids.get(host) ?? null });
    const withBody = method === "GET" || method === "HEAD" ? {} : { body: Uint8Array.from(body) };
    return plainly(
      await gateway(new Request(url, { method, headers: headers.map(([name, value]): [string, string] => [name, value]), ...withBody })),
    );
  }

  private async passOn(request: InstanceRequest): Promise<InstanceResponse> {
    const path = request.path.replace(/\/$/, "");
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
