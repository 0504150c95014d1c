/**
 * `start_canister`: running from now on; stop requests that wait are refused.
 *
 * Source: interface spec, "IC method start_canister"; management-canister.md 3.
 */
import { at } from "../state/world.ts";
import { requireControllerOrAdmin } from "./access.ts";
import { fail, finish, originOfStopRequest, plainError, reply, targetForWriting, type Method, type OwedAnswer } from "./call.ts";
import { decodeArgument, idOf } from "./candid.ts";
import { stopCancelled } from "./errors.ts";

export const startCanister: Method = ({ world, subnet, call }) => {
  const decoded = decodeArgument("canister_id", call.arg);
  if (decoded.kind === "error") return fail(call, decoded.error);
  const found = targetForWriting(subnet, idOf(decoded.value.canister_id));
  if (found.kind === "error") return fail(call, found.error);
  const canister = found.value;
  const denied = requireControllerOrAdmin(subnet, canister, call.sender);
  if (denied !== null) return fail(call, denied);

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
};
