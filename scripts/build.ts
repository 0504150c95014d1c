/**
 * Compiles `src` to `dist` and makes the command executable. Runs as `prepare`, so that `npx cannery` works straight after `npm ci`;
 * does nothing when `dist` is of exactly these sources.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const stamp = join(root, "dist", ".sources");

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : [path];
  });
}

const hash = createHash("sha256");
for (const path of [
  ...files(join(root, "src")).sort(),
  join(root, "tsconfig.base.json"),
  join(root, "tsconfig.build.json"),
  join(root, "package.json"),
]) {
  hash.update(path.slice(root.length)).update(readFileSync(path));
}
const sources = hash.digest("hex");

if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== sources) {
  rmSync(join(root, "dist"), { recursive: true, force: true });
  try {
    execFileSync(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", join(root, "tsconfig.build.json")], {
      stdio: "inherit",
    });
  } catch {
    console.error("cannery: src does not compile (messages above); dist was not built.");
    process.exit(1);
  }
  writeFileSync(stamp, sources);
}
const command = join(root, "dist", "cli", "main.js");
if (existsSync(command)) chmodSync(command, 0o755);
