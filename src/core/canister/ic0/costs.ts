/**
 * What things would cost. The figures are the view's; here are the arguments.
 *
 * Source: interface spec, "Cycle cost calculation"; system-api.md 4. `cost_http_request_v2` is in the replica and not in the spec.
 */
import { u64OfWords } from "../../../base/bytes.ts";
import { decodeUtf8, decodeUtf8Lossy } from "../../../base/utf8.ts";
import { noMemory, toolchainViolation } from "../errors.ts";
import type { RunContext } from "../run-context.ts";
import type { Imports } from "./api.ts";
import { decodeNat64Record } from "./candid-record.ts";
import { writeAmount } from "./cycles.ts";

const V2_FIELDS = [
  "request_bytes",
  "http_roundtrip_time_ms",
  "raw_response_bytes",
  "transformed_response_bytes",
  "transform_instructions",
] as const;

export function costImports(run: RunContext): Imports {
  const sign =
    (name: string, scheme: "ecdsa" | "schnorr" | "vetkd") =>
    (src: number, size: number, algorithm: number, dst: number): number => {
      src >>>= 0;
      size >>>= 0;
      needMemory(run);
      run.checkRange(`ic0.${name} heap`, src, size);
      const key = decodeUtf8(run.heapView(src, size));
      if (key === null) run.fail(toolchainViolation(`Failed to decode key name ${decodeUtf8Lossy(run.heapView(src, size))}`));
      const cost = run.view.costSign(scheme, key, algorithm >>> 0);
      if (typeof cost !== "bigint") return cost;
      writeAmount(run, `ic0_${name}`, dst, cost);
      return 0;
    };
  return {
    cost_call: (nameLo, nameHi, payloadLo, payloadHi, dst) => {
      needMemory(run);
      writeAmount(run, "ic0_cost_call", dst, run.view.costCall(u64OfWords(nameLo, nameHi), u64OfWords(payloadLo, payloadHi)));
    },
    cost_create_canister: (dst) => {
      needMemory(run);
      writeAmount(run, "ic0_cost_create_canister", dst, run.view.costCreateCanister());
    },
    cost_http_request: (requestLo, requestHi, maxLo, maxHi, dst) => {
      needMemory(run);
      const cost = run.view.costHttpRequest(u64OfWords(requestLo, requestHi), u64OfWords(maxLo, maxHi));
      writeAmount(run, "ic0_cost_http_request", dst, cost);
    },
    cost_http_request_v2: (src, size, dst) => {
      src >>>= 0;
      size >>>= 0;
      needMemory(run);
      run.checkRange("ic0.cost_http_request_v2 heap", src, size);
      const decoded = decodeNat64Record(run.heapView(src, size), V2_FIELDS);
      if (typeof decoded === "string") {
        run.fail(toolchainViolation(`Failed to decode HttpRequestV2CostParams from Candid: ${decoded}`));
      }
      const cost = run.view.costHttpRequestV2({
        requestBytes: decoded.request_bytes,
        roundtripMillis: decoded.http_roundtrip_time_ms,
        rawResponseBytes: decoded.raw_response_bytes,
        transformedResponseBytes: decoded.transformed_response_bytes,
        transformInstructions: decoded.transform_instructions,
      });
      writeAmount(run, "ic0_cost_http_request_v2", dst, cost);
    },
    cost_sign_with_ecdsa: sign("cost_sign_with_ecdsa", "ecdsa"),
    cost_sign_with_schnorr: sign("cost_sign_with_schnorr", "schnorr"),
    cost_vetkd_derive_key: sign("cost_vetkd_derive_key", "vetkd"),
  };
}

/** These functions may be called everywhere, so only the memory is checked. */
function needMemory(run: RunContext): void {
  if (!run.info.hasMemory) run.fail(noMemory());
}
