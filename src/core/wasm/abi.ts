/**
 * What a rewritten module looks like from outside: the seam between `core/wasm` (which writes it) and `core/canister`
 * (which runs it). All names below are in the rewritten module, never in the user's.
 *
 * Memory. The rewritten memory starts with a prefix of `PREFIX_BYTES` that holds the write map: one byte per 4 KiB page
 * of the canister's heap, set to 1 by every store to that page (bulk operations and host writes included). The heap's
 * byte 0 is at address `PREFIX_BYTES`. A store that crosses into the next page marks only its first page, and of stores close
 * to each other only the first one marks (`covered-stores.ts`): up to `SLACK_BYTES` of the neighbour can change unmarked, so whoever
 * reads the map also compares the first `SLACK_BYTES` of the page after each marked one. A module without a memory still gets one of the prefix alone (`info.hasMemory` is false then).
 *
 * Active data segments are not in the rewritten module: they are in `info.dataSegments`, and whoever makes an instance
 * writes the canister's pages. Segment indices stay (the places are empty passive segments). Element segments stay.
 *
 * The start section is removed; its function is exported as `EXPORT.start`.
 *
 * Counter. `EXPORT.counter` is set to the limit before each run. It counts down. In the fast variant functions hand it to each other,
 * and write it to the global before imports, `memory.grow` and charges of bulk operations run, and when an entry point returns: exact whenever a
 * host function is called and when the entry point has returned, stale after an engine trap. In the exact variant it is always up to date.
 */

/** Bytes before the canister's heap: one map byte for each 4 KiB page of 4 GiB. */
export const PREFIX_BYTES = 1 << 20;
/** The same in Wasm pages of 64 KiB. */
export const PREFIX_WASM_PAGES = PREFIX_BYTES >> 16;
/** Bytes of a page for marking, comparing and copying. */
export const PAGE_BYTES = 4096;
/** How far behind a marked page unmarked changes reach. */
export const SLACK_BYTES = 128;
/** Bytes of a Wasm page. */
export const WASM_PAGE_BYTES = 65536;
/**
 * The largest heap in Wasm pages, 4 GiB - 1 MiB: the prefix shares the 32-bit address space with it.
 * Departure: the platform allows 65,536 pages (wasm32) and 98,304 (wasm64); growth beyond ours traps with a text that says so.
 */
export const MAX_HEAP_WASM_PAGES = 65536 - PREFIX_WASM_PAGES;

/** Names of what every rewritten module exports, besides the `canister_*` entry points under their own names. */
export const EXPORT = {
  /** Memory, prefix included. */
  memory: "cannery:memory",
  /** Mutable i64 global: instructions left. */
  counter: "cannery:counter",
  /** Mutable i32 global: a `TrapCode` set just before an injected `unreachable`; 0 when none. */
  trapCode: "cannery:trap",
  /**
   * `(limitLo i32, limitHi i32, stackLimitBytes i32) -> ()`: makes the instance ready for one run: sets the counter and the stack limit,
   * zeroes the stack depth and the trap code, undoes `data.drop`.
   */
  prepare: "cannery:prepare",
  /**
   * `() -> ()`: writes all mutable globals to the start of the map (address 0 upwards, `info.globals[i].offset`), little-endian.
   * The map must have been read and cleared before; the caller clears these bytes again.
   */
  saveGlobals: "cannery:save-globals",
  /** `() -> ()`: the reverse of `saveGlobals`. */
  loadGlobals: "cannery:load-globals",
  /**
   * `(index i32, envLo i32, envHi i32) -> ()`: `call_indirect` of table entry `index` with the type of a callback, `(env: I) -> ()`.
   * The host checks bounds and null with `table` first. Absent in a module without a table.
   */
  invoke: "cannery:invoke",
  /** The function table, present if the module has one. */
  table: "cannery:table",
  /** `() -> ()`, present if the module has a start section. */
  start: "cannery:start",
} as const;

/** Why injected code trapped; anything else is the engine's own trap, told apart by its text (`host/`). */
export const TrapCode = {
  none: 0,
  stackOverflow: 1,
  heapOutOfBounds: 2,
  /** Exact variant only: `call_indirect` of a null entry. */
  nullTableEntry: 3,
  /** Never set: in the exact variant "null or wrong signature" from the engine without a code is the wrong signature. */
  signatureMismatch: 4,
  tableOutOfBounds: 5,
} as const;
export type TrapCode = (typeof TrapCode)[keyof typeof TrapCode];

/**
 * Imports of a rewritten module.
 *
 * Module `ic0`: the imports the user's module has, under their names, with lowered types:
 *  - a parameter `I` (pointer, length, table index) arrives as one i32 to be read unsigned (`>>> 0`); a wasm64 value above
 *    2^32-1 arrives as 2^32-1 (no heap is that large, so every range check on it fails as it must);
 *  - `env` parameters of `call_new` and `call_on_cleanup`, and true `i64` parameters, arrive as two i32, low word first
 *    (`env` of a wasm32 module has a high word of 0);
 *  - a result `I` or i32 is returned as a number; an `i64` result returns its low word, and the wrapper then asks `cannery.hi`.
 * The wrapper in the module has already charged the fixed and per-byte instructions of `ic0.ts` and has run the
 * out-of-instructions handler where due; what depends on state (`debug_print`, `trap`, dirty stable pages) is charged by the host
 * through the counter global.
 *
 * Module `cannery`: see below.
 */
export const IMPORT = {
  module: "cannery",
  /** `() -> ()`: the counter is negative (and in the global). Throws, or refills the global to 0 or more and returns. */
  outOfInstructions: "out_of_instructions",
  /** `(deltaPages i32) -> i32`: `memory.grow` of the heap, unsigned; returns the old size in Wasm pages, or -1. It grows the memory itself. */
  memoryGrow: "memory_grow",
  /** `() -> i32`: the high word of the i64 that the last `ic0` import returned. */
  hi: "hi",
} as const;

/** Which rewriting: `fast` passes the counter from function to function; `exact` keeps it in a global, and tells null table entries from wrong signatures. */
export type Variant = "fast" | "exact";

/** Of whom the engine believes the memory to be (`shared-memory.ts`). */
export type MemoryKind = "own" | "shared";
