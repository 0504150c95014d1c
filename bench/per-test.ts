/**
 * `perTestMilliseconds`: what `cannery/testing` adds to a test for giving it the network as the setup left it: ten Motoko canisters and a mock, of which the
 * test before has called every one. What a restore puts off until the next message is in `snapshotRestoreMilliseconds`.
 */
import type { Figure, FigureOptions, Results } from "./figure.ts";
import { manyCounters } from "./many-canisters.ts";
import { median, rounded, timedAsync } from "./measure.ts";

const { prepare } = (await import(new URL("../dist/testing.js", import.meta.url).href)) as typeof import("../src/testing.ts");

async function measure({ isQuick, progress }: FigureOptions): Promise<Results> {
  let setups = 0;
  const fresh = prepare(async (net) => {
    setups++;
    const ledger = await net.mock("service : { ping : () -> () }", { ping: () => undefined });
    return { counters: await manyCounters(net, 10, progress), ledger };
  });
  const times: number[] = [];
  for (let turn = 0; turn < (isQuick ? 20 : 400); turn++) {
    const { counters, ledger } = await fresh();
    await Promise.all([...counters.map(({ actor }) => actor.inc()), ledger.actor["ping"]!()]);
    times.push(await timedAsync(fresh));
    if (ledger.calls.length !== 0) throw new Error("the calls of the test before are still there");
  }
  if (setups !== 1) throw new Error(`set up ${setups} times`);
  // The first half warms up.
  return { perTestMilliseconds: rounded(median(times.slice(times.length >> 1))) };
}

export const perTest: Figure = {
  name: "perTestMilliseconds",
  aim: { kind: "at most", value: 2, of: (results) => results["perTestMilliseconds"] as number },
  nodeFlags: [],
  measure,
};
