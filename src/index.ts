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

export * from "./face.ts";
