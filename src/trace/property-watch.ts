/**
 * The properties of message execution (`properties.ts`) checked while a network runs: event by event, each at the cost of that event.
 *
 * It keeps what it must remember of every call, so it is for tests and for exploration. `copy()` goes with a fork or a snapshot.
 */
import type { DroppedEvent, ExecutedEvent, NetworkEvent, SentEvent } from "../core/events.ts";
import { CONTEXT_DELETED } from "../core/rules/call-contexts.ts";
import type { CanisterId, PrincipalId } from "../core/state/ids.ts";
import type { MessageTag } from "../core/state/messages.ts";
import {
  contextKey,
  forgetsItsCalls,
  isCallback,
  isMessageExecution,
  isReceiver,
  isUnknownOutcome,
  keptAfterTrap,
  pairOf,
  sentAfterTrap,
  type Property,
  type Violation,
} from "./properties.ts";

/** A call between canisters, as far as it went. */
interface Call {
  readonly request: SentEvent;
  /** The execution that made it. */
  readonly parent: ExecutedEvent | undefined;
  /** Which of all messages it was. */
  readonly nth: number;
  inductions: number;
  executions: number;
  callbacks: number;
  /** Answers of the callee or in its place, and SYS_UNKNOWN. */
  knownAnswers: number;
  unknownAnswers: number;
  acceptedCycles: bigint;
  refundedCycles: bigint;
  /** Told once that cycles were made. */
  overspent: boolean;
}

/** How far an answer came. */
interface Answer {
  readonly call: Call;
  dropped: number;
  delivered: boolean;
}

export class PropertyWatch {
  readonly violations: Violation[];
  private readonly calls: Map<MessageTag, Call>;
  private readonly answers: Map<MessageTag, Answer>;
  /** Calls by the call context that serves them. */
  private readonly served: Map<string, Call>;
  private readonly executions: Map<number, ExecutedEvent>;
  private readonly latestOf: Map<CanisterId, ExecutedEvent>;
  /** Latest request executed, by caller and callee. */
  private readonly latestRequest: Map<string, MessageTag>;
  /** Answers to users' calls, by the call's tag. */
  private readonly ingress: Map<MessageTag, number>;
  /** Calls without an answer that was delivered or that nobody waits for, by caller. */
  private readonly open: Map<PrincipalId, Set<MessageTag>>;
  /** Messages up to here were sent before the canister was emptied. */
  private readonly forgotten: Map<CanisterId, number>;
  private sentMessages: number;

  constructor(from?: PropertyWatch) {
    this.violations = [...(from?.violations ?? [])];
    this.calls = new Map([...(from?.calls ?? [])].map(([tag, call]) => [tag, { ...call }]));
    const own = (call: Call): Call => this.calls.get(call.request.tag)!;
    this.answers = new Map([...(from?.answers ?? [])].map(([tag, answer]) => [tag, { ...answer, call: own(answer.call) }]));
    this.served = new Map([...(from?.served ?? [])].map(([key, call]) => [key, own(call)]));
    this.executions = new Map(from?.executions);
    this.latestOf = new Map(from?.latestOf);
    this.latestRequest = new Map(from?.latestRequest);
    this.ingress = new Map(from?.ingress);
    this.open = new Map([...(from?.open ?? [])].map(([id, tags]) => [id, new Set(tags)]));
    this.forgotten = new Map(from?.forgotten);
    this.sentMessages = from?.sentMessages ?? 0;
  }

  /** With the same past. */
  copy(): PropertyWatch {
    return new PropertyWatch(this);
  }

  /** Takes the next events; returns what they broke. */
  observe(events: Iterable<NetworkEvent>): readonly Violation[] {
    const before = this.violations.length;
    for (const event of events) this.take(event);
    return this.violations.slice(before);
  }

