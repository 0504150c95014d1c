/**
 * Who runs the rounds of an in-process network, and when.
 *
 * A call submits at once and waits. The network runs in the next macrotask, when the test's body has nothing left to do: calls
 * started together meet in one round. A turn runs rounds until somebody is answered, so that the body goes on before the next
 * round; it goes on in later macrotasks while messages are in flight. Nobody waits for real time: while a user waits and nothing
 * is in flight, time goes to the next timer. A network that is live follows the host's clock instead (`live.ts`).
 */
import { assert } from "../base/assert.ts";
import { CanneryError } from "../base/cannery-error.ts";
import { maxBigint } from "../base/integers.ts";
import type { BitcoinEvent, NetworkEvent } from "../core/events.ts";
import type { Answer, CommandInput, IngressInput, Input, MockInput, OutcallInput, QueryInput } from "../core/inputs.ts";
import type { MessageId } from "../core/state/ids.ts";
import type { MessageTag } from "../core/state/messages.ts";

import { outcomeOfError, outcomeOfQuery, type CallOutcome } from "./call-error.ts";
import type { Core } from "./core.ts";
import type { FaultSchedule } from "./faults/schedule.ts";
import type { Host } from "./host.ts";
import { Operations } from "./faults/operations.ts";
import { Live, type LiveOptions } from "./live.ts";
import type { Mocks } from "./mocks/mocks.ts";
import { answerOf, type BitcoinChain } from "./bitcoin/chain.ts";
import { OpenCalls, type CallRequest, type SubmittedCall } from "./open-calls.ts";
import { Outcalls, type OutcallPolicy } from "./outcalls.ts";
import { Pace } from "./pace.ts";
import { hasNoOpenCalls, isQuiet } from "./quiet.ts";
import { agentSize } from "../core/ingress/envelope-size.ts";
import { nonceOf, RequestIds } from "../core/ingress/request-ids.ts";
import type { TraceLog } from "./trace-log.ts";

export interface Budget {
  /** Rounds. */
  readonly rounds: number;
  /** Virtual time, nanoseconds. */
  readonly nanos: bigint;
}

/** How settling ended; `null` when the network is settled, else why it is not. */
export type Unsettled = { readonly why: "rounds" | "time" | "stuck" | "mock" };

export interface DriverOptions {
  readonly core: Core;
  readonly host: Host;
  readonly log: TraceLog;
  /** Calls submitted before: the numbers of their nonces are used up. */
  readonly submitted: number;
  /** Rounds without any answer after which calls are given up. */
  readonly callBudgetRounds: number;
  /** The chain that canisters ask, where the network has one. */
  readonly bitcoin: BitcoinChain | null;
  /** The web, as canisters reach it. */
  readonly outcalls: OutcallPolicy;
  /** Canisters that the test stands behind. */
  readonly mocks: Mocks;
  /** Milliseconds of the host's clock that a mock's handler may take for its next step. */
  readonly mockPatienceMs: number;
  /** After each event, once the driver has done its own part. */
  onEvent(event: NetworkEvent): void;
  /** Rules of what goes wrong. */
  readonly faults: FaultSchedule;
  /** Says for people who waits for whom; for errors. */
  whoWaits(): string;
}

/** An envelope is valid for some minutes; agents round to the minute, and so do we, so that ids of one minute share a hash. */
const EXPIRY_NANOS = 300_000_000_000n;
const MINUTE_NANOS = 60_000_000_000n;
/** Rounds of one turn, before other work of the process has its turn. */
const ROUNDS_PER_TURN = 200;
export const DEFAULT_CALL_BUDGET_ROUNDS = 500_000;
/** Milliseconds of the host's clock that a mock's handler may take for its next step. */
export const DEFAULT_MOCK_PATIENCE_MS = 4_000;
/** How far ahead a timer counts for settling: ten virtual minutes (design, "Who drives it"). */
const SETTLE_HORIZON_NANOS = 600_000_000_000n;

