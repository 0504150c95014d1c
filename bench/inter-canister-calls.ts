/**
 * `interCanisterCallsPerSecond`: calls from one Motoko canister to another on the same subnet. The user calls the caller through the
 * public actor, one awaited before the next is made; the caller makes `CALLS` calls, each awaited before the next, and replies with how many
 * succeeded. What counts is the calls between the canisters; the user's own calls are in the time and not in the count.
 *
 * `interCanisterRoundTripsPerSecond`: the same with one call in each user's call: an update, a call, its response and the reply.
 *
 * `interCanisterCallsPerSecondBatched`: the caller makes 100 calls and then awaits them all.
 */
import { loadGenerated } from "../examples/modules.ts";
import type { Principal } from "@icp-sdk/core/principal";
import type { Figure, FigureOptions, Results } from "./figure.ts";
import { newNetwork, rateOf } from "./network-support.ts";

interface Outcome {
  readonly succeeded: bigint;
}

interface Caller {
  sequential(callee: Principal, n: bigint): Promise<Outcome>;
  parallel(callee: Principal, n: bigint): Promise<Outcome>;
}

interface Callee {
  pings(): Promise<bigint>;
}

/** Calls in one message of the user's. */
const CALLS = 100;
const MESSAGES = 5;
const ROUND_TRIPS = 300;

async function measure(options: FigureOptions): Promise<Results> {
  const net = await newNetwork();
  const caller = await net.install<Caller>(loadGenerated("parallel-calls-caller"));
  const callee = await net.install<Callee>(loadGenerated("parallel-calls-callee"));
  let pings = 0n;
  const batch = (method: keyof Caller, messages: number, calls: number) => async (): Promise<void> => {
    for (let i = 0; i < messages; i++) {
      const { succeeded } = await caller.actor[method](callee.id, BigInt(calls));
      if (succeeded !== BigInt(calls)) throw new Error(`${succeeded} of ${calls} calls succeeded`);
      pings += succeeded;
    }
  };
  const sequential = await rateOf({ each: MESSAGES * CALLS, batch: batch("sequential", MESSAGES, CALLS) }, options);
  options.progress(`  ${CALLS} in a row in one message ${sequential}`);
  const roundTrips = await rateOf({ each: ROUND_TRIPS, batch: batch("sequential", ROUND_TRIPS, 1) }, options);
  options.progress(`  one in one message ${roundTrips}`);
  const parallel = await rateOf({ each: MESSAGES * CALLS, batch: batch("parallel", MESSAGES, CALLS) }, options);
  options.progress(`  ${CALLS} at once ${parallel}`);
  const seen = await callee.actor.pings();
  if (seen !== pings) throw new Error(`the callee has seen ${seen} calls, the caller made ${pings}`);
  return {
    interCanisterCallsPerSecond: sequential,
    interCanisterRoundTripsPerSecond: roundTrips,
    interCanisterCallsPerSecondBatched: parallel,
  };
}

export const interCanisterCalls: Figure = {
  name: "interCanisterCallsPerSecond",
  aim: { kind: "at least", value: 20_000, of: (results) => results["interCanisterCallsPerSecond"] as number },
  nodeFlags: [],
  measure,
};
