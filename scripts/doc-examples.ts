/**
 * Runs what the README shows, as a newcomer would: the package as it is published lies in the `node_modules` of an empty project, the
 * README's first TypeScript block is its test, and its modules lie beside it. Types are checked, the test runs, the command answers, and
 * its demo prints the README's picture. The guides of `docs/guides` lie beside it as test files, or are walked
 * through in a project of their own (`guides.ts`).
 *
 *   npx tsx scripts/doc-examples.ts
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { layGuides, walkGuides } from "./guides.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** The README's files, by the name of the generated module each stands for. */
const MODULES = { "ledger.wasm": "reentrancy-ledger", "bank.wasm": "reentrancy-bank" } as const;

const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly dependencies: Readonly<Record<string, string>>;
};
/** What `npm publish` would publish. */
const [{ files }] = JSON.parse(
  execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }),
) as [{ readonly files: readonly { readonly path: string }[] }];

const readme = readFileSync(join(root, "README.md"), "utf8");
const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
const picture = /```\n([\s\S]*?)```/.exec(readme)?.[1];
if (example === undefined || picture === undefined) throw new Error("README.md has no TypeScript block, or no picture");

const home = mkdtempSync(join(tmpdir(), "cannery-readme-"));
const modules = join(home, "node_modules");

/** A newcomer's project, beside what is installed. */
function newProject(name: string): string {
  const project = join(home, name);
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name, private: true, type: "module" }));
  const checks = { strict: true, noEmit: true, allowImportingTsExtensions: true, skipLibCheck: true };
  const compilerOptions = { ...checks, module: "nodenext", target: "es2023", types: ["node"] };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  return project;
}

try {
  const installed = join(modules, "cannery");
  mkdirSync(installed, { recursive: true });
  for (const { path } of files) cpSync(join(root, path), join(installed, path));
  for (const name of [...Object.keys(dependencies), "vitest", "typescript", "@types/node"]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(modules, name), "dir");
  }
  const project = newProject("newcomer");
  writeFileSync(join(project, "readme.test.ts"), example);
  for (const [file, name] of Object.entries(MODULES)) {
    writeFileSync(join(project, file), gunzipSync(readFileSync(join(root, "generated", "motoko", `${name}.wasm.gz`))));
  }

  for (const guide of await layGuides(root, project))
    console.log(`skipped docs/guides/${guide}: it needs a Rust toolchain for wasm32-unknown-unknown`);

  const cannery = join(installed, "dist", "cli", "main.js");
  const vitest = join(modules, "vitest", "vitest.mjs");
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const run = (cwd: string, script: string, ...args: string[]): string =>
    execFileSync(process.execPath, [script, ...args], { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  try {
    run(project, tsc);
    console.log(run(project, vitest, "run"));
    console.log(run(project, cannery, "types", "bank.wasm"));
    const demo = run(project, cannery, "demo");
    console.log(demo);
    if (!demo.includes(picture)) throw new Error("the README's picture is not what the demo prints (above)");
    for (const walked of walkGuides(root, newProject, { cannery, vitest })) run(walked, tsc);
  } catch (error) {
    // What the command said on standard output is the reason.
    console.log((error as { readonly stdout?: string }).stdout ?? "");
    throw error;
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}