export class Driver {
  /** No rounds but those asked for. */
  isManual = false;
  /** Goes by the host's clock; `null` while nobody waits for real time. */
  private live: Live | null = null;
  private readonly options: DriverOptions;
  private readonly core: Core;
  private trace: TraceLog;
  private readonly requestIds: RequestIds;
  private readonly calls = new OpenCalls();
  private readonly operations: Operations;
  private readonly pace: Pace;
  /** Why nothing is taken any more; `null` while it is. */
  private closed: Error | null = null;
  private parks = false;
  /** Run at the end of the next turn. */
  private afterTurn: (() => void)[] = [];
  private isScheduled = false;
  private submittedCount: number;
  private lastIngressTag: MessageTag | null = null;
  /** HTTPS outcalls and who answers them. */
  readonly outcalls: Outcalls;
  private readonly mocks: Mocks;
  /** Somebody looks at the host's clock while a mock's handler is at work. */
  private isWatchingMocks = false;
  private readonly turn = (): void => this.runTurn();

  constructor(options: DriverOptions) {
    this.options = options;
    this.core = options.core;
    this.trace = options.log;
    this.mocks = options.mocks;
    this.submittedCount = options.submitted;
    this.outcalls = new Outcalls({
      policy: options.outcalls,
      state: () => this.core.state,
      fetch: options.host.fetchOutcall,
      step: (input) => this.answerFromOutside(input),
    });
    this.operations = new Operations(options.faults, () => this.submittedCount);
    this.pace = new Pace({
      state: () => this.core.state,
      outcalls: this.outcalls,
      mocks: this.mocks,
      faults: options.faults,
      operations: this.operations,
    });
    this.requestIds = new RequestIds((bytes) => options.host.environment.platform.sha256(bytes));
  }

  /** Calls submitted so far. */
  get submitted(): number {
    return this.submittedCount;
  }

  /** Submits a call; its rounds follow in a later macrotask. */
  call(request: CallRequest): SubmittedCall {
    if (this.live !== null) this.followClock();
    if (this.closed !== null) return this.neverSubmitted(request, this.closed);
    const { timeNanos } = this.core.state;
    const expiryNanos = ((timeNanos + EXPIRY_NANOS) / MINUTE_NANOS) * MINUTE_NANOS;
    const content = { ...request, expiryNanos, nonce: nonceOf(this.submittedCount++) };
    const messageId = this.requestIds.idOf(content);
    const call = this.calls.add(messageId, request);
    const answer = this.step({
      kind: "ingress",
      messageId,
      sender: request.sender,
      receiver: request.receiver,
      method: request.method,
      arg: request.arg,
      expiryNanos,
      envelopeBytes: agentSize(content),
      senderInfo: null,
      subnet: request.subnet ?? null,
    });
    if (answer?.kind === "accepted") call.tag = this.lastIngressTag;
    if (answer?.kind === "refused") this.calls.answer(messageId, outcomeOfError(answer.error));
    this.calls.roundsWaiting = 0;
    this.pace.lookAgainAtTimers();
    this.wake();
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
    const answer = this.step(input);
    this.calls.roundsWaiting = 0;
    this.pace.lookAgainAtTimers();
    this.wake();
    return answer;
  }

  /** Resolves when a message has its final status: true; or when there will be none, as far as anybody can tell: false. */
  finished(id: MessageId): Promise<boolean> {
    const status = this.statusOf(id);
    if (status === "replied" || status === "rejected" || status === "done") return Promise.resolve(true);
    const finished = this.calls.watch(id);
    this.wake();
    return finished;
  }

  private statusOf(id: MessageId): string | null {
    for (const subnet of this.core.state.subnets.values()) {
      const entry = subnet.ingressHistory.get(id);
      if (entry !== undefined) return entry.status.kind;
    }
    return null;
  }

  /** A query with all that its input says, such as information about the sender. */
  queryNow(input: QueryInput): Answer {
    const answer = this.step(input);
    assert(answer !== null, "a query is answered at once");
    return answer;
  }

  /** Answered from the state as it is now; the promise resolves after a turn, so that a loop of queries lets the network run. */
  query(request: CallRequest): Promise<CallOutcome> {
    if (this.live !== null) this.followClock();
    if (this.closed !== null) return this.neverSubmitted(request, this.closed).answered;
    const answer = this.step({
      kind: "query",
      sender: request.sender,
      receiver: request.receiver,
      method: request.method,
      arg: request.arg,
      senderInfo: null,
    });
    const outcome = outcomeOfQuery(answer);
    return new Promise((resolve) => this.afterNextTurn(() => resolve(outcome)));
  }

