/**
 * The last line of a CI run, `N passed, N failed, N skipped`, summed over Vitest's reports in a folder.
 *
 *   npx tsx scripts/ci/summary.ts FOLDER STEPS_FAILED NAME...
 *
 * A run that left no report counts as one failure, as does a test file that did not even load. Steps that failed without a failed
 * test (types, a command) count too, so that the line is never better than the run.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The part of Vitest's JSON report that is read here. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: "passed" | "failed";
    readonly assertionResults: readonly { readonly status: "passed" | "failed" | "skipped" | "pending" | "todo" | "disabled" }[];
  }[];
}

const [folder, stepsFailed, ...names] = process.argv.slice(2);
if (folder === undefined || names.length === 0) throw new Error("usage: summary.ts FOLDER STEPS_FAILED NAME...");

let passed = 0;
let failed = 0;
let skipped = 0;
for (const name of names) {
  const file = join(folder, `${name}.json`);
  if (!existsSync(file)) {
    console.log(`${name}: no report`);
    failed++;
    continue;
  }
  const { testResults } = JSON.parse(readFileSync(file, "utf8")) as Report;
  for (const { status, assertionResults } of testResults) {
    const count = (wanted: string): number => assertionResults.filter((result) => result.status === wanted).length;
    passed += count("passed");
    failed += count("failed");
    skipped += assertionResults.length - count("passed") - count("failed");
    if (status === "failed" && count("failed") === 0) failed++;
  }
}
console.log(`${passed} passed, ${Math.max(failed, Number(stepsFailed))} failed, ${skipped} skipped`);
