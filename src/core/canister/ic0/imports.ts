/**
 * All imports of a rewritten module, for one instance.
 */
import { IMPORT, MAX_HEAP_WASM_PAGES, WASM_PAGE_BYTES } from "../../wasm/abi.ts";
import type { HostImports } from "../../wasm/engine.ts";
import { heapLargerThanOurs, reservedForOldMotoko } from "../errors.ts";
import type { RunContext } from "../run-context.ts";
import type { Imports } from "./api.ts";
import { argumentImports } from "./arguments.ts";
import { callImports } from "./calls.ts";
import { certifiedDataImports } from "./certified-data.ts";
import { costImports } from "./costs.ts";
import { cyclesImports } from "./cycles.ts";
import { diagnosticImports } from "./diagnostics.ts";
import { environmentImports } from "./environment.ts";
import { replyImports } from "./replies.ts";
import { stableImports } from "./stable.ts";

/** Every function of `ic0`. */
function ic0Imports(run: RunContext): Imports {
  return {
    ...argumentImports(run),
    ...replyImports(run),
    ...callImports(run),
    ...cyclesImports(run),
    ...stableImports(run),
    ...certifiedDataImports(run),
    ...environmentImports(run),
    ...costImports(run),
    ...diagnosticImports(run),
  };
}

export function importsOf(run: RunContext): HostImports {
  return {
    ic0: ic0Imports(run),
    [IMPORT.module]: {
      [IMPORT.outOfInstructions]: () => run.outOfInstructions(),
      [IMPORT.memoryGrow]: (pages) => memoryGrow(run, pages >>> 0),
      [IMPORT.hi]: () => run.hi,
    },
  };
}

/**
 * `memory.grow` of the heap. Returns the old size in Wasm pages, or -1 where the module itself set the limit.
 * Source: wasm.md 5. The rest of the platform's checks are the view's.
 */
function memoryGrow(run: RunContext, pages: number): number {
  const before = run.heapBytes / WASM_PAGE_BYTES;
  const after = before + pages;
  if (after > run.info.declaredMaximumPages) return -1;
  if (after > MAX_HEAP_WASM_PAGES) {
    // Modules of old Motoko may have exactly the pages that we have: on the platform too the execution fails, when it ends.
    run.fail(run.info.legacyMotokoReserve ? reservedForOldMotoko() : heapLargerThanOurs(MAX_HEAP_WASM_PAGES * WASM_PAGE_BYTES));
  }
  const answer = run.view.growHeap(run.memoryUse(), pages * WASM_PAGE_BYTES);
  switch (answer.kind) {
    case "refuse":
      return -1;
    case "trap":
      return run.failWith(answer.error);
    case "grow":
      run.growHeap(pages);
      return before;
  }
}
