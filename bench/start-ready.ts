/**
 * `startReadyMilliseconds`: how much longer than Node alone `cannery start --json` takes until its line, with the system canisters in it. The baseline is a
 * Node that says one line; both in turns.
 *
 * `startReadyRatio` is the one over the other, `startReadyCpuMilliseconds` the same difference in CPU time, which other work of the machine does not change.
 * `…Bare` is a network without system canisters, `…Installed` one of other subnets than the usual: there the canisters are installed at the start.
 */
import { fileURLToPath } from "node:url";
import type { Figure, FigureOptions, Results } from "./figure.ts";
import { median, rounded } from "./measure.ts";
import { serving } from "./served-process.ts";

const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const START = [MAIN, "start", "--json", "--port", "0"];
const NODE = ["-e", "console.log('ready'); setInterval(() => {}, 1e6)"];

interface Times {
  readonly wall: number[];
  readonly cpu: number[];
}

async function once(args: readonly string[], times: Times): Promise<void> {
  const process = await serving(args);
  times.wall.push(process.wallMilliseconds);
  times.cpu.push(process.cpuMilliseconds() ?? NaN);
  await process.stop();
}

async function measure({ isQuick, progress }: FigureOptions): Promise<Results> {
  const kinds = {
    node: NODE,
    usual: START,
    bare: [...START, "--subnets", "application"],
    installed: [...START, "--subnets", "application=2,nns,ii"],
  };
  const times = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, { wall: [], cpu: [] } as Times])) as Record<
    keyof typeof kinds,
    Times
  >;
  for (let turn = 0; turn < (isQuick ? 3 : 15); turn++) {
    for (const [kind, args] of Object.entries(kinds)) await once(args, times[kind as keyof typeof kinds]);
  }
  const wall = (kind: keyof typeof kinds): number => median(times[kind].wall);
  const cpu = (kind: keyof typeof kinds): number => median(times[kind].cpu);
  for (const kind of ["node", "usual", "bare", "installed"] as const)
    progress(`  ${kind} ${wall(kind).toFixed(0)} ms, CPU ${cpu(kind).toFixed(0)} ms`);
  return {
    startReadyMilliseconds: rounded(wall("usual") - wall("node")),
    startReadyRatio: rounded(wall("usual") / wall("node")),
    startReadyCpuMilliseconds: rounded(cpu("usual") - cpu("node")),
    startReadyMillisecondsBare: rounded(wall("bare") - wall("node")),
    startReadyMillisecondsInstalled: rounded(wall("installed") - wall("node")),
  };
}

export const startReady: Figure = {
  name: "startReadyMilliseconds",
  aim: { kind: "at most", value: 150, of: (results) => results["startReadyMilliseconds"] as number },
  nodeFlags: [],
  measure,
};