  /**
   * Requests sent and not yet answered to the end, ascending: property 7 says that there are as many callbacks, and that the set is empty once
   * nothing is on its way.
   */
  openCalls(): MessageTag[] {
    const tags: MessageTag[] = [];
    for (const own of this.open.values()) tags.push(...own);
    return tags.sort((a, b) => a - b);
  }

  private take(event: NetworkEvent): void {
    switch (event.kind) {
      case "sent":
        this.sentMessages++;
        if (event.message === "request") return this.request(event);
        return event.message === "response" ? this.answer(event) : void this.ingress.set(event.tag, 0);
      case "inducted":
        return this.inducted(event);
      case "dropped":
        return this.dropped(event);
      case "executed":
        return this.executed(event);
      case "canister":
        if (!forgetsItsCalls(event)) return;
        this.forgotten.set(event.canister, this.sentMessages);
        if (event.change === "deleted") this.open.delete(event.canister);
        return;
      default:
    }
  }

  private request(request: SentEvent): void {
    const parent = this.parentOf(request);
    const call: Call = {
      request,
      parent,
      nth: this.sentMessages,
      inductions: 0,
      executions: 0,
      callbacks: 0,
      knownAnswers: 0,
      unknownAnswers: 0,
      acceptedCycles: 0n,
      refundedCycles: 0n,
      overspent: false,
    };
    this.calls.set(request.tag, call);
    const own = this.open.get(request.from);
    if (own === undefined) this.open.set(request.from, new Set([request.tag]));
    else own.add(request.tag);
    if (parent === undefined) return;
    if (parent.canister !== request.from) {
      this.broken(2, request.tag, `the call was made by execution ${parent.execution} of another canister`);
    }
    this.checkAfterTrap(request, parent);
  }

  private answer(answer: SentEvent): void {
    const parent = this.parentOf(answer);
    if (parent !== undefined) this.checkAfterTrap(answer, parent);
    const call = answer.requestTag === null ? undefined : this.calls.get(answer.requestTag);
    if (call === undefined) return this.answerToUser(answer);
    this.answers.set(answer.tag, { call, dropped: 0, delivered: false });
    const { tag, deadline, cycles } = call.request;
    const unknown = isUnknownOutcome(answer);
    if (deadline === 0) {
      if (call.knownAnswers + call.unknownAnswers > 0) this.broken(8, tag, "a second response was made");
      if (unknown) this.broken(8, tag, "it was answered with SYS_UNKNOWN");
    } else if (unknown && call.unknownAnswers > 0) this.broken(9, tag, "it was given up twice");
    else if (!unknown && call.knownAnswers > 0) this.broken(9, tag, "a response was replaced by another than SYS_UNKNOWN");
    if (!unknown && call.knownAnswers === 0 && call.acceptedCycles + answer.cycles !== cycles) {
      this.broken(10, tag, `${cycles} cycles were attached, ${call.acceptedCycles} accepted and ${answer.cycles} given back`);
    }
    if (unknown) call.unknownAnswers++;
    else call.knownAnswers++;
    call.refundedCycles += answer.cycles;
    this.checkSum(call);
  }

  private answerToUser(answer: SentEvent): void {
    const count = answer.requestTag === null ? undefined : this.ingress.get(answer.requestTag);
    if (count === undefined) return;
    if (count > 0) this.broken(7, answer.requestTag!, "the user's call was answered twice");
    this.ingress.set(answer.requestTag!, count + 1);
  }

  private inducted(event: Extract<NetworkEvent, { kind: "inducted" }>): void {
    const call = this.calls.get(event.tag);
    if (call === undefined) return;
    if (call.inductions++ > 0) this.broken(6, event.tag, "it entered an input queue twice");
    if (!isReceiver(call.request.to, event.at, event)) this.broken(6, event.tag, "it was delivered to another canister");
  }

