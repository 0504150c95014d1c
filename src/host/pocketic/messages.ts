/**
 * What the server's main thread and a worker say to each other. A worker has at most one instance at a time.
 */
import type { InstanceConfig } from "../../api/pocketic/config.ts";
import type { InstanceRequest, InstanceResponse } from "../../api/pocketic/handler.ts";

export type Task =
  | { readonly kind: "create"; readonly config: InstanceConfig }
  | { readonly kind: "request"; readonly request: InstanceRequest }
  /** The instance is not wanted any more. */
  | { readonly kind: "drop" };

/** Tasks are numbered; they are begun in the order in which they come. */
export interface ToWorker {
  readonly number: number;
  readonly task: Task;
}

export type Outcome =
  /** JSON text of the topology. */
  | { readonly kind: "created"; readonly topology: string }
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "response"; readonly response: InstanceResponse; readonly isProgressing: boolean }
  | { readonly kind: "dropped" }
  /** A bug of ours, or something that this host cannot do. */
  | { readonly kind: "failed"; readonly message: string };

export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "outcome"; readonly number: number; readonly outcome: Outcome }
  /** A line that a canister printed. */
  | { readonly kind: "printed"; readonly line: string };
