/**
 * The properties of message execution that the platform promises to developers, as checks over a trace: of a whole one here, in the words of
 * the document; event by event in `property-watch.ts`. Tests compare the two.
 *
 * Property 4 (executions of different calls interleave in any order) promises nothing, so there is nothing to check; the schedule is where
 * both orders come from. A trace may begin in the middle of a run: nothing is said of messages that were sent before.
 *
 * Source: message-execution-properties.md; messaging.md 3, 4, 7.
 */
import type { DroppedEvent, ExecutedEvent, InductedEvent, NetworkEvent, SentEvent } from "../core/events.ts";
import { MANAGEMENT_CANISTER, type CanisterId, type PrincipalId } from "../core/state/ids.ts";
import { RejectCode } from "../core/state/rejects.ts";

/** Number of the property in the document. */
export type Property = 1 | 2 | 3 | 5 | 6 | 7 | 8 | 9 | 10 | 11;

/** A property that a trace does not have. */
export interface Violation {
  readonly property: Property;
  /** What it is about: a message's tag, or (properties 1, 2 and 5) an execution's number. */
  readonly about: number;
  readonly text: string;
}

/** Executions of messages and tasks; those inside an installation are part of one management call. */
export function isMessageExecution({ entry }: ExecutedEvent): boolean {
  return entry !== "management" && entry !== "init" && entry !== "preUpgrade" && entry !== "postUpgrade" && entry !== "start";
}

export function isCallback({ entry }: ExecutedEvent): boolean {
  return entry === "replyCallback" || entry === "rejectCallback";
}

/** The answer that replaces the callee's own when a bounded-wait call is given up. */
export function isUnknownOutcome({ payload }: SentEvent): boolean {
  return payload.kind === "reject" && payload.code === RejectCode.SYS_UNKNOWN;
}

/** Call contexts are numbered per canister. */
export function contextKey({ canister, contextId }: ExecutedEvent): string | null {
  return contextId === null ? null : `${canister}:${contextId}`;
}

/** A changed state that ends open calls without a callback: the canister is empty or gone. */
export function forgetsItsCalls(event: NetworkEvent): event is Extract<NetworkEvent, { kind: "canister" }> {
  return event.kind === "canister" && (event.change === "uninstalled" || event.change === "outOfCycles" || event.change === "deleted");
}

/** Everything the trace tells about one call between canisters, in order. */
interface Call {
  readonly request: SentEvent;
  /** The execution that made it. */
  readonly parent: ExecutedEvent | undefined;
  readonly inductions: readonly InductedEvent[];
  readonly executions: readonly ExecutedEvent[];
  readonly answers: readonly SentEvent[];
  /** Callbacks that ran with one of the answers. */
  readonly callbacks: readonly ExecutedEvent[];
  /** Answers that nobody got. */
  readonly droppedAnswers: readonly DroppedEvent[];
  /** Executions of the call at the callee, callbacks of its context included. */
  readonly served: readonly ExecutedEvent[];
}

/** All violations in a trace, by property. */
export function violationsOf(events: readonly NetworkEvent[]): Violation[] {
  const trace = new Trace(events);
  return [
    ...oneAtATime(trace),
    ...callbacksAreExecutionsOfTheirOwn(trace),
    ...requestsInOrder(trace),
    ...trapsLeaveNothing(trace),
    ...atMostOnce(trace),
    ...oneResponse(trace),
    ...theFirstResponse(trace),
    ...onlyUnknownReplacesAResponse(trace),
    ...cyclesAreAcceptedOrRefunded(trace),
    ...cyclesAreNeverMade(trace),
  ];
}

class Trace {
  readonly executed: readonly ExecutedEvent[];
  readonly sent: readonly SentEvent[];
  readonly calls: readonly Call[];
  private readonly events: readonly NetworkEvent[];
  private readonly places: ReadonlyMap<NetworkEvent, number>;
  private readonly executions: ReadonlyMap<number, ExecutedEvent>;

  constructor(events: readonly NetworkEvent[]) {
    this.events = events;
    this.places = new Map(events.map((event, place) => [event, place]));
    this.executed = events.filter((event) => event.kind === "executed");
    this.sent = events.filter((event) => event.kind === "sent");
    this.executions = new Map(this.executed.map((event) => [event.execution, event]));
    const by = {
      request: groupBy(this.sent, (event) => (event.message === "response" ? event.requestTag : null)),
      executed: groupBy(this.executed, (event) => event.tag),
      context: groupBy(this.executed, contextKey),
      inducted: groupBy(
        events.filter((event) => event.kind === "inducted"),
        (event) => event.tag,
      ),
      dropped: groupBy(
        events.filter((event) => event.kind === "dropped"),
        (event) => event.tag,
      ),
    };
    /** What is later in the trace than its cause. */
    const since = <T extends NetworkEvent>(cause: NetworkEvent, effects: readonly T[] = []): T[] =>
      effects.filter((effect) => this.isBefore(cause, effect));
    this.calls = this.sent
      .filter((event) => event.message === "request")
      .map((request) => {
        const executions = since(request, by.executed.get(request.tag));
        const answers = since(request, by.request.get(request.tag));
        const [first] = executions;
        const context = first === undefined ? null : contextKey(first);
        return {
          request,
          parent: this.parentOf(request),
          inductions: since(request, by.inducted.get(request.tag)),
          executions,
          answers,
          callbacks: answers.flatMap((answer) => since(answer, by.executed.get(answer.tag)).filter(isCallback)),
          droppedAnswers: answers.flatMap((answer) => since(answer, by.dropped.get(answer.tag))),
          served: context === null ? executions : [first, ...since(first, by.context.get(context))],
        };
      });
  }

