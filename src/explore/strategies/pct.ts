/**
 * Priorities by chance (PCT: Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", 2010): whoever sends has a
 * priority, the message of the highest goes first, and at a few places of the run one of them falls below all others. A bug that needs d things in a
 * certain order is found with a probability that falls with the number of senders and of places, not with that of all orders.
 *
 * Ours: a canister whose only messages are of fallen senders takes none for a while, since here messages wait in queues of their own; faults come as in `few`.
 */
import type { MessageConcern } from "../../core/schedule/schedule.ts";
import { otherOption } from "./random.ts";
import { asked, type Strategy } from "./strategy.ts";

/** How often a message of a fallen sender is passed over, at most. */
const PATIENCE = 8;

export function pct(depth: number): Strategy {
  return {
    name: `pct ${depth}`,
    begin({ prng, weather, counts }) {
      const orders = Math.max(1, (counts.get("message") ?? 0) + (counts.get("ingress") ?? 0));
      const changes = new Set<number>();
      for (let i = 1; i < depth; i++) changes.add(prng.below(orders));
      const priorities = new Map<string, number>();
      const patience = new Map<string, number>();
      let fallen = 0;
      let step = 0;
      const priorityOf = (key: string): number => {
        let priority = priorities.get(key);
        if (priority === undefined) priorities.set(key, (priority = 1 + prng.nextU32()));
        return priority;
      };
      const first = (candidates: readonly MessageConcern[]): number => {
        let best = 0;
        for (let i = 1; i < candidates.length; i++) if (priorityOf(keyOf(candidates[i]!)) > priorityOf(keyOf(candidates[best]!))) best = i;
        return best;
      };
      return asked((choice, options, kind) => {
        if (choice.kind !== "message" && choice.kind !== "ingress") {
          const rate = weather[kind] ?? 0;
          return rate > 0 && prng.below(2000) < rate ? otherOption(prng, choice, options) : 0;
        }
        let chosen = first(choice.candidates);
        if (changes.has(step++)) {
          const key = keyOf(choice.candidates[chosen]!);
          priorities.set(key, --fallen);
          patience.set(key, 1 + prng.below(PATIENCE));
          chosen = first(choice.candidates);
        }
        const key = keyOf(choice.candidates[chosen]!);
        const left = patience.get(key) ?? 0;
        if (left === 0) return chosen;
        patience.set(key, left - 1);
        return choice.candidates.length;
      });
    },
  };
}

/** A sender, and whether it calls or answers. */
function keyOf({ from, message, method }: MessageConcern): string {
  return `${message} ${from} ${method}`;
}
