/**
 * How users' messages reach a network in process: calls, which are submitted at once and answered in later rounds, and queries, which are answered from
 * the state as it is.
 */
import { assert } from "../base/assert.ts";
import type { Answer, IngressInput, Input, QueryInput } from "../core/inputs.ts";
import { agentSize } from "../core/ingress/envelope-size.ts";
import { nonceOf, RequestIds } from "../core/ingress/request-ids.ts";
import type { MessageId } from "../core/state/ids.ts";
import { outcomeOfError, outcomeOfQuery, type CallOutcome } from "./call-error.ts";
import type { CallStatus } from "./call-handle.ts";
import type { Core } from "./core.ts";
import type { Host } from "./host.ts";
import type { CallRequest, SubmittedCall } from "./open-calls.ts";
import type { Closed, Steps } from "./steps.ts";

/** Who runs the rounds. */
export interface Turns {
  /** Time as it is, before somebody calls: of a network that follows the host's clock. */
  followClock(): void;
  wake(): void;
  /** Called when the next turn has ended. */
  afterNextTurn(run: () => void): void;
}

export interface SubmissionsOptions {
  readonly core: Core;
  readonly host: Host;
  readonly steps: Steps;
  readonly turns: Turns;
  /** Calls submitted before: the numbers of their nonces are used up. */
  readonly submitted: number;
}

/** An envelope is valid for some minutes; agents round to the minute, and so do we, so that ids of one minute share a hash. */
const EXPIRY_NANOS = 300_000_000_000n;
const MINUTE_NANOS = 60_000_000_000n;

export class Submissions {
  private readonly options: SubmissionsOptions;
  private readonly steps: Steps;
  private readonly turns: Turns;
  private readonly requestIds: RequestIds;
  private count: number;

  constructor(options: SubmissionsOptions) {
    this.options = options;
    this.steps = options.steps;
    this.turns = options.turns;
    this.count = options.submitted;
    this.requestIds = new RequestIds((bytes) => options.host.environment.platform.sha256(bytes));
  }

  /** Calls submitted so far. */
  get submitted(): number {
    return this.count;
  }

  /** After the state was replaced: goes on counting from there. */
  restored(submitted: number): void {
    this.count = submitted;
  }

  /** Submits a call; its rounds follow in a later macrotask. */
  call(request: CallRequest): SubmittedCall {
    const { steps } = this;
    this.turns.followClock();
    if (steps.closed !== null) return this.neverSubmitted(request, steps.closed);
    const { sender, receiver, method, arg, subnet = null } = request;
    const { timeNanos } = this.options.core.state;
    const expiryNanos = ((timeNanos + EXPIRY_NANOS) / MINUTE_NANOS) * MINUTE_NANOS;
    const content = { ...request, expiryNanos, nonce: nonceOf(this.count++) };
    const messageId = this.requestIds.idOf(content);
    const call = steps.calls.add(messageId, request);
    const envelopeBytes = agentSize(content);
    const ingress = { messageId, sender, receiver, method, arg, expiryNanos, envelopeBytes, senderInfo: null, subnet };
    const answer = steps.step({ kind: "ingress", ...ingress });
    if (answer?.kind === "accepted") call.tag = steps.lastIngressTag;
    if (answer?.kind === "refused") steps.calls.answer(messageId, outcomeOfError(answer.error));
    this.goOn();
    return call;
  }

  /** Submits a call that has its id and its expiry already: one that came over the wire. Its rounds follow in a later macrotask. */
  submit(input: IngressInput): Answer {
    const answer = this.apply(input);
    assert(answer !== null, "a submission is answered at once");
    return answer;
  }

  /** Whatever somebody does to the network who knows what he does. What that sets going runs in a later macrotask. */
  apply(input: Input): Answer | null {
    const answer = this.steps.step(input);
    this.goOn();
    return answer;
  }

  /** Resolves when a message has its final status: true; or when there will be none, as far as anybody can tell: false. */
  finished(id: MessageId): Promise<boolean> {
    const { kind } = this.statusOf(id);
    if (kind === "replied" || kind === "rejected" || kind === "done") return Promise.resolve(true);
    const finished = this.steps.calls.watch(id);
    this.turns.wake();
    return finished;
  }

  /** What the network tells of a message now. */
  statusOf(id: MessageId): CallStatus {
    for (const subnet of this.options.core.state.subnets.values()) {
      const entry = subnet.ingressHistory.get(id);
      if (entry !== undefined) return entry.status;
    }
    return { kind: "unknown" };
  }

  /** Answered from the state as it is now; the promise resolves after a turn, so that a loop of queries lets the network run. */
  query(request: CallRequest): Promise<CallOutcome> {
    this.turns.followClock();
    const { closed } = this.steps;
    if (closed !== null) return this.neverSubmitted(request, closed).answered;
    const outcome = outcomeOfQuery(this.steps.step(queryOf(request)));
    return new Promise((resolve) => this.turns.afterNextTurn(() => resolve(outcome)));
  }

  /** A query with all that its input says, such as information about the sender. */
  queryNow(input: QueryInput): Answer {
    const answer = this.steps.step(input);
    assert(answer !== null, "a query is answered at once");
    return answer;
  }

  /** Answered from the state as it is now, at once, leaving no trace. */
  look(request: CallRequest): CallOutcome {
    return outcomeOfQuery(this.options.core.look(queryOf(request)));
  }

  /** What was due and not ready may be ready by what has come. */
  private goOn(): void {
    this.steps.calls.roundsWaiting = 0;
    this.steps.pace.lookAgainAtTimers();
    this.turns.wake();
  }

  /** Told in a later macrotask, so that a loop that tries again and again does not stop the process. */
  private neverSubmitted(request: CallRequest, { error, parks }: Closed): SubmittedCall {
    const outcome = { kind: "abandoned", error } as const;
    const answered = new Promise<CallOutcome>((resolve) => {
      if (!parks) this.options.host.macrotask(() => resolve(outcome));
    });
    return { id: "" as MessageId, tag: null, request, outcome, answered };
  }
}

function queryOf({ sender, receiver, method, arg }: CallRequest): QueryInput {
  return { kind: "query", sender, receiver, method, arg, senderInfo: null };
}
