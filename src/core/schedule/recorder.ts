/**
 * Records the answers of a schedule that differ from the ordinary one, by what they concern: the *deviations* of a run.
 *
 * A deviation says who, to whom, which method and the how-many-th time, never "choice number 17": so it still means something
 * after a module was repaired. `replaySchedule` answers by a list of deviations.
 */
import type { Choice, MessageConcern, Schedule } from "./schedule.ts";

/** One answer that was not the ordinary one. */
export interface Deviation {
  readonly kind: Choice["kind"];
  /** What it is about, as text: the same for the same situation in another run. */
  readonly concerns: string;
  /** Occurrence of this situation in the run, from 0. */
  readonly nth: number;
  /** What was chosen instead, as text (a candidate, or a number of rounds). */
  readonly chose: string;
}

/** A schedule that also keeps what it answered. */
export class Recorder implements Schedule {
  readonly deviations: Deviation[];
  private readonly inner: Schedule;
  private readonly seen: Map<string, number>;

  constructor(inner: Schedule, deviations: Deviation[] = [], seen: Map<string, number> = new Map()) {
    this.inner = inner;
    this.deviations = deviations;
    this.seen = seen;
  }

  /** With the same past, for a network that goes on from a snapshot. The schedule itself is shared. */
  copy(): Recorder {
    return new Recorder(this.inner, [...this.deviations], new Map(this.seen));
  }

  get ordinary(): boolean {
    return this.inner.ordinary;
  }

  choose(choice: Choice, options: number): number {
    const concerns = concernsOf(choice);
    const nth = this.seen.get(concerns) ?? 0;
    this.seen.set(concerns, nth + 1);
    const answer = this.inner.choose(choice, options, nth);
    if (answer !== 0) this.deviations.push({ kind: choice.kind, concerns, nth, chose: optionText(choice, answer) });
    return answer;
  }
}

/**
 * Answers as a recorded run did, wherever the same situation comes up; `unused` tells which deviations no longer apply. What it answers
 * hangs on the network's own count of situations alone: snapshots and forks of a replaying network replay too.
 */
export class ReplaySchedule implements Schedule {
  readonly ordinary = false;
  private readonly wanted = new Map<string, Deviation>();
  private readonly used = new Set<string>();

  constructor(deviations: readonly Deviation[]) {
    for (const deviation of deviations) this.wanted.set(`${deviation.concerns}#${deviation.nth}`, deviation);
  }

  choose(choice: Choice, options: number, nth = 0): number {
    const key = `${concernsOf(choice)}#${nth}`;
    const deviation = this.wanted.get(key);
    if (deviation === undefined) return 0;
    for (let option = 1; option < options; option++) {
      if (optionText(choice, option) !== deviation.chose) continue;
      this.used.add(key);
      return option;
    }
    return 0;
  }

  /** Deviations that have not come up, in any fork, or whose choice was not open. */
  get unused(): readonly Deviation[] {
    return [...this.wanted].filter(([key]) => !this.used.has(key)).map(([, deviation]) => deviation);
  }
}

/** The situation of a choice, without its options: `message at <canister>`. */
function concernsOf(choice: Choice): string {
  switch (choice.kind) {
    case "canister":
      return `canister on ${choice.subnet}`;
    case "message":
      return `message at ${choice.canister}`;
    case "ingress":
      return `ingress on ${choice.subnet}`;
    case "hop":
      return `hop ${choice.from} to ${choice.to}`;
    case "rejectRequest":
    case "loseResponse":
    case "pendingAnswer":
      return `${choice.kind} ${messageText(choice.message)}`;
  }
}

function optionText(choice: Choice, option: number): string {
  switch (choice.kind) {
    case "canister":
      return choice.candidates[option];
    case "message":
    case "ingress":
      return option < choice.candidates.length ? candidateText(choice.candidates, option) : "none";
    case "hop":
      return `${option} more rounds`;
    case "rejectRequest":
    case "loseResponse":
    case "pendingAnswer":
      return String(option);
  }
}

/** A candidate by what it concerns; among equal ones by its place. */
function candidateText(candidates: readonly MessageConcern[], option: number): string {
  const text = messageText(candidates[option]);
  let before = 0;
  for (let i = 0; i < option; i++) if (messageText(candidates[i]) === text) before++;
  return before === 0 ? text : `${text} +${before}`;
}

function messageText({ message, from, to, method }: MessageConcern): string {
  return `${message} ${from || "aaaaa-aa"} ${to || "aaaaa-aa"} ${method}`;
}
