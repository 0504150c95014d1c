/**
 * Files that the commands about runs take: a run of `explore`, as JSON.
 */
import { existsSync, readFileSync } from "node:fs";
import { CanneryError } from "../base/cannery-error.ts";
import { replay, type Replay } from "../index.ts";

/** Repeats the run once; refuses a file that is none, and a run that does not repeat. */
export function openRun(file: string): Replay {
  if (!existsSync(file))
    throw new CanneryError("file-missing", `There is no file ${file}. \`cannery explore\` writes one when a run fails.`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new CanneryError("bad-run-file", `${file} is no run file: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  return replay(parsed);
}
