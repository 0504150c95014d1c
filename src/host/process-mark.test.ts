/**
 * Which processes are taken to run.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { isAlive, markOf } from "./process-mark.ts";

test("one that runs is alive, one that ended or another with its number is not", () => {
  const own = markOf(process.pid);
  expect(isAlive(own)).toBe(true);
  expect(isAlive({ ...own, processStart: "1" })).toBe(false);
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  expect(isAlive({ pid, processStart: null })).toBe(false);
});

test.runIf(process.platform === "linux")("one that ended is not, though its parent has never asked how", async () => {
  // What the shell started is given to a program that asks after nothing.
  const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"]);
  try {
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const mark = markOf(Number(String(line)));
    expect(isAlive(mark)).toBe(true);
    process.kill(mark.pid, "SIGKILL");
    await expect.poll(() => isAlive(mark), { timeout: 60_000 }).toBe(false);
    expect(() => process.kill(mark.pid, 0)).not.toThrow();
  } finally {
    parent.kill("SIGKILL");
  }
});
