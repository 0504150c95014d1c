/**
 * What the options of a choice mean, where they are not candidates: reject codes, ends of an execution, steps of time.
 */
import { RejectCode } from "../state/rejects.ts";

/**
 * Reject codes by option. The first `LAWFUL_REJECTS` the system may give to a request for a canister that is there and runs: SYS_TRANSIENT at any
 * time, CANISTER_ERROR where there is no memory for a guaranteed response.
 */
export const REQUEST_REJECTS: readonly (RejectCode | null)[] = [
  null,
  RejectCode.SYS_TRANSIENT,
  RejectCode.CANISTER_ERROR,
  RejectCode.DESTINATION_INVALID,
  RejectCode.SYS_FATAL,
  RejectCode.CANISTER_REJECT,
  RejectCode.SYS_UNKNOWN,
];
export const LAWFUL_REJECTS = { bounded: 1, unbounded: 2 } as const;

/** Steps by which time may move: a timer's period, a deadline, the longest wait of an ingress message are all within reach. */
export const TIME_STEPS_NANOS: readonly bigint[] = [0n, 1n, 5n, 20n, 60n].map((seconds) => seconds * 1_000_000_000n);

/** After how many rounds users go on, who wait for none: a few, at first each. */
export const TURN_ROUNDS: readonly number[] = [Infinity, 0, 1, 2, 4, 8];

/** How an execution is made to end. */
export type ExecutionFault =
  /** The canister cannot pay for it. */
  | { readonly kind: "outOfCycles" }
  /** It ends after so many instructions: at the limit, or by a trap. */
  | { readonly kind: "outOfInstructions" | "trap"; readonly after: number };

/** What an option of the choice `execution` means; `null` for 0. */
export function executionFault(option: number): ExecutionFault | null {
  if (option <= 1) return option === 0 ? null : { kind: "outOfCycles" };
  return { kind: option % 2 === 0 ? "outOfInstructions" : "trap", after: Math.floor((option - 2) / 2) };
}

export function executionOption(fault: ExecutionFault): number {
  return fault.kind === "outOfCycles" ? 1 : 2 + 2 * fault.after + (fault.kind === "trap" ? 1 : 0);
}

/** Options of the choice `execution`: all numbers. */
export const EXECUTION_OPTIONS = Number.MAX_SAFE_INTEGER;
