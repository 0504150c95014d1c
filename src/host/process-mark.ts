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
  return { pid, processStart: statOf(pid)?.start ?? null };
}

export function isAlive({ pid, processStart: started }: ProcessMark): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const stat = statOf(pid);
  // One that has ended stays as a zombie until its parent asks how: in a container, that may be never. With threads left it is still ending.
  if (stat?.state === "Z" && stat.threads === "1") return false;
  return started === null || started === stat?.start;
}

interface ProcessStat {
  readonly state: string;
  readonly threads: string;
  /** When it began: ticks since the machine did. */
  readonly start: string;
}

/** On Linux. Source: proc(5), `/proc/pid/stat`, fields 3, 20 and 22, counted behind the command in parentheses. */
function statOf(pid: number): ProcessStat | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0]!, threads: fields[17]!, start: fields[19]! };
  } catch {
    return null;
  }
}
