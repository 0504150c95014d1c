/**
 * Call contexts: made when a call starts, ended when it is answered and no callback is open.
 *
 * Source: interface spec, "Call context creation" and "Call context removal"; messaging.md 7.1.
 */
import { assert } from "../../base/assert.ts";
import type { CallContext, CallOrigin, Callback, CanisterState } from "../state/canister.ts";
import type { CallbackId, CallContextId, PrincipalId } from "../state/ids.ts";
import type { CallTree } from "../state/messages.ts";
import type { SubnetState } from "../state/network-state.ts";
import type { World } from "../state/world.ts";

/** Why a response is dropped (in its event) that came to a deleted call context: it brought its cycles, and nothing ran. */
export const CONTEXT_DELETED = "its call context was deleted";

export interface NewContext {
  readonly origin: CallOrigin;
  readonly caller: PrincipalId;
  readonly callerInfo: CallContext["callerInfo"];
  readonly callTree: CallTree;
  readonly cycles: bigint;
}

export function createCallContext(world: World, canister: CanisterState, given: NewContext): CallContext {
  const id = canister.nextCallContextId++ as CallContextId;
  const context: CallContext = {
    epoch: canister.epoch,
    id,
    origin: given.origin,
    caller: given.caller,
    callerInfo: given.callerInfo,
    callTree: given.callTree,
    createdNanos: world.state.timeNanos,
    responded: false,
    deleted: false,
    availableCycles: given.cycles,
    instructions: 0,
    openCallbacks: 0,
  };
  canister.callContexts.set(id, context);
  return context;
}

/** Forgets a context nothing can come back to. */
export function removeIfFinished(canister: CanisterState, context: CallContext): void {
  const answered = context.responded || context.deleted || context.origin.kind === "systemTask";
  if (answered && context.openCallbacks === 0) canister.callContexts.delete(context.id);
}

/** Takes a callback out when its response is popped; `undefined` when nobody waits any more. */
export function unregisterCallback(subnet: SubnetState, canister: CanisterState, id: CallbackId): Callback | undefined {
  const callback = canister.callbacks.get(id);
  if (callback === undefined) return undefined;
  canister.callbacks.delete(id);
  subnet.callbackCount--;
  if (callback.deadline !== 0 && !callback.expired) canister.expiringCallbacks.delete(expiringKey(callback));
  const context = canister.callContexts.edit(callback.callContextId);
  assert(context !== undefined && context.openCallbacks > 0, "an open callback has its context");
  context.openCallbacks--;
  return callback;
}

export function registerCallback(subnet: SubnetState, canister: CanisterState, context: CallContext, callback: Callback): void {
  canister.callbacks.set(callback.id, callback);
  if (callback.deadline !== 0) canister.expiringCallbacks.set(expiringKey(callback), callback.id);
  context.openCallbacks++;
  subnet.callbackCount++;
}

/** Key in `expiringCallbacks`: ordered by deadline, then by age. */
function expiringKey(callback: Callback): string {
  return `${String(callback.deadline).padStart(12, "0")} ${String(callback.id).padStart(12, "0")}`;
}
