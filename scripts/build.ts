/**
 * Compiles `src` to `dist` and makes the command executable. Runs as `prepare`, so that `npx cannery` works straight after `npm ci`, and
 * before `npm run demo`, so that it never shows yesterday's code; does nothing when `dist` is of exactly these sources.
 * What the package needs besides at run time, `generated/`, stays where it is, beside `dist`.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const stamp = join(dist, ".sources");
/** What else decides what comes out: settings, and the compiler's version. */
const SETTINGS = ["tsconfig.base.json", "tsconfig.build.json", "package.json", "node_modules/typescript/package.json"];

function filesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesOf(path) : [path];
  });
}

function hashOfSources(): string {
  const hash = createHash("sha256");
  for (const path of [...filesOf("src").sort(), ...SETTINGS]) hash.update(`${path}\0`).update(readFileSync(join(root, path)));
  return hash.digest("hex");
}

/** Into a folder of its own that then takes the place of `dist`: whoever runs the command meanwhile sees the old one or the new one. */
function compile(sources: string): void {
  const fresh = join(root, ".cache", `dist-${process.pid}`);
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const { status } = spawnSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json"), "--outDir", fresh], {
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    console.error("cannery: src does not compile (see above), so dist was not built.");
    process.exit(1);
  }
  chmodSync(join(fresh, "cli", "main.js"), 0o755);
  writeFileSync(join(fresh, ".sources"), sources);
  rmSync(dist, { recursive: true, force: true });
  renameSync(fresh, dist);
}

const sources = hashOfSources();
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== sources) compile(sources);
