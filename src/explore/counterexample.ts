/**
 * What a failing run is told with: what broke, the fewest choices that break it, the diagram, and how to repeat it.
 */
import { CanneryError } from "../base/cannery-error.ts";
import type { Deviation } from "../core/schedule/recorder.ts";
import type { PrincipalId } from "../core/state/ids.ts";
import type { Failure } from "./failure.ts";
import type { RunFile } from "./run-file.ts";

export interface Counterexample {
  readonly failure: Failure;
  /** The whole report, for people. */
  readonly text: string;
  /** Of the failing run; `explore(body, { seed, runs: 1 })` repeats it. */
  readonly seed: number;
  /** Which strategy found it. */
  readonly strategy: string;
  /** The fewest choices that make it fail. */
  readonly deviations: readonly Deviation[];
  /** How many there were before shrinking. */
  readonly deviationsFound: number;
  /** Executions of the shrunk run. */
  readonly messages: number;
  readonly diagram: string;
  /** For `replay`, as it goes into a file: `JSON.stringify(run)`. */
  readonly run: RunFile;
  /** Text of a test for the user's repository. */
  readonly regressionTest: string;
}

/** What awaiting an exploration throws when a run failed. */
export class ExplorationFailed extends CanneryError {
  readonly counterexample: Counterexample;

  constructor(counterexample: Counterexample) {
    super("exploration-failed", counterexample.text, { cause: counterexample.failure.error });
    this.counterexample = counterexample;
  }
}

type NameOf = (id: PrincipalId) => string;

/** A deviation for people: ids are replaced by names. */
export function choiceText(deviation: Deviation, nameOf: NameOf): string {
  const { concerns, nth } = deviation;
  const times = nth === 0 ? "" : ` (after ${nth} more of these)`;
  return `${named(concerns, nameOf)}${times}: ${chosenText(deviation, nameOf)}`;
}

/** What was chosen: for diagrams, which show whom it concerns. */
export function chosenText({ kind, chose, concerns }: Deviation, nameOf: NameOf): string {
  const meaning = MEANINGS[kind]?.(chose);
  if (meaning === undefined) return `${named(concerns, nameOf)}: ${named(chose, nameOf)}`;
  return meaning.startsWith("first ") ? named(meaning, nameOf) : meaning;
}

function named(text: string, nameOf: NameOf): string {
  return text.replace(/\b(?:[0-9a-f]{2}){5,29}\b/gu, (id) => nameOf(id as PrincipalId));
}

/** What was chosen, where the text of the option does not say it. */
const MEANINGS: Readonly<Partial<Record<Deviation["kind"], (chose: string) => string>>> = {
  message: (chose) => (chose === "none" ? "waits" : `first ${chose}`),
  ingress: (chose) => (chose === "none" ? "waits for a later block" : `first ${chose}`),
  rejectRequest: (option) => `rejected by the system${option === "1" ? " (SYS_TRANSIENT)" : ""}`,
  loseRequest: () => "lost on its way",
  loseResponse: () => "lost on its way",
  refuseCall: () => "call_perform refuses it",
  inspect: () => "let in without being inspected",
  link: () => "arrives a round later",
  subnetRound: () => "slower by a round",
  pendingAnswer: () => "answered a round later",
  time: (chose) => `${chose} pass`,
};
