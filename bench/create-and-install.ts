/**
 * `createAndInstallMilliseconds`: a new network and one Motoko canister installed in it, ready to be called, as each test does at its
 * beginning. Warm: the process has done the same before, so the module is in the cache and our own code is compiled.
 *
 * `firstCreateAndInstallMilliseconds`: the same for the first time in a process, rewriting included; the packages are loaded.
 */
import { loadGenerated } from "../examples/modules.ts";
import type { Figure, FigureOptions, Results } from "./figure.ts";
import { median, rounded, timedAsync } from "./measure.ts";
import { newNetwork } from "./network-support.ts";

async function measure({ isQuick, progress }: FigureOptions): Promise<Results> {
  const wasm = loadGenerated("counter");
  const once = (): Promise<number> =>
    timedAsync(async () => {
      const net = await newNetwork();
      await net.install(wasm);
    });
  const first = await once();
  for (let i = 0; i < (isQuick ? 5 : 50); i++) await once();
  const times: number[] = [];
  for (let i = 0; i < (isQuick ? 10 : 100); i++) times.push(await once());
  const warm = median(times);
  progress(`  first ${first.toFixed(1)}, warm ${warm.toFixed(2)} ms`);
  return { createAndInstallMilliseconds: rounded(warm), firstCreateAndInstallMilliseconds: rounded(first) };
}

export const createAndInstall: Figure = {
  name: "createAndInstallMilliseconds",
  aim: { kind: "at most", value: 20, of: (results) => results["createAndInstallMilliseconds"] as number },
  nodeFlags: [],
  measure,
};
