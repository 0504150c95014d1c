/**
 * Execution of one entry point: from a state, an entry point and a view of the system to an outcome as data.
 *
 * A run changes nothing but its instance. The caller then says what becomes of it: see `outcome.ts`.
 *
 * Source: interface spec, "Message execution" (the Wasm part); messaging.md 7.1, wasm.md 4.4 and 9.
 */
import { assert } from "../../base/assert.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import { TrapCode, type Variant } from "../wasm/abi.ts";
import type { EngineTrap } from "../wasm/engine.ts";
import type { MethodKind } from "../wasm/module-info.ts";
import { enter, missingEntry } from "./enter.ts";
import { methodKind as kindOf, REPLICATED, TRACKED } from "./entry-points.ts";
import { toolchainViolation, trapLogText, trapped, userErrorOf, type ExecutionFailure, type TrapKind } from "./errors.ts";
import type { ExecutionState } from "./execution-state.ts";
import { dropCall } from "./ic0/calls.ts";
import type { Instance, InstancePool } from "./instances.ts";
import { release, type Pending, type RunOutcome } from "./outcome.ts";
import { ENDED, HostFailure, type Failure, type RunContext } from "./run-context.ts";
import type { EntryPoint, LogDelta, Outcome, OutgoingCall, RunLimits, RunResult, SystemView } from "./types.ts";

/** Instructions for each heap page that a run changed. Source: wasm.md 4.4. */
const DIRTY_HEAP_PAGE_INSTRUCTIONS = { wasm32: 1000, wasm64: 4000 } as const;
/** Beyond this many changed heap pages (1 GiB) copying them takes a slice of its own. Source: wasm.md 4.4. */
const MAX_PAGES_COPIED_AT_ONCE = 262_144;

/** `null` when the module has no such method. */
export function methodKind(state: ExecutionState, method: string): MethodKind | null {
  return kindOf(state.module.info, method);
}

/**
 * Runs an entry point on a state. `makeView` is asked once per attempt: a message whose code traps is run a second time, exactly.
 * A missing `start`, `init`, `pre_upgrade` or `post_upgrade` is an outcome without a result; any other missing entry point a trap.
 */
export function run(pool: InstancePool, state: ExecutionState, entry: EntryPoint, makeView: () => SystemView, limits: RunLimits): Outcome {
  const missing = missingEntry(state.module.info, entry);
  if (missing !== null) return notRun(state, makeView(), missing.failure);
  const outcome = attempt(pool, state, "fast", entry, makeView(), limits) ?? attempt(pool, state, "exact", entry, makeView(), limits);
  assert(outcome !== null, "the exact variant always has an outcome");
  return outcome;
}

const NO_LINES: readonly Uint8Array[] = [];
const NO_LOGS: LogDelta = { dropped: 0, records: [] };
const NOT_SLICED: readonly number[] = [];
const NO_CALLS: readonly OutgoingCall[] = [];
const NONE: RunResult = { kind: "none" };

function notRun(state: ExecutionState, view: SystemView, failure: ExecutionFailure | null): RunOutcome {
  const result: RunResult = failure === null ? NONE : { kind: "trap", error: userErrorOf(view.canisterId, failure) };
  return {
    result,
    instructions: 0,
    slices: 1,
    pausedSlices: NOT_SLICED,
    calls: NO_CALLS,
    view,
    certifiedData: null,
    globalTimerNanos: null,
    acceptedMessage: false,
    logs: NO_LOGS,
    printed: NO_LINES,
    heapBytes: state.heapBytes,
    stableBytes: state.stableBytes,
    dirtyHeapPages: 0,
    dirtyStablePages: 0,
    pending: null,
  };
}

/** One attempt; `null` when the fast variant trapped in the engine, so that its counter is stale and its trap not told exactly. */
function attempt(
  pool: InstancePool,
  state: ExecutionState,
  variant: Variant,
  entry: EntryPoint,
  view: SystemView,
  limits: RunLimits,
): RunOutcome | null {
  const instance = pool.acquire(state, variant);
  const { context } = instance;
  const pending = { pool, instance, state };
  context.begin(state, entry, view, limits);
  instance.prepare(context.meter.begin(limits), limits.stackBytes);
  let failure: Failure | null = null;
  try {
    enter(instance, entry);
  } catch (error) {
    if (error === ENDED) {
      failure = context.failure;
    } else {
      const trap = engineTrap(pool, instance, error);
      if (variant === "fast") {
        instance.collectChanges(state.heap, false);
        instance.restore(state);
        context.log.take();
        release(pending);
        return null;
      }
      failure = trapFailure(context, trap, instance.engine.trapCode.value);
    }
  }
  return finish(pending, view, limits, failure);
}

