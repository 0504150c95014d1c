/**
 * Getting into a module: whether it has the entry point, and calling it, as an export or as an entry of its table.
 *
 * Source: system-api.md 6; messaging.md 7.1.
 */
import { EXPORT } from "../wasm/abi.ts";
import type { ModuleInfo } from "../wasm/module-info.ts";
import { exportName, methodKind } from "./entry-points.ts";
import { functionNotFound, methodNotFound, toolchainViolation, type ExecutionFailure } from "./errors.ts";
import type { Instance } from "./instances.ts";
import type { Closure, EntryPoint } from "./types.ts";

/** Nothing to run: without failure where that is as good as an empty function. */
export function missingEntry(info: ModuleInfo, entry: EntryPoint): { readonly failure: ExecutionFailure | null } | null {
  switch (entry.kind) {
    case "start":
      return info.hasStart ? null : { failure: null };
    case "init":
    case "postUpgrade":
    case "preUpgrade":
      return info.systemExports.has(exportName(info, entry)!) ? null : { failure: null };
    case "inspectMessage":
    case "heartbeat":
    case "globalTimer":
    case "lowWasmMemory": {
      const name = exportName(info, entry)!;
      return info.systemExports.has(name) ? null : { failure: methodNotFound("system", name) };
    }
    case "update":
      return methodKind(info, entry.method) === "update" ? null : { failure: methodNotFound("update", entry.method) };
    case "replicatedQuery":
    case "query":
    case "transform":
      return methodKind(info, entry.method) === "query" ? null : { failure: methodNotFound("query", entry.method) };
    case "compositeQuery": {
      const kind = methodKind(info, entry.method);
      return kind === "query" || kind === "composite_query" ? null : { failure: methodNotFound("query", entry.method) };
    }
    case "replyCallback":
    case "rejectCallback":
    case "cleanup":
      return null;
  }
}

/** Runs the entry point, which the module has. Throws what the run throws. */
export function enter(instance: Instance, entry: EntryPoint): void {
  switch (entry.kind) {
    case "start":
      instance.entry(EXPORT.start)!();
      return;
    case "replyCallback":
    case "rejectCallback":
    case "cleanup":
      invoke(instance, entry.closure);
      return;
    default:
      instance.entry(exportName(instance.module.info, entry)!)!();
  }
}

/** Calls a table entry. Source: system-api.md 6. */
function invoke(instance: Instance, closure: Closure): void {
  const { context } = instance;
  const { table } = instance.engine;
  const { functionIndex, envLo, envHi } = closure;
  if (!context.info.wasm64 && envHi !== 0) {
    context.fail(toolchainViolation(`error converting additional value ${(BigInt(envHi) << 32n) | BigInt(envLo)} to u32`));
  }
  if (table === null) return context.fail(toolchainViolation("table not found"));
  if (functionIndex >= table.length) context.fail(functionNotFound(functionIndex));
  if (table.get(functionIndex) === null) context.fail(toolchainViolation("unexpected null function reference"));
  instance.entry(EXPORT.invoke)!(functionIndex | 0, envLo | 0, envHi | 0);
}
