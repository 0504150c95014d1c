/**
 * The programs of this folder, by name: found on disk, so that a new one is a folder and a line in `scripts/motoko/programs.ts`.
 */
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
  const { default: check } = (await import(new URL(`${name}/check.ts`, HERE).href)) as { readonly default: Bug<object> };
  const subject = load(`${name}-${version}`);
  const { setup, network = {}, ...written } = check;
  const exploration = explore<object>({
    ...written,
    network: { print: false, seed: networkSeed, ...network },
    setup: (net) => setup(net, subject, load),
  });
  return { exploration };
}
