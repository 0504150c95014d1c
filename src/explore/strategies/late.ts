/**
 * Late messages: the ordinary schedule, but for one or two messages that are not taken as long as anything else goes on. What a program does while an
 * answer is outstanding, it does here; users go on meanwhile, and time may pass.
 *
 * `few` holds messages for a number of rounds, so a body that does much in between is over first, or an answer is there too soon.
 */
import type { Prng } from "../../base/prng.ts";
import { TIME_STEPS_NANOS } from "../../core/rules/open-outcomes.ts";
import type { Choice, MessageConcern } from "../../core/schedule/schedule.ts";
import { otherOption } from "./random.ts";
import { asked, type Strategy } from "./strategy.ts";

/** Rounds in which nothing else happened, after which a late message is taken. */
const IDLE_ROUNDS = 16;
/** Times that a late message is passed over at most: heartbeats and timers never end. */
const PATIENCE = 60;
/** The same for one that comes in the midst of what goes on, not after it. */
const LITTLE = 4;
const LONGER = 24;

/**
 * Up to `most` late messages: of any place of the run, or of any kind. By kind, a call that is made once is as likely to be late as one that is made a
 * hundred times; by place, the fifth of a hundred is as likely as the first.
 */
export function late(most: number, by: "place" | "kind" = "place"): Strategy {
  return {
    name: by === "place" ? `late ${most}` : `late ${most} by kind`,
    begin({ prng, weather, counts }) {
      const messages = (counts.get("message") ?? 0) + (counts.get("ingress") ?? 0);
      const chosen = by === "place" ? latePlaces(prng, most, messages) : lateKinds(prng, most);
      const isSlow = (weather.time ?? 0) > 0 && prng.ratio(1, 2);
      const isHurried = prng.ratio(2, 3);
      const faults = (weather.rejectRequest ?? 0) > 0 && prng.ratio(1, 3);
      const waiting = new Map<string, Wait>();
      let progress = 0;
      let passed = 0;

      /** The first candidate that is not late; all of them late, none. */
      const take = (candidates: readonly MessageConcern[]): number => {
        for (const [option, candidate] of candidates.entries()) {
          const wait = waiting.get(textOf(candidate));
          if (wait === undefined || isOver(wait, progress)) {
            progress++;
            return option;
          }
        }
        return candidates.length;
      };

      return asked((choice, options, kind) => {
        switch (choice.kind) {
          case "message":
          case "ingress": {
            const late = chosen(choice.candidates);
            if (late !== undefined) {
              const little = by === "kind" && prng.ratio(1, 2) ? LONGER : LITTLE;
              const patience = prng.ratio(1, 2) ? PATIENCE : 1 + prng.below(little);
              waiting.set(textOf(late), { patience, idle: 0, progress });
            }
            return waiting.size === 0 ? 0 : take(choice.candidates);
          }
          case "turn":
            progress++;
            return waiting.size > 0 && isHurried && (weather.turn ?? 0) > 0 ? 1 + prng.below(options - 1) : 0;
          case "time":
            if (!isSlow || waiting.size === 0 || passed >= 2 || !prng.ratio(1, 3)) return 0;
            passed++;
            return 1 + prng.below(TIME_STEPS_NANOS.length - 1);
          case "pick":
            return prng.below(1000) < (weather.pick ?? 0) ? otherOption(prng, choice, options) : 0;
          default: {
            const rate = faults ? (weather[kind] ?? 0) : 0;
            return rate > 0 && prng.below(2000) < rate ? otherOption(prng, choice, options) : 0;
          }
        }
      });
    },
  };
}

/** Says which of the candidates is late from now on. */
type Chosen = (candidates: readonly MessageConcern[]) => MessageConcern | undefined;

function latePlaces(prng: Prng, most: number, messages: number): Chosen {
  const places = new Set<number>();
  for (let i = 1 + prng.below(most); i > 0; i--) places.add(prng.below(Math.max(1, messages)));
  let place = 0;
  return (candidates) => (places.has(place++) ? candidates[prng.below(candidates.length)] : undefined);
}

/** One in so many kinds has a late message. */
const KINDS = 6;

function lateKinds(prng: Prng, most: number): Chosen {
  const seen = new Set<string>();
  /** Of each kind, how many come before the late one; below zero where none is to come. */
  const before = new Map<string, number>();
  let left = most;
  const drawn = (): number => {
    if (left === 0 || !prng.ratio(1, KINDS)) return -1;
    left--;
    let messages = 0;
    while (prng.ratio(1, 2)) messages++;
    return messages;
  };
  return (candidates) => {
    let late: MessageConcern | undefined;
    for (const candidate of candidates) {
      const text = textOf(candidate);
      if (seen.has(text)) continue;
      seen.add(text);
      const kind = kindOf(candidate);
      const messages = before.get(kind) ?? drawn();
      before.set(kind, messages - 1);
      if (messages === 0) late = candidate;
    }
    return late;
  };
}

/** Who sends what to whom; whichever user. */
function kindOf({ message, from, to, method }: MessageConcern): string {
  return `${message} ${message === "ingress" ? "" : from} ${to} ${method}`;
}

interface Wait {
  /** Times that it may still be passed over. */
  patience: number;
  idle: number;
  /** When it was passed over last. */
  progress: number;
}

/** Counts a message that is passed over once more; true when it has waited long enough. */
function isOver(wait: Wait, progress: number): boolean {
  wait.idle = wait.progress === progress ? wait.idle + 1 : 0;
  wait.progress = progress;
  return wait.patience-- <= 0 || wait.idle > IDLE_ROUNDS;
}

function textOf({ message, from, to, method, tag }: Extract<Choice, { kind: "message" }>["candidates"][number]): string {
  return `${message} ${from} ${to} ${method} ${tag}`;
}
