/**
 * A project whose tests run in Jest: CommonJS, and a realm of its own for each file. The package is what npm would publish.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const project = temporaryFolder("jest");

beforeAll(() => {
  const run = (command: string, args: readonly string[], cwd: string): string =>
    execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  run(process.execPath, ["--import", "tsx", "scripts/build.ts"], root);
  const [packed] = JSON.parse(run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", project], root)) as [
    { readonly filename: string },
  ];
  cpSync(join(root, "test/jest"), project, { recursive: true });
  run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"], project);
  const install = ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  run("npm", [...install, join(project, packed.filename)], project);
}, 300_000);

test("its tests pass", () => {
  const { status, stderr } = spawnSync("npx", ["--no-install", "jest", "--ci"], { cwd: project, encoding: "utf8" });
  expect(stderr).toMatch(/Tests: +\d+ passed, \d+ total/);
  expect([status, stderr.includes("did not exit")]).toEqual([0, false]);
}, 120_000);
