/**
 * Builds the page of the Candid UI, `canisters/system/candid-ui`, into one file: `generated/system/candid-ui.html.gz`.
 *
 *   npx tsx scripts/candid-ui.ts            builds it when one of its sources has changed
 *   npx tsx scripts/candid-ui.ts --check    compares hashes only
 */
import { gzipSync } from "fflate";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Rolldown } from "vite";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDER = "canisters/system/candid-ui";
const PAGE = new URL("../generated/system/candid-ui.html.gz", import.meta.url);
const SOURCES = new URL("../generated/system/candid-ui.json", import.meta.url);
const AGENT = "node_modules/@icp-sdk/core/package.json";

interface Made {
  readonly script: string;
  /** SHA-256 of the page as it lies here, and of each file that it was made from. */
  readonly page: string;
  readonly sources: Readonly<Record<string, string>>;
}

function sha256(path: string | URL): string {
  const content = readFileSync(typeof path === "string" ? `${ROOT}/${path}` : path);
  return createHash("sha256").update(content).digest("hex");
}

/** What does not fit any more, a sentence each. */
export function checkCandidUi(): string[] {
  if (!existsSync(SOURCES)) return ["the page of the Candid UI has not been built"];
  const made = JSON.parse(readFileSync(SOURCES, "utf8")) as Made;
  const problems = Object.entries(made.sources)
    .filter(([path, hash]) => !existsSync(`${ROOT}/${path}`) || sha256(path) !== hash)
    .map(([path]) => `the page of the Candid UI was built from another ${path}`);
  return sha256(PAGE) === made.page ? problems : [...problems, "candid-ui.html.gz is not the page that candid-ui.json describes"];
}

async function buildPage(): Promise<void> {
  const result = await build({
    configFile: false,
    logLevel: "error",
    root: `${ROOT}/${FOLDER}`,
    build: { target: "es2023", write: false, modulePreload: false },
  });
  const { output } = result as Rolldown.RolldownOutput;
  const chunk = output.find((file) => file.type === "chunk")!;
  const html = readFileSync(`${ROOT}/${FOLDER}/index.html`, "utf8");
  const script = chunk.code.replaceAll("</script", "<\\/script");
  const page = html.replace(/<script type="module".*<\/script>/u, () => `<script type="module">${script}</script>`);
  writeFileSync(PAGE, gzipSync(new TextEncoder().encode(page), { level: 9, mtime: 0 }));
  const own = chunk.moduleIds
    .map((id) => relative(ROOT, id).split(sep).join("/"))
    .filter((path) => (path.startsWith("src/") || path.startsWith(FOLDER)) && path.endsWith(".ts"));
  const sources = [...new Set([...own, `${FOLDER}/index.html`, AGENT])].sort();
  const made: Made = {
    script: "npx tsx scripts/candid-ui.ts",
    page: sha256(PAGE),
    sources: Object.fromEntries(sources.map((path) => [path, sha256(path)])),
  };
  writeFileSync(SOURCES, JSON.stringify(made, null, 2) + "\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!process.argv.includes("--check") && checkCandidUi().length > 0) await buildPage();
  const problems = checkCandidUi();
  if (problems.length > 0) {
    console.error(`${problems.join("\n")}\nRun: npx tsx scripts/candid-ui.ts`);
    process.exitCode = 1;
  }
}
