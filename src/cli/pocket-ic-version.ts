/**
 * Which version `pocket-ic --version` answers. The Rust client asks before each start, and goes on only with a server of its own major version;
 * the other clients never ask. All versions since 14 are spoken alike, so the answer is the one that will do.
 *
 * Source: pocketic-server.md 1.1; `check_pocketic_server_version` of the crate `pocket-ic`.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The newest contract that is spoken. */
export const CONTRACT_VERSION = "16.1.0";

/**
 * What `CANNERY_POCKET_IC_VERSION` says; else, where cargo runs tests (it tells them where their package is), the version of the client that
 * the package's lock names; else the newest.
 */
export function serverVersion(environment: Readonly<Record<string, string | undefined>>): string {
  const { CANNERY_POCKET_IC_VERSION: given, CARGO_MANIFEST_DIR: cargoPackage } = environment;
  return given ?? (cargoPackage === undefined ? null : lockedClient(cargoPackage)) ?? CONTRACT_VERSION;
}

/** A package of a workspace has its lock further up. `null`: there is no lock, or not one client in it. */
function lockedClient(cargoPackage: string): string | null {
  const lock = join(cargoPackage, "Cargo.lock");
  if (existsSync(lock)) {
    const versions = [...readFileSync(lock, "utf8").matchAll(/^name = "pocket-ic"\r?\nversion = "(?<version>[^"]+)"/gm)];
    return versions.length === 1 ? versions[0]!.groups!["version"]! : null;
  }
  const parent = dirname(cargoPackage);
  return parent === cargoPackage ? null : lockedClient(parent);
}
