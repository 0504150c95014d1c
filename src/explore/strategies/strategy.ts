/**
 * A strategy answers the choices of one run. Strategies are pure: what they answer follows from the run's seed and from what the ordinary run of the
 * same body asked.
 */
import type { Prng } from "../../base/prng.ts";
import type { Choice, Schedule } from "../../core/schedule/schedule.ts";
import { weatherKind, type Weather, type WeatherKind } from "./weather.ts";

/** What a run may draw on. */
export interface RunSetting {
  /** The run's own chance. */
  readonly prng: Prng;
  readonly weather: Weather;
  /** How often each kind of choice was open in the ordinary run. */
  readonly counts: ReadonlyMap<WeatherKind, number>;
}

export interface Strategy {
  readonly name: string;
  /** The schedule of one run. */
  begin(setting: RunSetting): Schedule;
}

/** A schedule that is asked everything lawful. */
export function asked(choose: (choice: Choice, options: number, kind: WeatherKind) => number): Schedule {
  return { ordinary: false, injects: true, choose: (choice, options) => choose(choice, options, weatherKind(choice)) };
}