  private dropped({ tag, reason }: DroppedEvent): void {
    const answer = this.answers.get(tag);
    if (answer === undefined) return;
    const { request, nth } = answer.call;
    const forgotten = nth <= (this.forgotten.get(request.from as CanisterId) ?? 0);
    answer.dropped++;
    if (answer.delivered) this.broken(7, request.tag, "a response was dropped and delivered");
    if (request.deadline === 0 && !forgotten) this.broken(8, request.tag, "its response was dropped");
    if (reason === CONTEXT_DELETED) this.close(request);
  }

  private executed(event: ExecutedEvent): void {
    this.executions.set(event.execution, event);
    const trapped = event.result.kind === "trap" ? keptAfterTrap(event) : null;
    if (trapped !== null) this.broken(5, event.execution, trapped);
    if (isMessageExecution(event)) this.checkAlone(event);
    const call = event.tag === null ? undefined : this.calls.get(event.tag);
    if (call !== undefined) this.started(call, event);
    const answer = event.tag === null || !isCallback(event) ? undefined : this.answers.get(event.tag);
    if (answer !== undefined) this.called(answer, event);
    const served = call ?? this.servedBy(event);
    if (served === undefined) return;
    served.acceptedCycles += event.acceptedCycles;
    this.checkSum(served);
  }

  private checkAlone(event: ExecutedEvent): void {
    const before = this.latestOf.get(event.canister);
    this.latestOf.set(event.canister, event);
    if (before === undefined || (before.execution < event.execution && before.round <= event.startedRound)) return;
    this.broken(1, event.execution, `it ran while execution ${before.execution} of the same canister did`);
  }

  /** A request's first execution. */
  private started(call: Call, event: ExecutedEvent): void {
    const { tag, to } = call.request;
    if (!isReceiver(to, event.canister, event)) this.broken(6, tag, "it was executed by another canister");
    if (call.executions++ > 0) this.broken(6, tag, "it was executed twice");
    else {
      const context = contextKey(event);
      if (context !== null) this.served.set(context, call);
    }
    if (!isMessageExecution(event)) return;
    const pair = pairOf(call.request, event.canister);
    const latest = this.latestRequest.get(pair) ?? -1;
    if (tag < latest) this.broken(3, tag, `it was executed after request ${latest}, which was sent later`);
    this.latestRequest.set(pair, Math.max(latest, tag));
  }

  /** A callback. */
  private called(answer: Answer, event: ExecutedEvent): void {
    const { call } = answer;
    const { request, parent } = call;
    if (call.callbacks++ > 0) this.broken(7, request.tag, "a second response was delivered");
    for (let i = 0; i < answer.dropped && !answer.delivered; i++) this.broken(7, request.tag, "a response was dropped and delivered");
    answer.delivered = true;
    this.close(request);
    if (parent === undefined) return;
    const same = event.canister === parent.canister && event.contextId === parent.contextId;
    if (same && event.execution > parent.execution) return;
    this.broken(2, event.execution, `the callback does not belong to the call made in execution ${parent.execution}`);
  }

  private servedBy(event: ExecutedEvent): Call | undefined {
    const context = contextKey(event);
    return context === null ? undefined : this.served.get(context);
  }

  private close(request: SentEvent): void {
    this.open.get(request.from)?.delete(request.tag);
  }

  private parentOf(message: SentEvent): ExecutedEvent | undefined {
    return message.parent === null ? undefined : this.executions.get(message.parent);
  }

  private checkAfterTrap(message: SentEvent, parent: ExecutedEvent): void {
    const text = sentAfterTrap(message, parent);
    if (text !== null) this.broken(5, parent.execution, text);
  }

  private checkSum(call: Call): void {
    if (call.overspent || call.acceptedCycles + call.refundedCycles <= call.request.cycles) return;
    call.overspent = true;
    this.broken(11, call.request.tag, "more cycles were accepted and given back than were attached");
  }

  private broken(property: Property, about: number, text: string): void {
    this.violations.push({ property, about, text });
  }
}
