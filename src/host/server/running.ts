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
import type { ReadyNetwork } from "./plan.ts";

export interface RunningNetwork extends ReadyNetwork {
  readonly pid: number;
  /** Where it was started. */
  readonly directory: string;
  /** When the process began, as the system counts; `null` where that cannot be read. Tells a process from a later one with its number. */
  readonly processStart: string | null;
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
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!isOwn(folder)) {
    throw new CanneryError("foreign-folder", `${folder} belongs to another user. Name a folder of your own in CANNERY_RUNNING_DIR.`);
  }
  return folder;
}

/** Leaves this process's record; the function returned takes it away. */
export function recordRunning(network: ReadyNetwork, options: { readonly log: string | null }): () => void {
  const record: RunningNetwork = {
    ...network,
    pid: process.pid,
    directory: process.cwd(),
    processStart: processStart(process.pid),
    log: options.log,
  };
  const file = join(makeRunningFolder(), `${process.pid}-${network.port}.json`);
  writeFileSync(`${file}.new`, JSON.stringify(record));
  renameSync(`${file}.new`, file);
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

export function isAlive({ pid, processStart: started }: RunningNetwork): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false; // gone, or another user's: not ours
  }
  return started === null || started === processStart(pid);
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

/** Ticks since the machine began; on Linux. Source: proc(5), `/proc/pid/stat`, field 22, counted behind the command in parentheses. */
function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}
