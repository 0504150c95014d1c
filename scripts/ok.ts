/**
 * Everything that must hold before a commit, one line a step: `npm run ok`. Stops at the first step that fails and shows what it said.
 * `-- --no-tests` leaves the tests out (CI has run them already).
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values: options } = parseArgs({ options: { "no-tests": { type: "boolean", default: false } } });

interface Step {
  readonly name: string;
  /** A command of node_modules/.bin and its arguments. */
  readonly command: readonly [string, ...string[]];
}

const steps: readonly Step[] = [
  { name: "format", command: ["prettier", "--check", "--log-level", "warn", "."] },
  { name: "types of the core", command: ["tsc", "-p", "tsconfig.core.json"] },
  { name: "types", command: ["tsc", "-p", "tsconfig.json"] },
  { name: "lint", command: ["eslint", "."] },
  { name: "departures", command: ["tsx", "scripts/departures.ts", "--check"] },
  { name: "generated modules", command: ["tsx", "scripts/motoko/generate.ts", "--check"] },
  { name: "build", command: ["tsx", "scripts/build.ts"] },
  { name: "documented examples", command: ["tsx", "scripts/doc-examples.ts"] },
  ...(options["no-tests"] ? [] : [{ name: "tests", command: ["vitest", "run"] } as const]),
];

for (const { name, command } of steps) {
  const started = performance.now();
  if (process.stdout.isTTY) process.stdout.write(`       ${name} …\r`);
  const [program, ...args] = command;
  const { status, stdout, stderr, error } = spawnSync(join(root, "node_modules", ".bin", program), args, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    shell: process.platform === "win32",
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${status === 0 ? "ok    " : "FAILED"} ${name.padEnd(20)} ${seconds.padStart(6)} s`);
  if (status !== 0) {
    console.log(error === undefined ? `${stdout}${stderr}`.trimEnd() : `${error.message}: has npm ci run?`);
    process.exit(1);
  }
}
