/**
 * `updateCallsPerSecond`: updates of a Motoko counter through the public actor, from the JavaScript argument to the decoded reply,
 * charging and trace on, one awaited before the next is made.
 *
 * `updateCallsPerSecondBatched`: the same call 500 at a time, all submitted before any is awaited, so that they share rounds.
 */
import { loadGenerated } from "../examples/modules.ts";
import type { Figure, FigureOptions, Results } from "./figure.ts";
import { newNetwork, rateOf } from "./network-support.ts";

interface Counter {
  inc(): Promise<bigint>;
  get(): Promise<bigint>;
}

const ONE_BY_ONE = 1000;
const BATCH = 500;

async function measure(options: FigureOptions): Promise<Results> {
  const net = await newNetwork();
  const { actor } = await net.install<Counter>(loadGenerated("counter"));
  let calls = 0;
  const oneByOne = async (): Promise<void> => {
    for (let i = 0; i < ONE_BY_ONE; i++) await actor.inc();
    calls += ONE_BY_ONE;
  };
  const together = async (): Promise<void> => {
    await Promise.all(Array.from({ length: BATCH }, () => actor.inc()));
    calls += BATCH;
  };
  const awaited = await rateOf({ each: ONE_BY_ONE, batch: oneByOne }, options);
  options.progress(`  one awaited at a time ${awaited}`);
  const batched = await rateOf({ each: BATCH, batch: together }, options);
  options.progress(`  ${BATCH} at a time ${batched}`);
  const count = await actor.get();
  if (count !== BigInt(calls)) throw new Error(`the counter is at ${count} after ${calls} calls`);
  return { updateCallsPerSecond: awaited, updateCallsPerSecondBatched: batched };
}

export const updateCalls: Figure = {
  name: "updateCallsPerSecond",
  aim: { kind: "at least", value: 20_000, of: (results) => results["updateCallsPerSecond"] as number },
  nodeFlags: [],
  measure,
};
