/**
 * Explores every program of `examples/bugs`, the buggy and the correct version, with the default settings:
 *
 *   npm run bugs -- [name …] [--json] [--runs n] [--seed s]
 *
 * A fresh seed unless one is given, 2,000 runs at most for each; buggy versions also end after a minute. Ends with 1 when a bug is not found, or when
 * something is found in a correct version.
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { azleNames, bugNames, explorationOf, isAzleCompiled, VERSIONS, type Version } from "../examples/bugs/programs.ts";

interface Found {
  readonly name: string;
  readonly version: Version;
  readonly found: boolean;
  readonly runs: number;
  readonly seconds: number;
  /** Executions of the shrunk counterexample; 0 where nothing was found. */
  readonly messages: number;
}

const MINUTE = { seconds: 60 };

function usage(problem: string): never {
  console.error(`${problem}\nUsage: npm run bugs -- [name …] [--json] [--runs n] [--seed s]`);
  process.exit(2);
}

function whole(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : usage(`--${name} takes a whole number, not ${text}`);
}

function given() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { json: { type: "boolean", default: false }, runs: { type: "string" }, seed: { type: "string" } },
    });
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
}

async function exploreOne(name: string, version: Version, seed: number, runs: number): Promise<Found> {
  const { exploration } = await explorationOf(name, version);
  const started = performance.now();
  const onProgress = (progress: { readonly runs: number; readonly orders: number }): void => {
    if (process.stderr.isTTY && progress.runs % 50 === 0) {
      process.stderr.write(`\r\x1b[K${name} (${version}): run ${progress.runs} of ${runs}, ${progress.orders} distinct orders`);
    }
  };
  const result = await exploration.run({ seed, runs, onProgress, ...(version === "buggy" ? { time: MINUTE } : {}) });
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  const { counterexample } = result;
  const seconds = Math.round((performance.now() - started) / 10) / 100;
  if (counterexample !== null && version === "correct") console.error(`${name} (correct):\n${counterexample.text}\n`);
  return { name, version, found: counterexample !== null, runs: result.runs, seconds, messages: counterexample?.messages ?? 0 };
}

const { values, positionals } = given();
const known = [...bugNames(), ...azleNames()];
for (const name of positionals) if (!known.includes(name)) usage(`There is no program ${name}; there are ${known.join(", ")}`);
const names = (positionals.length === 0 ? known : positionals).filter((name) => {
  if (bugNames().includes(name) || isAzleCompiled(name)) return true;
  console.error(`skipped ${name}: it is not compiled, which npx tsx test/azle/bugs.ts does`);
  return false;
});
const seed = whole("seed", values.seed) ?? randomInt(2 ** 31);
const runs = whole("runs", values.runs) ?? 2_000;

const programs: Found[] = [];
for (const name of names) {
  for (const version of VERSIONS) {
    const found = await exploreOne(name, version, seed, runs);
    programs.push(found);
    if (values.json) continue;
    const verdict = found.found ? `found in run ${found.runs}, ${found.messages} messages` : `nothing in ${found.runs} runs`;
    console.log(`${name.padEnd(30)} ${version.padEnd(8)} ${verdict}, ${found.seconds} s`);
  }
}
if (values.json) console.log(JSON.stringify({ seed, programs }));
else console.log(`seed ${seed}`);
process.exit(programs.every(({ version, found }) => found === (version === "buggy")) ? 0 : 1);
