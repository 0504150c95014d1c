/**
 * The programs of this folder, by name: found on disk, so that a new one is a folder and a line in `scripts/motoko/programs.ts`.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { explore, type Exploration } from "../../src/index.ts";
import type { Bug } from "./bug.ts";

export type Version = "buggy" | "correct";
export const VERSIONS: readonly Version[] = ["buggy", "correct"];

const HERE = new URL("./", import.meta.url);
const GENERATED = new URL("../../generated/bugs/", import.meta.url);

const loaded = new Map<string, Uint8Array>();

function load(name: string): Uint8Array {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const wasm = new Uint8Array(gunzipSync(readFileSync(new URL(`${name}.wasm.gz`, GENERATED))));
  loaded.set(name, wasm);
  return wasm;
}

// The same bugs in TypeScript: `buggy.azle.ts`, `correct.azle.ts` beside the Motoko, for the same check.

const AZLE = ".azle";
/** What Azle makes of them is not ours to publish, so it is compiled where it is wanted: `npx tsx test/azle/bugs.ts`. */
const AZLE_MODULES = new URL("../../.cache/azle-bugs/", import.meta.url);

/** Names of the programs in TypeScript, as `lock-left.azle`. */
export function azleNames(): string[] {
  return bugNames()
    .filter((name) => existsSync(azleSource(name, "buggy")))
    .map((name) => `${name}${AZLE}`);
}

function azleSource(name: string, version: Version): URL {
  return new URL(`${name.replace(AZLE, "")}/${version}${AZLE}.ts`, HERE);
}

/** A program's source, and where what it is compiled to belongs: a file for each text of it. */
export function azleProgram(name: string, version: Version): { readonly source: string; readonly module: URL } {
  const source = readFileSync(azleSource(name, version), "utf8");
  const hash = createHash("sha256").update(source).digest("hex").slice(0, 16);
  return { source, module: new URL(`${name.replace(AZLE, "")}-${version}-${hash}.wasm`, AZLE_MODULES) };
}

export function isAzleCompiled(name: string): boolean {
  return VERSIONS.every((version) => existsSync(azleProgram(name, version).module));
}

/** Names of all programs, in order. */
export function bugNames(): string[] {
  return readdirSync(HERE, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(new URL(`${entry.name}/check.ts`, HERE)))
    .map(({ name }) => name)
    .sort();
}

/** The exploration of one version of a program, with the default settings. In an object, as awaiting an exploration runs it. */
export async function explorationOf(
  name: string,
  version: Version,
  networkSeed = 0,
): Promise<{ readonly exploration: Exploration<object> }> {
  const folder = name.replace(AZLE, "");
  const { default: check } = (await import(new URL(`${folder}/check.ts`, HERE).href)) as { readonly default: Bug<object> };
  const subject = name === folder ? load(`${name}-${version}`) : new Uint8Array(readFileSync(azleProgram(name, version).module));
  const { setup, network = {}, ...written } = check;
  const exploration = explore<object>({
    ...written,
    network: { print: false, seed: networkSeed, ...network },
    setup: async (net) => {
      const made = await setup(net, subject, load);
      // A new canister of Azle's asks for chance by a timer, and traps when that is refused: another bug, and not these programs' own.
      if (name !== folder) await net.settle();
      return made;
    },
  });
  return { exploration };
}
