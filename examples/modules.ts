/**
 * The examples' compiled modules, as they lie in `generated/motoko`: made by `npx tsx scripts/motoko/generate.ts`, checked
 * by `generated.test.ts`. Tests, the demo and the bench take them from here and so need no compiler.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const GENERATED = new URL("../generated/motoko/", import.meta.url);
const SUFFIX = ".wasm.gz";

const loaded = new Map<string, Uint8Array>();

/** The module `name`, such as `parallel-calls-caller`, uncompressed. The same array each time: not to be written to. */
export function loadGenerated(name: string): Uint8Array {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const file = new URL(name + SUFFIX, GENERATED);
  if (!existsSync(file)) throw new Error(`there is no generated module ${name}; there are: ${generatedNames().join(", ")}`);
  const wasm = new Uint8Array(gunzipSync(readFileSync(file)));
  loaded.set(name, wasm);
  return wasm;
}

/** Names of all generated modules. */
export function generatedNames(): string[] {
  return readdirSync(GENERATED)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort();
}
