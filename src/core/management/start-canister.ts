/**
 * `start_canister`: running from now on; stop requests that wait are refused.
 *
 * Source: interface spec, "IC method start_canister"; management-canister.md 3.
 */
import { at } from "../state/world.ts";
import { requireControllerOrAdmin } from "./access.ts";
import { finish, originOfStopRequest, plainError, reply, type OwedAnswer } from "./call.ts";
import { stopCancelled } from "./errors.ts";
import { changing } from "./method.ts";

export const startCanister = changing("canister_id", requireControllerOrAdmin, ({ world, subnet, call }, canister) => {
  const waiting = canister.status.kind === "stopping" ? canister.status.requests : [];
  const cancelled = waiting.map((request): OwedAnswer => ({
    to: originOfStopRequest(request),
    respondent: subnet.config.id,
    refundCycles: request.kind === "canister" ? request.request.cycles : 0n,
    result: plainError(stopCancelled(canister.id)),
  }));
  const wasRunning = canister.status.kind === "running";
  canister.status = { kind: "running" };
  canister.version++;
  finish(subnet, canister);
  if (!wasRunning) world.emit({ kind: "canister", ...at(world, subnet), canister: canister.id, change: "started" });
  return reply(call, undefined, cancelled);
});
