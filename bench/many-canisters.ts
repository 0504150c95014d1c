/** Many Motoko canisters in one network, for the figures about numbers of canisters. */
import { loadGenerated } from "../examples/modules.ts";
import type { Canister } from "../src/network/canister.ts";
import type { Cannery } from "../src/network/cannery.ts";

export interface Counter {
  inc(): Promise<bigint>;
}

/** Installed together at a time: as a user would in one `Promise.all`. */
const TOGETHER = 50;
const REPORT_EVERY = 2500;

export async function manyCounters(net: Cannery, count: number, progress: (line: string) => void): Promise<Canister<Counter>[]> {
  const wasm = loadGenerated("counter");
  const canisters: Canister<Counter>[] = [];
  const start = performance.now();
  while (canisters.length < count) {
    const group = Array.from({ length: Math.min(TOGETHER, count - canisters.length) }, () => net.install<Counter>(wasm));
    canisters.push(...(await Promise.all(group)));
    if (canisters.length % REPORT_EVERY === 0 || canisters.length === count) {
      progress(`  ${canisters.length} canisters after ${((performance.now() - start) / 1000).toFixed(1)} s`);
    }
  }
  return canisters;
}
