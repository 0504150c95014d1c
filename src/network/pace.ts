/**
 * What brings a network on: a round, time for what is due next, or somebody outside who is at work.
 */
import type { NetworkEvent } from "../core/events.ts";
import type { SubnetId } from "../core/state/ids.ts";
import type { NetworkState } from "../core/state/network-state.ts";
import type { Operations } from "./faults/operations.ts";
import type { FaultSchedule } from "./faults/schedule.ts";
import type { Mocks } from "./mocks/mocks.ts";
import type { Outcalls } from "./outcalls.ts";
import { hasHeartbeats, isQuiet, nextDue, type Due } from "./quiet.ts";

/** A round; time, and a round then; an answer from outside, which somebody is working on. */
export type Next = "round" | "nothing" | "outside" | bigint;

/** Rounds without any event after which nothing is to be expected of the next: more than messages travel between subnets. */
const STALLED_ROUNDS = 16;

export interface PaceOptions {
  state(): NetworkState;
  readonly outcalls: Outcalls;
  readonly mocks: Mocks;
  readonly faults: FaultSchedule;
  readonly operations: Operations;
}

export class Pace {
  private readonly options: PaceOptions;
  /** Rounds in a row in which nothing happened. */
  private idleRounds = 0;
  /** Of the latest round. */
  private roundEvents: readonly NetworkEvent[] = [];
  /** Timers that were due and did not run, because their canister does not. */
  private readonly idleTimers = new Set<string>();

  constructor(options: PaceOptions) {
    this.options = options;
  }

  /**
   * What brings the network on: a round; or time to something that is due within the horizon (`null`: whenever), and a round
   * then. With an unlimited horizon heartbeats count too.
   */
  next(horizonNanos: bigint | null): Next {
    const { outcalls, mocks, faults, operations } = this.options;
    const state = this.options.state();
    if (!isQuiet(state) && !this.isStalled()) return "round";
    const due = this.firstDue();
    // The web takes no virtual time: whatever is due later waits for the answer.
    const isLater = due === null || due.timeNanos > state.timeNanos;
    if (isLater && (outcalls.isBusy || mocks.isBusy)) return "outside";
    // Nor does what a rule has done meanwhile, or withholds until somebody lets it go.
    if (isLater && operations.isPreparing) return "outside";
    if (isLater && (outcalls.isByHand || faults.isWithholding)) return "nothing";
    if (due !== null && (horizonNanos === null || due.timeNanos <= state.timeNanos + horizonNanos)) return due.timeNanos;
    return horizonNanos === null && hasHeartbeats(state) ? "round" : "nothing";
  }

  /** What is due first, be it that a rule lets a message go. */
  firstDue(): Pick<Due, "timeNanos" | "key"> | null {
    const due = this.nextDue();
    const timeNanos = this.options.faults.nextReleaseNanos;
    return timeNanos === null || (due !== null && due.timeNanos <= timeNanos) ? due : { timeNanos, key: "" };
  }

  /** What is due first in the network itself. */
  nextDue(): Due | null {
    return nextDue(this.options.state(), this.idleTimers);
  }

  /**
   * The round for what was due is over. A timer whose canister is stopped or frozen stays where it is: waiting for it would never end. Where the schedule
   * has its subnet make no round, it is the next one's.
   */
  ranFor(due: Pick<Due, "key"> | null): void {
    const still = this.nextDue();
    if (due === null || still?.key !== due.key || !isQuiet(this.options.state())) return;
    if (this.hasRun(still.subnet) || this.idleRounds >= STALLED_ROUNDS) this.idleTimers.add(due.key);
  }

  private hasRun(subnet: SubnetId): boolean {
    return this.roundEvents.some((event) => event.kind === "round" && event.subnet === subnet);
  }

  /** Counts the rounds in which nothing happened. */
  stepped(isRound: boolean, events: readonly NetworkEvent[]): void {
    if (isRound) this.roundEvents = events;
    const isIdle = isRound && events.every(({ kind }) => kind === "round" || kind === "chosen");
    this.idleRounds = isIdle ? this.idleRounds + 1 : 0;
  }

  /** What was not ready when it was due may be by now. */
  lookAgainAtTimers(): void {
    this.idleTimers.clear();
  }

  /** Something outside the state has changed that may let it go on. */
  lookAgain(): void {
    this.idleRounds = 0;
  }

  /** Nothing goes on any more because of what rules hold back. What waits only for something to be done meanwhile is let go then. */
  private isStalled(): boolean {
    const { faults, operations } = this.options;
    if (this.idleRounds < STALLED_ROUNDS || !faults.isHolding) return false;
    if (operations.isPreparing || faults.releaseMeanwhile() === 0) return true;
    this.idleRounds = 0;
    return false;
  }
}
