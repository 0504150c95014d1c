/**
 * What tests run on, for a browser: a Vite plugin that puts a browser's host in the place of Node's, so that the same files run there.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** By file of the repository. */
const INSTEAD: Readonly<Record<string, string>> = {
  "src/index.ts": "src/browser.ts",
  "src/host/platform-node.ts": "test/browser/node-platform.ts",
  "examples/modules.ts": "test/browser/modules.ts",
};

export const inABrowser: Plugin = {
  name: "in-a-browser",
  enforce: "pre",
  async resolveId(source, importer, options) {
    const resolved = await this.resolve(source, importer, { ...options, skipSelf: true });
    const found = Object.entries(INSTEAD).find(([file]) => resolved?.id === at(file));
    return found === undefined ? resolved : at(found[1]);
  },
};

/** The generated modules as files of a site: what `modules.ts` asks for. */
export function generatedFiles(names: readonly string[]): [string, Uint8Array][] {
  return names.map((name) => [`generated/motoko/${name}.wasm.gz`, readFileSync(at(`generated/motoko/${name}.wasm.gz`))]);
}
