/**
 * An index of a trace: every message with its parent, its times, what it cost and how it ended; and the call trees made of them.
 *
 * A trace may begin in the middle of a run (older events are let go), so every link may be missing: an answer to a request
 * that is not in the trace still appears, without its request.
 */
import type { ExecutedEvent, NetworkEvent, SentEvent } from "../core/events.ts";
import type { CanisterId, PrincipalId, SubnetId } from "../core/state/ids.ts";
import type { CoarseTime, MessageTag, ResponsePayload } from "../core/state/messages.ts";

/** How a message ended. */
export type MessageOutcome =
  /** An answer was made; for a response: its callback, or the user, got it. */
  | { readonly kind: "reply"; readonly data: Uint8Array }
  | { readonly kind: "reject"; readonly code: number; readonly message: string }
  /** Let go on the way: nobody sees it any more. */
  | { readonly kind: "dropped"; readonly reason: string };

/** Rounds are the sending or receiving subnet's own; times are virtual, in nanoseconds since the Unix epoch. */
export interface TracedMessage {
  /** Number of the message in its network. */
  readonly tag: MessageTag;
  readonly message: SentEvent["message"];
  readonly from: PrincipalId;
  readonly to: PrincipalId;
  /** Of the call; of an answer, that of the call it answers. */
  readonly method: string;
  /** Argument, or answer. */
  readonly payload: ResponsePayload;
  /** Attached, or refunded. */
  readonly cycles: bigint;
  /** Seconds since the Unix epoch until which the caller waits; 0 is as long as it takes. */
  readonly deadline: CoarseTime;
  /** Number of the execution that sent it; `null` for what a user submitted or the system made. */
  readonly parent: number | null;
  /** For a response: the request it answers. */
  readonly requestTag: MessageTag | null;
  readonly sent: Moment;
  /** When it entered an input queue; `null` when it has not, or needs none. */
  inducted: Moment | null;
  /** What ran because of this message itself: the method, or the callback and its cleanup. */
  readonly executions: ExecutedEvent[];
  /** The response to this request, if there is one yet. */
  answerTag: MessageTag | null;
  /** `null` while it is open. */
  outcome: MessageOutcome | null;
  /** When the outcome came to be. */
  ended: Moment | null;
}

export interface Moment {
  readonly round: number;
  readonly timeNanos: bigint;
  readonly subnet: SubnetId;
}

/** A call with everything that was done for it: its executions, callbacks included, and the calls these made. */
export interface CallTree {
  readonly message: TracedMessage;
  readonly executions: readonly ExecutedEvent[];
  readonly calls: readonly CallTree[];
  /** Of all executions of this call and of all calls below it. */
  readonly instructions: number;
  /** Charged for them. */
  readonly cycles: bigint;
}

/** The messages of a trace: what each came to, what ran for it, and who called whom. */
export class MessageIndex {
  private readonly byTag = new Map<MessageTag, TracedMessage>();
  private readonly byExecution = new Map<number, ExecutedEvent>();
  private readonly byContext = new Map<string, ExecutedEvent[]>();
  /** Requests by the execution that sent them. */
  private readonly sentBy = new Map<number, TracedMessage[]>();

  constructor(events: Iterable<NetworkEvent> = []) {
    for (const event of events) this.add(event);
  }

  /** Messages and executions. */
  get size(): number {
    return this.byTag.size + this.byExecution.size;
  }

  /** In the order they were sent. */
  get messages(): IterableIterator<TracedMessage> {
    return this.byTag.values();
  }

  /** `null` when it is not in the trace. */
  message(tag: MessageTag): TracedMessage | null {
    return this.byTag.get(tag) ?? null;
  }

  /** `null` when it is not in the trace. */
  execution(execution: number): ExecutedEvent | null {
    return this.byExecution.get(execution) ?? null;
  }

  /** Requests and answers that an execution sent, in order. */
  sentByExecution(execution: number): readonly TracedMessage[] {
    return this.sentBy.get(execution) ?? [];
  }

  /** The request or ingress message during whose call an execution ran; `null` for system tasks, or when it is not in the trace. */
  callOf(execution: ExecutedEvent): TracedMessage | null {
    const first = this.firstOfContext(execution);
    if (first.tag === null) return null;
    const message = this.byTag.get(first.tag);
    return message === undefined || message.message === "response" ? null : message;
  }

  /** The call in which this message was sent, `null` for roots and where the trace does not tell. */
  callerOf(message: TracedMessage): TracedMessage | null {
    const parent = message.parent === null ? null : this.execution(message.parent);
    return parent === null ? null : this.callOf(parent);
  }

