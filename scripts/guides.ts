/**
 * What a guide in `docs/guides` shows, put to the test: its TypeScript blocks are one test file in a newcomer's project, its Rust blocks
 * stand word for word in the crate that is built for it. Guides that show what commands print are walked through instead (`guide-walk.ts`).
 */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isWalk, walk, type Walk } from "./guide-walk.ts";
import { VAULT, buildRust, rustToolchain } from "../test/rust/build.ts";

/** The texts of the blocks of one language, in order. */
export function blocks(markdown: string, language: string): string[] {
  return [...markdown.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map((match) => match[1]!);
}

/** Lays the guides' test files and modules into a project; names of the guides that could not be, for want of a tool. */
export async function layGuides(root: string, project: string): Promise<string[]> {
  const folder = join(root, "docs", "guides");
  const skipped: string[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".md"))) {
    const markdown = readFileSync(join(folder, file), "utf8");
    if (isWalk(markdown)) continue; // `walkGuides`
    const tests = blocks(markdown, "ts").join("\n");
    if (tests === "") continue;
    if (/\bwasm32-unknown-unknown\b/.test(markdown)) {
      const toolchain = rustToolchain();
      checkQuoted(file, blocks(markdown, "rust"), readFileSync(join(VAULT, "src", "lib.rs"), "utf8"));
      checkQuoted(file, blocks(markdown, "toml"), readFileSync(join(VAULT, "Cargo.toml"), "utf8"));
      if (toolchain === null) {
        if (process.env["CI"] === "true")
          throw new Error(`docs/guides/${file} needs a Rust toolchain for wasm32-unknown-unknown: see test/rust/build.ts`);
        skipped.push(file);
        continue;
      }
      const module = join(project, "target", "wasm32-unknown-unknown", "release", "vault.wasm");
      mkdirSync(dirname(module), { recursive: true });
      writeFileSync(module, await buildRust(VAULT, toolchain));
    }
    writeFileSync(join(project, file.replace(/\.md$/, ".test.ts")), tests);
  }
  return skipped;
}

/** Walks through the guides that show what commands print, each in a project that `newProject` makes. The projects, as they are then. */
export function walkGuides(root: string, newProject: (name: string) => string, programs: Walk["programs"]): string[] {
  const folder = join(root, "docs", "guides");
  const projects: string[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".md"))) {
    const markdown = readFileSync(join(folder, file), "utf8");
    if (!isWalk(markdown)) continue;
    const project = newProject(file.replace(/\.md$/, ""));
    walk(file, markdown, { root, project, programs });
    projects.push(project);
  }
  return projects;
}

function checkQuoted(file: string, quoted: readonly string[], source: string): void {
  for (const block of quoted)
    if (!source.includes(block)) throw new Error(`docs/guides/${file} shows what test/rust does not have:\n${block}`);
}
