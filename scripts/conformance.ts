/**
 * Which rules of the specification have a test. Titles of tests end with the rule's place, `[page#heading]`, or `[replica: subject]` for a rule
 * that only the replica has; that of a `describe` holds for all tests in it.
 *
 *   npx tsx scripts/conformance.ts              writes docs/conformance.md
 *   npx tsx scripts/conformance.ts --check      says what is wrong: an anchor that the specification does not have, a rule with neither test nor gap,
 *                                               a gap that has tests, a document that is not up to date
 *   npx tsx scripts/conformance.ts --pin DIR    takes the headings of another specification (a git directory of dfinity/developer-docs) into
 *                                               spec/anchors.json; new ones are rules until somebody says that they state none
 *
 * `spec/anchors.json` has the headings, those that state a rule, those that do not, and those that state the same; `spec/gaps.json` says why a rule has no test.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("..", import.meta.url));
const DOCUMENT = "docs/conformance.md";
const ANCHORS = "spec/anchors.json";
const GAPS = "spec/gaps.json";
const TESTS = ["src", "test", "examples", "bench"];

interface Page {
  /** In the repository of the specification. */
  readonly path: string;
  /** Headings that state a rule, by slug. */
  readonly rules: Readonly<Record<string, string>>;
  /** Headings that state none: notation, overviews, types. */
  readonly others: readonly string[];
}

interface Anchors {
  readonly repository: string;
  readonly commit: string;
  readonly pages: Readonly<Record<string, Page>>;
  /** Rules that say what another one says, in other words: its tests are theirs too. */
  readonly same: Readonly<Record<string, string>>;
}

interface Gap {
  readonly anchors: readonly string[];
  readonly why: string;
}

/** Files of tests by anchor, a file once for each test in it. */
type Tests = ReadonlyMap<string, readonly string[]>;

function json<T>(path: string): T {
  return JSON.parse(readFileSync(join(root, path), "utf8")) as T;
}

function testFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : testFiles(path);
    return path.endsWith(".test.ts") ? [path] : [];
  });
}

