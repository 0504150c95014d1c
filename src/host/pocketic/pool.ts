/**
 * Workers of the PocketIC server. There are as many as processors; each may have several instances, and runs one at a time. One that is in the middle
 * of something long gets no more, and others are started in its place.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { DEEP_STACK } from "../deep-stack.ts";
import type { FromWorker, Outcome, Task, ToWorker } from "./messages.ts";

/** Why a task has no outcome. */
export class WorkerEnded extends Error {
  override name = "WorkerEnded";
}

interface Begun {
  readonly number: number;
  readonly instance: number;
}

/** How long a task may run, milliseconds, before others are not kept waiting for it any more. */
export const LONG_MILLISECONDS = 100;

/** A thread, and the tasks that it was given. */
export class PicWorker {
  /** The only instance that may be here; `null`: any. */
  reservedFor: number | null = null;
  readonly instances = new Set<number>();
  private readonly thread: Worker;
  private readonly waiting = new Map<number, { resolve(outcome: Outcome): void; reject(error: Error): void }>();
  /** Tasks that have not done what they do, the first of them under way. */
  private readonly queue: Begun[] = [];
  private headSince = 0;
  private isReady = false;
  private endedIn: number | null = null;
  private tasks = 0;
  private ended = false;

  constructor(print: (line: string) => void) {
    // Beside this file, in whichever form that is run.
    const file = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js";
    this.thread = new Worker(new URL(file, import.meta.url), DEEP_STACK);
    this.thread.on("message", (message: FromWorker) => {
      if (message.kind === "printed") return print(message.line);
      if (message.kind === "ready") return this.begun();
      this.passed(message.number);
      if (message.kind === "waiting") return;
      this.waiting.get(message.number)?.resolve(message.outcome);
      this.waiting.delete(message.number);
    });
    this.thread.on("error", (error: unknown) => this.fail(error instanceof Error ? error.message : String(error)));
    this.thread.on("exit", () => this.fail("the worker has ended"));
    this.thread.unref();
  }

  /** Tasks are begun in the order of these calls. Rejects with `WorkerEnded` when the worker ends before the task does. */
  run(instance: number, task: Task, isRepeated = false): Promise<Outcome> {
    const number = this.tasks++;
    return new Promise((resolve, reject) => {
      if (this.ended) return reject(new WorkerEnded("the worker has ended"));
      this.waiting.set(number, { resolve, reject });
      if (this.queue.push({ number, instance }) === 1) this.headSince = Date.now();
      this.thread.postMessage({ number, instance, task, isRepeated } satisfies ToWorker);
    });
  }

  /** The instance whose task is under way; `null` when there is none. */
  get running(): number | null {
    return this.queue[0]?.instance ?? null;
  }

  /** Whether tasks of other instances are under way or to come. */
  isWantedByOthers(instance: number): boolean {
    return this.queue.some((task) => task.instance !== instance);
  }

  /** Whether the task under way takes long. */
  get isStuck(): boolean {
    return this.isReady && this.queue.length > 0 && Date.now() - this.headSince >= LONG_MILLISECONDS;
  }

  get isEnded(): boolean {
    return this.ended;
  }

  /** The instance whose task was under way when the worker ended. */
  get endedDuring(): number | null {
    return this.endedIn;
  }

  /** At once, in the middle of whatever it does. */
  async end(): Promise<void> {
    this.fail("the worker was ended");
    await this.thread.terminate();
  }

  private begun(): void {
    this.isReady = true;
    this.headSince = Date.now();
  }

  private passed(number: number): void {
    const at = this.queue.findIndex((task) => task.number === number);
    if (at === -1) return;
    this.queue.splice(at, 1);
    this.headSince = Date.now();
  }

  private fail(message: string): void {
    if (this.ended) return;
    this.ended = true;
    this.endedIn = this.running;
    this.queue.length = 0;
    for (const { reject } of this.waiting.values()) reject(new WorkerEnded(message));
    this.waiting.clear();
  }
}

const MOST = Math.max(2, availableParallelism());

export class WorkerPool {
  private readonly print: (line: string) => void;
  /** The one used last comes last. */
  private readonly workers: PicWorker[] = [];

  constructor(print: (line: string) => void) {
    this.print = print;
  }

  /** A worker for an instance: one that does nothing, the one used last first, as its code is warm. `forItself`: not one that others wait for. */
  take(instance: number, forItself = false): PicWorker {
    this.forgetEnded();
    const open = this.workers.filter((worker) => worker.reservedFor === null && !worker.isStuck);
    const idle = open.filter((worker) => worker.running === null);
    const worker = idle.at(-1) ?? (forItself || open.length < MOST ? new PicWorker(this.print) : leastLoaded(open));
    worker.instances.add(instance);
    const at = this.workers.indexOf(worker);
    if (at !== -1) this.workers.splice(at, 1);
    this.workers.push(worker);
    // The next instance shall not wait for a start either.
    if (open.length < MOST) setImmediate(() => this.prewarm());
    return worker;
  }

  /** Sees to it that a worker is there that does nothing. */
  prewarm(): void {
    this.forgetEnded();
    const open = this.workers.filter((worker) => worker.reservedFor === null && !worker.isStuck);
    if (open.length < MOST && !open.some((worker) => worker.running === null)) this.workers.unshift(new PicWorker(this.print));
  }

  /** The instance is not there any more. More workers than processors are kept only while they have something to do. */
  release(worker: PicWorker, instance: number): void {
    worker.instances.delete(instance);
    if (worker.reservedFor === instance) worker.reservedFor = null;
    if (worker.instances.size === 0 && this.workers.length > MOST && worker.running === null) void worker.end();
    this.forgetEnded();
  }

  async end(): Promise<void> {
    await Promise.all(this.workers.splice(0).map((worker) => worker.end()));
  }

  private forgetEnded(): void {
    for (let i = this.workers.length - 1; i >= 0; i--) if (this.workers[i]!.isEnded) this.workers.splice(i, 1);
  }
}

function leastLoaded(workers: readonly PicWorker[]): PicWorker {
  return workers.reduce((least, worker) => (worker.instances.size < least.instances.size ? worker : least));
}
