/**
 * The Motoko programs of `test/programs/motoko`, compiled by `npx tsx scripts/motoko/generate.ts` into `generated/programs`.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { AnyService, Canister, Cannery, InstallOptions } from "../../src/index.ts";

const GENERATED = new URL("../../generated/programs/", import.meta.url);

/** The compiled program, such as `clock` or `ledger-v1-classic`. */
export function motoko(name: string): Uint8Array {
  return gunzipSync(readFileSync(new URL(`${name}.wasm.gz`, GENERATED)));
}

/** Its types are not generated: what a program's methods take and give stands in its source. */
export type Service<Methods extends string> = Record<Methods, AnyService[string]>;

export function installMotoko<T = AnyService>(net: Cannery, name: string, options: InstallOptions = {}): Promise<Canister<T>> {
  return net.install<T>(motoko(name), { name, ...options });
}
