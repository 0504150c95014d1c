/**
 * The instances of the PocketIC server: each on a worker of its own, its operations one after the other.
 *
 * Ours: an operation waits for the one before it, and its client waits with it, where the real server answers 409 and leaves it to the client to
 * come again; 202 is only for clients that say how long they wait (pocketic-server.md 2.1). A deleted instance's run is ended, not waited for.
 */
import { randomBytes } from "node:crypto";
import type { InstanceConfig } from "../../api/pocketic/config.ts";
import { json, type InstanceRequest, type InstanceResponse } from "../../api/pocketic/handler.ts";
import { delay } from "../clock.ts";
import type { Outcome } from "./messages.ts";
import { WorkerEnded, type PicWorker, type WorkerPool } from "./pool.ts";

interface LiveInstance {
  readonly worker: PicWorker;
  /** Of the operation under way. */
  label: string;
}

export type Created = { readonly id: number; readonly topology: string } | { readonly refused: string };

/** How long an instance that is deleted may go on, milliseconds. */
const GRACE_MILLISECONDS = 100;
const LABEL_BYTES = 16;

export class Instances {
  private readonly pool: WorkerPool;
  /** By number; `null` for deleted ones: numbers are never given again. */
  private readonly all: (LiveInstance | null)[] = [];
  /** Outcomes of operations whose clients went on before they ended, `null` while there is none. */
  private readonly graph = new Map<string, InstanceResponse | null>();

  constructor(pool: WorkerPool) {
    this.pool = pool;
  }

  async create(config: InstanceConfig): Promise<Created> {
    const worker = this.pool.take();
    let outcome: Outcome;
    try {
      outcome = await worker.run({ kind: "create", config });
    } catch (error) {
      if (!(error instanceof WorkerEnded)) throw error;
      return { refused: error.message };
    }
    if (outcome.kind === "created") {
      const id = this.all.push({ worker, label: newLabel() }) - 1;
      return { id, topology: outcome.topology };
    }
    this.pool.giveBack(worker);
    return { refused: outcome.kind === "refused" || outcome.kind === "failed" ? outcome.message : "the instance was not created" };
  }

  /** As the real server lists them. */
  list(): string[] {
    return this.all.map((instance) => {
      if (instance === null) return "Deleted";
      return instance.worker.isBusy
        ? `Busy(StateLabel(${Buffer.from(instance.label, "base64url").toString("hex").toUpperCase()}))`
        : "Available";
    });
  }

  has(id: number): boolean {
    return this.all[id] != null;
  }

  /** With a time limit the answer is 202 when it runs out, and what the operation gave is kept for who asks. */
  async handle(id: number, request: InstanceRequest, timeoutMilliseconds: number | null): Promise<InstanceResponse> {
    const instance = this.all[id];
    if (instance == null) return missing(id < this.all.length);
    const response = this.responseOf(instance, request);
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

  private async responseOf({ worker }: LiveInstance, request: InstanceRequest): Promise<InstanceResponse> {
    try {
      const outcome = await worker.run({ kind: "request", request });
      if (outcome.kind === "response") return outcome.response;
      return json(500, { message: outcome.kind === "failed" ? outcome.message : "operation returned invalid type" });
    } catch (error) {
      if (error instanceof WorkerEnded) return missing(true);
      return json(500, { message: error instanceof Error ? error.message : String(error) });
    }
  }

  /** What an operation gave, in the same form as its own answer would have been. */
  readGraph(label: string, operation: string): InstanceResponse {
    return this.graph.get(`${label}/${operation}`) ?? notInGraph(label, operation);
  }

  pruneGraph(label: string, operation: string): InstanceResponse {
    const key = `${label}/${operation}`;
    if (this.graph.get(key) == null) return notInGraph(label, operation);
    this.graph.delete(key);
    return json(200, null);
  }

  /** Ends what it is doing, if that does not end soon by itself. */
  async delete(id: number): Promise<void> {
    const instance = this.all[id];
    if (instance == null) return;
    this.all[id] = null;
    const { worker } = instance;
    const dropped = worker.run({ kind: "drop" }).then(
      () => true,
      () => false,
    );
    const isDropped = await Promise.race([dropped, delay(GRACE_MILLISECONDS).then(() => false)]);
    if (isDropped) this.pool.giveBack(worker);
    else await worker.end();
  }

  async deleteAll(): Promise<void> {
    await Promise.all(this.all.map((_, id) => this.delete(id)));
  }
}

function newLabel(): string {
  return `${randomBytes(LABEL_BYTES).toString("base64url")}==`;
}

function missing(wasThere: boolean): InstanceResponse {
  const message = wasThere ? "Instance was deleted" : "Instance not found";
  return json(400, { message: `UpdateError { message: ${JSON.stringify(message)} }` });
}

function notInGraph(label: string, operation: string): InstanceResponse {
  return json(404, { message: `state_label / op_id not found: ${label} / ${operation}` });
}
