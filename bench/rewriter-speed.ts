/**
 * `rewriterMillisecondsPerMebibyte`: how long a module takes from its bytes to something that can be instantiated, for each MiB of
 * it. `cold` is the first module that this process ever sees, `warm` the median of all generated modules over and over.
 *
 * `check` is decoding, validation and the platform's checks (what `install_code` waits for), `rewrite` decoding again and writing
 * the fast variant, `engine` the engine's own compilation of the result, which V8 does lazily.
 */
import { generatedNames, loadGenerated } from "../examples/modules.ts";
import type { Platform } from "../src/core/wasm/engine.ts";
import { isRefusal, prepareModule } from "../src/core/wasm/prepare.ts";
import { nodePlatform } from "../src/host/platform-node.ts";
import type { Figure, FigureOptions, Results } from "./figure.ts";
import { median, rounded, timed } from "./measure.ts";

const MEBIBYTE = 1 << 20;

interface Passage {
  readonly check: number;
  readonly rewrite: number;
  readonly engine: number;
  readonly total: number;
}

/** One module through everything, in milliseconds per MiB. */
function passage(wasm: Uint8Array): Passage {
  let engine = 0;
  const platform: Platform = {
    ...nodePlatform,
    engine: {
      ...nodePlatform.engine,
      compile: (bytes) => {
        let module: ReturnType<typeof nodePlatform.engine.compile>;
        engine += timed(() => (module = nodePlatform.engine.compile(bytes)));
        return module!;
      },
    },
  };
  let module: ReturnType<typeof prepareModule>;
  const check = timed(() => (module = prepareModule(wasm, platform)));
  if (isRefusal(module!)) throw new Error(`a generated module is refused: ${module!.description}`);
  const prepared = module!;
  const compiled = timed(() => prepared.compiled("fast", "own"));
  const perMebibyte = MEBIBYTE / wasm.length;
  return {
    check: check * perMebibyte,
    rewrite: (compiled - engine) * perMebibyte,
    engine: engine * perMebibyte,
    total: (check + compiled) * perMebibyte,
  };
}

function medians(passages: readonly Passage[]): Results {
  const of = (part: keyof Passage): number => rounded(median(passages.map((one) => one[part])));
  return { total: of("total"), check: of("check"), rewrite: of("rewrite"), engine: of("engine") };
}

function measure({ isQuick, progress }: FigureOptions): Promise<Results> {
  const modules = generatedNames().map((name) => loadGenerated(name));
  const cold = medians([passage(modules[0]!)]);
  const passages: Passage[] = [];
  for (let turn = 0; turn < (isQuick ? 3 : 12); turn++) {
    const round = modules.map(passage);
    // The first turns are what makes it warm.
    if (turn >= (isQuick ? 1 : 4)) passages.push(...round);
  }
  const warm = medians(passages);
  progress(`  cold ${String(cold["total"])}, warm ${String(warm["total"])} ms per MiB`);
  return Promise.resolve({ rewriterMillisecondsPerMebibyte: { warm, cold } });
}

export const rewriterSpeed: Figure = { name: "rewriterMillisecondsPerMebibyte", aim: null, nodeFlags: [], measure };
