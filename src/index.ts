/**
 * Cannery for Node: networks of canisters in your own process.
 *
 * ```ts
 * import { Cannery } from "cannery";
 *
 * const net = await Cannery.create({ application: 2 });
 * const counter = await net.install("counter.wasm");
 * await counter.actor.inc();
 * console.log(net.draw());
 * ```
 */
import { Exploration } from "./explore/explore.ts";
import { Replay, type ReplayOptions } from "./explore/replay.ts";
import type { Body, ExploreOptions, Written } from "./explore/options.ts";
import { nodeHost } from "./host/node-host.ts";
import { Cannery as Network } from "./network/cannery.ts";
import type { CanneryOptions } from "./network/options.ts";

/** A network in this process; see `Cannery.create`. */
export type Cannery = Network;

export const Cannery = {
  /** A new network: one application subnet, instant latency and seed 0 unless the options say otherwise. */
  create(options: CanneryOptions = {}): Promise<Network> {
    return Network.create({ ...options, host: nodeHost() });
  },
};

/** Runs a body under many schedules and lawful faults: see `docs/exploration.md`. With one argument, the types of `setup` reach the body by themselves. */
export function explore<S = object>(written: Written<S>): Exploration<S>;
export function explore<S = object>(body: Body<S>, options?: ExploreOptions<S>): Exploration<S>;
export function explore<S = object>(body: Body<S> | Written<S>, options: ExploreOptions<S> = {}): Exploration<S> {
  return typeof body === "function" ? new Exploration(body, options, nodeHost()) : new Exploration(body?.body, body, nodeHost());
}

/** Repeats a run from its file, which is given as parsed JSON, to the same digest; the result goes to any of its messages. */
export function replay(file: unknown, options: ReplayOptions = {}): Replay {
  return Replay.open(file, options, nodeHost());
}

export * from "./face.ts";
