/**
 * The Motoko programs of this repository that are kept compiled, and the text each is made of: the examples and the system canisters, which
 * are published (`generated/motoko`, `generated/system`), and the programs of `test/programs`, which are not (`generated/programs`).
 */
import { readFileSync } from "node:fs";
import { posix } from "node:path";
import type { CompileRequest } from "./compile.ts";

export interface Program {
  /** Name of the compiled module; of an example `<folder>-<file>`, or the folder's name where the file is named like it. */
  readonly name: string;
  /** Path of its actor inside its collection's folder. */
  readonly entry: string;
  readonly publicMetadata: readonly string[];
  readonly memoryFlags?: readonly string[];
}

/** Programs of one folder, compiled into another one. */
export interface Collection {
  /** The sources' folder as people call it. */
  readonly name: string;
  readonly sources: URL;
  readonly generated: URL;
  readonly programs: readonly Program[];
  /** What other scripts put into the folder. */
  readonly others?: readonly string[];
  /** Whether each program has its interface beside it, as a `.did` file. */
  readonly hasDids?: boolean;
}

/** As icp-cli's Motoko recipe has it: everybody may read the interface. */
const PUBLIC_INTERFACE = ["candid:service", "candid:args"];
/** As the bare compiler has it: the interface is for controllers only. */
const PRIVATE_INTERFACE: readonly string[] = [];

/** Folders of `examples/bugs`: a program in two versions each. */
export const BUGS = [
  "check-then-act",
  "cycles-lost",
  "double-refund",
  "drained",
  "guard-after-await",
  "init-order",
  "inspected-only",
  "lock-left",
  "lost-response-retried",
  "reject-taken-for-not-executed",
  "response-order",
  "retry-at-the-limit",
  "saga-without-compensation",
  "stale-balance",
  "stalled-by-callee",
  "timer-overlaps",
  "upgrade-forgets",
] as const;

const EXAMPLE_PROGRAMS: readonly Program[] = [
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
  program("guarded-outcall/feed.mo"),
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

/** What the compiler may be told about memory. Both persistences exist for as long as canisters do that were made with the older. */
const CLASSIC = ["classicOP"];
/** Collects after each message that allocated anything, so that a short test sees the collector at work. */
const COLLECT_ALWAYS = ["force"];

const TEST_PROGRAMS: readonly Program[] = [
  ...["copying", "marking", "generational", "incremental"].map((collector) => ({
    ...variant("collector.mo", `collector-classic-${collector}`),
    memoryFlags: [...CLASSIC, collector, ...COLLECT_ALWAYS],
  })),
  { ...variant("collector.mo", "collector-enhanced"), memoryFlags: COLLECT_ALWAYS },
  ...["spawner", "control", "clock", "facts", "storage", "directory", "web"].map((name) => variant(`${name}.mo`, name)),
  ...["ledger-v1", "ledger-v2", "ledger-v3", "ledger-incompatible"].flatMap((name) => [
    variant(`${name}.mo`, name),
    { ...variant(`${name}.mo`, `${name}-classic`), memoryFlags: CLASSIC },
  ]),
];

function variant(entry: string, name: string): Program {
  return { name, entry, publicMetadata: PUBLIC_INTERFACE };
}

const SYSTEM_PROGRAMS: readonly Program[] = [
  variant("ledger/ledger.mo", "icp-ledger"),
  variant("cycles-ledger/cycles-ledger.mo", "cycles-ledger"),
  variant("cmc/cmc.mo", "cycles-minting"),
  variant("proxy/proxy.mo", "proxy"),
  variant("registry/registry.mo", "registry"),
  variant("assets/assets.mo", "assets"),
  variant("identity-stand-in/identity-stand-in.mo", "identity-stand-in"),
];

const BUG_PROGRAMS: readonly Program[] = [
  ...BUGS.flatMap((bug) => ["buggy", "correct"].map((version) => variant(`${bug}/${version}.mo`, `${bug}-${version}`))),
  ...["ledger", "oracle", "oven", "rates", "relay", "rooms", "worker"].map((name) => variant(`shared/${name}.mo`, name)),
];

export const EXAMPLES: Collection = {
  name: "examples",
  sources: new URL("../../examples/", import.meta.url),
  generated: new URL("../../generated/motoko/", import.meta.url),
  programs: EXAMPLE_PROGRAMS,
};

export const SYSTEM: Collection = {
  name: "canisters/system",
  sources: new URL("../../canisters/system/", import.meta.url),
  generated: new URL("../../generated/system/", import.meta.url),
  programs: SYSTEM_PROGRAMS,
  others: ["candid-ui.html.gz", "candid-ui.json"],
  hasDids: true,
};

export const COLLECTIONS: readonly Collection[] = [
  EXAMPLES,
  SYSTEM,
  {
    name: "test/programs/motoko",
    sources: new URL("../../test/programs/motoko/", import.meta.url),
    generated: new URL("../../generated/programs/", import.meta.url),
    programs: TEST_PROGRAMS,
  },
  {
    name: "examples/bugs",
    sources: new URL("../../examples/bugs/", import.meta.url),
    generated: new URL("../../generated/bugs/", import.meta.url),
    programs: BUG_PROGRAMS,
  },
];

/** What the compiler is asked for: the program's text with that of every file it imports, directly or not. */
export function requestOf(collection: Collection, { entry, publicMetadata, memoryFlags }: Program): CompileRequest {
  const sources: Record<string, string> = {};
  const add = (path: string): void => {
    if (path in sources) return;
    const text = readFileSync(new URL(path, collection.sources), "utf8").replaceAll("\r\n", "\n");
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
