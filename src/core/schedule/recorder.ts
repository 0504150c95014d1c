/**
 * Records the answers of a schedule that differ from the ordinary one, by what they concern: the *deviations* of a run.
 *
 * A deviation says who, to whom, which method and the how-many-th time, never "choice number 17": so it still means something
 * after a module was repaired. `ReplaySchedule` answers by a list of deviations.
 */
import { executionFault, executionOption, TIME_STEPS_NANOS, TURN_ROUNDS } from "../rules/open-outcomes.ts";
import type { Choice, ExecutionConcern, MessageConcern, Schedule } from "./schedule.ts";

/** One answer that was not the ordinary one. */
export interface Deviation {
  /** Kind of the choice. */
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
  /** Told of each deviation. */
  private readonly onDeviation: ((choice: Choice, deviation: Deviation) => void) | null;

  constructor(
    inner: Schedule,
    onDeviation: Recorder["onDeviation"] = null,
    deviations: Deviation[] = [],
    seen: Map<string, number> = new Map(),
  ) {
    this.inner = inner;
    this.onDeviation = onDeviation;
    this.deviations = deviations;
    this.seen = seen;
  }

  /** With the same past, for a network that goes on from a snapshot. The schedule itself is shared. */
  copy(onDeviation: Recorder["onDeviation"] = this.onDeviation): Recorder {
    return new Recorder(this.inner, onDeviation, [...this.deviations], new Map(this.seen));
  }

  /** With the same past, over another schedule. */
  over(inner: Schedule): Recorder {
    return new Recorder(inner, this.onDeviation, [...this.deviations], new Map(this.seen));
  }

  /** Without a past: situations are counted from here. */
  begin(): Recorder {
    return new Recorder(this.inner, this.onDeviation);
  }

  get ordinary(): boolean {
    return this.inner.ordinary;
  }

  get injects(): boolean {
    return this.inner.injects === true;
  }

  get unlawful(): boolean {
    return this.inner.unlawful === true;
  }

  choose(choice: Choice, options: number): number {
    const concerns = concernsOf(choice);
    const nth = this.seen.get(concerns) ?? 0;
    this.seen.set(concerns, nth + 1);
    const answer = this.inner.choose(choice, options, nth);
    if (answer === 0) return 0;
    const deviation: Deviation = { kind: choice.kind, concerns, nth, chose: optionText(choice, answer) };
    this.deviations.push(deviation);
    this.onDeviation?.(choice, deviation);
    return answer;
  }
}

/**
 * Answers as a recorded run did, wherever the same situation comes up; `unused` tells which deviations no longer apply. What it answers
 * hangs on the network's own count of situations alone: snapshots and forks of a replaying network replay too.
 */
export class ReplaySchedule implements Schedule {
  readonly ordinary = false;
  readonly injects = true;
  readonly unlawful = true;
  private readonly wanted = new Map<string, Deviation>();
  private readonly used = new Set<string>();

  constructor(deviations: readonly Deviation[]) {
    for (const deviation of deviations) this.wanted.set(`${deviation.concerns}#${deviation.nth}`, deviation);
  }

  choose(choice: Choice, options: number, nth = 0): number {
    if (this.wanted.size === 0) return 0;
    const key = `${concernsOf(choice)}#${nth}`;
    const deviation = this.wanted.get(key);
    if (deviation === undefined) return 0;
    const option = optionOf(choice, options, deviation.chose);
    if (option !== 0) this.used.add(key);
    return option;
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
    case "link":
      return `${choice.kind} ${choice.from} to ${choice.to}`;
    case "loseRequest":
    case "loseResponse":
      // Asked only where the schedule may do what the platform never does: counted apart, so that the others' numbers do not hang on that.
      return `${choice.kind} ${choice.message.isUnbounded === true ? "unbounded " : ""}${messageText(choice.message)}`;
    case "rejectRequest":
    case "refuseCall":
    case "inspect":
    case "pendingAnswer":
      return `${choice.kind} ${messageText(choice.message)}`;
    case "execution":
      return `execution ${executionText(choice.execution)}`;
    case "subnetRound":
      return `round on ${choice.subnet}`;
    case "pick":
      return `pick ${choice.label}`;
    case "turn":
    case "time":
      return choice.kind;
  }
}

function optionText(choice: Choice, option: number): string {
  switch (choice.kind) {
    case "canister":
    case "pick":
      return choice.candidates[option];
    case "message":
    case "ingress":
      return option < choice.candidates.length ? candidateText(choice.candidates, option) : "none";
    case "hop":
      return `${option} more rounds`;
    case "execution": {
      const fault = executionFault(option)!;
      return fault.kind === "outOfCycles" ? fault.kind : `${fault.kind} after ${fault.after}`;
    }
    case "turn":
      return `${TURN_ROUNDS[option]} rounds`;
    case "time":
      return `${TIME_STEPS_NANOS[option] / 1_000_000_000n} s`;
    case "rejectRequest":
    case "loseRequest":
    case "loseResponse":
    case "refuseCall":
    case "inspect":
    case "pendingAnswer":
    case "link":
    case "subnetRound":
      return String(option);
  }
}

/** The option of this text; 0 when there is none. */
function optionOf(choice: Choice, options: number, chose: string): number {
  if (choice.kind === "execution") {
    const [, kind, after] = /^(outOfCycles|outOfInstructions|trap)(?: after (\d+))?$/u.exec(chose) ?? [];
    if (kind === undefined) return 0;
    return executionOption(kind === "outOfCycles" ? { kind } : { kind: kind as "trap", after: Number(after) });
  }
  for (let option = 1; option < options; option++) if (optionText(choice, option) === chose) return option;
  return 0;
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

function executionText({ canister, entry, method, from }: ExecutionConcern): string {
  return `${entry} ${from || "aaaaa-aa"} ${canister} ${method}`;
}
