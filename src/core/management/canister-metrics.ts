/**
 * `canister_metrics`: what a canister has consumed cycles for.
 *
 * Source: interface spec, "IC method canister_metrics". Not for the canister itself, unless it is a controller.
 */
import type { CanisterState } from "../state/canister.ts";
import { requireControllerOrAdmin } from "./access.ts";
import { reply } from "./call.ts";
import { encodeResult } from "./candid.ts";
import { reading } from "./method.ts";

export const canisterMetrics = reading("canister_id", requireControllerOrAdmin, ({ call }, canister) =>
  reply(call, encodeCanisterMetrics(canister)),
);

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
