/**
 * What a failing run is told with: what broke, the fewest choices that break it, the diagram, and how to repeat it.
 */
import { CanneryError } from "../base/cannery-error.ts";
import type { Deviation } from "../core/schedule/recorder.ts";
import type { PrincipalId } from "../core/state/ids.ts";
import type { Failure } from "./failure.ts";
import type { RunFile } from "./run-file.ts";

/** A failing run, with the fewest choices that make it fail. */
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
  /** Its messages, drawn. */
  readonly diagram: string;
  /** For `replay`, as it goes into a file: `JSON.stringify(run)`. */
  readonly run: RunFile;
  /** Text of a test for the user's repository. */
  readonly regressionTest: string;
}

/** What awaiting an exploration throws when a run failed. */
export class ExplorationFailed extends CanneryError {
  /** What failed, and how to repeat it. */
  readonly counterexample: Counterexample;

  constructor(counterexample: Counterexample) {
    super("exploration-failed", counterexample.text, { cause: counterexample.failure.error });
    this.counterexample = counterexample;
  }
}

type NameOf = (id: PrincipalId) => string;

/** A deviation for people: ids are replaced by names. */
function choiceText(deviation: Deviation, nameOf: NameOf, last: Deviation): string {
  const { kind, nth } = deviation;
  const from = nth === last.nth ? ordinal(nth + 1) : `${ordinal(nth + 1)} ${last.nth - nth === 1 ? "and" : "to"} ${ordinal(last.nth + 1)}`;
  const times = last.nth === 0 ? "" : `, the ${from} time`;
  const chosen = chosenText(deviation, nameOf);
  return kind === "pick" ? `${chosen}${times}` : `${situation(deviation, nameOf)}${times}: ${chosen}`;
}

/** As a list. */
export function choiceLines(deviations: readonly Deviation[], nameOf: NameOf): string[] {
  return toldChoices(deviations, nameOf).map(({ text }) => `  - ${text}`);
}

/** What was chosen, one by one, or several that choose the same in the same place time after time; with the first of them. */
export function toldChoices(deviations: readonly Deviation[], nameOf: NameOf): { readonly text: string; readonly deviation: Deviation }[] {
  const rows: { readonly first: Deviation; last: Deviation }[] = [];
  for (const deviation of deviations) {
    const row = rows.findLast(({ last }) => isNext(last, deviation));
    if (row !== undefined) row.last = deviation;
    else rows.push({ first: deviation, last: deviation });
  }
  return rows.map(({ first, last }) => ({ text: choiceText(first, nameOf, last), deviation: first }));
}

function isNext(before: Deviation, after: Deviation): boolean {
  return before.kind === after.kind && before.concerns === after.concerns && before.chose === after.chose && before.nth + 1 === after.nth;
}

function situation({ kind, concerns }: Deviation, nameOf: NameOf): string {
  const what = concerns.replace(/^\w+ (?:(?:at|on|unbounded) )?/u, "");
  switch (kind) {
    case "message":
      return `which message ${named(what, nameOf)} takes next`;
    case "ingress":
      return `which message of users ${named(what, nameOf)} takes next`;
    case "canister":
      return `which canister of ${named(what, nameOf)} goes next`;
    case "subnetRound":
      return `a round of ${named(what, nameOf)}`;
    case "turn":
      return "when the body goes on";
    case "time":
      return "time before a round";
    case "hop":
    case "link":
      return `what goes from ${named(what, nameOf)}`;
    default:
      return inWords(what, nameOf);
  }
}

function ordinal(n: number): string {
  const last = n % 100 > 10 && n % 100 < 14 ? 0 : n % 10;
  return `${n}${["th", "st", "nd", "rd"][last] ?? "th"}`;
}

/** What was chosen: for diagrams, which show whom it concerns. */
export function chosenText({ kind, chose, concerns }: Deviation, nameOf: NameOf): string {
  // In the body's own words: "pick second" and "1: at once" are for the file.
  if (kind === "pick") return `${concerns.replace(/^pick /u, "")}: ${chose.replace(/^\d+: /u, "")}`;
  const meaning = MEANINGS[kind]?.(chose);
  if (meaning === undefined) return `${inWords(concerns, nameOf)}: ${inWords(chose, nameOf)}`;
  return meaning.startsWith("first ") ? `first ${inWords(chose, nameOf)}` : meaning;
}

/** `request A B pay +1`, as deviations name messages, is for the file too. */
function inWords(text: string, nameOf: NameOf): string {
  const [, message, from, to, method, before] = /^(request|response|ingress) (\S+) (\S+) (.*?)(?: \+(\d+))?$/su.exec(text) ?? [];
  if (message === undefined) return named(text, nameOf);
  // Also of principals too short to be told from other numbers, such as the anonymous user's. The management canister is there by its text.
  const who = (id: string): string => (/^(?:[0-9a-f]{2})+$/u.test(id) ? nameOf(id as PrincipalId) : id);
  const [a, b] = [who(from!), who(to!)];
  const again = before === undefined ? "" : `, the ${ordinal(Number(before) + 1)} of these`;
  return message === "response"
    ? `the answer of ${a} to ${b}${method === "" ? "" : `, ${method}`}${again}`
    : `${a}'s call of ${b}.${method}${again}`;
}

function named(text: string, nameOf: NameOf): string {
  return text.replace(/\b(?:[0-9a-f]{2}){5,29}\b/gu, (id) => nameOf(id as PrincipalId));
}

/** What was chosen, where the text of the option does not say it. */
const MEANINGS: Readonly<Partial<Record<Deviation["kind"], (chose: string) => string>>> = {
  message: (chose) => (chose === "none" ? "none yet, they wait" : `first ${chose}`),
  ingress: (chose) => (chose === "none" ? "none, they wait for a later block" : `first ${chose}`),
  rejectRequest: (option) => `rejected by the system${option === "1" ? " (SYS_TRANSIENT)" : ""}`,
  loseRequest: () => "lost on its way",
  loseResponse: () => "lost on its way",
  refuseCall: () => "call_perform refuses it",
  inspect: () => "let in without being inspected",
  link: () => "arrives a round later",
  subnetRound: () => "slower by a round",
  pendingAnswer: () => "answered a round later",
  hop: (chose) => `it takes ${singular(chose)}`,
  turn: (chose) => (chose === "0 rounds" ? "it goes on at once" : `it goes on after ${singular(chose)}`),
  time: (chose) => `${chose} pass`,
};

/** `1 rounds` is in files. */
function singular(chose: string): string {
  return chose.replace(/^(1 .*)s$/u, "$1");
}
