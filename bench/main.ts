/**
 * `npm run bench`: measures what Cannery promises about its speed, each figure in a process of its own, one after the other.
 *
 *   npm run bench                             all figures, as a table
 *   npm run bench -- --only cpuRatio          some of them, by name, with commas between
 *   npm run bench -- --quick                  short turns: to see that all run, not to be quoted
 *   npm run bench -- --json                   one JSON object on standard output and nothing else
 *
 * Progress goes to standard error. Ends with an exit code when a figure could not be measured; a missed aim is only shown.
 */
import { execFileSync, fork } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Figure, Results } from "./figure.ts";
import { printTable } from "./table.ts";

const options = chosenOptions();

/** What is wrong with the command line, in a sentence. */
function refuse(message: string): never {
  process.stderr.write(`bench: ${message}\n`);
  process.exit(2);
}

function chosenOptions() {
  try {
    return parseArgs({ options: { json: { type: "boolean" }, quick: { type: "boolean" }, only: { type: "string" } } }).values;
  } catch (error) {
    return refuse(`${(error as Error).message}. There are --only NAME,NAME, --quick and --json.`);
  }
}

function chosenOf(all: readonly Figure[]): readonly Figure[] {
  if (options.only === undefined) return all;
  const names = options.only.split(",").map((name) => name.trim());
  const known = all.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) refuse(`there is no figure ${unknown.join(", ")}. There are ${known.join(", ")}.`);
  return all.filter(({ name }) => names.includes(name));
}

/** Measures in a process of its own. */
function inOwnProcess({ name, nodeFlags }: Figure): Promise<Results> {
  const child = fork(fileURLToPath(new URL("figure-process.ts", import.meta.url)), options.quick ? [name, "quick"] : [name], {
    execArgv: [...process.execArgv, ...nodeFlags],
    // Nothing that a child prints may reach standard output, which is the table's or the JSON object's.
    stdio: ["ignore", process.stderr, process.stderr, "ipc"],
  });
  return new Promise((resolve, reject) => {
    let results: Results | null = null;
    child.on("message", (message) => (results = message as Results));
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      if (results !== null) resolve(results);
      else reject(new Error(`the process of ${name} ended with ${signal ?? code} and no results`));
    });
  });
}

// The figures of networks load the published package, so it comes first; this does nothing when it is of today's sources.
execFileSync(process.execPath, [...process.execArgv, fileURLToPath(new URL("../scripts/build.ts", import.meta.url))], {
  stdio: ["ignore", process.stderr, process.stderr],
});
const { FIGURES } = await import("./figures.ts");
const figures = chosenOf(FIGURES);
const results: Record<string, Results[string]> = {
  machine: {
    node: process.version,
    v8: process.versions.v8,
    cpu: cpus()[0]?.model ?? "unknown",
    cpus: cpus().length,
    quick: options.quick ?? false,
  },
};
const failures: Record<string, string> = {};
for (const figure of figures) {
  process.stderr.write(`${figure.name}\n`);
  try {
    Object.assign(results, await inOwnProcess(figure));
  } catch (error) {
    failures[figure.name] = error instanceof Error ? error.message : String(error);
    process.stderr.write(`  failed: ${failures[figure.name]}\n`);
    process.exitCode = 1;
  }
}
if (Object.keys(failures).length > 0) results["failures"] = failures;
if (options.json) process.stdout.write(`${JSON.stringify(results)}\n`);
else printTable(figures, results, (line) => process.stdout.write(`${line}\n`));
