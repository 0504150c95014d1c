/** The kernels in Wasm text: `kernels/*.wat`, written for this bench, each without imports and with one method `run`. */
import { readFileSync } from "node:fs";
import { wat } from "../test/support/wat.ts";

/**
 * A kernel leaves its result in the first 8 bytes of its memory. What each stands for is at the top of its file.
 */
export const KERNELS = [
  "float",
  "floatMemory",
  "calls",
  "indirectCalls",
  "stores",
  "loads",
  "sort",
  "interpreter",
  "hash",
  "i64",
  "bulk",
] as const;

export function kernelModule(name: (typeof KERNELS)[number]): Uint8Array {
  return wat(readFileSync(new URL(`kernels/${name}.wat`, import.meta.url), "utf8"));
}
