/**
 * The demo's main job: one canister calls another 10 to 2000 times, one call after another or all at once, on one subnet and on two.
 * Every figure is measured on a fresh network under the `mainnet` latency profile.
 */
import type { Principal } from "@icp-sdk/core/principal";
import { Cannery } from "../../index.ts";
import { generatedModule } from "../generated.ts";

export const MODES = ["sequential", "parallel", "parallel-bounded"] as const;
export type Mode = (typeof MODES)[number];

export const CALLS = [10, 90, 500, 2000] as const;

/** What one run came to. */
export interface Measured {
  readonly subnets: 1 | 2;
  readonly mode: Mode;
  readonly calls: number;
  readonly succeeded: number;
  /** Counts by reject code as Motoko names it; `call_error 2` is a refusal by `call_perform` itself. */
  readonly rejected: Readonly<Record<string, number>>;
  readonly rounds: number;
  readonly virtualSeconds: number;
  /** Real time. */
  readonly milliseconds: number;
  /** Of both canisters. */
  readonly instructions: number;
  /** Charged to both canisters, decimal. */
  readonly cycles: string;
}

/** `examples/parallel-calls/caller.mo`. */
interface Caller {
  sequential(callee: Principal, calls: bigint): Promise<Tally>;
  parallel(callee: Principal, calls: bigint): Promise<Tally>;
  parallelBounded(callee: Principal, calls: bigint): Promise<Tally>;
}

interface Tally {
  readonly succeeded: bigint;
  readonly rejected: readonly (readonly [string, bigint])[];
}

const METHOD = { sequential: "sequential", parallel: "parallel", "parallel-bounded": "parallelBounded" } as const;

async function pair(subnets: 1 | 2) {
  const net = await Cannery.create({ application: subnets, latency: "mainnet", trace: 1_000_000 });
  const [left, right = left] = net.subnets;
  const callee = await net.install(generatedModule("parallel-calls-callee"), { subnet: right, name: "callee" });
  const caller = await net.install<Caller>(generatedModule("parallel-calls-caller"), { subnet: left, name: "caller" });
  return { net, caller, callee };
}

export async function measure(subnets: 1 | 2, mode: Mode, calls: number): Promise<Measured> {
  const { net, caller, callee } = await pair(subnets);
  const balances = (): bigint => caller.balance() + callee.balance();
  const before = { round: net.round, time: net.time, position: net.trace.position, balance: balances() };
  const started = performance.now();
  const tally = await caller.actor[METHOD[mode]](callee.id, BigInt(calls));
  const milliseconds = performance.now() - started;
  let instructions = 0;
  for (const event of net.trace.since(before.position)) if (event.kind === "executed") instructions += event.instructions;
  return {
    subnets,
    mode,
    calls,
    succeeded: Number(tally.succeeded),
    rejected: Object.fromEntries(tally.rejected.map(([code, count]) => [code, Number(count)])),
    rounds: net.round - before.round,
    virtualSeconds: Number((net.time - before.time) / 1_000_000n) / 1000,
    milliseconds: Math.round(milliseconds * 10) / 10,
    instructions,
    cycles: String(before.balance - balances()),
  };
}

/** The message diagram of a run with three calls on two subnets, in rounds. */
export async function diagram(mode: Mode): Promise<string> {
  const { net, caller, callee } = await pair(2);
  const since = net.trace.position;
  await caller.actor[METHOD[mode]](callee.id, 3n);
  return net.draw({ since, margin: "seconds" });
}