  command(command: CommandInput): Answer | null {
    this.pace.lookAgainAtTimers();
    const answer = this.step(command);
    this.wake();
    return answer;
  }

  setTime(timeNanos: bigint): void {
    this.pace.lookAgainAtTimers();
    const answer = this.step({ kind: "time", timeNanos });
    if (answer?.kind === "refused") throw new CanneryError("bad-time", answer.error.description);
    this.wake();
  }

  /** Resolves when the next turn has ended and what waited for it has gone on. */
  nextTurn(): Promise<void> {
    return new Promise((resolve) => this.afterNextTurn(resolve));
  }

  /** One round on every subnet, now. */
  round(): void {
    this.step({ kind: "round", subnets: null });
  }

  /**
   * Runs until no message is in flight, no call is open and no timer is due within the horizon, going to each timer.
   * `null` when that is reached. `untilNanos`: timers count that are due until then, instead of those due within ten minutes.
   */
  async settle(budget: Budget, untilNanos: bigint | null = null): Promise<Unsettled | null> {
    const startNanos = this.core.state.timeNanos;
    this.pace.lookAgainAtTimers();
    for (let rounds = 0; ;) {
      if (this.closed === null) this.mocks.flush();
      const answeredBefore = this.calls.answeredCount;
      for (let inTurn = 0; inTurn < ROUNDS_PER_TURN && this.calls.answeredCount === answeredBefore; inTurn++) {
        if (this.closed !== null) throw this.closed;
        const { state } = this.core;
        const isAwaited = this.calls.isAwaited || !hasNoOpenCalls(state, this.mocks.stalledCount);
        const horizon = untilNanos === null ? SETTLE_HORIZON_NANOS : maxBigint(0n, untilNanos - state.timeNanos);
        const next = this.pace.next(isAwaited ? null : horizon);
        if (next === "outside") break;
        if (next === "nothing" && this.mocks.isAnybodyWaitedFor) break;
        if (next === "nothing") return isAwaited ? { why: "stuck" } : null;
        if (rounds >= budget.rounds) return { why: "rounds" };
        if (state.timeNanos - startNanos > budget.nanos) return { why: "time" };
        this.advance(next);
        rounds++;
        if (this.mocks.needsTurn) break;
      }
      if (!this.operations.isPreparing && this.isOutside() && !(await this.progressOutside())) return { why: "mock" };
      // Whoever was answered goes on, and may call again, before the next round.
      await new Promise<void>((resolve) => this.options.host.macrotask(resolve));
    }
  }

  /** Answered from the state as it is now, at once, leaving no trace. */
  look(request: CallRequest): CallOutcome {
    const { sender, receiver, method, arg } = request;
    return outcomeOfQuery(this.core.look({ kind: "query", sender, receiver, method, arg, senderInfo: null }));
  }

  /** Gives up all calls, open ones and those to come, telling their callers why; until `reopen`. With `parks`, callers to come are told nothing, ever: those that would only call again. */
  close(error: Error, { parks = false }: { readonly parks?: boolean } = {}): void {
    this.closed = error;
    this.parks = parks;
    this.abandon(error);
  }

  reopen(): void {
    this.closed = null;
  }

  /** Nobody waits for an answer, and no turn is to come. */
  get isIdle(): boolean {
    return !this.calls.isAwaited && !this.isScheduled;
  }

  /** Applies an input of a recorded run; what mocks answered is among them. */
  replay(input: Input): void {
    this.mocks.leaveToInputs();
    this.step(input);
  }

  /** Waits for who is at work outside; false when a mock's handler has not taken a step for too long. */
  private async progressOutside(): Promise<boolean> {
    const before = this.mocks.progressed;
    const patience = this.mocks.isAnybodyWaitedFor ? [this.options.host.delay(this.options.mockPatienceMs)] : [];
    await Promise.race([this.outcalls.progress(), this.mocks.progress(), ...patience]);
    return !this.outcalls.isBusy && this.mocks.isAnybodyWaitedFor ? this.mocks.progressed !== before : true;
  }

