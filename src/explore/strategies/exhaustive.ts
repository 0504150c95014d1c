/**
 * All schedules of a small system, up to a number of deviations: a depth-first search over the choices of a run, each path made by running the body
 * anew with the choices of its beginning.
 *
 * Not every choice is searched. Canisters of one iteration do not hear of each other, so their order changes nothing (a persistent set of one); a message
 * that travels longer is one that its receiver takes later, which is searched. What remains are the messages that a canister can take next (or none of
 * them, yet), users' messages, picks, and what the weather has go wrong. Situations that were searched before, with no fewer deviations left, are not searched again.
 */
import type { Choice, Schedule } from "../../core/schedule/schedule.ts";
import { asked } from "./strategy.ts";
import { weatherKind, type ChoiceKind, type Weather } from "./weather.ts";

/** Delays that a message waiting at its receiver already has, orders that change nothing, and the clock, which has no end. */
const NOT_SEARCHED: ReadonlySet<ChoiceKind> = new Set<ChoiceKind>([
  "canister",
  "hop",
  "link",
  "subnetRound",
  "pendingAnswer",
  "time",
  "execution",
]);

/** A run as the search sees it. */
export interface SearchedRun {
  /** Equal where network and body go on alike. */
  situation(): string;
  cut(): never;
}

export class ExhaustiveSearch {
  /** Situations that were met before. */
  pruned = 0;
  private readonly weather: Weather;
  private readonly bound: number;
  /** Options of the choices of the run before, and which was taken. */
  private path: { readonly options: readonly number[]; taken: number }[] = [];
  private depth = 0;
  private deviations = 0;
  /** By situation: the fewest deviations with which it was met. */
  private readonly met = new Map<string, number>();

  constructor(weather: Weather, bound: number) {
    this.weather = weather;
    this.bound = bound;
  }

  /** The schedule of the next run, which is cut where it comes to what was searched before. */
  begin(run: SearchedRun): Schedule {
    this.depth = 0;
    this.deviations = 0;
    let turns: readonly string[] = [];
    return asked((choice, options) => {
      if (choice.kind === "canister") turns = choice.candidates;
      if (!this.isSearched(choice)) return 0;
      if (choice.kind === "message" && this.isNew) {
        // In the midst of a round the canisters whose turn is still to come are part of the situation.
        const rest = turns.slice(turns.indexOf(choice.canister) + 1);
        if (this.isMet(`${run.situation()} ${choice.canister} ${rest.join()}`)) run.cut();
      }
      return this.take(searchedOptions(choice, options));
    });
  }

  /** Beyond the beginning that this run shares with the one before. */
  private get isNew(): boolean {
    return this.depth >= this.path.length;
  }

  /** Whether a situation was searched before. */
  isMet(situation: string): boolean {
    if (!this.isNew) return false;
    const before = this.met.get(situation);
    // Without a bound there are always as many left.
    if (before !== undefined && (before <= this.deviations || this.bound === Infinity)) {
      this.pruned++;
      return true;
    }
    this.met.set(situation, this.deviations);
    return false;
  }

  /** Goes to the next path; false when there is none. */
  next(): boolean {
    this.path.length = this.depth;
    for (let last = this.path.pop(); last !== undefined; last = this.path.pop()) {
      const isDeviated = this.path.filter(({ taken }) => taken !== 0).length >= this.bound;
      if (last.taken + 1 >= last.options.length || isDeviated) continue;
      this.path.push({ options: last.options, taken: last.taken + 1 });
      return true;
    }
    return false;
  }

  private isSearched(choice: Choice): boolean {
    return !NOT_SEARCHED.has(choice.kind) && (this.weather[weatherKind(choice)] ?? 0) > 0;
  }

  private take(options: readonly number[]): number {
    const place = this.depth++;
    let step = this.path[place];
    if (step === undefined) this.path.push((step = { options, taken: 0 }));
    if (step.taken !== 0) this.deviations++;
    return step.options[step.taken]!;
  }
}

/** Users' messages for different canisters commute, and one that is left out of a block waits at its receiver as well. */
function searchedOptions(choice: Choice, options: number): readonly number[] {
  const all = Array.from({ length: options }, (_, option) => option);
  if (choice.kind !== "ingress") return all;
  const { candidates } = choice;
  return all.filter((option) => option < candidates.length && candidates[option]!.to === candidates[0]!.to);
}
