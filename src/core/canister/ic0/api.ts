/**
 * What the functions of `ic0` have in common: each one's contexts and the names it has in error texts.
 *
 * Replica: `rs/embedders/src/wasmtime_embedder/{linker.rs,system_api.rs}` (c7c5005). The wrapper in the module has charged the call
 * before it comes here; then the context is checked, then the arguments, then the effect follows.
 */
import type { HostFunction } from "../../wasm/engine.ts";
import { IC0 } from "../../wasm/ic0.ts";
import { assert } from "../../../base/assert.ts";
import { contextBits } from "../entry-points.ts";

export type Imports = Record<string, HostFunction>;

export interface Ic0Api {
  /** Contexts in which it may be called, as bits of `entry-points.ts`. */
  readonly contexts: number;
  /** In the error about a wrong context. */
  readonly shownAs: string;
  /** In the error about a range of the heap. */
  readonly heapText: string;
  /** In the error about a range of what is copied from. */
  readonly blobText: string;
}

/** These two are spelled with a dot where all others have an underscore. */
const DOTTED = new Set(["root_key_copy", "subnet_self_copy"]);

/** `blob` is the platform's word for what a `_copy` function copies from. */
export function api(name: string, blob = ""): Ic0Api {
  const row = IC0.get(name);
  assert(row !== undefined, `ic0.${name} is in the table`);
  return {
    contexts: contextBits(row.contexts),
    shownAs: DOTTED.has(name) ? `ic0.${name}` : `ic0_${name}`,
    heapText: `ic0.${name} heap`,
    blobText: `ic0.${name} ${blob}`,
  };
}
