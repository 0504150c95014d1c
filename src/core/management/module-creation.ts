/**
 * Making an installable module of uploaded bytes: what that costs in instructions, and the platform's words when it cannot be.
 *
 * Source: wasm.md 1, 4.5. Replica: `rs/execution_environment/src/hypervisor.rs`, `create_execution_state`; texts and help:
 * `rs/interfaces/src/execution_environment/errors.rs`, `rs/types/wasm_types/src/errors.rs` (c7c5005).
 */
import { engineError, helpText, TOOLCHAIN_HELP, userErrorOf, type ExecutionFailure } from "../canister/errors.ts";
import type { CanisterId } from "../state/ids.ts";
import type { SubnetState } from "../state/network-state.ts";
import { ErrorCode, type UserError } from "../state/rejects.ts";
import { limitsOf, type World } from "../state/world.ts";
import { CREATION_INSTRUCTIONS, INSTRUCTIONS_PER_COMPILED_INSTRUCTION } from "../wasm/compilation-cost.ts";
import type { ModuleRefusal, PreparedModule } from "../wasm/module-info.ts";
import { isRefusal, prepareModule } from "../wasm/prepare.ts";

export type ModuleCreation =
  | { readonly module: PreparedModule; readonly error: null; readonly instructions: number }
  | { readonly module: null; readonly error: UserError; readonly instructions: number };

/** A module compiled since the last checkpoint costs this part of its compilation. */
const KNOWN_MODULE_DISCOUNT = 100;

export function createModule(world: World, subnet: SubnetState, canister: CanisterId, bytes: Uint8Array): ModuleCreation {
  let prepared = prepareModule(bytes, world.platform, world.modules);
  const { exportLimits } = limitsOf(world, subnet);
  if (isRefusal(prepared) && !exportLimits) prepared = prepareModule(bytes, world.platform, undefined, { exportLimits });
  if (isRefusal(prepared)) return { module: null, error: userErrorOf(canister, failureOf(prepared)), instructions: prepared.instructions };
  return creationOf(subnet, prepared);
}

/** The same of a module that is at hand. */
export function creationOf(subnet: SubnetState, module: PreparedModule): ModuleCreation {
  const compilation = INSTRUCTIONS_PER_COMPILED_INSTRUCTION * module.info.compilationInstructions;
  const charged = subnet.compiledModules.has(module.hash) ? Math.floor(compilation / KNOWN_MODULE_DISCOUNT) : compilation;
  return { module, error: null, instructions: CREATION_INSTRUCTIONS + charged };
}

function failureOf({ kind, description, advice }: ModuleRefusal): ExecutionFailure {
  if (kind === "engine") return engineError(description);
  const text =
    kind === "invalid"
      ? `Canister's Wasm module is not valid: ${description}`
      : `Could not instrument wasm module of canister: ${description}`;
  const help = advice === null ? TOOLCHAIN_HELP : helpText(advice.suggestion, advice.anchor);
  return { code: ErrorCode.CanisterInvalidWasm, text, help, traced: false };
}
