/**
 * `roundIndependence`: the time of one update in a network of 10,000 Motoko canisters over that of the same update in a network of 10. A
 * round must cost what happens in it. The others are idle: they have code, a balance that is charged for storage, and nothing to do.
 *
 * The updates go to one canister. `roundIndependenceSpread` sends each to another canister of the 10,000, which measures the
 * pool of live instances as well: no aim.
 */
import type { Canister } from "../src/network/canister.ts";
import type { Figure, FigureOptions, Results } from "./figure.ts";
import { manyCounters, type Counter } from "./many-canisters.ts";
import { compared, rounded, timedAsync } from "./measure.ts";
import { newNetwork } from "./network-support.ts";

const UPDATES = 200;

function updatesOf(canister: (i: number) => Canister<Counter>): () => Promise<number> {
  return () =>
    timedAsync(async () => {
      for (let i = 0; i < UPDATES; i++) await canister(i).actor.inc();
    });
}

async function measure({ isQuick, progress }: FigureOptions): Promise<Results> {
  const few = await manyCounters(await newNetwork(), 10, progress);
  const many = await manyCounters(await newNetwork(), isQuick ? 1000 : 10_000, progress);
  const amongFew = updatesOf(() => few[5]!);
  const amongMany = updatesOf(() => many[5]!);
  for (let i = 0; i < (isQuick ? 5 : 20); i++) {
    await amongFew();
    await amongMany();
  }
  const turns = isQuick ? 5 : 21;
  const one = await compared(amongMany, amongFew, turns);
  progress(
    `  one of them ${one.ratio.toFixed(2)} (${((one.subjectMilliseconds / UPDATES) * 1000).toFixed(1)} over ${((one.baselineMilliseconds / UPDATES) * 1000).toFixed(1)} µs)`,
  );
  let next = 0;
  const spread = await compared(
    updatesOf(() => many[(next += 7) % many.length]!),
    updatesOf((i) => few[i % few.length]!),
    turns,
  );
  progress(
    `  each another ${spread.ratio.toFixed(2)} (${((spread.subjectMilliseconds / UPDATES) * 1000).toFixed(1)} over ${((spread.baselineMilliseconds / UPDATES) * 1000).toFixed(1)} µs)`,
  );
  return { roundIndependence: rounded(one.ratio), roundIndependenceSpread: rounded(spread.ratio) };
}

export const roundIndependence: Figure = {
  name: "roundIndependence",
  aim: { kind: "at most", value: 1.2, of: (results) => results["roundIndependence"] as number },
  nodeFlags: [],
  measure,
};
