/**
 * `snapshotRestoreMilliseconds`: going back to a snapshot of a network of ten Motoko canisters, as a test suite does between its tests. In each
 * turn every canister answers an update; then the snapshot is restored, and the next snapshot is taken. Timed are `restore` and `snapshot`,
 * and what they put off until the next message: the difference between that update of each canister and another one of each after it.
 */
import type { Figure, FigureOptions, Results } from "./figure.ts";
import { manyCounters } from "./many-canisters.ts";
import { median, rounded, timed, timedAsync } from "./measure.ts";
import { newNetwork } from "./network-support.ts";

async function measure({ isQuick, progress }: FigureOptions): Promise<Results> {
  const net = await newNetwork();
  const canisters = await manyCounters(net, 10, progress);
  const all = (): Promise<number> =>
    timedAsync(async () => {
      for (const { actor } of canisters) await actor.inc();
    });
  for (let i = 0; i < (isQuick ? 20 : 200); i++) await all();
  let snapshot = net.snapshot();
  const expected = await canisters[0]!.actor.inc();
  const parts: { there: number; later: number }[] = [];
  for (let turn = 0; turn < (isQuick ? 20 : 200); turn++) {
    await all();
    const there = timed(() => {
      net.restore(snapshot);
      snapshot = net.snapshot();
    });
    const value = await timedValue(() => canisters[0]!.actor.inc());
    if (value.result !== expected) throw new Error(`after a restore the counter gives ${value.result}, expected ${expected}`);
    const first = value.milliseconds + (await restOf(canisters.slice(1)));
    const later = Math.max(0, first - (await all()));
    parts.push({ there, later });
  }
  // The first half warms up.
  const steady = parts.slice(parts.length >> 1);
  const total = median(steady.map(({ there, later }) => there + later));
  progress(
    `  restore and snapshot ${median(steady.map(({ there }) => there)).toFixed(3)}, put off until later ${median(steady.map(({ later }) => later)).toFixed(3)} ms`,
  );
  return { snapshotRestoreMilliseconds: rounded(total) };
}

async function timedValue<T>(action: () => Promise<T>): Promise<{ readonly result: T; readonly milliseconds: number }> {
  const start = performance.now();
  const result = await action();
  return { result, milliseconds: performance.now() - start };
}

function restOf(canisters: readonly { readonly actor: { inc(): Promise<bigint> } }[]): Promise<number> {
  return timedAsync(async () => {
    for (const { actor } of canisters) await actor.inc();
  });
}

export const snapshotRestore: Figure = {
  name: "snapshotRestoreMilliseconds",
  aim: { kind: "at most", value: 2, of: (results) => results["snapshotRestoreMilliseconds"] as number },
  nodeFlags: [],
  measure,
};