  isBefore(a: NetworkEvent, b: NetworkEvent): boolean {
    return this.places.get(a)! < this.places.get(b)!;
  }

  /** The execution that sent a message. */
  parentOf(message: SentEvent): ExecutedEvent | undefined {
    const parent = message.parent === null ? undefined : this.executions.get(message.parent);
    return parent !== undefined && this.isBefore(parent, message) ? parent : undefined;
  }

  /** Whether the caller was emptied after it had made the call and before its answer was dropped. */
  forgot(request: SentEvent, dropped: DroppedEvent): boolean {
    return this.events.some(
      (event) =>
        forgetsItsCalls(event) && event.canister === request.from && this.isBefore(request, event) && this.isBefore(event, dropped),
    );
  }
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K | null): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === null) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** Property 1: only a single message execution is run at a time per canister. */
function* oneAtATime({ executed }: Trace): Generator<Violation> {
  const byCanister = groupBy(executed.filter(isMessageExecution), (event) => event.canister);
  for (const events of byCanister.values()) {
    for (const [i, event] of events.entries()) {
      const before = events[i - 1];
      if (before === undefined) continue;
      if (before.execution >= event.execution || before.round > event.startedRound) {
        yield { property: 1, about: event.execution, text: `it ran while execution ${before.execution} of the same canister did` };
      }
    }
  }
}

/** Property 2: a downstream call is a message of the execution that made it; the callback is an execution of its own, in the same call context. */
function* callbacksAreExecutionsOfTheirOwn({ calls }: Trace): Generator<Violation> {
  for (const { request, parent, callbacks } of calls) {
    if (parent === undefined) continue;
    if (parent.canister !== request.from) {
      yield { property: 2, about: request.tag, text: `the call was made by execution ${parent.execution} of another canister` };
    }
    for (const callback of callbacks) {
      const same = callback.canister === parent.canister && callback.contextId === parent.contextId;
      if (same && callback.execution > parent.execution) continue;
      yield {
        property: 2,
        about: callback.execution,
        text: `the callback does not belong to the call made in execution ${parent.execution}`,
      };
    }
  }
}

/** Property 3: requests from one canister to another are executed in the order in which they were sent. */
function* requestsInOrder({ calls, executed }: Trace): Generator<Violation> {
  const requests = new Map(calls.map(({ request }) => [request.tag, request]));
  const ofRequests = new Set(calls.flatMap(({ executions }) => executions.filter(isMessageExecution)));
  const started = executed.filter((event) => ofRequests.has(event));
  const pairs = groupBy(started, (event) => pairOf(requests.get(event.tag!)!, event.canister));
  for (const events of pairs.values()) {
    let latest = -1;
    for (const { tag } of events) {
      if (tag! < latest) yield { property: 3, about: tag!, text: `it was executed after request ${latest}, which was sent later` };
      latest = Math.max(latest, tag!);
    }
  }
}

export function pairOf(request: SentEvent, callee: CanisterId): string {
  return `${request.from}>${callee}`;
}

/** Property 5: what an execution that traps did is not applied: it sends nothing, keeps nothing, and is not a reply. */
function* trapsLeaveNothing(trace: Trace): Generator<Violation> {
  for (const event of trace.executed) {
    const text = event.result.kind === "trap" ? keptAfterTrap(event) : null;
    if (text !== null) yield { property: 5, about: event.execution, text };
  }
  for (const event of trace.sent) {
    const parent = trace.parentOf(event);
    const text = parent === undefined ? null : sentAfterTrap(event, parent);
    if (text !== null) yield { property: 5, about: event.parent!, text };
  }
}

/** Cleanup is the exception: its own effects are kept. */
export function keptAfterTrap(event: ExecutedEvent): string | null {
  return event.acceptedCycles !== 0n && event.cleanup !== "ran" ? `it trapped and accepted ${event.acceptedCycles} cycles` : null;
}

export function sentAfterTrap(message: SentEvent, parent: ExecutedEvent): string | null {
  if (parent.result.kind !== "trap") return null;
  if (message.message === "request") return `it trapped and sent request ${message.tag}`;
  return message.payload.kind === "data" ? `it trapped and replied with message ${message.tag}` : null;
}

