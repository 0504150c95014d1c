/**
 * The networks that run on this machine, as files that each leaves while it runs: by these `cannery stop`, `status`, `ping` and `call` find them.
 *
 * A process that was killed leaves its file behind; who reads it finds the process gone, and removes it.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { CanneryError } from "../../base/cannery-error.ts";
import { isOwn } from "../module-cache.ts";
import { isAlive, markOf, type ProcessMark } from "../process-mark.ts";
import { writing } from "../writing.ts";
import type { ReadyNetwork } from "./plan.ts";

export interface RunningNetwork extends ReadyNetwork, ProcessMark {
  /** Where it was started. */
  readonly directory: string;
  /** File of what a network in the background prints. */
  readonly log: string | null;
}

/** `CANNERY_RUNNING_DIR` names another folder. */
function runningFolder(): string {
  return process.env["CANNERY_RUNNING_DIR"] ?? join(tmpdir(), `cannery-running-${userInfo().uid}`);
}

/** Makes the folder; refuses one that somebody else made, as what lies in it says which processes to stop. */
export function makeRunningFolder(): string {
  const folder = runningFolder();
  writing(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
  if (!isOwn(folder)) {
    throw new CanneryError("foreign-folder", `${folder} belongs to another user. Name a folder of your own in CANNERY_RUNNING_DIR.`);
  }
  return folder;
}

/** Leaves this process's record; the function returned takes it away. */
export function recordRunning(network: ReadyNetwork, options: { readonly log: string | null }): () => void {
  const record: RunningNetwork = {
    ...network,
    ...markOf(process.pid),
    directory: process.cwd(),
    log: options.log,
  };
  const file = join(makeRunningFolder(), `${process.pid}-${network.port}.json`);
  writing(file, () => {
    writeFileSync(`${file}.new`, JSON.stringify(record));
    renameSync(`${file}.new`, file);
  });
  return () => rmSync(file, { force: true });
}

/** Those whose process lives, by port. */
export function runningNetworks(): RunningNetwork[] {
  const folder = runningFolder();
  const found: RunningNetwork[] = [];
  for (const name of namesIn(folder)) {
    const file = join(folder, name);
    const record = read(file);
    if (record !== null && isAlive(record)) found.push(record);
    else if (record !== null) rmSync(file, { force: true });
  }
  return found.sort((a, b) => a.port - b.port);
}

function namesIn(folder: string): string[] {
  try {
    return isOwn(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
  } catch {
    return []; // no network ever ran
  }
}

/** `null` where it was taken away meanwhile, or is no record. */
function read(file: string): RunningNetwork | null {
  try {
    const record = JSON.parse(readFileSync(file, "utf8")) as Partial<RunningNetwork>;
    return typeof record.pid === "number" && typeof record.port === "number" ? (record as RunningNetwork) : null;
  } catch {
    return null;
  }
}
