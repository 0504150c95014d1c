/**
 * Collects the `Departure:` comments of the sources: where Cannery knowingly differs from the platform.
 * Prints them; with `--check`, fails when a file that has one is not named in `spec/departures.md`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sources(path);
    return path.endsWith(".ts") && !path.endsWith(".test.ts") ? [path] : [];
  });
}

const found = sources("src")
  .sort()
  .flatMap((path) => {
    const text = readFileSync(join(root, path), "utf8").replaceAll(/\n\s*\*\s?/g, " ");
    return [...text.matchAll(/Departure: ([^*]*?)(?=\s*(?:\*\/|Source:|Replica:|Ours:|\n))/g)].map((match) => ({
      path,
      text: match[1].trim(),
    }));
  });

if (process.argv.includes("--check")) {
  const listed = readFileSync(join(root, "spec/departures.md"), "utf8");
  const missing = [...new Set(found.map(({ path }) => path))].filter((path) => !listed.includes(path));
  for (const path of missing) console.error(`spec/departures.md does not name ${path}, which has a Departure comment`);
  process.exit(missing.length === 0 ? 0 : 1);
}
for (const { path, text } of found) console.log(`${path}: ${text}`);
