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

/** Each rate on a network of its own, as canisters keep garbage. */
async function rate(each: number, batch: (actor: Counter) => Promise<unknown>, options: FigureOptions): Promise<number> {
  const net = await newNetwork();
  const { actor } = await net.install<Counter>(loadGenerated("counter"));
  let calls = 0;
  const found = await rateOf(
    {
      each,
      batch: () => {
        calls += each;
        return batch(actor);
      },
    },
    options,
  );
  const count = await actor.get();
  if (count !== BigInt(calls)) throw new Error(`the counter is at ${count} after ${calls} calls`);
  return found;
}

async function oneByOne(actor: Counter): Promise<void> {
  for (let i = 0; i < ONE_BY_ONE; i++) await actor.inc();
}

function together(actor: Counter): Promise<unknown> {
  return Promise.all(Array.from({ length: BATCH }, () => actor.inc()));
}

async function measure(options: FigureOptions): Promise<Results> {
  const awaited = await rate(ONE_BY_ONE, oneByOne, options);
  options.progress(`  one awaited at a time ${awaited}`);
  const batched = await rate(BATCH, together, options);
  options.progress(`  ${BATCH} at a time ${batched}`);
  return { updateCallsPerSecond: awaited, updateCallsPerSecondBatched: batched };
}

export const updateCalls: Figure = {
  name: "updateCallsPerSecond",
  aim: { kind: "at least", value: 20_000, of: (results) => results["updateCallsPerSecond"] as number },
  nodeFlags: [],
  measure,
};
