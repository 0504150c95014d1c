/** Folders of snapshots, on this machine's disk: written and read as a whole while an operation runs. */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { SnapshotFolders } from "../../api/pocketic/snapshots.ts";

export const snapshotFolders: SnapshotFolders = {
  prepare(folder) {
    if (existsSync(folder) && !statSync(folder).isDirectory()) return "Snapshot directory path exists but is not a directory";
    try {
      mkdirSync(folder, { recursive: true });
      return readdirSync(folder).length === 0 ? null : "Snapshot directory is not empty";
    } catch (error) {
      return `Could not create snapshot directory: ${error instanceof Error ? error.message : String(error)}`;
    }
  },
  append(folder, file, bytes) {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    appendFileSync(path, bytes);
  },
  read: (folder, file) => new Uint8Array(readFileSync(join(folder, file))),
};
