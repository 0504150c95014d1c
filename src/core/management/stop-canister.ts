/**
 * `stop_canister`: from running to stopping at once, to stopped at the end of the round in which nothing is open any more. The request is held
 * until then, or until it has waited five minutes; the canister stays stopping in that case.
 *
 * Source: interface spec, "IC method stop_canister", and the rules "IC Management Canister: Canister stopping" and
 * "Timeout stop canister calls"; messaging.md 7.4.
 */
import type { CanisterState, StopRequest } from "../state/canister.ts";
import type { SubnetState } from "../state/network-state.ts";
import { at, type World } from "../state/world.ts";
import { requireControllerOrAdmin } from "./access.ts";
import { finish, originOfStopRequest, plainError, reply, type OwedAnswer } from "./call.ts";
import { NO_RESULT } from "./candid.ts";
import { stopTimedOut } from "./errors.ts";
import { changing } from "./method.ts";

/** How long a stop request may wait. Source: interface spec, "IC method stop_canister". */
const STOP_TIMEOUT_NANOS = 300_000_000_000n;

export const stopCanister = changing("canister_id", requireControllerOrAdmin, ({ world, subnet, call }, canister) => {
  canister.version++;
  if (canister.status.kind === "stopped") {
    finish(subnet, canister);
    return reply(call);
  }
  const sinceNanos = world.state.timeNanos;
  const request: StopRequest =
    call.source.kind === "ingress"
      ? { kind: "ingress", message: call.source.message, sinceNanos }
      : { kind: "canister", request: call.source.request, sinceNanos };
  const wasRunning = canister.status.kind === "running";
  canister.status = { kind: "stopping", requests: [...(canister.status.kind === "stopping" ? canister.status.requests : []), request] };
  finish(subnet, canister);
  if (wasRunning) world.emit({ kind: "canister", ...at(world, subnet), canister: canister.id, change: "stopping" });
  return { kind: "waiting" };
});

/** Whether a stopping canister can become stopped: no call context, not even an answered one with open callbacks, and no callback. */
export function isReadyToStop(canister: CanisterState): boolean {
  return (
    canister.status.kind === "stopping" && canister.callContexts.size === 0 && canister.callbacks.size === 0 && canister.paused === null
  );
}

/** The stopping canister becomes stopped; returns the replies to those who waited. `canister` must be for writing. */
export function completeStop(world: World, subnet: SubnetState, canister: CanisterState): readonly OwedAnswer[] {
  const requests = canister.status.kind === "stopping" ? canister.status.requests : [];
  canister.status = { kind: "stopped" };
  canister.version++;
  finish(subnet, canister);
  world.emit({ kind: "canister", ...at(world, subnet), canister: canister.id, change: "stopped" });
  return requests.map((request) => answerTo(subnet, request, { kind: "reply", data: NO_RESULT }));
}

/** Whether one of the held requests has waited too long. */
export function hasTimedOutStopRequest(canister: CanisterState, nowNanos: bigint): boolean {
  return canister.status.kind === "stopping" && canister.status.requests.some((request) => hasTimedOut(request, nowNanos));
}

/** Takes the requests that have waited too long out of the status; returns the refusals. `canister` must be for writing. */
export function timeOutStopRequests(subnet: SubnetState, canister: CanisterState, nowNanos: bigint): readonly OwedAnswer[] {
  if (canister.status.kind !== "stopping") return [];
  const { requests } = canister.status;
  canister.status = { kind: "stopping", requests: requests.filter((request) => !hasTimedOut(request, nowNanos)) };
  const refused = requests.filter((request) => hasTimedOut(request, nowNanos));
  return refused.map((request) => answerTo(subnet, request, plainError(stopTimedOut())));
}

function hasTimedOut(request: StopRequest, nowNanos: bigint): boolean {
  return nowNanos >= request.sinceNanos + STOP_TIMEOUT_NANOS;
}

function answerTo(subnet: SubnetState, request: StopRequest, result: OwedAnswer["result"]): OwedAnswer {
  const refundCycles = request.kind === "canister" ? request.request.cycles : 0n;
  return { to: originOfStopRequest(request), respondent: subnet.config.id, refundCycles, result };
}
