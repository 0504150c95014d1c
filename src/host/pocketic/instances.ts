/**
 * The instances of the PocketIC server by their numbers; the operations of each one after the other.
 *
 * Ours: an operation waits for the one before it, and its client waits with it, where the real server answers 409 and leaves it to the client to
 * come again; 202 is only for clients that say how long they wait (pocketic-server.md 2.1). A deleted instance's run is ended, not waited for.
 */
import { randomBytes } from "node:crypto";
import { CreationRefused, type InstanceConfig } from "../../api/pocketic/config.ts";
import type { InstanceRequest, InstanceResponse } from "../../api/pocketic/handler.ts";
import { json } from "../../api/pocketic/responses.ts";
import { withoutInstance } from "../../api/pocketic/routes.ts";
import { delay } from "../clock.ts";
import type { Outcome } from "./messages.ts";
import { HostedInstance } from "./hosted-instance.ts";
import { WorkerEnded, type WorkerPool } from "./pool.ts";
import { lockStateDir } from "./state-lock.ts";
import { plain } from "./wire.ts";

/** An instance, wherever its state is. */
export interface Hosted {
  /** Whether something was asked that has no outcome. */
  readonly isBusy: boolean;
  /** Rejects with `WorkerEnded` when the instance is deleted meanwhile. */
  request(request: InstanceRequest): Promise<Outcome>;
  delete(): Promise<void>;
}

interface Numbered {
  readonly hosted: Hosted;
  /** Gives the state directory back, where there is one. */
  readonly unlock: () => void;
  /** Of the operation under way. */
  label: string;
}

export type Created = { readonly id: number; readonly topology: string } | { readonly refused: string };

const LABEL_BYTES = 16;

export class Instances {
  private readonly pool: WorkerPool;
  /** By number; `null` for deleted ones: numbers are never given again. */
  private readonly all: (Numbered | null)[] = [];
  /** Instances ever, also those that were refused. */
  private made = 0;
  /** Outcomes of operations whose clients went on before they ended, `null` while there is none. */
  private readonly graph = new Map<string, InstanceResponse | null>();

  constructor(pool: WorkerPool) {
    this.pool = pool;
  }

  async create(config: InstanceConfig): Promise<Created> {
    let unlock = (): void => {};
    try {
      if (config.stateDir !== null) unlock = lockStateDir(config.stateDir);
    } catch (error) {
      if (error instanceof CreationRefused) return { refused: error.message };
      throw error;
    }
    const hosted = new HostedInstance(this.made++, this.pool);
    const outcome = await hosted.create(config).catch(failure);
    if (outcome.kind === "created") return { id: this.add(hosted, unlock), topology: outcome.topology };
    await hosted.delete();
    unlock();
    return { refused: "message" in outcome ? outcome.message : "the instance was not created" };
  }

  /** One that was made elsewhere; gives its number. */
  add(hosted: Hosted, unlock = (): void => {}): number {
    return this.all.push({ hosted, unlock, label: newLabel() }) - 1;
  }

  /** As the real server lists them. */
  list(): string[] {
    return this.all.map((instance) => {
      if (instance === null) return "Deleted";
      const label = Buffer.from(instance.label, "base64url").toString("hex").toUpperCase();
      return instance.hosted.isBusy ? `Busy(StateLabel(${label}))` : "Available";
    });
  }

  has(id: number): boolean {
    return this.all[id] != null;
  }

  /** With a time limit the answer is 202 when it runs out, and what the operation gave is kept for who asks. */
  async handle(id: number, request: InstanceRequest, timeoutMilliseconds: number | null): Promise<InstanceResponse> {
    const instance = this.all[id];
    if (instance == null) return withoutInstance(request, id < this.all.length);
    const response = responseOf(instance.hosted, request);
    if (timeoutMilliseconds === null) return response;
    const label = (instance.label = newLabel());
    const operation = request.path.split("/").filter(Boolean).join("_");
    const key = `${label}/${operation}`;
    const late = delay(timeoutMilliseconds).then((): null => null);
    const inTime = await Promise.race([response, late]);
    if (inTime !== null) return inTime;
    this.graph.set(key, null);
    void response.then((outcome) => this.graph.has(key) && this.graph.set(key, outcome));
    return json(202, { state_label: label, op_id: operation });
  }

  /** What an operation gave, in the same form as its own answer would have been. */
  readGraph(label: string, operation: string): InstanceResponse {
    if (!BASE64.test(label)) return plain(400, "Malformed state label.");
    return isLabel(label) ? (this.graph.get(`${label}/${operation}`) ?? notInGraph(label, operation)) : noLabel();
  }

  pruneGraph(label: string, operation: string): InstanceResponse {
    const key = `${label}/${operation}`;
    if (!isLabel(label)) return noLabel();
    if (this.graph.get(key) == null) return notInGraph(label, operation);
    this.graph.delete(key);
    return json(200, null);
  }

  async delete(id: number): Promise<void> {
    const instance = this.all[id];
    if (instance == null) return;
    this.all[id] = null;
    await instance.hosted.delete();
    instance.unlock();
  }

  async deleteAll(): Promise<void> {
    await Promise.all(this.all.map((_, id) => this.delete(id)));
  }
}

async function responseOf(hosted: Hosted, request: InstanceRequest): Promise<InstanceResponse> {
  const outcome = await hosted.request(request).catch((error: unknown) => (error instanceof WorkerEnded ? null : failure(error)));
  if (outcome === null) return withoutInstance(request, true);
  if (outcome.kind === "response") return outcome.response;
  return json(500, { message: outcome.kind === "failed" ? outcome.message : "operation returned invalid type" });
}

function failure(error: unknown): Outcome {
  return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
}

function newLabel(): string {
  return `${randomBytes(LABEL_BYTES).toString("base64url")}==`;
}

/** In the alphabet of addresses, with its padding. */
const BASE64 = /^(?:[\w-]{4})*(?:[\w-]{2}==|[\w-]{3}=)?$/;

function isLabel(label: string): boolean {
  return BASE64.test(label) && Buffer.from(label, "base64url").length === LABEL_BYTES;
}

function noLabel(): InstanceResponse {
  return json(400, { message: "Malformed state label." });
}

function notInGraph(label: string, operation: string): InstanceResponse {
  return json(404, { message: `state_label / op_id not found: ${label} / ${operation}` });
}