/** Property 6: a request is delivered at most once, and to its receiver. */
function* atMostOnce({ calls }: Trace): Generator<Violation> {
  for (const { request, inductions, executions } of calls) {
    const { tag, to } = request;
    for (const _ of inductions.slice(1)) yield { property: 6, about: tag, text: "it entered an input queue twice" };
    for (const _ of executions.slice(1)) yield { property: 6, about: tag, text: "it was executed twice" };
    for (const event of inductions) {
      if (!isReceiver(to, event.at, event)) yield { property: 6, about: tag, text: "it was delivered to another canister" };
    }
    for (const event of executions) {
      if (!isReceiver(to, event.canister, event)) yield { property: 6, about: tag, text: "it was executed by another canister" };
    }
  }
}

/** Whether the receiver of a request stands for this principal: the management canister has the ids of all subnets. */
export function isReceiver(to: PrincipalId, at: PrincipalId, { subnet }: { readonly subnet: PrincipalId }): boolean {
  return to === at || at === subnet || at === MANAGEMENT_CANISTER;
}

/** Property 7: a call gets a single response. (That it gets one at all is seen at the end of a run: `PropertyWatch.openCalls`.) */
function* oneResponse(trace: Trace): Generator<Violation> {
  for (const { request, callbacks, droppedAnswers } of trace.calls) {
    for (const _ of callbacks.slice(1)) yield { property: 7, about: request.tag, text: "a second response was delivered" };
    for (const { tag } of droppedAnswers) {
      if (callbacks.some((event) => event.tag === tag))
        yield { property: 7, about: request.tag, text: "a response was dropped and delivered" };
    }
  }
  const calls = new Map(trace.sent.filter((event) => event.message === "ingress").map((event) => [event.tag, event]));
  const answers = groupBy(trace.sent, (event) => {
    const call = event.message === "response" && event.requestTag !== null ? calls.get(event.requestTag) : undefined;
    return call !== undefined && trace.isBefore(call, event) ? call.tag : null;
  });
  for (const [tag, list] of answers) {
    for (const _ of list.slice(1)) yield { property: 7, about: tag, text: "the user's call was answered twice" };
  }
}

/** Property 8: the caller of an unbounded-wait call gets the first response, and never SYS_UNKNOWN. */
function* theFirstResponse(trace: Trace): Generator<Violation> {
  for (const { request, answers, droppedAnswers } of trace.calls) {
    if (request.deadline !== 0) continue;
    for (const _ of answers.slice(1)) yield { property: 8, about: request.tag, text: "a second response was made" };
    for (const answer of answers) {
      if (isUnknownOutcome(answer)) yield { property: 8, about: request.tag, text: "it was answered with SYS_UNKNOWN" };
    }
    for (const dropped of droppedAnswers) {
      if (!trace.forgot(request, dropped)) yield { property: 8, about: request.tag, text: "its response was dropped" };
    }
  }
}

/** Property 9: to a bounded-wait call the system may respond in place of the callee, with SYS_UNKNOWN only. */
function* onlyUnknownReplacesAResponse({ calls }: Trace): Generator<Violation> {
  for (const { request, answers } of calls) {
    if (request.deadline === 0) continue;
    const [unknown, known] = [answers.filter(isUnknownOutcome), answers.filter((answer) => !isUnknownOutcome(answer))];
    for (const _ of known.slice(1)) yield { property: 9, about: request.tag, text: "a response was replaced by another than SYS_UNKNOWN" };
    for (const _ of unknown.slice(1)) yield { property: 9, about: request.tag, text: "it was given up twice" };
  }
}

/** Property 10: what the callee accepted and what comes back is what was attached, unless the answer is SYS_UNKNOWN. */
function* cyclesAreAcceptedOrRefunded(trace: Trace): Generator<Violation> {
  for (const { request, answers, served } of trace.calls) {
    const answer = answers.find((one) => !isUnknownOutcome(one));
    if (answer === undefined) continue;
    const accepted = sumAccepted(served.filter((event) => trace.isBefore(event, answer)));
    if (accepted + answer.cycles !== request.cycles) {
      const text = `${request.cycles} cycles were attached, ${accepted} accepted and ${answer.cycles} given back`;
      yield { property: 10, about: request.tag, text };
    }
  }
}

/** Property 11: cycles may be lost with SYS_UNKNOWN; never is more accepted and given back than was attached. */
function* cyclesAreNeverMade({ calls }: Trace): Generator<Violation> {
  for (const { request, answers, served } of calls) {
    const refunded = answers.reduce((sum, answer) => sum + answer.cycles, 0n);
    if (sumAccepted(served) + refunded > request.cycles) {
      yield { property: 11, about: request.tag, text: "more cycles were accepted and given back than were attached" };
    }
  }
}

function sumAccepted(executions: readonly ExecutedEvent[]): bigint {
  return executions.reduce((sum, event) => sum + event.acceptedCycles, 0n);
}
