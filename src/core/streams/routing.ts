/**
 * In which order messages leave a subnet at the end of a round, and when a stream takes no more.
 *
 * The subnet's own queues come first, so that there is always room for at least one system message; then the canisters in
 * id order, beginning with a pseudo-random one. Each gives one message in turn, and within each its destinations do.
 *
 * Source: messaging.md 6. Replica: `rs/messaging/src/routing/stream_builder.rs`, `rs/replicated_state/src/replicated_state.rs`
 * (`OutputIterator`, c7c5005).
 * Ours: which canister begins. The replica draws it from ChaCha seeded with the batch time; nobody can rely on that.
 */
import type { PrincipalId } from "../state/ids.ts";
import type { CanisterMessage, StreamMessage } from "../state/messages.ts";
import { Ring } from "../queues/ring.ts";
import type { Stream } from "./stream.ts";

/** What draining needs of queues; `CanisterQueues` is one. */
export interface OutputQueues {
  nextOutputDestination(after: PrincipalId | null): PrincipalId | null;
  peekOutput(destination: PrincipalId): CanisterMessage | undefined;
  popOutput(destination: PrincipalId): CanisterMessage | undefined;
}

/** `taken`: the message was routed and leaves its queue. `keep`: the stream is full; this queue is left alone for the rest of the round. */
export type RouteAnswer = "taken" | "keep";

/** Queues of one source, and where it stands among its destinations. */
class Source<Q extends OutputQueues> {
  readonly queues: Q;
  private readonly destinations: Ring<PrincipalId>;

  constructor(queues: Q) {
    this.queues = queues;
    this.destinations = new Ring();
    for (let to = queues.nextOutputDestination(null); to !== null; to = queues.nextOutputDestination(to)) this.destinations.push(to);
  }

  get isDone(): boolean {
    return this.destinations.length === 0;
  }

  /** Routes the next message of this source; destinations whose stream is full are struck out on the way. */
  routeNext(route: (message: CanisterMessage, source: Q) => RouteAnswer): void {
    for (let to = this.destinations.shift(); to !== undefined; to = this.destinations.shift()) {
      const message = this.queues.peekOutput(to);
      if (message === undefined || route(message, this.queues) === "keep") continue;
      this.queues.popOutput(to);
      if (this.queues.peekOutput(to) !== undefined) this.destinations.push(to);
      return;
    }
  }
}

/**
 * Drains queues in the given order, one message of each source in turn, and within a source one message of each destination
 * in turn. The message is still in its queue while `route` looks at it. Costs what is in the queues, not how many there are.
 */
export function drainOutputs<Q extends OutputQueues>(
  sources: Iterable<Q>,
  route: (message: CanisterMessage, source: Q) => RouteAnswer,
): void {
  const waiting = new Ring<Source<Q>>();
  for (const queues of sources) {
    const source = new Source(queues);
    if (!source.isDone) waiting.push(source);
  }
  for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
    source.routeNext(route);
    if (!source.isDone) waiting.push(source);
  }
}

/** Messages of one stream that a system subnet takes at once, less those in its stream back. Source: messaging.md 6. */
export const SYSTEM_SUBNET_MESSAGES = 100;

/** Requests and responses that may wait in a stream towards a system subnet. */
const SYSTEM_STREAM_MESSAGES = 2 * SYSTEM_SUBNET_MESSAGES;

/** How much a stream to another subnet holds; part of `Limits`. */
export interface StreamLimits {
  readonly streamMessages: number;
  readonly streamBytes: number;
}

/**
 * Whether a stream to *another* subnet takes no more of this kind of message; the loopback stream has no limits. The limit
 * in bytes is a target: the message that reaches it still goes in. Refunds take at most half of the places, and do not
 * count among the messages towards a system subnet.
 */
export function isStreamFull(stream: Stream, kind: StreamMessage["kind"], limits: StreamLimits, towardsSystemSubnet: boolean): boolean {
  if (stream.length >= limits.streamMessages || stream.sizeBytes >= limits.streamBytes) return true;
  if (kind === "refund") return stream.refundCount >= Math.floor(limits.streamMessages / 2);
  return towardsSystemSubnet && stream.lengthWithoutRefunds >= SYSTEM_STREAM_MESSAGES;
}
