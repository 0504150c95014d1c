/**
 * Cannery for the browser: networks of canisters in a page or a worker.
 *
 * ```ts
 * import { Cannery } from "cannery/browser";
 *
 * const net = await Cannery.create({ application: 2 });
 * const counter = await net.install(new URL("counter.wasm", location.href));
 * await counter.actor.inc();
 * document.body.append(net.draw());
 * ```
 */
import { Exploration } from "./explore/explore.ts";
import { Replay, type ReplayOptions } from "./explore/replay.ts";
import type { Body, ExploreOptions, Written } from "./explore/options.ts";
import { browserHost } from "./host/browser-host.ts";
import { Cannery as Network } from "./network/cannery.ts";
import type { CanneryOptions } from "./network/options.ts";

/** A network in this page or worker; see `Cannery.create`. */
export type Cannery = Network;

export const Cannery = {
  /** A new network: one application subnet, instant latency and seed 0 unless the options say otherwise. */
  create(options: CanneryOptions = {}): Promise<Network> {
    return Network.create({ ...options, host: browserHost() });
  },
};

/** Runs a body under many schedules and lawful faults: see `docs/exploration.md`. With one argument, the types of `setup` reach the body by themselves. */
export function explore<S = object>(written: Written<S>): Exploration<S>;
export function explore<S = object>(body: Body<S>, options?: ExploreOptions<S>): Exploration<S>;
export function explore<S = object>(body: Body<S> | Written<S>, options: ExploreOptions<S> = {}): Exploration<S> {
  return typeof body === "function" ? new Exploration(body, options, browserHost()) : new Exploration(body?.body, body, browserHost());
}

/** Repeats a run from its file, which is given as parsed JSON, to the same digest; the result goes to any of its messages. */
export function replay(file: unknown, options: ReplayOptions = {}): Replay {
  return Replay.open(file, options, browserHost());
}

export * from "./face.ts";
