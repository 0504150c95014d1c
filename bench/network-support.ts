/** What the figures of whole networks share: networks as users make them, modules by name, rates. */
import type { CanneryOptions } from "../src/index.ts";
import type { Cannery as Network } from "../src/network/cannery.ts";
import type { FigureOptions } from "./figure.ts";
import { median, rounded, timedAsync } from "./measure.ts";

/**
 * The package as it is published, which `main.ts` builds first: the loader that runs TypeScript from source gives every closure a name when it
 * is made, which costs 5 to 10 % of a call.
 */
const { Cannery } = (await import(new URL("../dist/index.js", import.meta.url).href)) as typeof import("../src/index.ts");

/** As a user creates one, charging and trace on, except that lines which canisters print are not shown. */
export function newNetwork(options: CanneryOptions = {}): Promise<Network> {
  return Cannery.create({ print: false, ...options });
}

export interface Rate {
  /** Things per second that one `batch` does. */
  readonly each: number;
  batch(): Promise<unknown>;
}

/** Things per second: the median of batches, after as many for warming up as `warmMilliseconds` takes. */
export async function rateOf({ each, batch }: Rate, { isQuick }: FigureOptions): Promise<number> {
  const warmUntil = performance.now() + (isQuick ? 300 : 2000);
  while (performance.now() < warmUntil) await batch();
  const rates: number[] = [];
  for (let turn = 0; turn < (isQuick ? 5 : 21); turn++) rates.push((each / (await timedAsync(batch))) * 1000);
  return rounded(median(rates));
}
