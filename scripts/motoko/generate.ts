/**
 * Compiles the repository's Motoko programs into `generated/motoko` (the examples) and `generated/programs` (those of tests).
 *
 *   npx tsx scripts/motoko/generate.ts                    compiles what has changed
 *   npx tsx scripts/motoko/generate.ts --check            compares hashes only, in milliseconds
 *   npx tsx scripts/motoko/generate.ts --rebuild-check    compiles everything and compares, for CI
 */
import { gzipSync } from "fflate";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { compileMotoko } from "./compile.ts";
import type { CompiledMotoko, CompileRequest } from "./compile.ts";
import {
  belongs,
  checkGenerated,
  compilerVersion,
  didFile,
  didText,
  hashesOf,
  isMadeFrom,
  manifestFile,
  moduleFile,
  readManifest,
  sha256,
} from "./manifest.ts";
import type { Manifest, ManifestEntry } from "./manifest.ts";
import { COLLECTIONS, requestOf, type Collection } from "./programs.ts";

const SCRIPT = "npx tsx scripts/motoko/generate.ts";

function entryOf(request: CompileRequest, compiled: CompiledMotoko): ManifestEntry {
  return {
    entry: request.entry,
    publicMetadata: request.publicMetadata,
    ...(request.memoryFlags === undefined ? {} : { memoryFlags: request.memoryFlags }),
    sources: hashesOf(request),
    wasmSha256: sha256(compiled.wasm),
    wasmSizeBytes: compiled.wasm.length,
    candid: compiled.candid,
    stable: compiled.stable,
  };
}

async function compileLoudly(name: string, request: CompileRequest): Promise<CompiledMotoko> {
  const start = performance.now();
  const compiled = await compileMotoko(request);
  console.log(`${name.padEnd(28)} ${String(compiled.wasm.length).padStart(8)} bytes  ${((performance.now() - start) / 1000).toFixed(1)} s`);
  for (const warning of compiled.warnings) console.log(`  ${warning}`);
  return compiled;
}

/** Brings the folder up to date, compiling only what has changed. */
async function generate(collection: Collection): Promise<void> {
  mkdirSync(collection.generated, { recursive: true });
  const before = existsSync(manifestFile(collection)) ? readManifest(collection) : undefined;
  const compiler = compilerVersion();
  const modules: Record<string, ManifestEntry> = {};
  for (const program of collection.programs) {
    const request = requestOf(collection, program);
    const known = before?.compiler === compiler ? before.modules[program.name] : undefined;
    if (known !== undefined && isMadeFrom(known, request) && existsSync(moduleFile(collection, program.name))) {
      modules[program.name] = known;
      continue;
    }
    const compiled = await compileLoudly(program.name, request);
    // fflate, not node:zlib: its output does not depend on the processor or on Node's version.
    writeFileSync(moduleFile(collection, program.name), gzipSync(compiled.wasm, { level: 9, mtime: 0 }));
    modules[program.name] = entryOf(request, compiled);
  }
  for (const file of readdirSync(collection.generated)) {
    if (!belongs(collection, file, modules)) rmSync(new URL(file, collection.generated));
  }
  if (collection.hasDids === true) for (const entry of Object.values(modules)) writeFileSync(didFile(collection, entry), didText(entry));
  const manifest: Manifest = { script: SCRIPT, compiler, modules };
  writeFileSync(manifestFile(collection), JSON.stringify(manifest, null, 2) + "\n");
}

/** Compiles everything anew: what differs from the committed modules, a sentence each. */
async function rebuildCheck(collection: Collection): Promise<string[]> {
  const manifest = readManifest(collection);
  const problems: string[] = [];
  for (const program of collection.programs) {
    const request = requestOf(collection, program);
    const now = JSON.stringify(entryOf(request, await compileLoudly(program.name, request)));
    if (now !== JSON.stringify(manifest.modules[program.name]))
      problems.push(`${program.name} compiles to something else than the folder of its collection holds`);
  }
  return problems;
}

const { values: options } = parseArgs({ options: { check: { type: "boolean" }, "rebuild-check": { type: "boolean" } } });
if (!options.check && !options["rebuild-check"]) for (const collection of COLLECTIONS) await generate(collection);
const problems = COLLECTIONS.flatMap(checkGenerated);
if (options["rebuild-check"]) for (const collection of COLLECTIONS) problems.push(...(await rebuildCheck(collection)));
if (problems.length > 0) {
  console.error(`${problems.join("\n")}\nRun: ${SCRIPT}`);
  process.exitCode = 1;
}
