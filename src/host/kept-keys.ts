/**
 * Keys as Node's library has them, by the bytes that they were made of: to make one can take as long as to use it, and the same few sign again and again.
 */
import type { KeyObject } from "node:crypto";

/** As many as a few networks have nodes, and as tests have users. */
const KEPT_KEYS = 1000;

/** Gives the key of that name, which `make` makes where it is not known. What throws is not kept. */
export function keptKeys(): (name: string, make: () => KeyObject) => KeyObject {
  const keys = new Map<string, KeyObject>();
  return (name, make) => {
    let key = keys.get(name);
    if (key === undefined) {
      key = make();
      if (keys.size >= KEPT_KEYS) keys.clear();
      keys.set(name, key);
    }
    return key;
  };
}
