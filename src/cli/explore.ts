/**
 * `cannery explore FILE`: runs the exploration that the file exports as its default, stops at the first failure, and writes its run beside the report.
 */
import { existsSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CanneryError } from "../base/cannery-error.ts";
import { told, type ExploreOptions } from "../explore/options.ts";
import type { Exploration } from "../explore/explore.ts";
import type { StrategyName } from "../explore/strategies/portfolio.ts";
import { Progress } from "./progress.ts";

export interface ExploreCommand {
  readonly runs?: number;
  readonly time?: number;
  readonly strategy?: StrategyName;
  readonly seed?: number;
  readonly shard?: { readonly index: number; readonly count: number };
  readonly out: string;
  readonly json: boolean;
}

/** Code 1 when a run failed. */
export async function exploreFile(file: string, command: ExploreCommand): Promise<void> {
  const { exploration } = await load(file);
  const progress = new Progress();
  const { runs, time, strategy, seed, shard } = command;
  const overrides: Partial<ExploreOptions<object>> = {
    ...(runs === undefined ? {} : { runs }),
    ...(time === undefined ? {} : { time: { seconds: time } }),
    ...(strategy === undefined ? {} : { strategy }),
    ...(seed === undefined ? {} : { seed }),
    ...(shard === undefined ? {} : { shard }),
    file,
    onProgress: ({ runs: done, orders, deviations, milliseconds }) => {
      const rate = milliseconds === 0 ? 0 : Math.round((done / milliseconds) * 1000);
      if (done % 20 === 0)
        progress.show(
          `${done} runs, ${rate} runs/s, ${orders} distinct orders, ${deviations} deviations, ${Math.round(milliseconds / 1000)} s`,
        );
    },
  };
  const result = await exploration.run(overrides).finally(() => progress.clear());
  const { counterexample } = result;
  if (counterexample !== null) {
    writeFileSync(command.out, `${JSON.stringify(counterexample.run)}\n`);
    process.exitCode = 1;
  }
  if (command.json) {
    const found = counterexample === null ? null : { ...counterexample, run: command.out };
    console.log(
      JSON.stringify({ ...result, counterexample: found }, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
    );
    return;
  }
  if (counterexample !== null) console.log(`${counterexample.text}\n\nThe run is in ${command.out}: cannery replay ${command.out}\n`);
  console.log(told(result));
}

/** In an object, as awaiting an exploration runs it. */
async function load(file: string): Promise<{ readonly exploration: Exploration<object> }> {
  const path = resolve(file);
  if (!existsSync(path))
    throw new CanneryError("file-missing", `There is no file ${file}. Give a module whose default export is explore(…).`);
  let loaded: { readonly default?: unknown };
  try {
    loaded = (await import(pathToFileURL(path).href)) as typeof loaded;
  } catch (error) {
    const isTypeScript = (error as { readonly code?: string }).code === "ERR_UNKNOWN_FILE_EXTENSION";
    if (!isTypeScript) throw error;
    throw new CanneryError(
      "typescript-file",
      `this Node does not read TypeScript: run it through one that does (Node 22.18 or newer), as npx tsx node_modules/.bin/cannery explore ${file}, or give a .js file.`,
      { cause: error },
    );
  }
  const exploration = loaded.default as Exploration<object> | undefined;
  // Of another copy of the package it is one all the same.
  if (typeof exploration?.run === "function") return { exploration };
  throw new CanneryError("no-exploration", `${file} has no exploration as its default export: export default explore({ body, … })`);
}
