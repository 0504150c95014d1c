/**
 * How often what goes wrong: for each kind of choice, in how many of a thousand cases a random schedule chooses otherwise than the ordinary one.
 *
 * Nothing here is unlawful: each is something that the platform does on some day to canisters that are written correctly. Kinds that are absent never
 * deviate: executions end by choice only where a rule says so.
 */
import type { Prng } from "../../base/prng.ts";
import type { Choice } from "../../core/schedule/schedule.ts";

export type ChoiceKind = Choice["kind"];

/**
 * A kind of choice. `ownCall`: that a call of a canister to itself is rejected or refused. Motoko makes one for each `async` of its own, timers' included,
 * which no program can guard itself against, and for which the platform lacks room only when it lacks it for everything: in a storm.
 */
export type WeatherKind = ChoiceKind | "ownCall";

/** Of a thousand cases, by the kind of choice. */
export type Weather = Readonly<Partial<Record<WeatherKind, number>>>;

export function weatherKind(choice: Choice): WeatherKind {
  const { kind } = choice;
  return (kind === "rejectRequest" || kind === "refuseCall") && choice.message.from === choice.message.to ? "ownCall" : kind;
}

/** `calm` has only orders and delays; in `busy` things are refused and lost, in `stormy` more often. */
export type WeatherName = "calm" | "busy" | "stormy";

/** Only orders and delays. */
const calm: Weather = { message: 300, ingress: 250, hop: 250, link: 100, subnetRound: 60, pendingAnswer: 100, pick: 700, turn: 300 };

/** A subnet with others on it: queues are full at times, bounded-wait messages are lost, rounds take long. */
const busy: Weather = {
  ...calm,
  rejectRequest: 60,
  loseResponse: 120,
  loseRequest: 60,
  refuseCall: 40,
  inspect: 500,
  time: 60,
};

/** Everything more often. */
const stormy: Weather = {
  ...busy,
  message: 500,
  canister: 200,
  hop: 500,
  link: 300,
  rejectRequest: 200,
  loseResponse: 300,
  loseRequest: 200,
  refuseCall: 150,
  ownCall: 20,
  time: 150,
};

export const WEATHERS: Readonly<Record<WeatherName, Weather>> = { calm, busy, stormy };

/** Deviations that are something going wrong, where others are another order, a delay, or a pick. */
export const FAULTS: ReadonlySet<ChoiceKind> = new Set([
  "rejectRequest",
  "loseRequest",
  "loseResponse",
  "refuseCall",
  "inspect",
  "execution",
] as const);

/** Swarm testing: a run in which some kinds never happen reaches what a run with a little of everything does not. */
export function swarm(weather: Weather, prng: Prng): Weather {
  const kept = Object.entries(weather).filter(() => prng.ratio(2, 3));
  return Object.fromEntries(kept);
}
