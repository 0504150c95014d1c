/**
 * A state directory has one writer: others are told who has it, and one that a killed process left behind is taken over.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { lockStateDir } from "../../src/host/pocketic/state-lock.ts";
import { markOf } from "../../src/host/process-mark.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

let folder: string;
const lock = (): string => join(folder, "cannery.lock");

beforeEach(() => {
  folder = temporaryFolder("lock");
});

test("the process that has it is named, until it is gone", () => {
  const parent = { ...markOf(process.ppid), folder: realpathSync(folder) };
  writeFileSync(lock(), JSON.stringify(parent));
  expect(() => lockStateDir(folder)).toThrow(`The state directory ${folder} is in use by process ${process.ppid}:`);
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  const gone = [
    { ...parent, pid, processStart: null },
    { ...parent, processStart: "1" },
    { ...parent, folder: "/where/it/was/copied/from" },
  ];
  for (const stale of [...gone.map((lock) => JSON.stringify(lock)), "", "null"]) {
    writeFileSync(lock(), stale);
    lockStateDir(folder)();
    expect(readdirSync(folder)).toEqual([]);
  }
});
