/**
 * Time at work: messages and callbacks whose deadline has passed, and ingress messages that waited too long.
 * Runs at the start of a round, messages before callbacks, both before induction.
 *
 * Source: messaging.md 2.1, 5 ("Dropped or timed-out message"), 9. Replica: `rs/messaging/src/state_machine.rs`.
 */
import type { DropContext, DroppedMessage } from "../queues/canister-queues.ts";
import type { CanisterState } from "../state/canister.ts";
import type { CallbackId, CanisterId, PrincipalId } from "../state/ids.ts";
import type { Ingress, Response } from "../state/messages.ts";
import type { SubnetState } from "../state/network-state.ts";
import { ErrorCode, RejectCode } from "../state/rejects.ts";
import { at, editCanister, route, type World } from "../state/world.ts";
import { coarseNow, queuesChanged } from "./bookkeeping.ts";
import { answerIngress, emitResponse } from "./respond.ts";

/** Drops what has expired on this subnet. Costs only the canisters that have something to expire. */
export function timeOut(world: World, subnet: SubnetState): void {
  const now = coarseNow(world);
  const context = dropContext(world, subnet);
  const due = dueCanisters(world, subnet);
  for (const id of due) {
    const canister = editCanister(subnet, id)!;
    for (const dropped of canister.queues.timeOutMessages(now, context)) settleDropped(world, subnet, dropped);
  }
  for (const dropped of subnet.queues.timeOutMessages(now, context)) settleDropped(world, subnet, dropped);
  for (const id of due) {
    const canister = editCanister(subnet, id)!;
    expireCallbacks(world, subnet, canister, now);
    queuesChanged(subnet, canister);
  }
}

/** Fails queued ingress messages with `expiry < batch time`; the first thing the scheduler does in a round. */
export function expireIngress(world: World, subnet: SubnetState): void {
  for (const message of subnet.queues.rejectExpiredIngress(world.state.timeNanos)) failExpired(world, subnet, message);
  for (const id of dueCanisters(world, subnet)) {
    const canister = editCanister(subnet, id)!;
    for (const message of canister.queues.rejectExpiredIngress(world.state.timeNanos)) failExpired(world, subnet, message);
    queuesChanged(subnet, canister);
  }
}

/** Canisters that may have something to expire; an entry of the index may be early, never late. */
function dueCanisters(world: World, subnet: SubnetState): CanisterId[] {
  const due: CanisterId[] = [];
  if (subnet.deadlines.size === 0) return due;
  const limit = world.state.timeNanos.toString(16).padStart(16, "0");
  for (const [key, id] of subnet.deadlines.entries()) {
    if (key.slice(0, 16) > limit) break;
    due.push(id);
  }
  return due.sort();
}

function expireCallbacks(world: World, subnet: SubnetState, canister: CanisterState, now: number): void {
  const expired: [string, CallbackId][] = [];
  for (const [key, id] of canister.expiringCallbacks.entries()) {
    if (Number(key.slice(0, 12)) >= now) break;
    expired.push([key, id]);
  }
  for (const [key, id] of expired) {
    canister.expiringCallbacks.delete(key);
    const callback = canister.callbacks.get(id);
    if (callback === undefined || canister.queues.hasResponseFor(callback.respondent, id)) continue;
    canister.callbacks.edit(id)!.expired = true;
    const response: Response = {
      kind: "response",
      tag: world.state.nextTag++,
      requestTag: callback.requestTag,
      originator: canister.id,
      respondent: callback.respondent,
      callbackId: id,
      refundCycles: 0n,
      payload: { kind: "reject", code: RejectCode.SYS_UNKNOWN, message: "Call deadline has expired." },
      deadline: callback.deadline,
    };
    emitResponse(world, subnet, response, callback.method, null);
    canister.queues.pushOwnReject(response, isLocal(world, subnet, callback.respondent) ? "local" : "remote");
  }
}

/** Events and refunds of one dropped message. */
export function settleDropped(world: World, subnet: SubnetState, dropped: DroppedMessage): void {
  const { message } = dropped;
  world.emit({ kind: "dropped", ...at(world, subnet), tag: message.tag, reason: reasons[dropped.kind] });
  switch (dropped.kind) {
    case "ownRequest":
      emitResponse(world, subnet, dropped.reject, dropped.message.method, null);
      return;
    case "inputRequest":
      subnet.refunds.add(dropped.message.sender, dropped.message.cycles);
      return;
    case "outputResponse":
      subnet.refunds.add(dropped.message.originator, dropped.message.refundCycles);
      return;
    case "inputResponse":
      emitResponse(world, subnet, dropped.reject, "", null);
      subnet.refunds.add(dropped.message.originator, dropped.message.refundCycles);
  }
}

const reasons: Readonly<Record<DroppedMessage["kind"], string>> = {
  ownRequest: "timed out before it left",
  inputRequest: "expired before it was executed",
  outputResponse: "expired before it left",
  inputResponse: "shed: best-effort message memory is full",
};

function failExpired(world: World, subnet: SubnetState, message: Ingress): void {
  const error = {
    code: ErrorCode.IngressMessageTimeout,
    description: `Ingress message 0x${message.messageId} timed out waiting to start executing.`,
  };
  const origin = { user: message.sender, messageId: message.messageId, method: message.method, tag: message.tag };
  answerIngress(world, subnet, message.receiver, origin, { kind: "error", error }, null);
}

export function dropContext(world: World, subnet: SubnetState): DropContext {
  return { isLocal: (id) => isLocal(world, subnet, id), nextTag: () => world.state.nextTag++ };
}

/** Whether messages from this principal are served by the local sender schedule. */
function isLocal(world: World, subnet: SubnetState, id: PrincipalId): boolean {
  return id === subnet.config.id || subnet.canisters.has(id) || route(world.state, id) === subnet.config.id;
}
