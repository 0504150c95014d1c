/**
 * Motoko sources to Wasm, where the package `motoko` is installed: the compiler itself, in a worker thread, one compile at a
 * time (each takes seconds and up to 1.5 GB). Results are kept on disk by the content of all sources, so that a program is
 * compiled once.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve, sep } from "node:path";
import { Worker } from "node:worker_threads";
import { CanneryError } from "../base/cannery-error.ts";

/** Packages that come with the compiler, by the name in `import "mo:…"`. */
const BUNDLED = ["core", "base"] as const;

/**
 * Run in the worker. The compiler keeps counters between compiles; in a fresh thread the output depends on nothing but the
 * sources. Plain JavaScript, since a thread gets no TypeScript loader from its parent.
 */
const WORKER = `
const { createRequire } = require("node:module");
const { parentPort, workerData } = require("node:worker_threads");
const from = createRequire(workerData.motoko);
const mo = from(workerData.motoko);
for (const name of workerData.packages) mo.loadPackage(from("motoko/packages/latest/" + name + ".json"));
for (const [path, text] of Object.entries(workerData.sources)) mo.write(path, text);
mo.setPublicMetadata(["candid:service", "candid:args"]);
const { code, diagnostics } = mo.compiler.compileWasm("ic", workerData.entry);
const errors = diagnostics.filter((one) => one.severity === 1).map((one) => {
  const { start } = one.range;
  return one.source + ":" + (start.line + 1) + ":" + (start.character + 1) + ": " + one.message + " [" + one.code + "]";
});
parentPort.postMessage(code ? { wasm: Uint8Array.from(code.wasm) } : { errors });
`;

type WorkerReply = { readonly wasm: Uint8Array } | { readonly errors: readonly string[] };

let last: Promise<unknown> = Promise.resolve();

/** `null` where the package is not installed, neither in the working directory's project nor beside Cannery. */
export function motokoCompiler(): ((path: string) => Promise<Uint8Array>) | null {
  const motoko = findMotoko();
  if (motoko === null) return null;
  return (path) => {
    const next = last.then(() => compileCached(path, motoko));
    last = next.catch(() => undefined);
    return next;
  };
}

function findMotoko(): string | null {
  for (const from of [join(process.cwd(), "package.json"), import.meta.url]) {
    try {
      return createRequire(from).resolve("motoko");
    } catch {
      continue; // not installed there
    }
  }
  return null;
}

async function compileCached(path: string, motoko: string): Promise<Uint8Array> {
  const program = await readProgram(path);
  const key = createHash("sha256").update(await compilerVersion(motoko));
  const sources = Object.entries(program.sources).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, text] of sources) key.update(`${name.length} ${name} ${text.length} ${text}`);
  const directory = cacheDirectory();
  const cached = join(directory, `${key.digest("hex")}.wasm`);
  if (existsSync(cached)) return new Uint8Array(await readFile(cached));
  const wasm = await compile(program, motoko);
  await mkdir(directory, { recursive: true });
  // Written beside and renamed: another process never sees half a module.
  const partial = `${cached}.${process.pid}`;
  await writeFile(partial, wasm);
  await rename(partial, cached);
  return wasm;
}

interface Program {
  readonly entry: string;
  /** By path relative to the folder that holds them all: such paths are part of the output. */
  readonly sources: Readonly<Record<string, string>>;
  readonly packages: readonly string[];
}

/** The file and everything it imports by a relative path. */
async function readProgram(path: string): Promise<Program> {
  const texts = new Map<string, string>();
  const packages = new Set<string>();
  const waiting = [path];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (texts.has(file)) continue;
    const text = await readFile(file, "utf8");
    texts.set(file, text);
    for (const [, imported] of text.matchAll(/^\s*import\s[^"\n]*"([^"\n]+)"/gmu)) {
      const named = /^mo:([^/]+)/u.exec(imported!)?.[1];
      if (named !== undefined) packages.add(named);
      else if (!/^[a-z-]+:/u.test(imported!)) waiting.push(importedFile(dirname(file), imported!));
    }
  }
  for (const name of packages) {
    if (!(BUNDLED as readonly string[]).includes(name)) {
      throw new CanneryError(
        "motoko",
        `${path} imports mo:${name}, which does not come with the compiler (${BUNDLED.join(", ")} do): build it with your own tools (mops, icp build) and install the .wasm`,
      );
    }
  }
  const root = commonDirectory([...texts.keys()]);
  const name = (file: string): string => relative(root, file).split(sep).join("/");
  return {
    entry: name(path),
    sources: Object.fromEntries([...texts].map(([file, text]) => [name(file), text])),
    packages: [...packages].sort(),
  };
}

/** `"types"` is `types.mo`, or `types/lib.mo`. */
function importedFile(directory: string, imported: string): string {
  const path = resolve(directory, imported);
  if (path.endsWith(".mo")) return path;
  return existsSync(`${path}.mo`) ? `${path}.mo` : join(path, "lib.mo");
}

function commonDirectory(files: readonly string[]): string {
  let root = dirname(files[0]!);
  while (!files.every((file) => file.startsWith(root + sep))) root = dirname(root);
  return root;
}

async function compile(program: Program, motoko: string): Promise<Uint8Array> {
  const worker = new Worker(WORKER, { eval: true, workerData: { ...program, motoko } });
  try {
    const reply = await new Promise<WorkerReply>((done, fail) => {
      worker.once("message", done);
      worker.once("error", fail);
      worker.once("exit", (code) => fail(new Error(`the Motoko compiler's thread ended with ${code} and no answer`)));
    });
    if ("wasm" in reply) return reply.wasm;
    throw new CanneryError("motoko", `${program.entry} does not compile:\n  ${reply.errors.join("\n  ")}`);
  } finally {
    await worker.terminate();
  }
}

async function compilerVersion(motoko: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(createRequire(motoko).resolve("motoko/package.json"), "utf8"));
  return String((manifest as { version?: unknown }).version);
}

/** In the project's `node_modules`, where caches of tools live and are ignored; else among temporary files. */
function cacheDirectory(): string {
  for (let directory = process.cwd(); ; directory = dirname(directory)) {
    if (existsSync(join(directory, "node_modules"))) return join(directory, "node_modules", ".cache", "cannery", "motoko");
    if (directory === dirname(directory)) return join(tmpdir(), "cannery", "motoko");
  }
}
