/**
 * What creating a module costs `install_code` in instructions.
 *
 * Source: reference/wasm.md 4.5. Replica: `instrument` in `rs/embedders/src/wasm_utils/instrumentation.rs`, which counts the
 * instructions of all local functions of *its* instrumented module, and the bodies in `system_api_replacements.rs`
 * (c7c5005). We count what that instrumentation would emit.
 * Departure: counted from the published source and never compared with a running replica; no difference is known, and one in an injected
 * function would be some instructions of 6,000 a module.
 */
import type { DecodedModule } from "./module.ts";
import type { Measured } from "./measured.ts";

/** Charged per instruction of the instrumented module. */
export const INSTRUCTIONS_PER_COMPILED_INSTRUCTION = 6_000;
/** Charged for each module creation, successful or not. */
export const CREATION_INSTRUCTIONS = 20_000_000;

/** The helpers that are always injected: the dynamic charge and the count of clean pages, with their `end`. */
const HELPERS = 20 + 46;
/** Counters of instructions, dirty and accessed pages; each global counts 2. */
const INJECTED_GLOBALS = 3;

/** Bodies that replace imports, with their `end`; one per name, however often it is imported. */
const REPLACEMENTS: ReadonlyMap<string, number> = new Map([
  ["stable_size", 10],
  ["stable64_size", 2],
  ["stable_grow", 24],
  ["stable64_grow", 21],
  ["stable_read", 106],
  ["stable64_read", 119],
  ["stable_write", 91],
  ["stable64_write", 107],
]);

/** Instructions of the instrumented module. */
export function compiledInstructions(module: DecodedModule, measured: Measured): number {
  let count = HELPERS + measured.added + 2 * (module.globals.length + INJECTED_GLOBALS);
  for (const own of measured.instructions) count += own;
  for (const name of new Set(module.imports.map((imported) => imported.name))) count += REPLACEMENTS.get(name) ?? 0;
  return count;
}

/** What a failed attempt costs; `announcedBytes` is the size the gzip footer claims, if any. */
export function failureInstructions(uploadedBytes: number, announcedBytes: number): number {
  return CREATION_INSTRUCTIONS + INSTRUCTIONS_PER_COMPILED_INSTRUCTION * Math.max(uploadedBytes, announcedBytes);
}
