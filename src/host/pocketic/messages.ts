/**
 * What the server's main thread and a worker say to each other.
 */
import type { InstanceConfig } from "../../api/pocketic/config.ts";
import type { InstanceRequest, InstanceResponse } from "../../api/pocketic/handler.ts";

export type Task =
  | { readonly kind: "create"; readonly config: InstanceConfig }
  | { readonly kind: "request"; readonly request: InstanceRequest }
  /** The instance is not wanted any more, or not here. */
  | { readonly kind: "drop" };

/** Tasks of a worker are begun one after the other, in the order in which they come. */
export interface ToWorker {
  readonly number: number;
  readonly instance: number;
  readonly task: Task;
  /** Done before, on another worker: what it prints was printed. */
  readonly isRepeated: boolean;
}

export type Outcome =
  /** JSON text of the topology. */
  | { readonly kind: "created"; readonly topology: string }
  | { readonly kind: "refused"; readonly message: string }
  /** `isLive`: rounds run by themselves from now on. */
  | { readonly kind: "response"; readonly response: InstanceResponse; readonly isLive: boolean }
  | { readonly kind: "dropped" }
  /** A bug of ours, or something that this host cannot do. */
  | { readonly kind: "failed"; readonly message: string };

export type FromWorker =
  /** The worker has started, and begins with its tasks. */
  | { readonly kind: "ready" }
  /** The task has done what it does, and waits for something else to happen: the next may begin. */
  | { readonly kind: "waiting"; readonly number: number }
  | { readonly kind: "outcome"; readonly number: number; readonly outcome: Outcome }
  /** A line that a canister printed. */
  | { readonly kind: "printed"; readonly line: string };
