/**
 * The modules of the system canisters as the package ships them, in `generated/system` beside `dist` and `src`.
 */
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { CanneryError } from "../base/cannery-error.ts";
import { OWN_CANISTERS, type OwnCanister } from "../network/system/canisters.ts";
import type { SystemModules } from "../network/system/install.ts";

const FILES: Readonly<Record<OwnCanister | "proxy" | "assets" | "identity-stand-in", string>> = {
  ledger: "icp-ledger",
  "cycles-ledger": "cycles-ledger",
  cmc: "cycles-minting",
  // An asset canister with one page.
  "candid-ui": "assets",
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

/** Our own modules, with others in their places where they are given. */
export function systemModules(others: SystemModules = {}): SystemModules {
  const own = Object.fromEntries(OWN_CANISTERS.filter((name) => others[name] === undefined).map((name) => [name, systemModule(name)]));
  return { ...own, ...others };
}
