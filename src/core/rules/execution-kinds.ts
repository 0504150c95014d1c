/**
 * How the contexts of the System API differ in what they may take and must keep: one table for all checks of `ExecutionView`.
 */

/** What is executed, as far as its account differs. Context letters as in the interface spec. */
export type ExecutionKind =
  | "update" // U
  | "replicatedQuery" // RQ
  | "task" // T
  | "callback" // Ry, Rt
  | "cleanup" // C
  | "install" // s, I
  | "preUpgrade" // G
  | "query" // NRQ, TQ, F
  | "composite" // CQ
  | "compositeCallback"; // CRy, CRt, CC

export interface ExecutionRules {
  /** `wasm_memory_limit` stops the heap's growth. */
  readonly heapLimit: boolean;
  /** Growth of memory, and of message memory, must leave the freezing threshold. */
  readonly growthThreshold: boolean;
  /** Growth takes from the subnet's memory and reserves cycles; elsewhere that is settled later, or never. */
  readonly growthTaken: boolean;
  /** What the balance must keep when the run's changes are committed. */
  readonly commit: "threshold" | "zero" | "nothing";
  /** May use the memory the subnet keeps for callbacks. */
  readonly response: boolean;
}

/** Source: wasm.md 5, cycles.md 3 and 4. */
export const EXECUTION_RULES: Readonly<Record<ExecutionKind, ExecutionRules>> = {
  update: { heapLimit: true, growthThreshold: true, growthTaken: true, commit: "threshold", response: false },
  replicatedQuery: { heapLimit: false, growthThreshold: false, growthTaken: false, commit: "threshold", response: false },
  task: { heapLimit: false, growthThreshold: true, growthTaken: true, commit: "threshold", response: false },
  callback: { heapLimit: false, growthThreshold: false, growthTaken: true, commit: "zero", response: true },
  cleanup: { heapLimit: false, growthThreshold: false, growthTaken: true, commit: "nothing", response: true },
  install: { heapLimit: true, growthThreshold: false, growthTaken: false, commit: "nothing", response: false },
  preUpgrade: { heapLimit: false, growthThreshold: false, growthTaken: false, commit: "nothing", response: false },
  query: { heapLimit: false, growthThreshold: false, growthTaken: false, commit: "nothing", response: false },
  composite: { heapLimit: false, growthThreshold: false, growthTaken: false, commit: "nothing", response: false },
  compositeCallback: { heapLimit: false, growthThreshold: false, growthTaken: false, commit: "nothing", response: false },
};
