/** All bodies of a module, checked and measured: what the rewriter, the platform's checks and the compilation charge know of them. */
import type { Measured } from "./measured.ts";
import type { DecodedModule } from "./module.ts";
import { FunctionValidator } from "./validate-function.ts";

/** Checks all bodies in order; throws `Malformed` at the first that is wrong. */
export function validateFunctions(module: DecodedModule): Measured {
  const count = module.bodyStarts.length;
  const firstBlock = new Uint32Array(count + 1);
  const maxDepth = new Uint32Array(count);
  const localCount = new Uint32Array(count);
  const flags = new Uint8Array(count);
  const complexity = new Float64Array(count);
  const instructions = new Uint32Array(count);
  const unsupported = new Map<number, string>();
  const validator = new FunctionValidator(module);
  for (let i = 0; i < count; i++) {
    firstBlock[i] = validator.blocks;
    validator.validate(module.types[module.functions[module.importedFunctions + i]!]!, module.bodyStarts[i]!, module.bodyEnds[i]!);
    maxDepth[i] = validator.depth;
    localCount[i] = validator.declared;
    flags[i] = validator.flags;
    complexity[i] = validator.complexity;
    instructions[i] = validator.instructions;
    if (validator.unsupported !== "") unsupported.set(i, validator.unsupported);
  }
  firstBlock[count] = validator.blocks;
  const blockCosts = validator.blockCosts.slice(0, validator.blocks);
  return {
    blockCosts,
    firstBlock,
    maxDepth,
    localCount,
    flags,
    complexity,
    instructions,
    unsupported,
    added: validator.added,
    coveredStores: validator.stores.found,
    unseenNaNs: validator.nans.found,
    tailCalls: validator.tails.found,
  };
}
