/**
 * Workers of the PocketIC server. One is always ready for the next instance, and the one used last is used first: its code is warm, and it has the
 * modules that the test suite installs again and again.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { FromWorker, Outcome, Task, ToWorker } from "./messages.ts";

/** Said to whoever waits for a worker that was ended. */
export class WorkerEnded extends Error {
  override name = "WorkerEnded";
}

interface Waiting {
  resolve(outcome: Outcome): void;
  reject(error: Error): void;
}

/** A thread, and the tasks that it was given. */
export class PicWorker {
  private readonly thread: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private tasks = 0;
  private isEnded = false;

  constructor(print: (line: string) => void) {
    // Beside this file, in whichever form that is run.
    const file = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js";
    this.thread = new Worker(new URL(file, import.meta.url));
    this.thread.on("message", (message: FromWorker) => {
      if (message.kind === "printed") return print(message.line);
      if (message.kind === "ready") return;
      this.waiting.get(message.number)?.resolve(message.outcome);
      this.waiting.delete(message.number);
    });
    this.thread.on("error", (error: unknown) => this.fail(error instanceof Error ? error : new Error(String(error))));
    this.thread.on("exit", () => this.fail(new WorkerEnded("the instance's worker has ended")));
    this.thread.unref();
  }

  /** Tasks are begun in the order of these calls. Rejects with `WorkerEnded` when the worker ends before the task does. */
  run(task: Task): Promise<Outcome> {
    const number = this.tasks++;
    return new Promise((resolve, reject) => {
      if (this.isEnded) return reject(new WorkerEnded("the instance's worker has ended"));
      this.waiting.set(number, { resolve, reject });
      this.thread.postMessage({ number, task } satisfies ToWorker);
    });
  }

  /** Whether it is in the middle of something. */
  get isBusy(): boolean {
    return this.waiting.size > 0;
  }

  /** At once, in the middle of whatever it does. */
  async end(): Promise<void> {
    this.fail(new WorkerEnded("the instance's worker was ended"));
    await this.thread.terminate();
  }

  private fail(error: Error): void {
    this.isEnded = true;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}

/** Idle workers that are kept for later. */
const KEPT = Math.max(2, availableParallelism());

export class WorkerPool {
  private readonly print: (line: string) => void;
  private readonly idle: PicWorker[] = [];

  constructor(print: (line: string) => void) {
    this.print = print;
  }

  /** A worker without an instance. */
  take(): PicWorker {
    const worker = this.idle.pop() ?? new PicWorker(this.print);
    // The next one shall not wait either.
    setImmediate(() => this.prewarm());
    return worker;
  }

  prewarm(): void {
    if (this.idle.length === 0) this.idle.push(new PicWorker(this.print));
  }

  /** Its instance is dropped. */
  giveBack(worker: PicWorker): void {
    if (this.idle.length < KEPT) this.idle.push(worker);
    else void worker.end();
  }

  async end(): Promise<void> {
    await Promise.all(this.idle.splice(0).map((worker) => worker.end()));
  }
}
