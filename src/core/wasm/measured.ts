/** What validation finds out about the local functions: what the rewriter and the platform's checks need to know of them. */

import type { Positions } from "./positions.ts";

/** What the rewriter and the platform's checks need to know of the local functions. */
export interface Measured {
  /** Cost of each metering block in order, all functions one after another; `firstBlock[i]` is where function i begins. */
  readonly blockCosts: Uint32Array;
  readonly firstBlock: Uint32Array;
  /** Most values on the operand stack at once. */
  readonly maxDepth: Uint32Array;
  /** Parameters and locals. */
  readonly localCount: Uint32Array;
  readonly flags: Uint8Array;
  readonly complexity: Float64Array;
  readonly instructions: Uint32Array;
  /** Instructions the replica's instrumentation adds to the local functions (wasm.md 4.5). */
  readonly added: number;
  /** The first function with a table instruction the platform forbids, and its name. */
  readonly unsupported: ReadonlyMap<number, string>;
  /** Stores that need no mark in the write map, by the position behind them: see `covered-stores.ts`. */
  readonly coveredStores: Positions;
  /** Float operations, by the position behind them, whose NaNs only meet operations that do not tell one from another. */
  readonly unseenNaNs: Positions;
  /** Positions behind calls in tail position, and what is charged before them: see `tail-positions.ts`. */
  readonly tailCalls: ReadonlyMap<number, number>;
}

/** Bits of `Measured.flags`. */
export const Flag = {
  /** Calls a local function, or any function through a table. */
  calls: 1,
  /** Some branch leaves the function. */
  branchesOut: 2,
  /** Handles v128 values. */
  vectors: 4,
} as const;
