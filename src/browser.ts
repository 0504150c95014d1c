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

export * from "./face.ts";
