/**
 * The examples' compiled modules as the package ships them, in `generated/motoko` beside `dist` and `src`.
 */
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { CanneryError } from "../base/cannery-error.ts";

/** The module `name`, such as `parallel-calls-caller`, uncompressed. */
export function generatedModule(name: string): Uint8Array {
  const file = new URL(`../../generated/motoko/${name}.wasm.gz`, import.meta.url);
  if (!existsSync(file)) {
    throw new CanneryError(
      "generated-missing",
      `The compiled example ${name} is not in generated/motoko. Make it: npx tsx scripts/motoko/generate.ts`,
    );
  }
  return new Uint8Array(gunzipSync(readFileSync(file)));
}
