/**
 * Who listens on a port of this machine: a network of ours by its record, else, on Linux, the process by `/proc`.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { runningNetworks } from "./running.ts";

/** For people; `null` where it cannot be told. */
export function ownerOfPort(port: number): string | null {
  const ours = runningNetworks().find((network) => network.port === port);
  if (ours !== undefined) return `the Cannery network of ${ours.directory} (process ${ours.pid})`;
  return processOf(port);
}

/** State of a listening socket. Source: Linux, `include/net/tcp_states.h`. */
const LISTEN = "0A";

function processOf(port: number): string | null {
  const inodes = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listening(table, port)));
  if (inodes.size === 0) return null;
  for (const pid of entries("/proc").filter((name) => /^\d+$/.test(name))) {
    const folder = `/proc/${pid}/fd`;
    if (!entries(folder).some((fd) => inodes.has(link(`${folder}/${fd}`)))) continue;
    const command = text(`/proc/${pid}/cmdline`)
      .split(/[\0\s]+/)
      .join(" ")
      .trim();
    return `process ${pid}${command === "" ? "" : ` (${command.slice(0, 200)})`}`;
  }
  return null;
}

/** `socket:[inode]` of each listener. Columns: number, local address, remote address, state, …, inode the tenth. */
function listening(table: string, port: number): string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return text(table)
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(wanted) === true && columns[3] === LISTEN)
    .map((columns) => `socket:[${columns[9]}]`);
}

// Processes of others cannot be read, and some are gone meanwhile: those are not who we look for, as far as can be told.

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
