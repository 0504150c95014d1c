/**
 * `cpuRatio`: what the rewriting costs: the time of a rewritten module (the fast variant, as canisters run) over that of the same
 * module as it was written, run by the same V8 with the same flags. By kernel, and their geometric mean.
 *
 * Both are called in turns after both have been warm for a while, so that V8 has optimised what it wants to. They must come to the
 * same result. Commit and rollback are not in it: these are figures of instructions, not of messages.
 *
 * The Motoko kernel is compiled twice (`examples/kernels`): the ratio is that of the wasm32 build, which every Node can run as it
 * is. `motokoOver32` is for information: the ordinary wasm64 build, rewritten, over the wasm32 build as written; another compiler
 * backend and another garbage collector are in it. Where the engine runs wasm64 itself, `motoko64` compares that build with itself.
 */
import type { Figure, FigureOptions, Results } from "./figure.ts";
import { KERNELS, kernelModule } from "./kernels.ts";
import { compared, geometricMean, rounded, timed } from "./measure.ts";
import { motokoKernels } from "./motoko-kernel.ts";
import { RawProgram, RewrittenProgram, type Program } from "./programs.ts";

async function ratioOf(name: string, rewritten: Program, raw: Program, { isQuick, progress }: FigureOptions): Promise<number> {
  warm([rewritten, raw], isQuick ? 60 : 250);
  const { ratio, subjectMilliseconds, baselineMilliseconds } = await compared(
    () => timed(() => rewritten.run()),
    () => timed(() => raw.run()),
    isQuick ? 5 : 21,
  );
  if (rewritten.result() !== raw.result())
    throw new Error(`kernel ${name}: rewritten gives ${rewritten.result()}, as written ${raw.result()}`);
  progress(`  ${name.padEnd(14)} ${ratio.toFixed(2)}  (${subjectMilliseconds.toFixed(1)} over ${baselineMilliseconds.toFixed(1)} ms)`);
  return ratio;
}

/** Each for so long, in turns. */
function warm(programs: readonly Program[], milliseconds: number): void {
  const spent = programs.map(() => 0);
  while (Math.min(...spent) < milliseconds) {
    programs.forEach((program, i) => (spent[i]! += timed(() => program.run())));
  }
}

async function measure(options: FigureOptions): Promise<Results> {
  const kernels: Record<string, number> = {};
  for (const name of KERNELS) {
    const wasm = kernelModule(name);
    kernels[name] = await ratioOf(name, new RewrittenProgram(wasm), new RawProgram(wasm), options);
  }
  const { motoko, motoko64, motokoOver32 } = motokoKernels();
  kernels["motoko"] = await ratioOf("motoko", motoko.rewritten, motoko.raw, options);
  if (motoko64 !== null) kernels["motoko64"] = await ratioOf("motoko64", motoko64.rewritten, motoko64.raw, options);
  const over32 = await ratioOf("motokoOver32", motokoOver32.rewritten, motokoOver32.raw, options);

  const ratios = Object.entries(kernels);
  const [worst] = ratios.reduce((most, one) => (one[1] > most[1] ? one : most));
  return {
    cpuRatio: {
      kernels: Object.fromEntries(ratios.map(([name, ratio]) => [name, rounded(ratio)])),
      geomean: rounded(geometricMean(ratios.map(([, ratio]) => ratio))),
      worst,
      motokoOver32: rounded(over32),
    },
  };
}

export const cpuRatio: Figure = {
  name: "cpuRatio",
  aim: { kind: "at most", value: 1.5, of: (results) => (results["cpuRatio"] as { geomean: number }).geomean },
  nodeFlags: [],
  measure,
};
