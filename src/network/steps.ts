/**
 * The one way into the core of a network in process: inputs are applied here, and their events told to whom they concern: callers, mocks, the web,
 * the chain, the trace.
 */
import { assert } from "../base/assert.ts";
import { CanneryError } from "../base/cannery-error.ts";
import type { BitcoinEvent, NetworkEvent } from "../core/events.ts";
import type { Answer, Input, MockInput, OutcallInput } from "../core/inputs.ts";
import type { MessageId } from "../core/state/ids.ts";
import type { MessageTag } from "../core/state/messages.ts";
import { answerOf, type BitcoinChain } from "./bitcoin/chain.ts";
import type { Core } from "./core.ts";
import { Operations } from "./faults/operations.ts";
import type { FaultSchedule } from "./faults/schedule.ts";
import type { Host } from "./host.ts";
import type { Mocks } from "./mocks/mocks.ts";
import { OpenCalls } from "./open-calls.ts";
import { Outcalls, type OutcallPolicy } from "./outcalls.ts";
import { Pace } from "./pace.ts";
import type { TraceLog } from "./trace-log.ts";

export interface StepsOptions {
  readonly core: Core;
  readonly host: Host;
  readonly log: TraceLog;
  /** The chain that canisters ask, where the network has one. */
  readonly bitcoin: BitcoinChain | null;
  /** The web, as canisters reach it. */
  readonly outcalls: OutcallPolicy;
  /** Canisters that the test stands behind. */
  readonly mocks: Mocks;
  /** Rules of what goes wrong. */
  readonly faults: FaultSchedule;
  /** After each event, once it was told to whom it concerns here. */
  onEvent(event: NetworkEvent): void;
  /** Calls submitted so far. */
  submitted(): number;
  /** Something has come that lets the network go on. */
  wake(): void;
}

/** Why nothing is taken any more. With `parks`, callers to come are told nothing, ever: those that would only call again. */
export interface Closed {
  readonly error: Error;
  readonly parks: boolean;
}

export class Steps {
  readonly calls = new OpenCalls();
  /** HTTPS outcalls and who answers them. */
  readonly outcalls: Outcalls;
  /** What rules of faults do in the middle of a call. */
  readonly operations: Operations;
  readonly pace: Pace;
  /** `null` while calls are taken. */
  closed: Closed | null = null;
  /** Of the message that a user sent last. */
  lastIngressTag: MessageTag | null = null;
  private readonly options: StepsOptions;
  private trace: TraceLog;

  constructor(options: StepsOptions) {
    this.options = options;
    this.trace = options.log;
    const { core, faults, mocks } = options;
    const state = () => core.state;
    this.outcalls = new Outcalls({
      policy: options.outcalls,
      state,
      fetch: options.host.fetchOutcall,
      step: (input) => this.answerFromOutside(input),
    });
    this.operations = new Operations(faults, () => options.submitted());
    this.pace = new Pace({ state, outcalls: this.outcalls, mocks, faults, operations: this.operations });
  }

  step(input: Input): Answer | null {
    const { core, faults, mocks } = this.options;
    const { events, answer } = core.step(input);
    // Before anybody is answered: what a rule was refused for, it was to change.
    const { refusal } = faults;
    if (refusal !== null) {
      faults.refusal = null;
      this.calls.tell(refusal);
    }
    for (const event of events) this.tell(event);
    if (core.halted && this.closed === null)
      this.close(
        new CanneryError("network-halted", "the network was stopped between two messages, to be looked at: it takes no more calls"),
      );
    this.pace.stepped(input.kind === "round", events);
    if (this.closed === null) mocks.dispatch();
    if (faults.toRun.length > 0) {
      this.operations.begin(
        () => this.changed(),
        (error) => this.calls.tell(error),
      );
    }
    return answer;
  }

  /** Brings in what a mock's handler or the web has answered. Gives why it is refused, or `null`. */
  answerFromOutside(input: MockInput | OutcallInput): string | null {
    const answer = this.step(input);
    this.calls.roundsWaiting = 0;
    this.options.wake();
    return answer?.kind === "refused" ? answer.error.description : null;
  }

  /** Applies an input of a recorded run; what mocks answered is among them. */
  replay(input: Input): void {
    this.options.mocks.leaveToInputs();
    this.step(input);
  }

  /** Something outside the state has changed that may let it go on. */
  changed(): void {
    this.pace.lookAgain();
    this.options.wake();
  }

  /** Gives up all calls, open ones and those to come, telling their callers why; until `reopen`. */
  close(error: Error, { parks = false }: { readonly parks?: boolean } = {}): void {
    this.closed = { error, parks };
    this.abandon(error);
  }

  reopen(): void {
    this.closed = null;
  }

  /** Gives up all open calls but those in `kept`, telling their callers why. */
  abandon(error: Error, kept?: ReadonlySet<MessageId>): void {
    this.calls.abandon(error, kept);
  }

  /** After the state was replaced: goes on from there. */
  restored(log: TraceLog): void {
    this.trace = log;
    this.pace.lookAgainAtTimers();
    this.pace.lookAgain();
    this.outcalls.restored();
    this.options.wake();
  }

  private tell(event: NetworkEvent): void {
    this.trace.append(event);
    if (event.kind === "outcall") this.outcalls.onEvent(event);
    if (event.kind === "mock") this.options.mocks.onEvent(event);
    if (event.kind === "bitcoin") this.answerBitcoin(event);
    if (event.kind === "sent" && event.message === "ingress") this.lastIngressTag = event.tag;
    if (event.kind === "dropped") this.calls.dropped(event.tag, event.reason);
    if (event.kind === "ingressStatus") {
      const { status, messageId } = event;
      if (status.kind === "replied" || status.kind === "rejected") this.calls.answer(messageId, status);
    }
    this.options.onEvent(event);
  }

  /** The chain is asked at once, and the canister has its answer after the next round. */
  private answerBitcoin({ subnet, call, question }: BitcoinEvent): void {
    const { bitcoin } = this.options;
    assert(bitcoin !== null, "only networks with a chain ask it");
    this.step({ kind: "bitcoin", subnet, call, answer: answerOf(bitcoin, question) });
  }
}
