/**
 * The package's `prepare`: builds `dist`. JavaScript, as it must also say something sensible where the tools of development, and with them
 * whatever runs TypeScript, are not installed (`npm ci --omit=dev`).
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const tsx = `${root}/node_modules/tsx/dist/cli.mjs`;

if (existsSync(tsx)) {
  process.exitCode = spawnSync(process.execPath, [tsx, `${root}/scripts/build.ts`], { stdio: "inherit" }).status ?? 1;
} else {
  console.warn("cannery: dist is not built, as the development dependencies are not installed. For the command: npm ci && npm run build");
}
