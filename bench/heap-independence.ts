/**
 * `heapIndependence`: the time of a small update of a Motoko canister that holds 512 MiB, none of whose bytes is zero, over that of the same
 * update of the same canister holding 1 MiB. Both canisters live in one network and take turns.
 *
 * `heapIndependenceOfRollback`: the same for a message that is rolled back: a query, in which Motoko writes too.
 */
import { loadGenerated } from "../examples/modules.ts";
import type { Canister } from "../src/network/canister.ts";
import type { Cannery } from "../src/network/cannery.ts";
import type { Figure, FigureOptions, Results } from "./figure.ts";
import { compared, rounded, timedAsync } from "./measure.ts";
import { newNetwork } from "./network-support.ts";

interface Heap {
  fill(megabytes: bigint): Promise<bigint>;
  touch(): Promise<bigint>;
  peek(megabyte: bigint, index: bigint): Promise<number>;
}

/** MiB of one message: well within its instructions. */
const FILL_AT_ONCE = 32;
const TOUCHES = 200;

async function filled(net: Cannery, megabytes: number): Promise<Canister<Heap>> {
  const canister = await net.install<Heap>(loadGenerated("kernels-heap"));
  for (let done = 0; done < megabytes; done += FILL_AT_ONCE) await canister.actor.fill(BigInt(Math.min(FILL_AT_ONCE, megabytes - done)));
  if ((await canister.actor.peek(BigInt(megabytes - 1), 12_345n)) === 0) throw new Error("the heap holds zeros");
  return canister;
}

async function measure({ isQuick, progress }: FigureOptions): Promise<Results> {
  const net = await newNetwork();
  const small = await filled(net, 1);
  const large = await filled(net, 512);
  progress(`  heaps filled: ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB resident`);
  const updates = (canister: Canister<Heap>) => () => timedAsync(async () => void (await repeated(() => canister.actor.touch())));
  const queries = (canister: Canister<Heap>) => () => timedAsync(async () => void (await repeated(() => canister.actor.peek(0n, 1n))));
  for (let i = 0; i < (isQuick ? 3 : 10); i++) {
    await updates(large)();
    await updates(small)();
  }
  const turns = isQuick ? 5 : 21;
  const commit = await compared(updates(large), updates(small), turns);
  progress(
    `  update ${commit.ratio.toFixed(2)} (${((commit.subjectMilliseconds / TOUCHES) * 1000).toFixed(1)} over ${((commit.baselineMilliseconds / TOUCHES) * 1000).toFixed(1)} µs)`,
  );
  await queries(large)();
  await queries(small)();
  const rollback = await compared(queries(large), queries(small), turns);
  progress(`  query  ${rollback.ratio.toFixed(2)}`);
  return { heapIndependence: rounded(commit.ratio), heapIndependenceOfRollback: rounded(rollback.ratio) };
}

async function repeated(action: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < TOUCHES; i++) await action();
}

export const heapIndependence: Figure = {
  name: "heapIndependence",
  aim: { kind: "at most", value: 1.2, of: (results) => results["heapIndependence"] as number },
  nodeFlags: [],
  measure,
};