  /** From the root to this call itself. */
  pathTo(message: TracedMessage): readonly TracedMessage[] {
    const path = [message];
    for (let caller = this.callerOf(message); caller !== null && !path.includes(caller); caller = this.callerOf(caller))
      path.unshift(caller);
    return path;
  }

  /** Calls that were not made by another call in this trace: a user's, a timer's, a heartbeat's. */
  roots(): TracedMessage[] {
    return [...this.byTag.values()].filter((message) => message.message !== "response" && this.callerOf(message) === null);
  }

  /** The call with everything that was done for it. */
  tree(message: TracedMessage): CallTree {
    const executions = this.executionsOf(message);
    const requests = executions
      .flatMap((execution) => this.sentByExecution(execution.execution))
      .filter((sent) => sent.message === "request");
    const calls = requests.map((request) => this.tree(request));
    let instructions = 0;
    let cycles = 0n;
    for (const part of [...executions, ...calls]) {
      instructions += part.instructions;
      cycles += part.cycles;
    }
    return { message, executions, calls, instructions, cycles };
  }

  /** Everything that ran in the call context of this message, callbacks included, in order. */
  executionsOf(message: TracedMessage): readonly ExecutedEvent[] {
    const first = message.executions[0];
    if (first === undefined) return [];
    return this.byContext.get(contextKey(first)) ?? message.executions;
  }

  private firstOfContext(execution: ExecutedEvent): ExecutedEvent {
    return this.byContext.get(contextKey(execution))?.[0] ?? execution;
  }

  /** Goes on with the next event of the trace. */
  add(event: NetworkEvent): void {
    switch (event.kind) {
      case "sent":
        return this.addSent(event);
      case "inducted": {
        const message = this.byTag.get(event.tag);
        if (message !== undefined) message.inducted = momentOf(event);
        return;
      }
      case "dropped":
        return this.end(event.tag, { kind: "dropped", reason: event.reason }, momentOf(event));
      case "executed":
        return this.addExecuted(event);
      case "ingressStatus": {
        const { status } = event;
        if (status.kind === "replied") this.end(event.tag, { kind: "reply", data: status.data }, momentOf(event));
        if (status.kind === "rejected")
          this.end(event.tag, { kind: "reject", code: status.code, message: status.message }, momentOf(event));
        return;
      }
      case "outcall":
      case "mock":
      case "bitcoin":
      case "printed":
      case "canister":
      case "chosen":
      case "round":
        return;
    }
  }

  private addSent(event: SentEvent): void {
    const message: TracedMessage = {
      tag: event.tag,
      message: event.message,
      from: event.from,
      to: event.to,
      method: event.method,
      payload: event.payload,
      cycles: event.cycles,
      deadline: event.deadline,
      parent: event.parent,
      requestTag: event.requestTag,
      sent: momentOf(event),
      inducted: null,
      executions: [],
      answerTag: null,
      outcome: null,
      ended: null,
    };
    this.byTag.set(event.tag, message);
    if (event.parent !== null) append(this.sentBy, event.parent, message);
    if (event.message !== "response" || event.requestTag === null) return;
    const request = this.byTag.get(event.requestTag);
    if (request === undefined) return;
    request.answerTag = event.tag;
    this.end(event.requestTag, outcomeOf(event.payload), momentOf(event));
  }

  private addExecuted(event: ExecutedEvent): void {
    this.byExecution.set(event.execution, event);
    if (event.contextId !== null) append(this.byContext, contextKey(event), event);
    const message = event.tag === null ? undefined : this.byTag.get(event.tag);
    if (message === undefined) return;
    message.executions.push(event);
    // A response has reached its end when its callback ran, whatever came of that.
    if (message.message === "response" && message.outcome === null) this.end(message.tag, outcomeOf(message.payload), momentOf(event));
  }

  private end(tag: MessageTag, outcome: MessageOutcome, ended: Moment): void {
    const message = this.byTag.get(tag);
    if (message === undefined) return;
    message.outcome = outcome;
    message.ended = ended;
  }
}

function outcomeOf(payload: ResponsePayload): MessageOutcome {
  return payload.kind === "data" ? { kind: "reply", data: payload.data } : { kind: "reject", code: payload.code, message: payload.message };
}

function momentOf(event: NetworkEvent): Moment {
  return { round: event.round, timeNanos: event.timeNanos, subnet: event.subnet };
}

/** Call contexts are numbered per canister; an execution without one stands for itself. */
function contextKey(execution: { readonly canister: CanisterId; readonly contextId: number | null; readonly execution: number }): string {
  return execution.contextId === null ? `${execution.canister}#${execution.execution}` : `${execution.canister}:${execution.contextId}`;
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