/** What stands in brackets at the end of a title: `page#heading` or `replica: subject`. */
function anchorsAtEnd(title: string): string[] {
  const [brackets] = /(?:\s*\[(?:[a-z-]+#[^\]\s]+|replica: [^\]]+)\])+$/.exec(title) ?? [""];
  return [...brackets.matchAll(/\[([^\]]+)\]/g)].map(([, anchor]) => anchor!);
}

/** The text of a title, what is computed left out. */
function literalText(node: ts.Node): string | null {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join("");
  return null;
}

/** `test`, `it` or `describe`, also as `test.each(rows)`, `test.prop(…)`, `describe.skipIf(…)`. */
function kindOfCall(callee: ts.Expression): "test" | "describe" | null {
  if (ts.isCallExpression(callee) || ts.isPropertyAccessExpression(callee) || ts.isTaggedTemplateExpression(callee)) {
    return kindOfCall(ts.isTaggedTemplateExpression(callee) ? callee.tag : callee.expression);
  }
  if (!ts.isIdentifier(callee)) return null;
  return callee.text === "describe" ? "describe" : callee.text === "test" || callee.text === "it" ? "test" : null;
}

/** The anchors of each test in a file. A title from a table counts where it stands in the table. */
function testsIn(path: string): string[][] {
  const source = ts.createSourceFile(path, readFileSync(join(root, path), "utf8"), ts.ScriptTarget.Latest);
  const tests: string[][] = [];
  const visit = (node: ts.Node, inherited: readonly string[]): void => {
    const kind = ts.isCallExpression(node) ? kindOfCall(node.expression) : null;
    const title = ts.isCallExpression(node) && node.arguments[0] !== undefined ? literalText(node.arguments[0]) : null;
    if (ts.isCallExpression(node) && kind !== null && title !== null) {
      const anchors = [...inherited, ...anchorsAtEnd(title)];
      if (kind === "test") tests.push([...new Set(anchors)]);
      for (const part of [node.expression, ...node.arguments.slice(1)]) visit(part, kind === "describe" ? anchors : inherited);
      return;
    }
    const text = literalText(node);
    if (text !== null && anchorsAtEnd(text).length > 0) tests.push([...new Set([...inherited, ...anchorsAtEnd(text)])]);
    ts.forEachChild(node, (child) => visit(child, inherited));
  };
  visit(source, []);
  return tests;
}

function collect(same: Anchors["same"]): Tests {
  const found = new Map<string, string[]>();
  for (const path of TESTS.flatMap(testFiles).sort()) {
    for (const anchor of testsIn(path).flat()) {
      const files = found.get(anchor);
      if (files === undefined) found.set(anchor, [path]);
      else files.push(path);
    }
  }
  for (const [anchor, other] of Object.entries(same)) {
    const files = [...(found.get(anchor) ?? []), ...(found.get(other) ?? [])];
    if (files.length > 0) found.set(anchor, files);
  }
  return found;
}

function fileList(files: readonly string[]): string {
  return [...new Set(files)].map((path) => `\`${path}\``).join(", ");
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function document(anchors: Anchors, gaps: readonly Gap[], tests: Tests): string {
  const gapOf = (anchor: string): string | undefined =>
    gaps.find((gap) => gap.anchors.some((one) => one === anchor || one === anchors.same[anchor]))?.why;
  const pages = Object.entries(anchors.pages).map(([page, { path, rules }]) => {
    const rows = Object.entries(rules).map(([slug, title]) => {
      const files = tests.get(`${page}#${slug}`) ?? [];
      const also = anchors.same[`${page}#${slug}`];
      const where = also === undefined ? fileList(files) : `${fileList(files)} (as \`${also}\`)`;
      return `| \`#${slug}\` | ${title} | ${files.length || ""} | ${files.length > 0 ? where : (gapOf(`${page}#${slug}`) ?? "**neither test nor gap**")} |`;
    });
    const tested = Object.keys(rules).filter((slug) => tests.has(`${page}#${slug}`)).length;
    return `## ${page}

${tested} of ${count(rows.length, "rule")} in \`${path}\` ${tested === 1 ? "has" : "have"} tests.

| anchor | heading | tests | where, or why not |
| --- | --- | --- | --- |
${rows.join("\n")}
`;
  });
  const replica = [...tests].filter(([anchor]) => anchor.startsWith("replica: ")).sort(([a], [b]) => (a < b ? -1 : 1));
  const rules = Object.entries(anchors.pages).flatMap(([page, { rules }]) => Object.keys(rules).map((slug) => `${page}#${slug}`));
  const tested = rules.filter((anchor) => tests.has(anchor)).length;
  return `# Conformance

Which rules of the specification (\`${anchors.repository}\` at \`${anchors.commit.slice(0, 7)}\`) have a test, by the anchors in the titles of tests.
Written by \`npx tsx scripts/conformance.ts\`; what Cannery knowingly does otherwise is in [departures.md](../spec/departures.md).

${tested} of ${count(rules.length, "rule")} have tests, ${count(rules.length - tested, "gap")}.

${pages.join("\n")}
## Rules that only the replica has

| subject | tests | where |
| --- | --- | --- |
${replica.map(([anchor, files]) => `| ${anchor.slice("replica: ".length)} | ${files.length} | ${fileList(files)} |`).join("\n")}
`;
}

function problems(anchors: Anchors, gaps: readonly Gap[], tests: Tests): string[] {
  const rules = new Set(Object.entries(anchors.pages).flatMap(([page, { rules }]) => Object.keys(rules).map((slug) => `${page}#${slug}`)));
  const listed = gaps.flatMap((gap) => gap.anchors);
  const unknown = (anchor: string): boolean => !anchor.startsWith("replica: ") && !rules.has(anchor);
  return [
    ...Object.entries(anchors.same)
      .flat()
      .filter(unknown)
      .map((anchor) => `${ANCHORS} compares ${anchor}, which is not there`),
    ...[...tests].filter(([anchor]) => unknown(anchor)).map(([anchor, files]) => `${anchor} (${fileList(files)}) is not in ${ANCHORS}`),
    ...listed.filter(unknown).map((anchor) => `${GAPS} names ${anchor}, which is not in ${ANCHORS}`),
    ...listed.filter((anchor) => tests.has(anchor)).map((anchor) => `${GAPS} names ${anchor}, which has tests`),
    ...[...rules]
      .filter((anchor) => !tests.has(anchor) && !listed.includes(anchor) && !listed.includes(anchors.same[anchor] ?? ""))
      .map((anchor) => `${anchor} has neither a test nor a gap in ${GAPS}`),
  ];
}

/** Slug as on the specification's site: the heading's own id, else its words. */
function slugOf(heading: string): { slug: string; title: string } {
  const own = /\s*\{#([^}]+)\}\s*$/.exec(heading);
  const title = heading.slice(0, own?.index).trim();
  const words = title.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "");
  return { slug: own?.[1] ?? words.trim().replace(/\s/g, "-"), title };
}

function pinned(old: Anchors, gitDirectory: string): Anchors {
  const git = (...args: string[]): string => execFileSync("git", [`--git-dir=${gitDirectory}`, ...args], { encoding: "utf8" });
  const pages = Object.entries(old.pages).map(([page, { path, others }]) => {
    const lines = git("show", `HEAD:${path}`).replace(/^```[\s\S]*?^```/gm, "");
    const headings = [...lines.matchAll(/^##+ (.+)$/gm)].map(([, heading]) => slugOf(heading!));
    const rules = headings.filter(({ slug }) => !others.includes(slug)).map(({ slug, title }) => [slug, title] as const);
    return [page, { path, rules: Object.fromEntries(rules), others }] as const;
  });
  return { ...old, commit: git("rev-parse", "HEAD").trim(), pages: Object.fromEntries(pages) };
}

const anchors = json<Anchors>(ANCHORS);
const pin = process.argv.indexOf("--pin");
if (pin !== -1) {
  writeFileSync(join(root, ANCHORS), `${JSON.stringify(pinned(anchors, process.argv[pin + 1]!), null, 2)}\n`);
} else {
  const tests = collect(anchors.same);
  const gaps = json<readonly Gap[]>(GAPS);
  const wrong = problems(anchors, gaps, tests);
  const text = document(anchors, gaps, tests);
  if (!process.argv.includes("--check")) writeFileSync(join(root, DOCUMENT), text);
  else if (readFileSync(join(root, DOCUMENT), "utf8") !== text) wrong.push(`${DOCUMENT} is not up to date: npx tsx scripts/conformance.ts`);
  if (wrong.length > 0) console.error(wrong.join("\n"));
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
