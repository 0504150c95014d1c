/**
 * Runs whose digests must be the same on every machine and engine: on this Node and a newer one (`print.ts`), in Chromium's pages and workers
 * (`../browser`). Nothing here or below asks for a host but through `src/index.ts`, `examples/modules.ts` and `src/host/platform-node.ts`, for which a
 * browser has its own.
 */
import { loadGenerated } from "../../examples/modules.ts";
import { Prng } from "../../src/base/prng.ts";
import type { Schedule } from "../../src/core/schedule/schedule.ts";
import { Cannery } from "../../src/index.ts";
import { deepStacks, manyCanisters } from "./hosts-limits.ts";
import { puppets } from "./puppets.ts";

/** Any of the options, drawn from a seed: another order of messages, longer ways, refused requests, lost responses. */
function random(seed: bigint): Schedule {
  const prng = Prng.fromSeed(seed);
  return { ordinary: false, choose: (_choice, options) => (prng.ratio(1, 3) ? prng.below(options) : 0) };
}

/** Motoko on two subnets: sequential, parallel and bounded calls, refusals included. */
async function parallelCalls(schedule?: Schedule): Promise<string> {
  const net = await Cannery.create({ application: 2, latency: "mainnet", seed: 7n, schedule, print: false });
  const [left, right] = net.subnets;
  const callee = await net.install(loadGenerated("parallel-calls-callee"), { subnet: right });
  const caller = await net.install(loadGenerated("parallel-calls-caller"), { subnet: left });
  await caller.actor.sequential(callee.id, 5n);
  await Promise.allSettled([caller.actor.parallel(callee.id, 600n), caller.actor.parallelBounded(callee.id, 30n), callee.actor.ping()]);
  await net.settle();
  return net.digest();
}

/** Actor classes made on demand, upgrades, traps in callbacks, a saga, timers. */
async function everything(schedule?: Schedule): Promise<string> {
  const net = await Cannery.create({ application: 2, seed: 11n, schedule, print: false });
  const [left, right] = net.subnets;
  const map = await net.install(loadGenerated("composite-query-map"), { subnet: left });
  await Promise.allSettled([0n, 1n, 2n, 3n, 4n].map((key) => map.actor.put(key, `value ${key}`)));
  await map.actor.get(2n).catch(() => null);
  const ledger = await net.install(loadGenerated("reentrancy-ledger"), { subnet: right });
  const bank = await net.install(loadGenerated("reentrancy-bank"), { subnet: left, args: [ledger.id] });
  await bank.actor.deposit(100n);
  await Promise.allSettled([
    bank.actor.withdraw(30n),
    bank.actor.withdrawThenTrap(10n),
    bank.actor.withdrawUnsafe(50n),
    bank.actor.trapAfterAwait(),
  ]);
  const kernel = await net.install(loadGenerated("kernels-motoko-kernel"), { subnet: right });
  await kernel.actor.run(2n);
  await ledger.upgrade(loadGenerated("reentrancy-ledger"));
  const retry = await net.install(loadGenerated("retry-from-timer-caller"), { subnet: left });
  const callee = await net.install(loadGenerated("parallel-calls-callee"), { subnet: right });
  await retry.actor.callAll(callee.id, 700n).catch(() => null);
  await net.settle();
  return net.digest();
}

export const SCENARIOS: Readonly<Record<string, () => Promise<string>>> = {
  "parallel calls": () => parallelCalls(),
  "parallel calls, any order": () => parallelCalls(random(3n)),
  everything: () => everything(),
  "everything, any order": () => everything(random(5n)),
  puppets: () => Promise.resolve(puppets().at(-1)!),
  "deep stacks": () => Promise.resolve(deepStacks()),
  "many canisters": () => Promise.resolve(manyCanisters()),
};

export async function digests(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, run] of Object.entries(SCENARIOS)) found[name] = await run();
  return found;
}
