/**
 * Calling other canisters: a call is constructed step by step and handed over by `call_perform`.
 *
 * Source: interface spec, "Inter-canister calls"; messaging.md 2 and 2.1.
 * Replica: `rs/embedders/src/wasmtime_embedder/system_api/request_in_prep.rs` (c7c5005).
 */
import { toHex, u64OfWords } from "../../../base/bytes.ts";
import { decodeUtf8Lossy, utf8Length } from "../../../base/utf8.ts";
import type { PrincipalId } from "../../state/ids.ts";
import { principalText } from "../../state/principal.ts";
import { instructionLimitExceeded, invalidPrincipal, outOfCyclesInCall, toolchainViolation, userViolation } from "../errors.ts";
import type { RunContext } from "../run-context.ts";
import type { Closure } from "../types.ts";
import { api, type Imports } from "./api.ts";

/** Bytes. Replica: `max_sum_exported_function_name_lengths` (c7c5005). */
const MAX_METHOD_NAME_BYTES = 20_000;
const MAX_PRINCIPAL_BYTES = 29;
/** Source: interface spec, "Inter-canister calls" (`call_with_best_effort_response`). */
const MAX_TIMEOUT_SECONDS = 300;
/** `call_perform` could not queue the call: SYS_TRANSIENT. */
const NOT_PERFORMED = 2;

const NEW = api("call_new");
const ON_CLEANUP = api("call_on_cleanup");
const DATA_APPEND = api("call_data_append");
const BEST_EFFORT = api("call_with_best_effort_response");
const CYCLES_ADD = api("call_cycles_add");
const CYCLES_ADD128 = api("call_cycles_add128");
const PERFORM = api("call_perform");

/** A call under construction. Its argument is gathered in `run.callPayload`. */
export interface CallInPreparation {
  readonly callee: PrincipalId;
  readonly method: string;
  readonly methodBytes: number;
  readonly onReply: Closure;
  readonly onReject: Closure;
  onCleanup: Closure | null;
  cycles: bigint;
  timeoutSeconds: number | null;
}

export function callImports(run: RunContext): Imports {
  return {
    call_new: (calleeSrc, calleeSize, nameSrc, nameSize, replyFun, replyEnvLo, replyEnvHi, rejectFun, rejectEnvLo, rejectEnvHi) => {
      run.checkHeap(NEW);
      dropCall(run);
      const method = methodName(run, nameSrc >>> 0, nameSize >>> 0);
      const callee = calleeId(run, calleeSrc >>> 0, calleeSize >>> 0);
      run.callPayload.clear();
      run.call = {
        callee,
        method,
        methodBytes: utf8Length(method),
        onReply: closure(replyFun, replyEnvLo, replyEnvHi),
        onReject: closure(rejectFun, rejectEnvLo, rejectEnvHi),
        onCleanup: null,
        cycles: 0n,
        timeoutSeconds: null,
      };
    },

    call_on_cleanup: (fun, envLo, envHi) => {
      run.check(ON_CLEANUP);
      const call = underConstruction(run, "ic0.call_on_cleanup");
      if (call.onCleanup !== null) {
        run.fail(toolchainViolation("ic0.call_on_cleanup can be called at most once between `ic0.call_new` and `ic0.call_perform`"));
      }
      call.onCleanup = closure(fun, envLo, envHi);
    },

    call_data_append: (src, size) => {
      src >>>= 0;
      size >>>= 0;
      run.checkHeap(DATA_APPEND);
      const call = underConstruction(run, "ic0.call_data_append");
      const total = call.methodBytes + run.callPayload.length + size;
      if (total > run.limits.requestBytes) {
        run.fail(
          userViolation(
            `Request to ${principalText(call.callee)}:${call.method} has a payload size of ${total}, which exceeds the allowed limit of ${run.limits.requestBytes}.`,
            "Check the canister for errors or redesign the target API to allow shorter messages",
            "canister-made-a-call-with-too-large-payload",
          ),
        );
      }
      run.checkRange("ic0.call_data_append", src, size);
      run.callPayload.append(run.heapView(src, size));
    },

    call_with_best_effort_response: (timeoutSeconds) => {
      run.check(BEST_EFFORT);
      const call = underConstruction(run, "ic0.call_with_best_effort_response");
      if (call.timeoutSeconds !== null) {
        run.fail(toolchainViolation("ic0_call_with_best_effort_response failed because a timeout is already set."));
      }
      call.timeoutSeconds = Math.min(timeoutSeconds >>> 0, MAX_TIMEOUT_SECONDS);
    },

    call_cycles_add: (lo, hi) => {
      run.check(CYCLES_ADD);
      attach(run, "ic0_call_cycles_add", u64OfWords(lo, hi));
    },
    call_cycles_add128: (highLo, highHi, lowLo, lowHi) => {
      run.check(CYCLES_ADD128);
      attach(run, "ic0_call_cycles_add128", (u64OfWords(highLo, highHi) << 64n) | u64OfWords(lowLo, lowHi));
    },

    call_perform: () => {
      run.check(PERFORM);
      const prepared = underConstruction(run, "ic0.call_perform");
      const call = {
        callee: prepared.callee,
        method: prepared.method,
        arg: run.callPayload.take(),
        cycles: prepared.cycles,
        onReply: prepared.onReply,
        onReject: prepared.onReject,
        onCleanup: prepared.onCleanup,
        timeoutSeconds: prepared.timeoutSeconds,
      };
      if (!run.view.performCall(call, run.memoryUse())) {
        dropCall(run);
        if (run.view.isRetryingEndlessly) run.fail(instructionLimitExceeded(run.limits.instructions));
        return NOT_PERFORMED;
      }
      run.call = null;
      run.perform(call);
      return 0;
    },
  };
}

/** Gives up the call under construction, if there is one; its cycles are the canister's again. */
export function dropCall(run: RunContext): void {
  if (run.call !== null && run.call.cycles > 0n) run.view.detachCycles(run.call.cycles);
  run.call = null;
}

function underConstruction(run: RunContext, name: string): CallInPreparation {
  if (run.call === null) run.fail(toolchainViolation(`${name} called when no call is under construction.`));
  return run.call;
}

function attach(run: RunContext, name: string, amount: bigint): void {
  const call = underConstruction(run, name);
  if (!run.view.attachCycles(amount, run.memoryUse())) run.fail(outOfCyclesInCall(run.view.canisterId));
  call.cycles += amount;
}

function closure(fun: number, envLo: number, envHi: number): Closure {
  return { functionIndex: fun >>> 0, envLo: envLo >>> 0, envHi: envHi >>> 0 };
}

function methodName(run: RunContext, src: number, size: number): string {
  const limit = Math.min(MAX_METHOD_NAME_BYTES, run.limits.requestBytes);
  if (size > limit) {
    run.fail(
      userViolation(
        `Size of method_name ${size} exceeds the allowed limit of ${limit}.`,
        // The platform's own text has the places unfilled.
        "Size of method_name {} exceeds the allowed limit of {}.",
        "canister-made-a-call-with-too-large-method-name",
      ),
    );
  }
  run.checkRange("ic0.call_new method_name", src, size);
  return decodeUtf8Lossy(run.heapView(src, size));
}

function calleeId(run: RunContext, src: number, size: number): PrincipalId {
  run.checkRange("ic0.call_new callee_src", src, size);
  if (size > MAX_PRINCIPAL_BYTES) run.fail(invalidPrincipal());
  return toHex(run.heapView(src, size)) as PrincipalId;
}
