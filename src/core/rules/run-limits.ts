/**
 * The limits one execution runs under, by what is executed.
 *
 * Source: messaging.md 1.1 (reply sizes), wasm.md 5.1 (stable pages), scheduling.md 3.
 */
import type { EntryPoint, RunLimits } from "../canister/types.ts";
import type { Limits } from "../state/limits.ts";

const MIB = 1 << 20;
const PAGES_PER_GIB = 262_144;
const REQUEST_BYTES = 10 * MIB;
const REPLY_BYTES = 2 * MIB;
const QUERY_REPLY_BYTES = 3 * MIB;

/** `instructions` is the limit of the whole message, or what is left of it. */
export function runLimits(limits: Limits, kind: EntryPoint["kind"], instructions: number, composite = false): RunLimits {
  const pages = stablePages(kind, composite);
  return {
    instructions,
    sliceInstructions: sliceOf(limits, kind, instructions, composite),
    stackBytes: limits.stackBytes,
    replyBytes: kind === "query" || kind === "transform" || kind === "compositeQuery" ? QUERY_REPLY_BYTES : REPLY_BYTES,
    requestBytes: REQUEST_BYTES,
    stablePagesAccessed: pages,
    stablePagesDirtied: pages,
  };
}

/** Plain and composite queries and inspect_message are never sliced. Source: scheduling.md 3.1. */
function sliceOf(limits: Limits, kind: EntryPoint["kind"], instructions: number, composite: boolean): number {
  switch (kind) {
    case "query":
    case "transform":
    case "compositeQuery":
    case "inspectMessage":
      return instructions;
    case "start":
    case "init":
    case "preUpgrade":
    case "postUpgrade":
      return Math.min(instructions, limits.installCodeSliceInstructions);
    default:
      return composite ? instructions : Math.min(instructions, limits.sliceInstructions);
  }
}

function stablePages(kind: EntryPoint["kind"], composite: boolean): number {
  switch (kind) {
    case "init":
    case "postUpgrade":
    case "preUpgrade":
      return 8 * PAGES_PER_GIB;
    case "query":
    case "replicatedQuery":
    case "transform":
    case "compositeQuery":
    case "inspectMessage":
      return PAGES_PER_GIB;
    default:
      return composite ? PAGES_PER_GIB : 2 * PAGES_PER_GIB;
  }
}
