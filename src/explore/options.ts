/**
 * What is explored, and how far.
 */
import type { Cannery } from "../network/cannery.ts";
import { nanosOf, type Duration } from "../network/duration.ts";
import type { CanneryOptions } from "../network/options.ts";
import type { Counterexample } from "./counterexample.ts";
import type { StrategyName } from "./strategies/portfolio.ts";
import type { StuckRun } from "./stuck.ts";
import type { Weather, WeatherName } from "./strategies/weather.ts";

/** What body, invariants and conditions get: the network, what `setup` returned, and a choice of their own. */
export type Given<S> = S & {
  readonly net: Cannery;
  /** One of several things to do: the first in the ordinary run, any in others. What was picked is part of the run, and shrinks. */
  pick<T>(label: string, options: readonly T[]): T;
};

/** What a run does: calls of canisters, as in a test. It fails where it throws. */
export type Body<S> = (given: Given<S>) => Promise<unknown> | unknown;

/** Holds unless it throws or returns `false`. Synchronous: it asks canisters by `canister.look`. */
export type Invariant<S> = (given: Given<S>) => unknown;

/** Holds unless it throws or returns `false`, now or when its promise is settled. */
export type Condition<S> = (given: Given<S>) => unknown;

/** What is checked, under which choices, for how long. */
export interface ExploreOptions<S> {
  /** What the network is created with. */
  readonly network?: Omit<CanneryOptions, "schedule">;
  /** Runs once, on the ordinary schedule; every run begins with the network as it is then. What it returns (a record of canisters, say) is given to the body. */
  readonly setup?: (net: Cannery) => Promise<S> | S;
  /** Hold after every message; by name. */
  readonly invariants?: Readonly<Record<string, Invariant<S>>>;
  /** Hold when everything has come to rest; by name. */
  readonly eventually?: Readonly<Record<string, Condition<S>>>;
  /** What is looked at without being asked for; all of it unless it is switched off here. */
  readonly builtIn?: {
    /** Every call is answered when the network has come to rest. */
    readonly answers?: boolean;
    /** No cycles come or go but by what the platform charges, burns, loses and makes. */
    readonly cycles?: boolean;
    /** No callback traps: what came before its `await` stays done. */
    readonly callbackTraps?: boolean;
  };
  /** `portfolio` by default. */
  readonly strategy?: StrategyName;
  /** `busy` by default. */
  readonly weather?: WeatherName | Weather;
  /** Run i uses seed + i; 1 by default, so that a run repeats. */
  readonly seed?: number;
  /** Most runs; 1,000 by default. */
  readonly runs?: number;
  /** Most time, of the clock. */
  readonly time?: Duration;
  /** Ends when so many runs in a row have shown no new order. */
  readonly saturation?: number;
  /** Does every n-th run, as one of n. */
  readonly shard?: { readonly index: number; readonly count: number };
  /** Deviations of an exhaustive search, at most; 2 by default. `Infinity` for all there are. */
  readonly bound?: number;
  /** Virtual time in which timers still run after the body has ended; one minute by default. */
  readonly rest?: Duration;
  /** A body that makes more calls, queries and rounds is given up; 20,000 by default. */
  readonly steps?: number;
  /** A body that does nothing for so long, of the clock, is given up; 10 seconds by default. */
  readonly patience?: Duration;
  /** Name of the file that exports this exploration, for the regression test that is written for you. */
  readonly file?: string;
  /** Told at the end of each run. */
  readonly onProgress?: (progress: Progress) => void;
  /**
   * Told when a body does not come back, in the middle of it: a synchronous loop, or one of promises that are settled already. Nothing but the end of the process ends that. Without
   * this it is written where people see it.
   */
  readonly onStuck?: (stuck: StuckRun) => void;
  /** Ends the exploration before its next run, with what was seen so far. */
  readonly signal?: { readonly aborted: boolean };
  /** Columns of the report; 120 by default. */
  readonly width?: number;
  /** What explores on the command line, for reports: `cannery explore bank.ts`. */
  readonly command?: string;
}

/** An exploration in one object. */
export interface Written<S> extends ExploreOptions<S> {
  readonly body: Body<S>;
}

/** How far an exploration is. */
export interface Progress {
  readonly runs: number;
  /** Distinct orders so far. */
  readonly orders: number;
  /** Choices so far that were not ordinary. */
  readonly deviations: number;
  /** Those among them with which something went wrong: a reject, a loss, a refused call. */
  readonly faults: number;
  /** Of the clock. */
  readonly milliseconds: number;
}

/** What an exploration came to. */
export interface ExploreResult extends Progress {
  /** `null`: no run broke anything. */
  readonly counterexample: Counterexample | null;
  /** Why it ended. */
  readonly ended: "failure" | "runs" | "time" | "saturation" | "everything" | "stopped";
  /** First seed. */
  readonly seed: number;
  /** Of an exhaustive search: states that were reached a second time and not searched again. */
  readonly pruned?: number;
}

/** How long a body may do nothing, or let nothing else run. */
export function patienceMs({ patience }: { readonly patience?: Duration }): number {
  return Number(nanosOf(patience ?? { seconds: 10 }) / 1_000_000n);
}

/** A sentence for people. */
export function told({ runs, orders, faults, milliseconds, ended, seed }: ExploreResult): string {
  const what = ended === "everything" ? "everything was searched" : ended === "stopped" ? "stopped" : `ended by ${ended}`;
  return `${counted(runs, "run")} from seed ${seed}, ${counted(orders, "distinct order")}, ${counted(faults, "fault")}, ${(milliseconds / 1000).toFixed(1)} s (${rateOf({ runs, milliseconds })} runs/s), ${what}`;
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Runs in a second. */
export function rateOf({ runs, milliseconds }: Pick<Progress, "runs" | "milliseconds">): number {
  return Math.round((runs / Math.max(1, milliseconds)) * 1000);
}
