/**
 * Everything that must hold before a commit, one line a step: `npm run ok`. Stops at the first step that fails and shows what it said.
 * `--no-tests` leaves the tests out (CI has run them already).
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

const steps: readonly (readonly [string, readonly string[]])[] = [
  ["format", ["prettier", "--check", "--log-level", "warn", "."]],
  ["types of the core", ["tsc", "-p", "tsconfig.core.json"]],
  ["types", ["tsc", "-p", "tsconfig.json"]],
  ["lint", ["eslint", "."]],
  ["departures listed", ["tsx", "scripts/departures.ts", "--check"]],
  ["generated modules", ["tsx", "scripts/motoko/generate.ts", "--check"]],
  ["build", ["tsx", "scripts/build.ts"]],
  ...(process.argv.includes("--no-tests") ? [] : ([["tests", ["vitest", "run"]]] as const)),
];

for (const [name, command] of steps) {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync("npx", ["--no-install", ...command], {
    cwd: root,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${status === 0 ? "ok    " : "FAILED"} ${name.padEnd(20)} ${seconds.padStart(6)} s`);
  if (status !== 0) {
    console.log(`${stdout}${stderr}`.trimEnd());
    process.exit(1);
  }
}
