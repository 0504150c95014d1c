/**
 * Starts served networks, each in a thread of its own, and stops them.
 */
import { Worker } from "node:worker_threads";
import type { InstanceRequest } from "../../api/pocketic/handler.ts";
import { CanneryError } from "../../base/cannery-error.ts";
import { DEEP_STACK } from "../deep-stack.ts";
import type { Hosted } from "../pocketic/instances.ts";
import type { Outcome } from "../pocketic/messages.ts";
import { WorkerEnded } from "../pocketic/pool.ts";
import type { FromNetwork, NetworkPlan, ReadyNetwork, ToNetwork } from "./plan.ts";

export interface ServedNetworkThread extends Hosted {
  readonly ready: ReadyNetwork;
  /** Ends its connections and its thread. Calling it again changes nothing. */
  stop(): Promise<void>;
  /** Resolves when the thread has ended: `null` after `stop`, else with what went wrong. */
  readonly ended: Promise<Error | null>;
}

/** How long a network may take to end by itself: one that computes cannot. */
const STOP_MILLISECONDS = 3_000;

/** Compiled or not, the thread's file lies beside this one. */
const THREAD = new URL(import.meta.url.endsWith(".ts") ? "./network-thread.ts" : "./network-thread.js", import.meta.url);

/** Rejects with a `CanneryError` when the network cannot be started so. */
export async function startNetwork(plan: NetworkPlan): Promise<ServedNetworkThread> {
  const worker = new Worker(THREAD, { workerData: plan, ...DEEP_STACK });
  let failure: Error | null = null;
  worker.on("error", (error) => (failure = error));
  let isStopping = false;
  const asked = new Map<number, { resolve(outcome: Outcome): void; reject(error: Error): void }>();
  const ended = new Promise<Error | null>((resolve) => {
    worker.once("exit", (code) => {
      for (const { reject } of asked.values()) reject(new WorkerEnded("the network has ended"));
      asked.clear();
      resolve(isStopping ? null : (failure ?? new Error(`the network's thread ended with code ${code}`)));
    });
  });
  const first = await Promise.race([nextMessage(worker), ended]);
  if (first === null || first instanceof Error) throw first ?? new Error("the network's thread ended");
  if (first.kind !== "ready") {
    isStopping = true;
    await worker.terminate();
    throw first.kind === "refused" ? new CanneryError(first.code, first.message) : new Error("the network stopped before it was ready");
  }
  const { kind: _kind, ...ready } = first;
  worker.on("message", (message: FromNetwork) => {
    if (message.kind === "stopped") void worker.terminate();
    if (message.kind !== "answer") return;
    asked.get(message.number)?.resolve(message.outcome);
    asked.delete(message.number);
  });
  let requests = 0;
  const request = (given: InstanceRequest): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      if (isStopping) return reject(new WorkerEnded("the network has ended"));
      const number = requests++;
      asked.set(number, { resolve, reject });
      worker.postMessage({ kind: "request", number, request: given } satisfies ToNetwork);
    });
  const stop = async (): Promise<void> => {
    if (!isStopping) {
      isStopping = true;
      worker.postMessage({ kind: "stop" } satisfies ToNetwork);
      setTimeout(() => void worker.terminate(), STOP_MILLISECONDS).unref();
    }
    await ended;
  };
  return {
    ready,
    request,
    get isBusy() {
      return asked.size > 0;
    },
    delete: stop,
    stop,
    ended,
  };
}

function nextMessage(worker: Worker): Promise<FromNetwork> {
  return new Promise((resolve) => worker.once("message", resolve));
}
