/**
 * SKELETON, signatures are final; bodies follow.
 */
import type { PrincipalId } from "../state/ids.ts";
import type { CanisterMessage } from "../state/messages.ts";

/** What draining needs of queues; `CanisterQueues` is one. */
export interface OutputQueues {
  nextOutputDestination(after: PrincipalId | null): PrincipalId | null;
  peekOutput(destination: PrincipalId): CanisterMessage | undefined;
  popOutput(destination: PrincipalId): CanisterMessage | undefined;
}

/** `taken`: the message was routed and is removed. `keep`: the stream is full; this queue is left alone for the rest of the round. */
export type RouteAnswer = "taken" | "keep";

/** Drains queues in the given order, one message of each in turn, and within each one destination in turn. */
export declare function drainOutputs(
  sources: readonly OutputQueues[],
  route: (message: CanisterMessage, source: OutputQueues) => RouteAnswer,
): void;

/** Whether one more message fits into a stream (messaging.md 6). */
export interface StreamLimits {
  readonly messages: number;
  readonly bytes: number;
  /** Most messages without refunds, towards a system subnet; `null` elsewhere. */
  readonly messagesWithoutRefunds: number | null;
}
