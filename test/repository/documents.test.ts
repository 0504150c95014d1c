/** What the documents name is there: links, and files of the sources. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Where a path in a text may begin: at the repository, or, to keep texts short, in the sources. */
const BASES = ["", "src", "src/core", "src/core/wasm", "src/core/schedule"];

function documentsIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return documentsIn(path);
    return path.endsWith(".md") ? [path] : [];
  });
}

const documents = ["README.md", "CHANGELOG.md", ...["docs", "spec", "examples", "src"].flatMap(documentsIn)];

test.each(documents)("%s links to what is there", (path) => {
  const links = [...readFileSync(join(root, path), "utf8").matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link]) => link!);
  expect(links.filter((link) => !existsSync(join(root, dirname(path), link)))).toEqual([]);
});

test.each(documents)("%s names files that are there", (path) => {
  const named = [...readFileSync(join(root, path), "utf8").matchAll(/`([\w./-]+\.(?:ts|js|json|mo|yaml))`/g)].map(([, name]) => name!);
  const bases = [dirname(path), ...BASES];
  expect(named.filter((name) => !bases.some((base) => existsSync(join(root, base, name))))).toEqual([]);
});

test("the README's commands are scripts of package.json", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };
  const commands = documents.flatMap((path) => [...readFileSync(join(root, path), "utf8").matchAll(/npm (?:run ([\w:]+)|(test))/g)]);
  expect(commands.length).toBeGreaterThan(3);
  for (const [, script, test] of commands) expect(Object.keys(scripts)).toContain(script ?? test);
});
