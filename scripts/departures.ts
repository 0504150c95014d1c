/**
 * Collects the `Departure:` comments of the sources: where Cannery knowingly differs from the platform.
 *
 *   npx tsx scripts/departures.ts             prints them
 *   npx tsx scripts/departures.ts --check     compares with `spec/departures.md`: each file that has one is named there, and no other.
 *                                             (What stands there below `NO_DEPARTURES` only has to exist.)
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const LIST = "spec/departures.md";
const NO_DEPARTURES = "## Where the replica differs from its documents";

interface Departure {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sourcesIn(path);
    return /(?<!\.test|\.fixture)\.ts$/.test(path) ? [path] : [];
  });
}

/** A departure ends with its comment, at an empty line, or where another tag begins. */
function departuresOf(path: string): Departure[] {
  const source = readFileSync(join(root, path), "utf8");
  return [...source.matchAll(/\bDeparture\b:?/g)].map(({ index, 0: tag }) => {
    const rest = source.slice(index + tag.length);
    const lines: string[] = [];
    for (const line of rest.split("\n")) {
      const text = line.replace(/^\s*(\*(?!\/)|\/\/)/, "").replace(/\*\/.*$/, "");
      const other = text.search(/\b(Source|Replica|Ours|Departure):/);
      lines.push((other === -1 ? text : text.slice(0, other)).trim());
      const isLast = text.trim() === "" || other !== -1 || line.includes("*/") || !/^\s*(\*|\/\/)/.test(nextLineAfter(rest, lines.length));
      if (isLast) break;
    }
    return { path, line: source.slice(0, index).split("\n").length, text: lines.join(" ").trim() };
  });
}

function nextLineAfter(text: string, count: number): string {
  return text.split("\n")[count] ?? "";
}

function filesNamed(text: string): string[] {
  return [...text.matchAll(/`(src\/[^`]+\.ts)`/g)].map(([, path]) => path!);
}

function problems(found: readonly Departure[]): string[] {
  const list = readFileSync(join(root, LIST), "utf8");
  const [departures = "", documents] = list.split(NO_DEPARTURES);
  if (documents === undefined) return [`${LIST} has no section "${NO_DEPARTURES}"`];
  const listed = new Set(filesNamed(departures));
  const having = new Set(found.map(({ path }) => path));
  return [
    ...[...having].filter((path) => !listed.has(path)).map((path) => `${path} has a Departure comment and is not named in ${LIST}`),
    ...[...listed].filter((path) => !having.has(path)).map((path) => `${LIST} names ${path}, which has no Departure comment`),
    ...filesNamed(documents)
      .filter((path) => !existsSync(join(root, path)))
      .map((path) => `${LIST} names ${path}, which does not exist`),
  ];
}

const found = sourcesIn("src").sort().flatMap(departuresOf);
if (process.argv.includes("--check")) {
  const wrong = problems(found);
  if (wrong.length > 0) console.error(wrong.join("\n"));
  process.exitCode = wrong.length === 0 ? 0 : 1;
} else {
  for (const { path, line, text } of found) console.log(`${path}:${line}\n  ${text}`);
}
