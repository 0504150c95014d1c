/**
 * A folder of the system's temporary one, for a test's files. Asked for in a test, or before each, it is there until that test is over; asked for
 * where tests are declared, from before the first of them until after the last, and never when all of them are skipped.
 */
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, onTestFinished, TestRunner } from "vitest";

/** Its path; the name tells a person whose it is. */
export function temporaryFolder(name: string): string {
  const folder = join(tmpdir(), `cannery-${name}-${randomUUID()}`);
  const make = (): unknown => mkdirSync(folder);
  // What still writes while it goes, such as a program that was killed, gets some tries.
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  if (TestRunner.getCurrentTest() === undefined) {
    beforeAll(make);
    afterAll(remove);
  } else {
    make();
    onTestFinished(remove);
  }
  return folder;
}
