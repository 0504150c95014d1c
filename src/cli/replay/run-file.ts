/**
 * Files that the commands about runs take: a run of `explore`, as JSON.
 */
import { readFileSync } from "node:fs";
import { CanneryError } from "../../base/cannery-error.ts";
import { replay, type Replay } from "../../index.ts";

export interface RunFileOptions {
  /** Files of modules that the run file leaves out. */
  readonly module: readonly string[];
}

/** Repeats the run once; refuses a file that is none, and a run that does not repeat. */
export function openRun(file: string, { module }: RunFileOptions): Replay {
  const text = read(file, "`cannery explore` writes one when a run fails.").toString("utf8");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CanneryError(
      "bad-run-file",
      `${file} is no run file: it is not JSON (${why}). ${text.startsWith('{"format":"cannery-run-') ? "It is cut off or damaged: take it as it was written, or explore again." : "`cannery explore` writes one when a run fails."}`,
      { cause: error },
    );
  }
  const modules = module.map((path) => read(path, "Give the .wasm file that was installed."));
  try {
    return replay(parsed, { modules });
  } catch (error) {
    if (!(error instanceof CanneryError)) throw error;
    throw new CanneryError(error.code, `${file}: ${error.message}`, { cause: error });
  }
}

function read(file: string, what: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new CanneryError("file-missing", `There is no file ${file}. ${what}`, { cause: error });
    throw new CanneryError("file-unreadable", `${file} cannot be read: ${message}`, { cause: error });
  }
}
