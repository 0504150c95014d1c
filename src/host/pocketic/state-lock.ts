/**
 * A state directory has one writer: a file in it says which process that is, for as long as it has an instance there. One that a killed process left
 * behind is taken over.
 */
import { mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CreationRefused } from "../../api/pocketic/config.ts";
import { isAlive, markOf, type ProcessMark } from "../process-mark.ts";

const NAME = "cannery.lock";

/** Of whom, and of which directory: a copy of it is nobody's. */
interface Lock extends ProcessMark {
  readonly folder: string;
}

/** The function returned gives the directory back. Throws `CreationRefused` when somebody has it. */
export function lockStateDir(folder: string): () => void {
  const path = join(folder, NAME);
  try {
    mkdirSync(folder, { recursive: true });
    const real = realpathSync(folder);
    const lock = JSON.stringify({ ...markOf(process.pid), folder: real } satisfies Lock);
    if (!written(path, lock)) {
      takeAway(path, real);
      if (!written(path, lock)) throw inUse(folder, readLock(path));
    }
  } catch (error) {
    if (error instanceof CreationRefused) throw error;
    throw new CreationRefused(`The state directory ${folder} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
  return () => rmSync(path, { force: true });
}

/** False when there is such a file. */
function written(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Of a process that is gone. Moved before it is removed, so that of several who find it one removes it, and nobody's who came meanwhile. */
function takeAway(path: string, folder: string): void {
  const owner = readLock(path);
  if (isHeld(owner, folder)) throw inUse(folder, owner);
  const aside = `${path}.${process.pid}`;
  renameSync(path, aside);
  const moved = readLock(aside);
  if (isHeld(moved, folder)) {
    renameSync(aside, path);
    throw inUse(folder, moved);
  }
  rmSync(aside);
}

function isHeld(lock: Lock | null, folder: string): boolean {
  return lock !== null && lock.folder === folder && isAlive(lock);
}

/** `null` when it is no lock, or was taken away meanwhile. */
function readLock(path: string): Lock | null {
  try {
    const lock = JSON.parse(readFileSync(path, "utf8")) as Partial<Lock> | null;
    if (typeof lock?.pid !== "number" || typeof lock.folder !== "string") return null;
    return { pid: lock.pid, processStart: lock.processStart ?? null, folder: lock.folder };
  } catch {
    return null;
  }
}

function inUse(folder: string, owner: Lock | null): CreationRefused {
  const who = owner === null ? "another process" : owner.pid === process.pid ? "another instance of this server" : `process ${owner.pid}`;
  return new CreationRefused(
    `The state directory ${folder} is in use by ${who}: delete that instance or end that server first, or use another directory.`,
  );
}
