/**
 * Compiles `src` to `dist`, bundles what is loaded at once, and makes the programs executable. Runs as `prepare`, so that `npx cannery` works straight after `npm ci`, and
 * before `npm run demo`, so that it never shows yesterday's code; does nothing when `dist` is of exactly these sources.
 * What the package needs besides at run time, `generated/`, stays where it is, beside `dist`.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleCommonJs, bundlePrograms } from "./bundle.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const stamp = join(dist, ".sources");
/** The package's programs, which must be executable. */
const { bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly bin: Readonly<Record<string, string>> };
/** What else decides what comes out: settings, and the compiler's version. */
const SETTINGS = [
  "scripts/build.ts",
  "scripts/bundle.ts",
  "tsconfig.base.json",
  "tsconfig.build.json",
  "package.json",
  "node_modules/typescript/package.json",
];

function filesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesOf(path) : [path];
  });
}

function hashOfSources(): string {
  const hash = createHash("sha256");
  for (const path of [...filesOf("src").sort(), ...filesOf("generated/system").sort(), ...SETTINGS])
    hash.update(`${path}\0`).update(readFileSync(join(root, path)));
  return hash.digest("hex");
}

/**
 * Into a folder of its own that then takes the place of `dist`: whoever runs the command meanwhile sees the old one or the new one. Of builds that
 * run at the same time, such as before tests, the first to end counts.
 */
async function compile(sources: string): Promise<void> {
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
  await bundleCommonJs(fresh);
  await bundlePrograms(fresh);
  // Loaded here: most builds find that there is nothing to do.
  const { genesisImage } = await import("../src/host/server/beginning.ts");
  writeFileSync(join(fresh, "genesis.image"), await genesisImage(today()));
  for (const program of Object.values(bin)) chmodSync(join(fresh, relative("dist", program)), 0o755);
  writeFileSync(join(fresh, ".sources"), sources);
  if (!isBuiltOf(sources)) {
    const old = `${fresh}-old`;
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(fresh, dist);
    rmSync(old, { recursive: true, force: true });
  }
  rmSync(fresh, { recursive: true, force: true });
}

/** Its beginning, nanoseconds. */
function today(): bigint {
  const dayNanos = 86_400_000_000_000n;
  return ((BigInt(Date.now()) * 1_000_000n) / dayNanos) * dayNanos;
}

function isBuiltOf(sources: string): boolean {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === sources;
}

const sources = hashOfSources();
if (!isBuiltOf(sources)) await compile(sources);
