/**
 * The Motoko programs of this repository that are kept compiled in `generated/motoko`, and the text each is made of.
 */
import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import type { CompileRequest } from "./compile.ts";

export interface Program {
  /** Name of the compiled module: `<folder>-<file>`, or the folder's name where the file is named like it. */
  readonly name: string;
  /** Path of its actor inside `examples/`. */
  readonly entry: string;
  readonly publicMetadata: readonly string[];
  readonly memoryFlags?: readonly string[];
}

/** As icp-cli's Motoko recipe has it: everybody may read the interface. */
const PUBLIC_INTERFACE = ["candid:service", "candid:args"];
/** As the bare compiler has it: the interface is for controllers only. */
const PRIVATE_INTERFACE: readonly string[] = [];

export const PROGRAMS: readonly Program[] = [
  program("counter/counter.mo", PRIVATE_INTERFACE),
  program("parallel-calls/caller.mo"),
  program("parallel-calls/callee.mo"),
  program("composite-query/map.mo"),
  program("composite-query/bucket.mo"),
  program("users-and-posts/users.mo"),
  program("users-and-posts/posts.mo"),
  program("users-and-posts/posts-v2.mo"),
  program("reentrancy/bank.mo"),
  program("reentrancy/ledger.mo"),
  program("reentrancy/inventory.mo"),
  program("reentrancy/saga.mo"),
  program("retry-from-timer/caller.mo"),
  program("kernels/motoko-kernel.mo"),
  // The same as a 32-bit module, which every Node runs as it is: the baseline of `bench/`.
  { ...program("kernels/motoko-kernel.mo"), name: "kernels-motoko-kernel-wasm32", memoryFlags: ["classicOP"] },
  program("kernels/heap.mo"),
  program("kernels/relay.mo"),
];

function program(entry: string, publicMetadata: readonly string[] = PUBLIC_INTERFACE): Program {
  const folder = posix.dirname(entry);
  const file = posix.basename(entry, ".mo");
  return { name: file === folder ? file : `${folder}-${file}`, entry, publicMetadata };
}

const EXAMPLES = new URL("../../examples/", import.meta.url);
export const EXAMPLES_FOLDER = fileURLToPath(EXAMPLES);

/** What the compiler is asked for: the program's text with that of every file it imports, directly or not. */
export function requestOf({ entry, publicMetadata, memoryFlags }: Program): CompileRequest {
  const sources: Record<string, string> = {};
  const add = (path: string): void => {
    if (path in sources) return;
    const text = readFileSync(new URL(path, EXAMPLES), "utf8").replaceAll("\r\n", "\n");
    sources[path] = text;
    for (const imported of relativeImports(text)) add(posix.join(posix.dirname(path), `${imported}.mo`));
  };
  add(entry);
  return { entry, sources: sortedByKey(sources), publicMetadata, ...(memoryFlags === undefined ? {} : { memoryFlags }) };
}

/** Paths imported that are not libraries (`mo:core/List`), as written, without `.mo`. The compiler fails if one is missed. */
function relativeImports(text: string): string[] {
  const imports = /^\s*import\s[^"]*"([^":]+)"/gm;
  return [...text.matchAll(imports)].map((match) => match[1]!);
}

function sortedByKey(record: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
