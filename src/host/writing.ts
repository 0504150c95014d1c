/**
 * Files and folders that a command leaves for other programs: where the system refuses one (no right, no room, a file in the way), it is told with its path, in
 * one sentence.
 */
import { CanneryError } from "../base/cannery-error.ts";

export function writing<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw new CanneryError("not-writable", `${path} cannot be written: ${(error as NodeJS.ErrnoException).message}.`, { cause: error });
  }
}
