/**
 * A program with one bug, and what must hold of it: the same for its buggy and its correct version.
 */
import type { Cannery } from "../../src/index.ts";
import type { Written } from "../../src/explore/options.ts";

export interface Bug<S> extends Omit<Written<S>, "setup"> {
  /** `subject` is the version under test; `load` gives the others' modules by their generated names. */
  setup(net: Cannery, subject: Uint8Array, load: (name: string) => Uint8Array): Promise<S>;
}

export function bug<S>(check: Bug<S>): Bug<S> {
  return check;
}
