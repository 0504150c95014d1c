/**
 * Compiles the programs of `examples/bugs` that are written in TypeScript, into `.cache`: what Azle makes carries its own template, which does not
 * belong into this repository.
 *
 *   npx tsx test/azle/bugs.ts
 */
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { azleNames, azleProgram, VERSIONS } from "../../examples/bugs/programs.ts";
import { buildAzle } from "./build.ts";

/** Those that are not there yet. */
export async function compileAzleBugs(): Promise<void> {
  for (const name of azleNames()) {
    for (const version of VERSIONS) {
      const { source, module } = azleProgram(name, version);
      if (existsSync(module)) continue;
      const { wasm } = await buildAzle(source, "program");
      mkdirSync(new URL("./", module), { recursive: true });
      // Whole or not there, for whoever looks meanwhile.
      const unfinished = new URL(`${module.href}.${process.pid}`);
      writeFileSync(unfinished, wasm);
      renameSync(unfinished, module);
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await compileAzleBugs();
