/**
 * Who runs the rounds of an in-process network, and when.
 *
 * A call submits at once and waits. The network runs in the next macrotask, when the test's body has nothing left to do: calls
 * started together meet in one round. A turn runs rounds until somebody is answered, so that the body goes on before the next
 * round; it goes on in later macrotasks while messages are in flight. Nobody waits for real time: while a user waits and nothing
 * is in flight, time goes to the next timer. A network that is live follows the host's clock instead (`live.ts`).
 */
import { CanneryError } from "../base/cannery-error.ts";
import { maxBigint } from "../base/integers.ts";
import type { Answer, CommandInput } from "../core/inputs.ts";
import { TURN_ROUNDS } from "../core/rules/open-outcomes.ts";
import type { Core } from "./core.ts";
import type { Host } from "./host.ts";
import { Live, type LiveOptions } from "./live.ts";
import type { Mocks } from "./mocks/mocks.ts";
import type { OpenCalls } from "./open-calls.ts";
import type { Pace } from "./pace.ts";
import { hasNoOpenCalls, isQuiet } from "./quiet.ts";
import { Steps, type StepsOptions } from "./steps.ts";
import { Submissions } from "./submissions.ts";
import type { TraceLog } from "./trace-log.ts";

export interface Budget {
  /** Rounds. */
  readonly rounds: number;
  /** Virtual time, nanoseconds. */
  readonly nanos: bigint;
}

/** How settling ended; `null` when the network is settled, else why it is not. */
export type Unsettled = { readonly why: "rounds" | "time" | "stuck" | "mock" };

export interface DriverOptions extends Omit<StepsOptions, "submitted" | "wake"> {
  /** Calls submitted before: the numbers of their nonces are used up. */
  readonly submitted: number;
  /** Rounds without any answer after which calls are given up. */
  readonly callBudgetRounds: number;
  /** Milliseconds of the host's clock that a mock's handler may take for its next step. */
  readonly mockPatienceMs: number;
  /** Says for people who waits for whom; for errors. */
  whoWaits(): string;
}

/** Rounds of one turn, before other work of the process has its turn. */
const ROUNDS_PER_TURN = 200;
export const DEFAULT_CALL_BUDGET_ROUNDS = 500_000;
/** Milliseconds of the host's clock that a mock's handler may take for its next step. */
export const DEFAULT_MOCK_PATIENCE_MS = 4_000;
/** How far ahead a timer counts for settling: ten virtual minutes (design, "Who drives it"). */
const SETTLE_HORIZON_NANOS = 600_000_000_000n;

/** That are waited for, until those who were told something have gone on. */
const MOST_TURNS = 10;

/** For what waits for a network that goes on no more. */
const forEver = (): Promise<never> => new Promise(() => undefined);

export class Driver {
  /** What every input goes through. */
  readonly steps: Steps;
  /** Users' calls and queries. */
  readonly submissions: Submissions;
  /** No rounds but those asked for. */
  private isManual = false;
  /** Goes by the host's clock; `null` while nobody waits for real time. */
  private live: Live | null = null;
  private readonly options: DriverOptions;
  private readonly core: Core;
  private readonly host: Host;
  private readonly mocks: Mocks;
  private readonly calls: OpenCalls;
  private readonly pace: Pace;
  /** Run at the end of the next turn. */
  private afterTurn: (() => void)[] = [];
  private isScheduled = false;
  /** Somebody looks at the host's clock while a mock's handler is at work. */
  private isWatchingMocks = false;
  private readonly turn = (): void => this.runTurn();

  constructor(options: DriverOptions) {
    const { core, host } = options;
    this.options = options;
    this.core = core;
    this.host = host;
    this.mocks = options.mocks;
    this.steps = new Steps({ ...options, submitted: () => this.submissions.submitted, wake: () => this.wake() });
    this.calls = this.steps.calls;
    this.pace = this.steps.pace;
    this.submissions = new Submissions({
      core,
      host,
      steps: this.steps,
      submitted: options.submitted,
      turns: {
        followClock: () => {
          if (this.live !== null) this.followClock();
        },
        wake: () => this.wake(),
        afterNextTurn: (run) => this.afterNextTurn(run),
      },
    });
  }

