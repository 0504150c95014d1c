/**
 * The modules of the system canisters as the package ships them, in `generated/system` beside `dist` and `src`.
 */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { CanneryError } from "../base/cannery-error.ts";
import { OWN_CANISTERS, SYSTEM_CANISTER_IDS, type OwnCanister, type SystemCanister } from "../network/system/canisters.ts";
import type { SystemModules } from "../network/system/install.ts";

/** Paths of modules that take the places of ours, or of canisters that we have none for. */
export type SystemFiles = { readonly [K in SystemCanister]?: string };

/** As `icp` and PocketIC call Internet Identity. */
const SHORT: Readonly<Record<string, SystemCanister>> = { ii: "internet-identity", "ii-frontend": "internet-identity-frontend" };

/** `ledger=PATH`. `null` when it names none of them. */
export function systemFileOf(text: string): readonly [SystemCanister, string] | null {
  const equals = text.indexOf("=");
  const word = text.slice(0, Math.max(equals, 0));
  const name = Object.hasOwn(SHORT, word) ? SHORT[word]! : word;
  return Object.hasOwn(SYSTEM_CANISTER_IDS, name) ? [name as SystemCanister, resolve(text.slice(equals + 1))] : null;
}

const FILES: Readonly<Record<OwnCanister | "proxy" | "assets" | "identity-stand-in", string>> = {
  ledger: "icp-ledger",
  "cycles-ledger": "cycles-ledger",
  cmc: "cycles-minting",
  // An asset canister with one page.
  "candid-ui": "assets",
  registry: "registry",
  proxy: "proxy",
  assets: "assets",
  // For tests of what signs in with it.
  "identity-stand-in": "identity-stand-in",
};

/** Where a module lies: the ones of `OWN_CANISTERS`, and those that projects deploy. */
export function systemModuleFile(name: keyof typeof FILES): URL {
  return new URL(`../../generated/system/${FILES[name]}.wasm.gz`, import.meta.url);
}

export function systemModule(name: keyof typeof FILES): Uint8Array {
  const file = systemModuleFile(name);
  if (!existsSync(file)) {
    throw new CanneryError(
      "generated-missing",
      `The module of ${name} is not in generated/system. Make it: npx tsx scripts/motoko/generate.ts`,
    );
  }
  return new Uint8Array(gunzipSync(readFileSync(file)));
}

export function candidUiPage(): Uint8Array {
  return new Uint8Array(readFileSync(new URL("../../generated/system/candid-ui.html.gz", import.meta.url)));
}

/** Of `server/beginning.ts`, as the build leaves it in `dist`; `null` where the sources run as they are. */
export function packagedImage(): Uint8Array<ArrayBuffer> | null {
  const file = new URL("../genesis.image", import.meta.url);
  return existsSync(file) ? new Uint8Array(readFileSync(file)) : null;
}

/** Our own modules, with others in their places where they are given. */
export function systemModules(others: SystemModules = {}): SystemModules {
  const own = Object.fromEntries(OWN_CANISTERS.filter((name) => others[name] === undefined).map((name) => [name, systemModule(name)]));
  return { ...own, ...others };
}
