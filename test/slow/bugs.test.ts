/**
 * `npm run bugs`: every bug found, nothing found in the correct versions, from a fresh seed; and the ordinary schedule finds none of them.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { bugNames, explorationOf } from "../../examples/bugs/programs.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("npm run bugs -- --json: 2,000 runs of each version", () => {
  const { stdout, stderr } = spawnSync("npm", ["run", "--silent", "bugs", "--", "--json", ...bugNames()], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  const { seed, programs } = JSON.parse(stdout) as {
    seed: number;
    programs: { name: string; version: string; found: boolean; runs: number; seconds: number; messages: number }[];
  };
  const wrong = programs.filter(({ version, found }) => found !== (version === "buggy"));
  expect(wrong, `seed ${seed}\n${stderr}`).toEqual([]);
  expect(programs).toHaveLength(2 * bugNames().length);
});

describe("fifty runs of the ordinary schedule, each of a network with another seed, find nothing", () => {
  test.each(bugNames())("%s", async (name) => {
    for (let seed = 0; seed < 50; seed++) {
      const { exploration } = await explorationOf(name, "buggy", seed);
      await exploration.regress([]);
    }
  });
});