/** The engine's trap; any other exception is not the canister's: the instance is given up and the exception goes on. */
function engineTrap(pool: InstancePool, instance: Instance, error: unknown): EngineTrap {
  const trap = error instanceof HostFailure ? null : pool.engine.trapOf(error);
  if (trap !== null && trap.kind !== "engine stack overflow") return trap;
  pool.drop(instance);
  if (trap === null) throw error;
  throw new HostFailure(
    "the host's own stack ran out before the canister's did. The run was stopped, because where that happens differs from machine to machine. " +
      "Give the host a larger stack (a worker's resourceLimits.stackSizeMb, or node --stack-size) or the network a lower stackBytes.",
  );
}

/** Of a run of the exact variant, where a null entry announces itself, so that the engine's trap at a `call_indirect` is the wrong signature. */
function trapFailure(context: RunContext, trap: EngineTrap, code: number): Failure {
  if (code === TrapCode.signatureMismatch || (code === TrapCode.none && trap.kind === "null or wrong signature")) {
    return { kind: "failure", failure: toolchainViolation("function invocation does not match its signature"), backtrace: null };
  }
  return { kind: "failure", failure: trapped(trapKind(trap, code)), backtrace: context.backtrace(trap.backtrace) };
}

/** Injected code says itself why it trapped; anything else is told by the engine. */
function trapKind(trap: EngineTrap, code: number): TrapKind {
  switch (code) {
    case TrapCode.stackOverflow:
      return "stack overflow";
    case TrapCode.heapOutOfBounds:
      return "heap out of bounds";
    case TrapCode.tableOutOfBounds:
      return "table out of bounds";
    case TrapCode.nullTableEntry:
      return "unknown";
  }
  switch (trap.kind) {
    case "heap out of bounds":
    case "unreachable":
    case "integer division by 0":
    case "table out of bounds":
      return trap.kind;
    default:
      return "unknown";
  }
}

function finish(pending: Pending, view: SystemView, limits: RunLimits, failure: Failure | null): RunOutcome {
  const { instance, state } = pending;
  const { context } = instance;
  const { meter, info } = context;
  dropCall(context);
  const tracked = (context.bit & TRACKED) !== 0;
  instance.collectChanges(state.heap, tracked);
  const dirtyHeapPages = tracked ? instance.changed.length : 0;
  const perPage = info.wasm64 ? DIRTY_HEAP_PAGE_INSTRUCTIONS.wasm64 : DIRTY_HEAP_PAGE_INSTRUCTIONS.wasm32;
  const instructions = Math.min(meter.executed() + perPage * dirtyHeapPages, limits.instructions);
  const ended = failure === null;
  if (ended && dirtyHeapPages > MAX_PAGES_COPIED_AT_ONCE) meter.pauseToCopy();
  if (failure !== null && failure.kind === "failure") logTrap(context, view, failure.failure, failure.backtrace);
  const logs = context.log.take();
  return {
    result: failure === null ? context.result : failedResult(view, failure),
    instructions,
    slices: meter.pausedSlices.length + 1,
    pausedSlices: meter.pausedSlices,
    calls: ended ? context.calls : NO_CALLS,
    view,
    certifiedData: ended ? context.certifiedData : null,
    globalTimerNanos: ended ? context.globalTimerNanos : null,
    acceptedMessage: ended && context.accepted,
    logs,
    printed: linesOf(context, view, logs),
    heapBytes: ended ? context.heapBytes : state.heapBytes,
    stableBytes: ended ? context.stable.byteLength : state.stableBytes,
    dirtyHeapPages,
    dirtyStablePages: context.stable.dirtyPages,
    pending,
  };
}

function failedResult(view: SystemView, failure: Failure): RunResult {
  if (failure.kind === "error") return { kind: "trap", error: failure.error };
  const backtrace = view.showsBacktraces ? failure.backtrace : null;
  return { kind: "trap", error: userErrorOf(view.canisterId, failure.failure, backtrace) };
}

/**
 * Queries log nothing: their records are nobody's.
 *
 * Ours: where the network prints, a trap is printed too, which the replica has in the log alone: whoever reads the test's output looks for it there.
 */
function logTrap(context: RunContext, view: SystemView, failure: ExecutionFailure, backtrace: string | null): void {
  const text = (context.bit & REPLICATED) === 0 ? null : trapLogText(failure, backtrace);
  if (text === null) return;
  const content = encodeUtf8(text);
  context.log.push(view.timeNanos, content, view.logCapacityBytes);
  if (view.printing) context.print(content);
}

/** Ours: where nothing is printed the log is shown. */
function linesOf(context: RunContext, view: SystemView, logs: LogDelta): readonly Uint8Array[] {
  if (view.printing) return context.printed;
  return logs.records.length === 0 || (context.bit & REPLICATED) === 0 ? NO_LINES : logs.records.map(({ content }) => content);
}
