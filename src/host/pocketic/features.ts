/**
 * Features of PocketIC instances on this machine: with our own modules, and with those whose paths the environment gives.
 */
import { existsSync, readFileSync } from "node:fs";
import { CanneryError } from "../../base/cannery-error.ts";
import type { Features } from "../../api/pocketic/features.ts";
import { OWN_CANISTERS, type SystemCanister } from "../../network/system/canisters.ts";
import { systemFeatures } from "../../network/system/features.ts";
import { systemFileOf, systemModule, type SystemFiles } from "../system-modules.ts";

/** Files of `CANNERY_SYSTEM_CANISTERS="ii=PATH,ledger=PATH"`. Throws `CanneryError`. */
export function systemFilesIn(environment: NodeJS.ProcessEnv): SystemFiles {
  const items = (environment["CANNERY_SYSTEM_CANISTERS"] ?? "").split(",").filter((item) => item !== "");
  const files = items.map((item) => {
    const file = systemFileOf(item);
    if (file === null)
      throw new CanneryError("bad-argument", `CANNERY_SYSTEM_CANISTERS: ${JSON.stringify(item)} is no NAME=PATH of a system canister.`);
    return file;
  });
  return Object.fromEntries(files) as SystemFiles;
}

/** Modules are read when a feature needs them, once. */
export function featuresWith(files: () => SystemFiles): Features {
  const modules = new Map<SystemCanister, Uint8Array | null>();
  return systemFeatures((name) => {
    let module = modules.get(name);
    if (module === undefined) modules.set(name, (module = read(name, files()[name])));
    return module;
  });
}

function read(name: SystemCanister, path: string | undefined): Uint8Array | null {
  if (path === undefined) {
    const own = OWN_CANISTERS.find((candidate) => candidate === name);
    return own === undefined ? null : systemModule(own);
  }
  return existsSync(path) ? new Uint8Array(readFileSync(path)) : null;
}
