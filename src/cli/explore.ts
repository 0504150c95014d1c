/**
 * `cannery explore FILE`: runs the exploration that the file exports as its default, stops at the first failure, and writes its run beside the report.
 */
import { closeSync, existsSync, writeFileSync, writeSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CanneryError } from "../base/cannery-error.ts";
import { counted, rateOf, told, type ExploreOptions, type Progress as SoFar } from "../explore/options.ts";
import type { Exploration } from "../explore/explore.ts";
import type { StrategyName } from "../explore/strategies/portfolio.ts";
import type { StuckRun } from "../explore/stuck.ts";
import { Progress } from "./progress.ts";
import { terminalWidth } from "./terminal.ts";
import { readTypeScript } from "./typescript.ts";

export interface ExploreCommand {
  readonly runs?: number;
  readonly time?: number;
  readonly strategy?: StrategyName;
  readonly seed?: number;
  readonly shard?: { readonly index: number; readonly count: number };
  readonly out: string;
  readonly test?: string;
  readonly json: boolean;
}

/** Milliseconds between two lines of progress. */
const PROGRESS_MILLIS = 200;
/** Code of who was stopped by Ctrl-C, as in a shell. */
const INTERRUPTED = 130;

/** Code 1 when a run failed. */
export async function exploreFile(file: string, command: ExploreCommand): Promise<void> {
  const { exploration } = await load(file);
  const progress = new Progress();
  let shownAt = 0;
  const interrupted = new AbortController();
  const { runs, time, strategy, seed, shard } = command;
  const overrides: Partial<ExploreOptions<object>> = {
    ...(runs === undefined ? {} : { runs }),
    ...(time === undefined ? {} : { time: { seconds: time } }),
    ...(strategy === undefined ? {} : { strategy }),
    ...(seed === undefined ? {} : { seed }),
    ...(shard === undefined ? {} : { shard }),
    file: importOf(file, command.test ?? "regression.test.ts"),
    command: ["cannery explore", file, ...(strategy === undefined ? [] : [`--strategy ${strategy}`])].join(" "),
    ...terminalWidth(),
    onProgress: (soFar) => {
      if (soFar.runs > 1 && performance.now() - shownAt < PROGRESS_MILLIS) return;
      progress.show(progressLine(soFar));
      shownAt = performance.now();
    },
    onStuck: (stuck) => {
      progress.clear();
      endStuck(stuck, command.json);
    },
    signal: interrupted.signal,
  };
  const stop = (): void => interrupted.abort();
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const result = await exploration.run(overrides).finally(() => {
    progress.clear();
    process.off("SIGINT", stop).off("SIGTERM", stop);
  });
  const { counterexample } = result;
  if (counterexample !== null) {
    writeFileSync(command.out, `${JSON.stringify(counterexample.run)}\n`);
    if (command.test !== undefined) writeFileSync(command.test, counterexample.regressionTest);
    process.exitCode = 1;
  } else if (result.ended === "stopped") process.exitCode = INTERRUPTED;
  if (command.json) {
    const found = counterexample === null ? null : { ...counterexample, run: command.out };
    console.log(
      JSON.stringify({ ...result, counterexample: found }, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
    );
    return;
  }
  if (counterexample !== null) console.log(`${counterexample.text}\n\n${written(command)}\n`);
  console.log(told(result));
}

/** Called in the middle of a body that never comes back: the only way on is out. */
function endStuck(stuck: StuckRun, json: boolean): never {
  const { failure, seed, strategy, deviations, frames, text, progress } = stuck;
  const counterexample = { failure, seed, strategy, deviations, frames, text, run: null };
  if (json) writeSync(1, `${JSON.stringify({ ...progress, ended: "failure", counterexample })}\n`);
  else writeSync(1, `${text}\n\n${progressLine(progress)}, ended by failure\n`);
  // Node tells of the thread that looked, which is no debugger that anybody knows of.
  process.once("exit", () => closeSync(2));
  process.exit(1);
}

function progressLine(soFar: SoFar): string {
  const { runs, orders, faults, milliseconds } = soFar;
  return `${counted(runs, "run")}, ${rateOf(soFar)} runs/s, ${counted(orders, "distinct order")}, ${counted(faults, "fault")}, ${Math.round(milliseconds / 1000)} s`;
}

function written({ out, test }: ExploreCommand): string {
  const run = `The run is in ${out}: cannery replay ${out}, cannery trace ${out} --format html`;
  return test === undefined ? run : `${run}\nA test that repeats its choices is in ${test}.`;
}

/** How a file beside `test` imports this one. */
function importOf(file: string, test: string): string {
  const path = relative(dirname(resolve(test)), resolve(file)).replaceAll("\\", "/");
  return path.startsWith(".") ? path : `./${path}`;
}

/** In an object, as awaiting an exploration runs it. */
async function load(file: string): Promise<{ readonly exploration: Exploration<object> }> {
  const path = resolve(file);
  if (!existsSync(path))
    throw new CanneryError("file-missing", `There is no file ${file}. Give a module whose default export is explore(…).`);
  readTypeScript(path);
  let loaded: { readonly default?: unknown };
  try {
    loaded = (await import(pathToFileURL(path).href)) as typeof loaded;
  } catch (error) {
    throw unreadable(error, file) ?? error;
  }
  const exploration = loaded.default as Exploration<object> | undefined;
  // Of another copy of the package it is one all the same.
  if (typeof exploration?.run === "function") return { exploration };
  throw new CanneryError("no-exploration", `${file} has no exploration as its default export: export default explore({ body, … })`);
}

/** What Node says of files that it cannot import, with what to do; `null` for errors of the file's own. */
function unreadable(error: unknown, file: string): CanneryError | null {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  const withTsx = `npx tsx node_modules/cannery/dist/cli/main.js explore ${file}`;
  const isTypeScript = file.endsWith("ts");
  switch (code) {
    case "ERR_UNKNOWN_FILE_EXTENSION":
      return new CanneryError(
        "typescript-file",
        `Node ${process.version} does not read TypeScript, and the project of ${file} has nothing that takes the types off: install Vitest, esbuild or typescript@5 there (npm install --save-dev vitest), which cannery then uses, or use Node 22.18 or newer. (${withTsx} works too.)`,
        { cause: error },
      );
    case "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX":
      return new CanneryError("typescript-file", `${message} Node only takes types off; for more: ${withTsx}`, { cause: error });
    case "ERR_MODULE_NOT_FOUND":
    case "ERR_UNSUPPORTED_DIR_IMPORT": {
      const advice = isTypeScript
        ? ` Node wants whole file names, such as import "./bank.ts"; where you write them shorter, run ${withTsx}`
        : "";
      return new CanneryError("import-missing", `${file} cannot be loaded: ${message}.${advice}`, { cause: error });
    }
    default:
      return null;
  }
}
