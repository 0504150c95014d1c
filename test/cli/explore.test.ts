/**
 * `cannery explore`, `replay` and `trace` as a user runs them.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = temporaryFolder("cli");

function cannery(...args: string[]): { readonly code: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", join(root, "src/cli/main.ts"), ...args], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  return { code: status, out: stdout, err: stderr };
}

function explorationFile(name: string, version: string): string {
  const file = join(folder, `${name}-${version}.mts`);
  const programs = JSON.stringify(new URL("../../examples/bugs/programs.ts", import.meta.url).href);
  writeFileSync(
    file,
    `const { explorationOf } = await import(${programs});\nconst { exploration } = await explorationOf("${name}", "${version}");\nexport default exploration;\n`,
  );
  return file;
}

const RUN = join(folder, "run.json");

beforeAll(() => {
  const { code, out } = cannery("explore", explorationFile("check-then-act", "buggy"), "--seed", "3", "--runs", "500", "--out", RUN);
  expect(code).toBe(1);
  expect(out).toContain("no more is paid than there was");
  expect(out).toMatch(/\d+ runs from seed 3, \d+ distinct orders/);
});

test("a correct version: code 0, as JSON", () => {
  const { code, out } = cannery("explore", explorationFile("check-then-act", "correct"), "--runs", "30", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ runs: 31, ended: "runs", counterexample: null });
});

test("replay repeats the run to its digest, and stops where it is asked to", () => {
  const whole = JSON.parse(cannery("replay", RUN, "--json").out) as { position: number; length: number; digest: string };
  expect(whole.position).toBe(whole.length);
  expect(whole.digest).toBe((JSON.parse(readFileSync(RUN, "utf8")) as { digest: string }).digest);
  expect(cannery("replay", RUN, "--until", "1").out).toContain(`1 of ${whole.length} executions`);
});

describe("trace", () => {
  test.each([
    ["text", /withdraw/],
    ["mermaid", /^sequenceDiagram\n {2}participant p0 as /],
    ["perfetto", /^\{"traceEvents":\[/],
    ["json", /^\{/],
    ["otlp", /^\{"resourceSpans":\[/],
    ["html", /^<!doctype html>[\s\S]*withdraw/],
  ])("%s", (format, expected) => {
    const { code, out } = cannery("trace", RUN, "--format", format);
    expect(code).toBe(0);
    expect(out).toMatch(expected);
  });
});

test("what is wrong with a file is said, with what to do", () => {
  expect(cannery("replay", join(folder, "nothing.json"))).toMatchObject({
    code: 1,
    err: expect.stringContaining("cannery explore` writes one"),
  });
  const damaged = join(folder, "damaged.json");
  writeFileSync(damaged, "{");
  expect(cannery("replay", damaged).err).toContain("is no run file");
  const empty = join(folder, "empty.mjs");
  writeFileSync(empty, "export const nothing = 1;\n");
  expect(cannery("explore", empty).err).toContain("has no exploration as its default export");
});
