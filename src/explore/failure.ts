/**
 * What a run can fail with.
 */
import type { ExecutedEvent } from "../core/events.ts";

/** Why a run failed. */
export interface Failure {
  readonly kind:
    | "invariant"
    /** A condition at rest. */
    | "eventually"
    /** The body threw. */
    | "body"
    /** Somebody waits for what never comes. */
    | "answers"
    | "cycles"
    | "callbackTrap"
    /** The body waits for something outside the network that does not come. */
    | "endless";
  /** Of the invariant or condition; else the kind. Two failures of one name are the same one to shrinking. */
  readonly name: string;
  /** For people. */
  readonly message: string;
  /** What was thrown, where something was. */
  readonly error?: unknown;
}

/** Name of failures of the kind `endless`. */
export const ENDLESS = "the body ends";

export function isSame(a: Failure, b: Failure): boolean {
  return a.kind === b.kind && a.name === b.name;
}

/** Thrown through a run to end it. */
export class RunEnded extends Error {
  override name = "RunEnded";
  constructor() {
    super("this run of the exploration has ended: its network takes no more calls");
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function callbackTrap(event: ExecutedEvent, nameOf: (id: ExecutedEvent["canister"]) => string): Failure | null {
  if (event.result.kind !== "trap" || (event.entry !== "replyCallback" && event.entry !== "rejectCallback")) return null;
  const where = `${nameOf(event.canister)}, in the callback of ${event.method}`;
  const cleanup = event.cleanup === null ? "" : ` (cleanup ${event.cleanup})`;
  return { kind: "callbackTrap", name: "no callback traps", message: `${where}${cleanup}: ${event.result.error.description}` };
}
