/**
 * Delay-bounded: the ordinary schedule but for a few deviations, anywhere in the run. Most bugs need no more than one to three of them, and a run with
 * few is already nearly as short as a report of it.
 *
 * Kinds of choice are equally likely, whatever their number: a lost response that is open once in a run is as likely as the order of a hundred messages.
 */
import type { Choice, MessageConcern } from "../../core/schedule/schedule.ts";
import { otherOption } from "./random.ts";
import { asked, type Strategy } from "./strategy.ts";
import type { WeatherKind } from "./weather.ts";

/** Longest delay of a message, counted in the times that its canister could have taken it. */
const LONGEST_WAIT = 12;

/** At most `most` deviations. */
export function few(most: number): Strategy {
  return {
    name: `few ${most}`,
    begin({ prng, weather, counts }) {
      const kinds = [...counts.keys()].filter((kind) => (weather[kind] ?? 0) > 0);
      const planned = new Map<WeatherKind, Set<number>>();
      for (let i = kinds.length === 0 ? 0 : 1 + prng.below(most); i > 0; i--) {
        const kind = kinds[prng.below(kinds.length)]!;
        // A run that deviates asks more than the ordinary one did.
        const place = prng.below(Math.ceil(counts.get(kind)! * 1.25));
        planned.set(kind, (planned.get(kind) ?? new Set()).add(place));
      }
      const seen = new Map<WeatherKind, number>();
      const waiting: { readonly text: string; times: number }[] = [];
      return asked((choice, options, kind) => {
        const nth = seen.get(kind) ?? 0;
        seen.set(kind, nth + 1);
        if (choice.kind === "message" && waiting.length > 0) {
          const held = hold(choice, waiting);
          if (held !== 0) return held;
        }
        if (planned.get(kind)?.has(nth) !== true) return 0;
        if (choice.kind === "message" && prng.ratio(1, 2)) {
          waiting.push({ text: textOf(choice.candidates[prng.below(choice.candidates.length)]!), times: 1 + prng.below(LONGEST_WAIT) });
          return hold(choice, waiting);
        }
        return otherOption(prng, choice, options);
      });
    },
  };
}

/** The first candidate that does not wait; all of them waiting, none. */
function hold({ candidates }: Extract<Choice, { kind: "message" }>, waiting: { readonly text: string; times: number }[]): number {
  for (const [option, candidate] of candidates.entries()) {
    const text = textOf(candidate);
    const wait = waiting.find((one) => one.text === text && one.times > 0);
    if (wait === undefined) return option;
    wait.times--;
  }
  return candidates.length;
}

function textOf({ message, from, to, method, tag }: MessageConcern): string {
  return `${message} ${from} ${to} ${method} ${tag}`;
}
