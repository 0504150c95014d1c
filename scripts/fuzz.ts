/**
 * Random runs on demand: `npm run fuzz -- [programs|modules] [--seed n] [--runs n] [--time seconds] [--json]`, programs where nothing is named.
 *
 * `programs` plays random programs on networks of two subnets and holds every law against them (`test/support/play-programs.ts`); `modules` damages
 * Wasm modules and looks that they are refused or run (`test/support/fuzz-modules.ts`). Prints runs, failures and the seed, and for a failure
 * the line that repeats it; ends with 1 then, with 2 for wrong usage.
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { fuzzModules } from "../test/support/fuzz-modules.ts";
import { fuzzPrograms } from "../test/support/fuzz-programs.ts";

interface Failure {
  /** Arguments that repeat it. */
  readonly repeat: string;
  readonly message: string;
  /** What was run. */
  readonly input: string;
}

interface Fuzzed {
  readonly kind: "programs" | "modules";
  readonly seed: number;
  readonly runs: number;
  readonly failures: readonly Failure[];
}

interface Given {
  readonly seed: number;
  readonly runs: number;
  /** For this kind. */
  readonly timeMillis: number | undefined;
  /** Of a program to repeat: how it was made smaller; of a module: its number. */
  readonly path: string | undefined;
}

const RUNS = { programs: 200, modules: 5_000 };

function programs({ seed, runs, timeMillis, path }: Given): Fuzzed {
  const onRun = (run: number): void => progress(`programs: run ${run + 1} of ${runs}`);
  const fuzzed = fuzzPrograms({ seed, runs, path, timeMillis, onRun });
  const failures = fuzzed.failures.map((failure) => ({
    repeat: `programs --seed ${seed} --path ${failure.path}`,
    message: failure.message,
    input: failure.run,
  }));
  return { kind: "programs", seed, runs: fuzzed.runs, failures };
}

function modules({ seed, runs, timeMillis, path }: Given): Fuzzed {
  const end = timeMillis === undefined ? Infinity : performance.now() + timeMillis;
  const proceed = (run: number): boolean => {
    if (run % 100 === 0) progress(`modules: run ${run + 1} of ${runs}`);
    return performance.now() < end;
  };
  const fuzzed = fuzzModules({ seed, proceed, ...(path === undefined ? { runs } : { first: Number(path), runs: 1 }) });
  const failures = fuzzed.failures.map(({ run, message, module }) => ({
    repeat: `modules --seed ${seed} --path ${run}`,
    message,
    input: `module, base64: ${module}`,
  }));
  return { kind: "modules", seed, runs: fuzzed.runs, failures };
}

/** A line that is written over, for people. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function report({ kind, seed, runs, failures }: Fuzzed): void {
  console.log(`${kind}: ${runs} runs, ${failures.length} failures, seed ${seed}`);
  for (const { repeat, message, input } of failures) {
    console.log(`\n${message}\n\n${input}\n\nTo repeat it: npm run fuzz -- ${repeat}`);
  }
}

/** A whole number of an option, or usage. */
function whole(name: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < least || number >= 2 ** 31)
    return usage(`--${name} takes a whole number from ${least}, not ${text}`);
  return number;
}

function usage(problem: string): never {
  console.error(`${problem}\nUsage: npm run fuzz -- [programs|modules] [--seed n] [--runs n] [--time seconds] [--path p] [--json]`);
  process.exit(2);
}

function given() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        seed: { type: "string" },
        runs: { type: "string" },
        time: { type: "string" },
        path: { type: "string" },
        json: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
}

const { values, positionals } = given();
if (positionals.length > 1) usage(`One kind at a time, not ${positionals.join(" and ")}`);
const [kind = "programs"] = positionals;
if (kind !== "programs" && kind !== "modules") usage(`There is nothing called ${kind} to fuzz`);
const seed = whole("seed", values.seed, 0) ?? randomInt(2 ** 31);
const runs = whole("runs", values.runs, 1);
const seconds = whole("time", values.time, 1);

// A time without a number of runs means as many as fit.
const count = runs ?? (seconds === undefined ? RUNS[kind] : 2 ** 31 - 1);
const timeMillis = seconds === undefined ? undefined : seconds * 1_000;
const fuzzed = (kind === "programs" ? programs : modules)({ seed, runs: count, timeMillis, path: values.path });
progress("");
const { failures, ...what } = fuzzed;
if (values.json) console.log(JSON.stringify({ ...what, failures: failures.length, failed: failures }));
else report(fuzzed);
process.exit(failures.length > 0 ? 1 : 0);
