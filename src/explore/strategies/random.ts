/**
 * Each choice by chance, as often otherwise than ordinary as the weather says.
 */
import type { Prng } from "../../base/prng.ts";
import type { Choice } from "../../core/schedule/schedule.ts";
import { asked, type Strategy } from "./strategy.ts";
import { swarm } from "./weather.ts";

export const random: Strategy = {
  name: "random",
  begin({ prng, weather }) {
    const rates = swarm(weather, prng);
    return asked((choice, options, kind) => {
      const rate = rates[kind] ?? 0;
      return rate > 0 && prng.below(1000) < rate ? otherOption(prng, choice, options) : 0;
    });
  },
};

/** One of the options that are not ordinary. */
export function otherOption(prng: Prng, choice: Choice, options: number): number {
  return options <= 2 || choice.kind === "execution" ? 1 : 1 + prng.below(options - 1);
}
