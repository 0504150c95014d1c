/**
 * `canistersAlive`: how many of 10,000 Motoko canisters in one network answer an update after all have been installed.
 *
 * `idleCanisterBytes`: what each of them takes of the process's resident memory, between an empty network and the full one before any of the
 * updates, garbage collected before both. Instances that the process keeps alive for the next message are in it, code that is
 * shared is not: one canister of the module is there before.
 */
import type { Figure, FigureOptions, Results } from "./figure.ts";
import { manyCounters } from "./many-canisters.ts";
import { newNetwork } from "./network-support.ts";

function residentBytes(): number {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) throw new Error("canistersAlive needs --expose-gc");
  collect();
  collect();
  return process.memoryUsage().rss;
}

async function measure({ isQuick, progress }: FigureOptions): Promise<Results> {
  const count = isQuick ? 1000 : 10_000;
  const net = await newNetwork();
  // What is paid once: the module, our own code.
  await manyCounters(net, 100, progress);
  const before = residentBytes();
  const canisters = await manyCounters(net, count, progress);
  const after = residentBytes();
  progress(`  resident: ${Math.round(before / 2 ** 20)} MiB before, ${Math.round(after / 2 ** 20)} MiB with them`);
  let alive = 0;
  for (const { actor } of canisters) if ((await actor.inc()) === 1n) alive++;
  progress(`  ${alive} of ${count} answer`);
  return { canistersAlive: alive, idleCanisterBytes: Math.round((after - before) / count) };
}

export const canistersAlive: Figure = {
  name: "canistersAlive",
  aim: { kind: "at least", value: 10_000, of: (results) => results["canistersAlive"] as number },
  nodeFlags: ["--expose-gc"],
  measure,
};
