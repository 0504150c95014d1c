/**
 * `debug_print` and `trap`. What they charge depends on the canister log, so the host charges it.
 *
 * Source: interface spec, "Debugging aids"; system-api.md 2 ("Logging") and 4. Replica: `linker.rs`, `logging_charge_bytes` (c7c5005).
 */
import { decodeUtf8Lossy, encodeUtf8 } from "../../../base/utf8.ts";
import { calledTrap, noMemory } from "../errors.ts";
import type { RunContext } from "../run-context.ts";
import type { Imports } from "./api.ts";

/** Instructions for each byte that leaves the sandbox. Replica: `BYTE_TRANSMISSION_COST_FACTOR` (c7c5005). */
const TRANSMISSION = 50;
/** A trap's message, and a line that is printed, are cut to this many bytes. */
const MAX_MESSAGE_BYTES = 32 * 1024;

const LOG_OUT_OF_BOUNDS = encodeUtf8("(debug_print message out of memory bounds)");
const PRINT_OUT_OF_BOUNDS = encodeUtf8("(debug message out of memory bounds)");

export function diagnosticImports(run: RunContext): Imports {
  return {
    debug_print: (src, size) => {
      src >>>= 0;
      size >>>= 0;
      run.charge(loggingCharge(run, size) + (run.view.printing ? sizeToCharge(run, size) : 0));
      if (!run.info.hasMemory) run.fail(noMemory());
      const content = src + size > run.heapBytes ? LOG_OUT_OF_BOUNDS : run.heapView(src, size);
      run.log.push(run.view.timeNanos, content, run.view.logCapacityBytes);
      if (!run.view.printing) return;
      size = Math.min(size, MAX_MESSAGE_BYTES);
      run.print(src + size > run.heapBytes ? PRINT_OUT_OF_BOUNDS : run.heapView(src, size).slice());
    },
    trap: (src, size) => {
      src >>>= 0;
      size >>>= 0;
      run.charge(sizeToCharge(run, size) + loggingCharge(run, size));
      if (!run.info.hasMemory) run.fail(noMemory());
      size = Math.min(size, MAX_MESSAGE_BYTES);
      run.fail(calledTrap(src + size > run.heapBytes ? "(trap message out of memory bounds)" : decodeUtf8Lossy(run.heapView(src, size))));
    },
  };
}

/** A size that wasm64 cut to 32 bits (abi.ts) was more than any limit, and is charged as that. */
function sizeToCharge(run: RunContext, size: number): number {
  return run.info.wasm64 && size === 2 ** 32 - 1 ? 2 ** 50 : size;
}

function loggingCharge(run: RunContext, size: number): number {
  const capacity = run.view.logCapacityBytes;
  return 2 * Math.min(size, capacity) + TRANSMISSION * Math.min(size, capacity - run.log.usedBytes);
}
