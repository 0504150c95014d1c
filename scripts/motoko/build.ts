/**
 * The build step of an example's icp.yaml: writes the module of a Motoko program of `examples/` to $ICP_WASM_OUTPUT_PATH.
 * A program that is in `generated/` and has not changed is copied from there, any other is compiled.
 *
 *   npx tsx ../../scripts/motoko/build.ts users.mo        (run in the example's folder, as icp does)
 */
import { readFileSync, writeFileSync } from "node:fs";
import { relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { compileMotoko } from "./compile.ts";
import { compilerVersion, isMadeFrom, moduleFile, readManifest } from "./manifest.ts";
import { EXAMPLES, requestOf } from "./programs.ts";

const [file] = process.argv.slice(2);
const output = process.env["ICP_WASM_OUTPUT_PATH"];
if (file === undefined || output === undefined) {
  throw new Error("usage: ICP_WASM_OUTPUT_PATH=<file> npx tsx scripts/motoko/build.ts <program.mo>");
}

const entry = relative(fileURLToPath(EXAMPLES.sources), resolve(file)).split(sep).join("/");
const program = EXAMPLES.programs.find((candidate) => candidate.entry === entry);
if (program === undefined) {
  throw new Error(
    `${entry} is not among the programs of scripts/motoko/programs.ts: ${EXAMPLES.programs.map((known) => known.entry).join(", ")}`,
  );
}

const request = requestOf(EXAMPLES, program);
const manifest = readManifest(EXAMPLES);
const known = manifest.modules[program.name];
const isFresh = known !== undefined && manifest.compiler === compilerVersion() && isMadeFrom(known, request);
writeFileSync(output, isFresh ? gunzipSync(readFileSync(moduleFile(EXAMPLES, program.name))) : (await compileMotoko(request)).wasm);
