/**
 * The limits of one execution of a query or of inspect_message: never sliced, with less stable memory than messages.
 *
 * Source: messaging.md 1.1 (reply sizes), wasm.md 5.1 (stable pages).
 */
import type { RunLimits } from "../canister/types.ts";
import type { Limits } from "../state/limits.ts";

const MIB = 1 << 20;
/** 1 GiB of 4 KiB pages. */
const STABLE_PAGES = 262_144;

/** A method's body may answer with more than a callback may. */
export function queryLimits(limits: Limits, part: "method" | "callback", instructions: number): RunLimits {
  return {
    instructions,
    sliceInstructions: instructions,
    stackBytes: limits.stackBytes,
    replyBytes: (part === "method" ? 3 : 2) * MIB,
    requestBytes: 10 * MIB,
    stablePagesAccessed: STABLE_PAGES,
    stablePagesDirtied: STABLE_PAGES,
  };
}