  /** Gives up all open calls but those in `kept`, telling their callers why. */
  abandon(error: Error, kept?: ReadonlySet<MessageId>): void {
    this.calls.abandon(error, kept);
  }

  /** Ids of calls without an answer. */
  openIds(): ReadonlySet<MessageId> {
    return this.calls.ids();
  }

  /** After the state was replaced: goes on from there. */
  restored(submitted: number, log: TraceLog): void {
    this.submittedCount = submitted;
    this.trace = log;
    this.pace.lookAgainAtTimers();
    this.pace.lookAgain();
    this.outcalls.restored();
    this.wake();
  }

  private afterNextTurn(run: () => void): void {
    this.afterTurn.push(run);
    this.schedule();
  }

  /** Something outside the state has changed that may let it go on. */
  changed(): void {
    this.pace.lookAgain();
    this.wake();
  }

  private wake(): void {
    if (!this.isManual) this.schedule();
  }

  /** Leaving manual mode, or entering it. */
  setManual(isManual: boolean): void {
    this.isManual = isManual;
    this.wake();
  }

  /** Follows the host's clock from now on, or, with `null`, goes to timers while somebody waits. */
  setLive(options: LiveOptions | null): void {
    this.live?.stop();
    this.live = options === null ? null : new Live(this.options.host, options, () => this.wake());
    this.wake();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.options.host.macrotask(this.turn);
  }

  private runTurn(): void {
    this.isScheduled = false;
    const done = this.afterTurn;
    this.afterTurn = [];
    try {
      if (this.closed === null) this.mocks.flush();
      if (!this.isManual) {
        if (this.live === null) this.runRounds();
        else this.runLive(this.live);
      }
    } catch (error) {
      // A bug of ours, or what this host cannot do, stopped the network: whoever waits is told.
      this.calls.tell(error);
    }
    for (const run of done) run();
    if (this.afterTurn.length > 0) this.schedule();
  }

  private runRounds(): void {
    const answeredBefore = this.calls.answeredCount;
    for (let rounds = 0; rounds < ROUNDS_PER_TURN && this.closed === null; rounds++) {
      const next = this.pace.next(this.calls.isAwaited ? null : 0n);
      // Goes on when the answer comes.
      if (next === "outside") return this.watchMocks();
      if (next === "nothing") {
        if (this.mocks.isAnybodyWaitedFor) return this.watchMocks();
        if (this.calls.isAwaited && !this.outcalls.isByHand && !this.options.faults.isHolding)
          this.giveUp("nothing in the network can answer it any more");
        return;
      }
      this.advance(next);
      if (this.calls.answeredCount !== answeredBefore || this.mocks.needsTurn) break;
      const budget = this.options.callBudgetRounds;
      if (this.calls.isAwaited && ++this.calls.roundsWaiting >= budget) this.giveUp(`there was none within ${budget} rounds`);
    }
    if (this.closed === null && (this.calls.isAwaited || !isQuiet(this.core.state))) this.schedule();
  }

  private followClock(): void {
    const now = this.options.host.now();
    if (now > this.core.state.timeNanos) this.step({ kind: "time", timeNanos: now });
  }

  /** The rounds that there is work for now; and the host's timer for what is due later. */
  private runLive(live: Live): void {
    if (live.isResting) return;
    this.followClock();
    // What was not ready when it was due may be by now.
    this.pace.lookAgainAtTimers();
    const answeredBefore = this.calls.answeredCount;
    let next = this.pace.next(0n);
    if (live.isHeartbeatDue(this.core.state)) next = "round";
    for (let rounds = 0; rounds < ROUNDS_PER_TURN && (next === "round" || typeof next === "bigint"); rounds++) {
      this.advance(next);
      live.ranRound(this.core.state);
      if (live.isResting) return;
      if (this.calls.answeredCount !== answeredBefore) break;
      next = this.pace.next(0n);
    }
    if (next === "round" || typeof next === "bigint") return this.schedule();
    live.sleep(this.core.state, this.pace.nextDue());
  }

  private isOutside(): boolean {
    const next = this.pace.next(0n);
    return next === "outside" || (next === "nothing" && this.mocks.isAnybodyWaitedFor && !this.mocks.needsTurn);
  }

