/**
 * `interCanisterCallsPerSecond`: calls from one Motoko canister to another on the same subnet, through the public actor, from the JavaScript
 * argument to the decoded reply, charging and trace on, one awaited before the next is made. Each is a user's call that the
 * first canister passes on and whose answer it passes back: three executions (call, callee, callback) and two replies.
 *
 * `interCanisterCallsPerSecondInOneMessage`: the same calls 100 in a row in one call of the user's: what is left is the calls between
 * the canisters themselves. `interCanisterCallsPerSecondBatched`: 100 users' calls at once, each passed on.
 */
import { loadGenerated } from "../examples/modules.ts";
import type { Figure, FigureOptions, Results } from "./figure.ts";
import { newNetwork, rateOf } from "./network-support.ts";

interface Counter {
  inc(): Promise<bigint>;
}

interface Relay extends Counter {
  incTimes(times: bigint): Promise<bigint>;
}

const ONE_BY_ONE = 300;
const TIMES = 100;
const MESSAGES = 5;

/** Calls by `batch`, which returns the highest count that was answered; each rate on a network of its own, as canisters keep garbage. */
async function rate(each: number, batch: (relay: Relay) => Promise<bigint>, options: FigureOptions): Promise<number> {
  const net = await newNetwork();
  const counter = await net.install<Counter>(loadGenerated("counter"));
  const { actor: relay } = await net.install<Relay>(loadGenerated("kernels-relay"), { args: [counter.id] });
  let calls = 0;
  return rateOf(
    {
      each,
      batch: async () => {
        calls += each;
        const count = await batch(relay);
        if (count !== BigInt(calls)) throw new Error(`the counter is at ${count} after ${calls} calls`);
      },
    },
    options,
  );
}

async function oneByOne(relay: Relay): Promise<bigint> {
  for (let i = 1; i < ONE_BY_ONE; i++) await relay.inc();
  return relay.inc();
}

async function inARow(relay: Relay): Promise<bigint> {
  for (let i = 1; i < MESSAGES; i++) await relay.incTimes(BigInt(TIMES));
  return relay.incTimes(BigInt(TIMES));
}

async function together(relay: Relay): Promise<bigint> {
  const counts = await Promise.all(Array.from({ length: TIMES }, () => relay.inc()));
  return counts.reduce((most, count) => (count > most ? count : most));
}

async function measure(options: FigureOptions): Promise<Results> {
  const awaited = await rate(ONE_BY_ONE, oneByOne, options);
  options.progress(`  one awaited at a time ${awaited}`);
  const inOneMessage = await rate(MESSAGES * TIMES, inARow, options);
  options.progress(`  ${TIMES} in a row in one message ${inOneMessage}`);
  const batched = await rate(TIMES, together, options);
  options.progress(`  ${TIMES} at a time ${batched}`);
  return {
    interCanisterCallsPerSecond: awaited,
    interCanisterCallsPerSecondInOneMessage: inOneMessage,
    interCanisterCallsPerSecondBatched: batched,
  };
}

export const interCanisterCalls: Figure = {
  name: "interCanisterCallsPerSecond",
  aim: { kind: "at least", value: 20_000, of: (results) => results["interCanisterCallsPerSecond"] as number },
  nodeFlags: [],
  measure,
};
