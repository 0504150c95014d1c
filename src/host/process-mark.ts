/**
 * A process as files name it: by its number, and by when it began, which tells it from a later one with its number.
 */
import { readFileSync } from "node:fs";

export interface ProcessMark {
  readonly pid: number;
  /** When the process began, as the system counts; `null` where that cannot be read. */
  readonly processStart: string | null;
}

export function markOf(pid: number): ProcessMark {
  return { pid, processStart: processStart(pid) };
}

export function isAlive({ pid, processStart: started }: ProcessMark): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return started === null || started === processStart(pid);
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
