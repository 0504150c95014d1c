/**
 * What Wasm engines take, less what rewriting adds: a module that passes here compiles. The numbers are those of V8 from 11.3 on, which are the
 * smallest; most of them are the JavaScript embedding's own ("Limits" in its specification).
 *
 * Departure: the platform takes 1,000 parameters, 1,000 results, 50,000 locals, a million types and imports, bodies of 7,654,321 bytes as they
 * are uploaded, and code of any width. What is refused here is refused with a text that says so; no compiler writes such modules.
 */
import { PASSED_PARAMS } from "./layout.ts";
import type { Measured } from "./measured.ts";
import type { DecodedModule } from "./module.ts";
import { Refused } from "./refused.ts";

const MAX_LOCALS = 50_000 - 16;
const MAX_PARAMS = 1_000 - PASSED_PARAMS;
const MAX_RESULTS = 1_000 - 1;
/** Each type may get a twin for functions and one for blocks, and there are some of ours. */
const MAX_TYPES = Math.floor((1_000_000 - 100) / 3);
const MAX_IMPORTS = 100_000 - 3;
const MAX_BODY_BYTES = 7_654_321;
/** Values that all instructions of a module together take or give: a call of 1,000 parameters is two bytes long, and not two bytes of work. */
const MAX_MOVED_VALUES = 400_000_000;
/** Most bytes that rewriting adds to an instruction, and most that a number in it may grow to. */
const ADDED_BYTES = 80;
const LEB_BYTES = 5;

export function outgrown(text: string): never {
  throw new Refused("engine", `Cannery needs room to rewrite a module: ${text}`);
}

/** Called as validation goes on, since it is what takes the time. */
export function checkMovedValues(count: number): void {
  if (count > MAX_MOVED_VALUES) outgrown(`its instructions move more than ${MAX_MOVED_VALUES} values`);
}

export function checkBodyBytes(index: number, bytes: number): void {
  if (bytes > MAX_BODY_BYTES) outgrown(`function ${index} has ${bytes} bytes then, at most ${MAX_BODY_BYTES} are possible`);
}

/** Whether a body is so large that only rewriting it tells whether it stays within what engines take. */
export function mayOutgrow(module: DecodedModule, measured: Measured, local: number): boolean {
  const bytes = module.bodyEnds[local]! - module.bodyStarts[local]!;
  return bytes * LEB_BYTES + measured.instructions[local]! * ADDED_BYTES > MAX_BODY_BYTES;
}

export function checkEngineLimits(module: DecodedModule, measured: Measured): void {
  const { types, imports } = module;
  if (types.length > MAX_TYPES) outgrown(`it has ${types.length} types, at most ${MAX_TYPES} are possible`);
  if (imports.length > MAX_IMPORTS) outgrown(`it has ${imports.length} imports, at most ${MAX_IMPORTS} are possible`);
  for (const { params, results } of types) {
    if (params.length > MAX_PARAMS) outgrown(`a function type has ${params.length} parameters, at most ${MAX_PARAMS} are possible`);
    if (results.length > MAX_RESULTS) outgrown(`a function type has ${results.length} results, at most ${MAX_RESULTS} are possible`);
  }
  measured.localCount.forEach((count, i) => {
    if (count > MAX_LOCALS) outgrown(`function ${module.importedFunctions + i} has ${count} locals, at most ${MAX_LOCALS} are possible`);
  });
}
