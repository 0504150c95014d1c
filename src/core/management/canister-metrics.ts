/**
 * `canister_metrics`: what a canister has consumed cycles for.
 *
 * Source: interface spec, "IC method canister_metrics". Not for the canister itself, unless it is a controller.
 */
import type { CanisterState } from "../state/canister.ts";
import { requireControllerOrAdmin } from "./access.ts";
import { fail, reply, target, type Method } from "./call.ts";
import { decodeArgument, encodeResult, idOf } from "./candid.ts";

export const canisterMetrics: Method = ({ subnet, call }) => {
  const decoded = decodeArgument("canister_id", call.arg);
  if (decoded.kind === "error") return fail(call, decoded.error);
  const found = target(subnet, idOf(decoded.value.canister_id));
  if (found.kind === "error") return fail(call, found.error);
  const denied = requireControllerOrAdmin(subnet, found.value, call.sender);
  return denied === null ? reply(call, encodeCanisterMetrics(found.value)) : fail(call, denied);
};

export function encodeCanisterMetrics({ consumed }: CanisterState): Uint8Array {
  return encodeResult("canister_metrics", {
    cycles_consumed: {
      memory: consumed.memory,
      compute_allocation: consumed.computeAllocation,
      ingress_induction: consumed.ingressInduction,
      instructions: consumed.instructions,
      request_and_response_transmission: consumed.requestAndResponseTransmission,
      uninstall: consumed.uninstall,
      canister_creation: consumed.canisterCreation,
      http_outcalls: consumed.httpOutcalls,
      burned_cycles: consumed.burnedCycles,
    },
  });
}
