/**
 * Compiles the repository's Motoko programs into `generated/motoko`.
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
import { GENERATED, checkGenerated, compilerVersion, hashesOf, isMadeFrom, moduleFile, readManifest, sha256 } from "./manifest.ts";
import type { Manifest, ManifestEntry } from "./manifest.ts";
import { PROGRAMS, requestOf } from "./programs.ts";

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

/** Brings `generated/motoko` up to date, compiling only what has changed. */
async function generate(): Promise<void> {
  mkdirSync(GENERATED, { recursive: true });
  const before = existsSync(new URL("manifest.json", GENERATED)) ? readManifest() : undefined;
  const compiler = compilerVersion();
  const modules: Record<string, ManifestEntry> = {};
  for (const program of PROGRAMS) {
    const request = requestOf(program);
    const known = before?.compiler === compiler ? before.modules[program.name] : undefined;
    if (known !== undefined && isMadeFrom(known, request) && existsSync(moduleFile(program.name))) {
      modules[program.name] = known;
      continue;
    }
    const compiled = await compileLoudly(program.name, request);
    // fflate, not node:zlib: its output does not depend on the processor or on Node's version.
    writeFileSync(moduleFile(program.name), gzipSync(compiled.wasm, { level: 9, mtime: 0 }));
    modules[program.name] = entryOf(request, compiled);
  }
  for (const file of readdirSync(GENERATED)) {
    if (file !== "manifest.json" && modules[file.replace(/\.wasm\.gz$/, "")] === undefined) rmSync(new URL(file, GENERATED));
  }
  const manifest: Manifest = { script: SCRIPT, compiler, modules };
  writeFileSync(new URL("manifest.json", GENERATED), JSON.stringify(manifest, null, 2) + "\n");
}

/** Compiles everything anew: what differs from the committed modules, a sentence each. */
async function rebuildCheck(): Promise<string[]> {
  const manifest = readManifest();
  const problems: string[] = [];
  for (const program of PROGRAMS) {
    const request = requestOf(program);
    const now = JSON.stringify(entryOf(request, await compileLoudly(program.name, request)));
    if (now !== JSON.stringify(manifest.modules[program.name]))
      problems.push(`${program.name} compiles to something else than generated/motoko holds`);
  }
  return problems;
}

const { values: options } = parseArgs({ options: { check: { type: "boolean" }, "rebuild-check": { type: "boolean" } } });
if (!options.check && !options["rebuild-check"]) await generate();
const problems = checkGenerated();
if (options["rebuild-check"]) problems.push(...(await rebuildCheck()));
if (problems.length > 0) {
  console.error(`${problems.join("\n")}\nRun: ${SCRIPT}`);
  process.exitCode = 1;
}
