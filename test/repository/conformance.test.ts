/** docs/conformance.md says which rules have tests, as it is now: `npx tsx scripts/conformance.ts` writes it. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("anchors in titles are the specification's, every rule has a test or a reason for none, and the document is up to date", () => {
  const { stderr, status } = spawnSync(process.execPath, ["--import", "tsx", "scripts/conformance.ts", "--check"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});
