/** Journals of instances as files of their state directories. */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { CreationRefused } from "../../api/pocketic/config.ts";
import type { JournalFile } from "../../api/pocketic/journal.ts";
import { osError } from "./os-error.ts";

/** Why a subnet cannot begin with the state in a directory. Replica: `PocketIc::try_new` in `rs/pocket_ic_server/src/pocket_ic.rs` (c7c5005). */
export function stateDirProblem(path: string): string | null {
  try {
    return readdirSync(path).length === 0 ? `Provided an empty state directory at path ${path}.` : null;
  } catch (error) {
    return `The path ${path} is not a (subnet state) directory: ${osError(error)}`;
  }
}

const NAME = "cannery.jsonl";
/** What the real server writes first. */
const REPLICA_FILE = "topology.json";

export function journalFile(folder: string): JournalFile {
  const path = join(folder, NAME);
  try {
    mkdirSync(folder, { recursive: true });
    if (existsSync(join(folder, REPLICA_FILE)) && !existsSync(path))
      throw new CreationRefused(
        `The state directory ${folder} is one of the replica's, which Cannery cannot read: use an empty directory.`,
      );
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    // A line without its end was being written when the server was killed.
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    if (whole.length < text.length) truncateSync(path, Buffer.byteLength(whole));
    // An instance that cannot be leaves nothing behind.
    let file: number | null = null;
    return {
      lines: whole.split("\n").slice(0, -1),
      append: (line) => void writeSync((file ??= openSync(path, "a")), `${line}\n`),
      close: () => void (file !== null && closeSync(file)),
    };
  } catch (error) {
    if (error instanceof CreationRefused) throw error;
    throw new CreationRefused(`The state directory ${folder} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}
