/**
 * A bit of everything: what one strategy is poor at, another finds. Which run gets which follows from its seed.
 */
import { few } from "./few.ts";
import { late } from "./late.ts";
import { pct } from "./pct.ts";
import { random } from "./random.ts";
import type { Strategy } from "./strategy.ts";
import { WEATHERS, type Weather } from "./weather.ts";

/** How a run chooses: `random`; `pct`, by priorities; `few` deviations; `late`, one or two messages come last; `exhaustive`, all up to a bound; or some of each. */
export type StrategyName = (typeof STRATEGY_NAMES)[number];
export const STRATEGY_NAMES = ["portfolio", "random", "pct", "few", "late", "exhaustive"] as const;

const FEW = [few(1), few(2), few(3), few(5)];
const LATE = [late(1), late(2), late(1, "kind"), late(2, "kind")];
const PCT = [pct(2), pct(3), pct(4)];
/** Strategies of one run in so many. */
const PORTFOLIO: readonly Strategy[] = [few(1), few(2), few(3), late(1), late(2), late(1, "kind"), late(2, "kind"), pct(2), pct(3), random];

/** The strategy of a run, by a number drawn for it. */
export function strategyOf(name: Exclude<StrategyName, "exhaustive">, drawn: number): Strategy {
  const among = { portfolio: PORTFOLIO, random: [random], pct: PCT, few: FEW, late: LATE }[name];
  return among[drawn % among.length]!;
}

/** In a portfolio some days are calmer than asked for: orders alone, without faults in their way. */
export function weatherOf(name: StrategyName, asked: Weather, drawn: number): Weather {
  return name === "portfolio" && drawn % 4 === 0 && asked !== WEATHERS.stormy ? WEATHERS.calm : asked;
}
