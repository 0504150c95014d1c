/**
 * What lies in a folder of compiled programs, what it was made from, and whether that is still so. Checking compares hashes and
 * compiles nothing, so that it can run with every test run.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { posix } from "node:path";
import { gunzipSync } from "node:zlib";
import type { CompileRequest } from "./compile.ts";
import { requestOf, type Collection } from "./programs.ts";

export interface Manifest {
  /** The command that wrote this folder. */
  readonly script: string;
  /** Version of the `motoko` package, which brings compiler and `mo:core`. */
  readonly compiler: string;
  readonly modules: Readonly<Record<string, ManifestEntry>>;
}

export interface ManifestEntry {
  readonly entry: string;
  readonly publicMetadata: readonly string[];
  readonly memoryFlags?: readonly string[];
  /** SHA-256 of each source file by its path in the collection's folder. */
  readonly sources: Readonly<Record<string, string>>;
  /** SHA-256 and size of the module before compression. */
  readonly wasmSha256: string;
  readonly wasmSizeBytes: number;
  /** Interface as .did text, for an actor class with its init arguments: `service : (nat) -> Bucket`. */
  readonly candid: string;
  /** Types of the stable variables. */
  readonly stable: string;
}

/** Where a program's interface lies, for collections that have them. */
export function didFile(collection: Collection, entry: ManifestEntry): URL {
  return new URL(entry.entry.replace(/\.mo$/, ".did"), collection.sources);
}

export function didText(entry: ManifestEntry): string {
  return `// The interface of ${posix.basename(entry.entry)}, as the compiler tells it; written by npx tsx scripts/motoko/generate.ts.\n${entry.candid}\n`;
}

/** Whether a file of the folder belongs to it, given the modules that do. */
export function belongs(collection: Collection, file: string, modules: Manifest["modules"]): boolean {
  return file === "manifest.json" || collection.others?.includes(file) === true || modules[file.replace(/\.wasm\.gz$/, "")] !== undefined;
}

export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

export function compilerVersion(): string {
  const { version } = createRequire(import.meta.url)("motoko/package.json") as { version: string };
  return `motoko ${version}`;
}

export function moduleFile(collection: Collection, name: string): URL {
  return new URL(`${name}.wasm.gz`, collection.generated);
}

export function manifestFile(collection: Collection): URL {
  return new URL("manifest.json", collection.generated);
}

export function readManifest(collection: Collection): Manifest {
  return JSON.parse(readFileSync(manifestFile(collection), "utf8")) as Manifest;
}

export function hashesOf(request: CompileRequest): Record<string, string> {
  return Object.fromEntries(Object.entries(request.sources).map(([path, text]) => [path, sha256(text)]));
}

/** Whether an entry was made from just this request. The compiler's version is the manifest's. */
export function isMadeFrom(entry: ManifestEntry, request: CompileRequest): boolean {
  const made = { entry: entry.entry, publicMetadata: entry.publicMetadata, memoryFlags: entry.memoryFlags, sources: entry.sources };
  const wanted = {
    entry: request.entry,
    publicMetadata: request.publicMetadata,
    memoryFlags: request.memoryFlags,
    sources: hashesOf(request),
  };
  return JSON.stringify(made) === JSON.stringify(wanted);
}

function isCurrentDid(collection: Collection, entry: ManifestEntry): boolean {
  const file = didFile(collection, entry);
  return existsSync(file) && readFileSync(file, "utf8").replaceAll("\r\n", "\n") === didText(entry);
}

/** What is out of date, missing or too much, a sentence each; empty when all is well. */
export function checkGenerated(collection: Collection): string[] {
  const manifest = readManifest(collection);
  const folder = `generated/${posix.basename(collection.generated.pathname)}`;
  const problems: string[] = [];
  if (manifest.compiler !== compilerVersion()) {
    problems.push(`${folder} was made by ${manifest.compiler}, installed is ${compilerVersion()}`);
  }
  for (const program of collection.programs) {
    const entry = manifest.modules[program.name];
    if (entry === undefined) problems.push(`${program.name} has not been generated`);
    else if (!isMadeFrom(entry, requestOf(collection, program)))
      problems.push(`${program.name} was generated from other sources than ${collection.name}/${program.entry} is made of now`);
  }
  for (const [name, entry] of Object.entries(manifest.modules)) {
    if (!collection.programs.some((program) => program.name === name)) problems.push(`${name} is no longer among the programs`);
    if (sha256(gunzipSync(readFileSync(moduleFile(collection, name)))) !== entry.wasmSha256)
      problems.push(`${name}.wasm.gz is not the module the manifest describes`);
    if (collection.hasDids === true && !isCurrentDid(collection, entry))
      problems.push(`${didFile(collection, entry).pathname} is not the interface of ${name}`);
  }
  for (const file of readdirSync(collection.generated)) {
    if (!belongs(collection, file, manifest.modules)) problems.push(`${folder}/${file} belongs to no program`);
  }
  return problems;
}
