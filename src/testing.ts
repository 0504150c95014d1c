/**
 * Cannery for test runners, through plain functions: Jest, `node:test`, or whatever else runs functions.
 *
 * ```ts
 * import { prepare, rejectOf } from "cannery/testing";
 *
 * const fresh = prepare(async (net) => ({ counter: await net.install("counter.wasm") }));
 *
 * test("counts", async () => {
 *   const { counter } = await fresh(); // as the setup left it; set up once for the file
 *   await counter.actor.inc();
 * });
 * ```
 */
import { Cannery } from "./index.ts";
import type { Cannery as Network } from "./network/cannery.ts";
import type { CanneryOptions } from "./network/options.ts";
import { prepared, type Prepared } from "./testing/prepared.ts";

/** A network that is set up when it is first asked for, and restored to that for each later test. */
export function prepare<S extends object = object>(
  setup: (net: Network) => Promise<S | void> | S | void,
  options: CanneryOptions = {},
): Prepared<S> {
  return prepared((given) => Cannery.create(given), setup, options);
}

export type { Prepared, World } from "./testing/prepared.ts";
export {
  checkAmount,
  costOf,
  logged,
  rejectOf,
  trapOf,
  type Call,
  type Cost,
  type ExpectedAmount,
  type ExpectedReject,
  type TextPattern,
} from "./testing/expectations.ts";
export { matchers, type CanneryMatchers } from "./testing/matchers.ts";
export * from "./index.ts";