  command(command: CommandInput): Answer | null {
    this.pace.lookAgainAtTimers();
    const answer = this.steps.step(command);
    this.wake();
    return answer;
  }

  setTime(timeNanos: bigint): void {
    this.pace.lookAgainAtTimers();
    const answer = this.steps.step({ kind: "time", timeNanos });
    if (answer?.kind === "refused") throw new CanneryError("bad-time", answer.error.description);
    this.wake();
  }

  /** Resolves when the next turn has ended and what waited for it has gone on; never where callers are told nothing any more. */
  nextTurn(): Promise<void> {
    if (this.isParking) return forEver();
    return new Promise((resolve) => this.afterNextTurn(resolve));
  }

  /** One round on every subnet, now. */
  round(): void {
    this.steps.step({ kind: "round", subnets: null });
  }

  /**
   * Runs until no message is in flight, no call is open and no timer is due within the horizon, going to each timer.
   * `null` when that is reached. `untilNanos`: timers count that are due until then, instead of those due within ten minutes.
   */
  async settle(budget: Budget, untilNanos: bigint | null = null): Promise<Unsettled | null> {
    if (this.isParking) return forEver();
    const startNanos = this.core.state.timeNanos;
    this.pace.lookAgainAtTimers();
    for (let rounds = 0; ;) {
      if (this.steps.closed === null) this.mocks.flush();
      const answeredBefore = this.calls.answeredCount;
      for (let inTurn = 0; inTurn < ROUNDS_PER_TURN && this.calls.answeredCount === answeredBefore; inTurn++) {
        if (this.steps.closed !== null) throw this.steps.closed.error;
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
      if (!this.steps.operations.isPreparing && this.isOutside() && !(await this.progressOutside())) return { why: "mock" };
      // Whoever was answered goes on, and may call again, before the next round.
      await new Promise<void>((resolve) => this.host.macrotask(resolve));
    }
  }

  /** Rounds by hand; handlers of mocks go on in between. */
  async tick(rounds: number): Promise<void> {
    if (this.isParking) return forEver();
    for (let i = 0; i < rounds; i++) {
      this.mocks.flush();
      this.round();
      if (this.mocks.needsTurn) await new Promise<void>((resolve) => this.host.macrotask(resolve));
    }
    this.mocks.flush();
    await this.nextTurn();
  }

  /** Resolves when whoever was told something last has gone on. */
  async untilTold(): Promise<void> {
    let turns = 0;
    do await new Promise<void>((resolve) => this.host.macrotask(resolve));
    while (this.isScheduled && ++turns < MOST_TURNS);
  }

  private get isParking(): boolean {
    return this.steps.closed?.parks === true;
  }

  /** Nobody waits for an answer, and no turn is to come. */
  get isIdle(): boolean {
    return !this.calls.isAwaited && !this.isScheduled;
  }

  /** Leaving manual mode, or entering it. */
  setManual(isManual: boolean): void {
    this.isManual = isManual;
    this.wake();
  }

  /** Follows the host's clock from now on, or, with `null`, goes to timers while somebody waits. */
  setLive(options: LiveOptions | null): void {
    this.live?.stop();
    this.live = options === null ? null : new Live(this.host, options, () => this.wake());
    this.wake();
  }

  /** After the state was replaced: goes on from there. */
  restored(submitted: number, log: TraceLog): void {
    this.submissions.restored(submitted);
    this.steps.restored(log);
  }

  /** A handler has something for the network: it goes on in a later macrotask. */
  mockProgressed(): void {
    this.calls.roundsWaiting = 0;
    this.wake();
  }

  private afterNextTurn(run: () => void): void {
    this.afterTurn.push(run);
    this.schedule();
  }

  private wake(): void {
    if (!this.isManual) this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.host.macrotask(this.turn);
  }

  private runTurn(): void {
    this.isScheduled = false;
    const done = this.afterTurn;
    this.afterTurn = [];
    try {
      if (this.steps.closed === null) this.mocks.flush();
      if (!this.isManual) {
        if (this.live === null) this.runRounds(done.length === 0 ? ROUNDS_PER_TURN : this.roundsBeforeTheyGoOn());
        else this.runLive(this.live);
      }
    } catch (error) {
      // A bug of ours, or what this host cannot do, stopped the network: whoever waits is told.
      this.calls.tell(error);
    }
    for (const run of done) run();
    if (this.afterTurn.length > 0) this.schedule();
  }

  /** Of those who wait for no answer (after a query, a tick, a step of time) while a call is open. When they call again hangs on no round, so the schedule may say. */
  private roundsBeforeTheyGoOn(): number {
    if (!this.core.injects || !this.calls.isAwaited) return ROUNDS_PER_TURN;
    return Math.min(ROUNDS_PER_TURN, TURN_ROUNDS[this.core.choose({ kind: "turn" }, TURN_ROUNDS.length)]!);
  }

  private runRounds(most: number): void {
    const answeredBefore = this.calls.answeredCount;
    for (let rounds = 0; rounds < most && this.steps.closed === null; rounds++) {
      const next = this.pace.next(this.calls.isAwaited ? null : 0n);
      // Goes on when the answer comes.
      if (next === "outside") return this.watchMocks();
      if (next === "nothing") {
        if (this.mocks.isAnybodyWaitedFor) return this.watchMocks();
        if (this.calls.isAwaited && !this.steps.outcalls.isByHand && !this.options.faults.isHolding)
          this.giveUp("nothing in the network can answer it any more");
        return;
      }
      this.advance(next);
      if (this.calls.answeredCount !== answeredBefore || this.mocks.needsTurn) break;
      const budget = this.options.callBudgetRounds;
      if (this.calls.isAwaited && ++this.calls.roundsWaiting >= budget) this.giveUp(`there was none within ${budget} rounds`);
    }
    if (this.steps.closed === null && (this.calls.isAwaited || !isQuiet(this.core.state))) this.schedule();
  }

  private followClock(): void {
    const now = this.host.now();
    if (now > this.core.state.timeNanos) this.steps.step({ kind: "time", timeNanos: now });
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

  /** Waits for who is at work outside; false when a mock's handler has not taken a step for too long. */
  private async progressOutside(): Promise<boolean> {
    const before = this.mocks.progressed;
    const patience = this.mocks.isAnybodyWaitedFor ? [this.host.delay(this.options.mockPatienceMs)] : [];
    await Promise.race([this.steps.outcalls.progress(), this.mocks.progress(), ...patience]);
    return !this.steps.outcalls.isBusy && this.mocks.isAnybodyWaitedFor ? this.mocks.progressed !== before : true;
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
    void this.host.delay(this.options.mockPatienceMs).then(() => {
      this.isWatchingMocks = false;
      if (!this.calls.isAwaited || !this.mocks.isAnybodyWaitedFor) return;
      if (this.mocks.progressed !== before) return this.wake();
      const seconds = this.options.mockPatienceMs / 1000;
      const who = this.mocks.unanswered.join(", ");
      this.giveUp(`the handler of the mock ${who} has done nothing for ${seconds} s; one that is never to answer returns context.stall()`);
    });
  }

  private advance(next: "round" | bigint): void {
    if (next === "round") return this.round();
    const due = this.pace.firstDue();
    if (next > this.core.state.timeNanos) this.steps.step({ kind: "time", timeNanos: next });
    this.round();
    this.pace.ranFor(due);
  }

  private giveUp(why: string): void {
    this.calls.giveUp(why, this.options.whoWaits());
  }
}