  /** Gives up who waits when a mock's handler does not take its next step: a test that hangs says nothing. */
  private watchMocks(): void {
    if (this.isWatchingMocks || !this.mocks.isAnybodyWaitedFor) return;
    this.isWatchingMocks = true;
    const before = this.mocks.progressed;
    void this.options.host.delay(this.options.mockPatienceMs).then(() => {
      this.isWatchingMocks = false;
      if (!this.calls.isAwaited || !this.mocks.isAnybodyWaitedFor) return;
      if (this.mocks.progressed !== before) return this.wake();
      const seconds = this.options.mockPatienceMs / 1000;
      const who = this.mocks.unanswered.join(", ");
      this.giveUp(`the handler of the mock ${who} has done nothing for ${seconds} s; one that is never to answer returns context.stall()`);
    });
  }

  /** Rounds by hand; handlers of mocks go on in between. */
  async tick(rounds: number): Promise<void> {
    for (let i = 0; i < rounds; i++) {
      this.mocks.flush();
      this.round();
      if (this.mocks.needsTurn) await new Promise<void>((resolve) => this.options.host.macrotask(resolve));
    }
    this.mocks.flush();
    await this.nextTurn();
  }

  /** A handler has something for the network: it goes on in a later macrotask. */
  mockProgressed(): void {
    this.calls.roundsWaiting = 0;
    this.wake();
  }

  /** The chain is asked at once, and the canister has its answer after the next round. */
  private answerBitcoin({ subnet, call, question }: BitcoinEvent): void {
    assert(this.options.bitcoin !== null, "only networks with a chain ask it");
    this.step({ kind: "bitcoin", subnet, call, answer: answerOf(this.options.bitcoin, question) });
  }

  /** Brings in what a mock's handler or the web has answered. Gives why it is refused, or `null`. */
  answerFromOutside(input: MockInput | OutcallInput): string | null {
    const answer = this.step(input);
    this.calls.roundsWaiting = 0;
    this.wake();
    return answer?.kind === "refused" ? answer.error.description : null;
  }

  private advance(next: "round" | bigint): void {
    if (next === "round") return this.round();
    const due = this.pace.firstDue();
    if (next > this.core.state.timeNanos) this.step({ kind: "time", timeNanos: next });
    this.round();
    this.pace.ranFor(due);
  }

  private giveUp(why: string): void {
    this.calls.giveUp(why, this.options.whoWaits());
  }

  private step(input: Parameters<Core["step"]>[0]): Answer | null {
    const { events, answer } = this.core.step(input);
    // Before anybody is answered: what a rule was refused for, it was to change.
    const { refusal } = this.options.faults;
    if (refusal !== null) {
      this.options.faults.refusal = null;
      this.calls.tell(refusal);
    }
    for (const event of events) {
      this.trace.append(event);
      if (event.kind === "outcall") this.outcalls.onEvent(event);
      if (event.kind === "mock") this.mocks.onEvent(event);
      if (event.kind === "bitcoin") this.answerBitcoin(event);
      if (event.kind === "sent" && event.message === "ingress") this.lastIngressTag = event.tag;
      if (event.kind === "ingressStatus") {
        const { status } = event;
        if (status.kind === "replied" || status.kind === "rejected") this.calls.answer(event.messageId, status);
      }
      if (event.kind === "dropped") this.calls.dropped(event.tag, event.reason);
      this.options.onEvent(event);
    }
    if (this.core.halted && this.closed === null)
      this.close(
        new CanneryError("network-halted", "the network was stopped between two messages, to be looked at: it takes no more calls"),
      );
    this.pace.stepped(input.kind === "round", events);
    if (this.closed === null) this.mocks.dispatch();
    if (this.options.faults.toRun.length > 0) {
      this.operations.begin(
        () => this.changed(),
        (error) => this.calls.tell(error),
      );
    }
    return answer;
  }

  /** Told in a later macrotask, so that a loop that tries again and again does not stop the process. */
  private neverSubmitted(request: CallRequest, error: Error): SubmittedCall {
    const outcome = { kind: "abandoned", error } as const;
    const answered = new Promise<CallOutcome>((resolve) => {
      if (!this.parks) this.options.host.macrotask(() => resolve(outcome));
    });
    return { id: "" as MessageId, tag: null, request, outcome, answered };
  }
}
