/**
 * Canisters written in Rust, where a toolchain for `wasm32-unknown-unknown` is at hand: rustup's with that target installed, or
 * Debian's packages, which bring no standard library for it, but its source, of which cargo builds one:
 *
 *   apt-get install --no-install-recommends rustc-web cargo-web rust-web-src lld-22
 *
 * A build from nothing takes a minute or two; it is kept in `.cache/rust`.
 */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const TARGET = "wasm32-unknown-unknown";
const CACHE = fileURLToPath(new URL("../../.cache/rust", import.meta.url));
/** The crate of this folder. */
export const VAULT = fileURLToPath(new URL(".", import.meta.url));

export interface RustToolchain {
  readonly cargo: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** The toolchain to build with, or `null` where there is none. */
export function rustToolchain(): RustToolchain | null {
  return installedTarget() ?? debianSource();
}

/** What `cargo build --target wasm32-unknown-unknown` of the path has. */
function installedTarget(): RustToolchain | null {
  try {
    const folder = execFileSync("rustc", ["--print", "target-libdir", "--target", TARGET], { encoding: "utf8", stdio: "pipe" }).trim();
    return existsSync(folder) ? { cargo: "cargo", arguments: [], environment: {} } : null;
  } catch {
    return null; // no rustc at all
  }
}

function debianSource(): RustToolchain | null {
  const llvm = existsSync("/usr/lib") ? readdirSync("/usr/lib").filter((name) => /^llvm-\d+$/.test(name)) : [];
  const linkers = llvm.sort((a, b) => Number(b.slice(5)) - Number(a.slice(5))).map((name) => `/usr/lib/${name}/bin/wasm-ld`);
  const linker = linkers.find((path) => existsSync(path));
  if (linker === undefined || !existsSync("/usr/bin/cargo") || !existsSync("/usr/lib/rustlib/src/rust/library/std/Cargo.toml")) return null;
  return {
    cargo: "/usr/bin/cargo",
    arguments: ["-Z", "build-std=std,panic_abort"],
    // Unstable options of a stable compiler, for building the standard library alone.
    environment: { RUSTC: "/usr/bin/rustc", RUSTC_BOOTSTRAP: "1", CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: linker },
  };
}

/** Builds a crate as a canister's module. Throws with what cargo said when it does not build. */
export async function buildRust(crate: string, toolchain: RustToolchain): Promise<Uint8Array> {
  const command = ["build", "--release", "--locked", "--quiet", "--target", TARGET, ...toolchain.arguments];
  const env = { ...process.env, ...toolchain.environment, CARGO_TARGET_DIR: CACHE };
  await promisify(execFile)(toolchain.cargo, command, { cwd: crate, env });
  const { name } = /^name = "(?<name>[^"]+)"/m.exec(await readFile(join(crate, "Cargo.toml"), "utf8"))!.groups as { name: string };
  return readFile(join(CACHE, TARGET, "release", `${name.replaceAll("-", "_")}.wasm`));
}
