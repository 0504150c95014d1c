/**
 * An instance as the server's main thread holds it: what was asked of it, and the worker where its state is.
 *
 * An instance is deterministic, so what was asked is all that is needed to have it elsewhere: when its worker is busy with another one's long run, or had
 * to be ended, another worker repeats its requests, and goes on from there. One that was asked too much for that, or whose rounds follow the clock,
 * has a worker of its own.
 */
import type { InstanceConfig } from "../../api/pocketic/config.ts";
import type { InstanceRequest } from "../../api/pocketic/handler.ts";
import type { Hosted } from "./instances.ts";
import type { Outcome, Task } from "./messages.ts";
import { LONG_MILLISECONDS, WorkerEnded, type PicWorker, type WorkerPool } from "./pool.ts";

/** What is repeated at most: requests, their bytes, and how long they took. */
const MOST_REQUESTS = 10_000;
const MOST_BYTES = 64 * 2 ** 20;
const MOST_MILLISECONDS = 2_000;

interface Asked {
  readonly task: Task;
  /** Whether the state may be another after it. */
  readonly changes: boolean;
  /** Of whoever waits for the outcome; `null` when it was told. */
  tell: { resolve(outcome: Outcome): void; reject(error: Error): void } | null;
}

export class HostedInstance implements Hosted {
  private readonly id: number;
  private readonly pool: WorkerPool;
  private worker: PicWorker;
  /** In order: everything that changed the state, and what has no outcome yet. */
  private asked: Asked[] = [];
  /** Whether `asked` is still all that it takes. */
  private isRepeatable = true;
  private bytes = 0;
  private milliseconds = 0;
  private isDeleted = false;

  constructor(id: number, pool: WorkerPool) {
    this.id = id;
    this.pool = pool;
    this.worker = pool.take(id);
  }

  create(config: InstanceConfig): Promise<Outcome> {
    // A state directory has one writer.
    if (config.autoProgress !== null || config.stateDir !== null) this.keepWorker();
    return this.ask({ kind: "create", config }, true);
  }

  request(request: InstanceRequest): Promise<Outcome> {
    const { path } = request;
    const onlyReads =
      (request.method === "GET" && request.gateway === undefined) || (path.startsWith("/read/") && !path.startsWith("/read/query"));
    // Rounds that follow the clock cannot be repeated.
    if (path.startsWith("/auto_progress") && request.method === "POST") this.keepWorker();
    return this.ask({ kind: "request", request }, !onlyReads);
  }

  get isBusy(): boolean {
    return this.asked.some(({ tell }) => tell !== null);
  }

  /** Ends what it is doing, if that does not end soon by itself. */
  async delete(): Promise<void> {
    this.isDeleted = true;
    const { worker } = this;
    const runs = worker.running === this.id;
    for (const asked of this.asked) reject(asked, new WorkerEnded("the instance was deleted"));
    this.asked = [];
    const dropped = worker.run(this.id, { kind: "drop" }).then(
      () => true,
      () => true,
    );
    const isDropped = await Promise.race([dropped, after(LONG_MILLISECONDS).then(() => false)]);
    // Another's long run is not ours to end, nor a worker that another cannot leave: ours is dropped when that one comes to it.
    const isAnothers = worker.reservedFor !== null && worker.reservedFor !== this.id;
    if (!isDropped && runs && worker.running === this.id && !isAnothers) await worker.end();
    this.pool.release(worker, this.id);
  }

  private ask(task: Task, changes: boolean): Promise<Outcome> {
    if (this.worker.isEnded || this.isCrowdedOut()) this.move();
    return new Promise((resolve, reject) => {
      const asked: Asked = { task, changes, tell: { resolve, reject } };
      this.asked.push(asked);
      if (task.kind === "request") this.bytes += task.request.body.length + (task.request.stored?.bytes.length ?? 0);
      this.give(asked);
      void this.watch(asked);
    });
  }

  /** While somebody waits for the outcome: goes elsewhere when another instance has the worker for long. */
  private async watch(asked: Asked): Promise<void> {
    for (;;) {
      await after(LONG_MILLISECONDS);
      if (asked.tell === null) return;
      if (this.isCrowdedOut()) this.move();
    }
  }

  /** Gives a task to the worker, and its outcome to whoever waits for it, unless the instance has moved on meanwhile. */
  private give(asked: Asked): void {
    const { worker } = this;
    const started = Date.now();
    worker.run(this.id, asked.task, asked.tell === null).then(
      (outcome) => {
        if (this.worker !== worker) return;
        this.done(asked, outcome);
        this.milliseconds += Date.now() - started;
        // Where others wait for the worker it goes on being repeatable: to move now would be to repeat all of it.
        if (this.isTooMuch() && !worker.isWantedByOthers(this.id)) this.keepWorker();
      },
      (error: Error) => {
        if (this.worker !== worker || this.isDeleted) return;
        this.lost(error);
      },
    );
  }

  private isTooMuch(): boolean {
    return this.asked.length > MOST_REQUESTS || this.bytes > MOST_BYTES || this.milliseconds > MOST_MILLISECONDS;
  }

  private done(asked: Asked, outcome: Outcome): void {
    const { tell } = asked;
    asked.tell = null;
    if (!asked.changes || !this.isRepeatable) this.asked = this.asked.filter((other) => other !== asked);
    tell?.resolve(outcome);
  }

  /** The worker has ended: for another instance's sake, and then this one goes on elsewhere; or by what this one did, and then it is lost. */
  private lost(error: Error): void {
    if (this.isRepeatable && this.worker.endedDuring !== this.id) return this.move();
    this.isRepeatable = false;
    for (const asked of this.asked) reject(asked, new Error(`The instance is lost: ${error.message}.`));
    this.asked = [];
  }

  /** Whether another instance has the worker, and does not let go of it. */
  private isCrowdedOut(): boolean {
    const { running, isStuck, reservedFor } = this.worker;
    if (!this.isRepeatable) return false;
    return (reservedFor !== null && reservedFor !== this.id) || (isStuck && running !== this.id);
  }

  /** From now on it stays where it is, and others go. */
  private keepWorker(): void {
    if (!this.isRepeatable) return;
    // What another runs here might never end, and this one could not go then.
    if (this.worker.reservedFor !== null || this.worker.isWantedByOthers(this.id)) this.move(true);
    this.isRepeatable = false;
    this.worker.reservedFor = this.id;
    this.asked = this.asked.filter(({ tell }) => tell !== null);
  }

  /** Has another worker repeat what was asked. `forItself`: where no other runs. */
  private move(forItself = false): void {
    if (this.isDeleted || !this.isRepeatable) return;
    const old = this.worker;
    this.worker = this.pool.take(this.id, forItself);
    if (!old.isEnded) void old.run(this.id, { kind: "drop" }).catch(() => undefined);
    this.pool.release(old, this.id);
    for (const asked of this.asked) this.give(asked);
  }
}

function reject(asked: Asked, error: Error): void {
  asked.tell?.reject(error);
  asked.tell = null;
}

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
