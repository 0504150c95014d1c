/**
 * Why a canister does not take a message that has its turn: what is looked at after the prepayment, in the platform's order, before anything runs.
 *
 * Source: interface spec, "Message execution"; messaging.md 7.1. Replica: `rs/execution_environment/src/execution/call_or_task.rs` (c7c5005).
 */
import { methodNotFound, userErrorOf, wasmMemoryLimitExceeded, wasmModuleNotFound } from "../canister/errors.ts";
import type { CanisterState } from "../state/canister.ts";
import type { Ingress, Request } from "../state/messages.ts";
import { ErrorCode, type UserError } from "../state/rejects.ts";
import { principalText } from "../state/principal.ts";

/** Of a call: status, (cycles attached,) module, method, memory limit, composite query. */
export function callRefusal(canister: CanisterState, message: Request | Ingress): UserError | null {
  const { method } = message;
  if (canister.status.kind !== "running") return notRunning(canister);
  const tooFew = message.kind === "request" ? tooFewCycles(canister, message) : null;
  if (tooFew !== null) return tooFew;
  if (canister.execution === null) return userErrorOf(canister.id, wasmModuleNotFound());
  const kind = canister.execution.module.info.methods.get(method);
  if (kind === undefined) return userErrorOf(canister.id, methodNotFound("update", method));
  if (kind === "update") {
    const limitBytes = canister.settings.wasmMemoryLimit;
    const usedBytes = BigInt(canister.execution.heapBytes);
    if (limitBytes > 0n && usedBytes > limitBytes) return userErrorOf(canister.id, wasmMemoryLimitExceeded({ limitBytes, usedBytes }));
  }
  if (kind === "composite_query") {
    return { code: ErrorCode.CompositeQueryCalledInReplicatedMode, description: "Composite query cannot be called in replicated mode" };
  }
  return null;
}

/** The hook is due whatever the canister's status and code are. Replica: `validate_message`. */
export function hookRefusal(canister: CanisterState): UserError | null {
  const { execution } = canister;
  if (canister.status.kind !== "running") return notRunning(canister);
  if (execution === null) return userErrorOf(canister.id, wasmModuleNotFound());
  if (execution.module.info.systemExports.has("canister_on_low_wasm_memory")) return null;
  return userErrorOf(canister.id, methodNotFound("system", "canister_on_low_wasm_memory"));
}

function notRunning({ id, status }: CanisterState): UserError {
  const code = status.kind === "stopped" ? ErrorCode.CanisterStopped : ErrorCode.CanisterStopping;
  return { code, description: `Canister ${principalText(id)} is not running` };
}

/**
 * Another canister's call must bring what the setting asks for. Source: interface spec, "minimum_incoming_canister_call_cycles"; messaging.md 7.7.
 * Ours: code, text and place among the checks, which are not known.
 */
function tooFewCycles({ id, settings }: CanisterState, { sender, cycles }: Request): UserError | null {
  const least = settings.minimumIncomingCanisterCallCycles;
  if (cycles >= least || sender === id) return null;
  const description = `Canister ${principalText(id)} takes calls with at least ${least} cycles, ${cycles} were attached`;
  return { code: ErrorCode.InsufficientCyclesInCall, description };
}
