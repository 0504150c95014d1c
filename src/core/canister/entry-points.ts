/**
 * What the kinds of entry point are called and in which context each runs.
 *
 * Source: interface spec, "Entry points"; system-api.md 1.
 */
import type { Context } from "../wasm/ic0.ts";
import { ALL_CONTEXTS } from "../wasm/ic0.ts";
import type { MethodKind, ModuleInfo } from "../wasm/module-info.ts";
import type { EntryPoint } from "./types.ts";

/** Context of each kind; callbacks of composite queries have their own. */
const CONTEXTS: Record<EntryPoint["kind"], readonly [Context, Context]> = {
  start: ["s", "s"],
  init: ["I", "I"],
  postUpgrade: ["I", "I"],
  preUpgrade: ["G", "G"],
  update: ["U", "U"],
  replicatedQuery: ["RQ", "RQ"],
  query: ["NRQ", "NRQ"],
  transform: ["TQ", "TQ"],
  compositeQuery: ["CQ", "CQ"],
  replyCallback: ["Ry", "CRy"],
  rejectCallback: ["Rt", "CRt"],
  cleanup: ["C", "CC"],
  inspectMessage: ["F", "F"],
  heartbeat: ["T", "T"],
  globalTimer: ["T", "T"],
  lowWasmMemory: ["T", "T"],
};

export function contextOf(entry: EntryPoint): Context {
  return CONTEXTS[entry.kind]["composite" in entry && entry.composite ? 1 : 0];
}

const BITS = Object.fromEntries(ALL_CONTEXTS.map((context, i) => [context, 1 << i])) as Record<Context, number>;

/** A set of contexts as bits, for the check at each import. */
export function contextBits(contexts: Iterable<Context>): number {
  let bits = 0;
  for (const context of contexts) bits |= BITS[context];
  return bits;
}

export function contextBit(context: Context): number {
  return BITS[context];
}

/** The entry point as error texts name it. Replica: `rs/embedders/src/wasmtime_embedder/system_api.rs`, `ApiType::as_str` (c7c5005). */
export function modeName(entry: EntryPoint): string {
  const composite = "composite" in entry && entry.composite ? "composite " : "";
  switch (entry.kind) {
    case "start":
      return "start";
    case "init":
    case "postUpgrade":
      return "init";
    case "preUpgrade":
      return "pre upgrade";
    case "update":
      return "update";
    case "replicatedQuery":
      return "replicated query";
    case "query":
    case "transform":
      return "non replicated query";
    case "compositeQuery":
      return "composite query";
    case "replyCallback":
      return `${composite}reply callback`;
    case "rejectCallback":
      return `${composite}reject callback`;
    case "cleanup":
      return `${composite}cleanup`;
    case "inspectMessage":
      return "inspect message";
    case "heartbeat":
      return "heartbeat";
    case "globalTimer":
      return "global timer";
    case "lowWasmMemory":
      return "on low Wasm memory";
  }
}

/** Contexts that run on every node and whose effects the network keeps. */
export const REPLICATED = contextBits(["s", "I", "G", "U", "RQ", "Ry", "Rt", "C", "T"]);

/** Contexts whose dirty heap pages are charged. Replica: `ApiType::modification_tracking` (c7c5005). */
export const TRACKED = contextBits(["s", "I", "G", "U", "CQ", "Ry", "Rt", "CRy", "CRt", "C", "CC", "T"]);

/** Of the method's own exports; `null` when the module has no such method. */
export function methodKind(info: ModuleInfo, method: string): MethodKind | null {
  return info.methods.get(method) ?? null;
}

/** The export an entry point runs; `null` for callbacks, which are table entries. */
export function exportName(info: ModuleInfo, entry: EntryPoint): string | null {
  switch (entry.kind) {
    case "start":
      return null;
    case "init":
      return "canister_init";
    case "postUpgrade":
      return "canister_post_upgrade";
    case "preUpgrade":
      return "canister_pre_upgrade";
    case "update":
      return `canister_update ${entry.method}`;
    case "replicatedQuery":
    case "query":
    case "transform":
      return `canister_query ${entry.method}`;
    case "compositeQuery":
      return methodKind(info, entry.method) === "query" ? `canister_query ${entry.method}` : `canister_composite_query ${entry.method}`;
    case "replyCallback":
    case "rejectCallback":
    case "cleanup":
      return null;
    case "inspectMessage":
      return "canister_inspect_message";
    case "heartbeat":
      return "canister_heartbeat";
    case "globalTimer":
      return "canister_global_timer";
    case "lowWasmMemory":
      return "canister_on_low_wasm_memory";
  }
}
