/**
 * Packages that only some tests install have a folder to themselves: beside them, an import of ours would find their copy of a package
 * once a test has installed it, and types would hold or not by whether tests have run.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const tests = fileURLToPath(new URL("..", import.meta.url));

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesIn(path);
    return [relative(tests, path)];
  });
}

const files = filesIn(tests);
const folders = files.filter((path) => path.endsWith("package.json")).map(dirname);

test.each(folders)("no TypeScript in test/%s imports a package", (folder) => {
  const ours = files.filter((path) => path.startsWith(join(folder, "/")) && path.endsWith(".ts"));
  const imports = ours.flatMap((path) =>
    [...readFileSync(join(tests, path), "utf8").matchAll(/^(?:import|export)\b.*?\bfrom "(?!node:|\.)([^"]+)"/gmsu)].map(
      ([, name]) => `${path}: ${name!}`,
    ),
  );
  expect(imports).toEqual([]);
});
