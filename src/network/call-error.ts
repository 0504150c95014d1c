/**
 * How a call ended, and the error that a rejected one becomes where JavaScript waits for it.
 */
import { assert, unreachable } from "../base/assert.ts";
import { CanneryError } from "../base/cannery-error.ts";
import type { Answer } from "../core/inputs.ts";
import { errorCodeText, rejectCodeOf, type ErrorCode, type UserError } from "../core/state/rejects.ts";

/** The answer to a user's call or query. */
export type CallOutcome =
  | { readonly kind: "replied"; readonly data: Uint8Array }
  /** `errorCode` is null where the network does not tell one. */
  | { readonly kind: "rejected"; readonly code: number; readonly message: string; readonly errorCode: ErrorCode | null }
  /** There will be no answer: the network was put back, or cannot give one any more. */
  | { readonly kind: "abandoned"; readonly error: Error };

/** A refusal by the system, before or instead of an execution. */
export function outcomeOfError(error: UserError): CallOutcome {
  return { kind: "rejected", code: rejectCodeOf(error.code), message: error.description, errorCode: error.code };
}

/** What a query was answered with, at once. */
export function outcomeOfQuery(answer: Answer | null): CallOutcome {
  assert(answer !== null, "a query is answered at once");
  switch (answer.kind) {
    case "replied":
      return answer;
    case "refused":
      return outcomeOfError(answer.error);
    case "rejected":
      return { kind: "rejected", code: answer.reject.code, message: answer.reject.message, errorCode: answer.error?.code ?? null };
    case "accepted":
      return unreachable(answer as never);
    default:
      return unreachable(answer);
  }
}

const REJECT_NAMES: Readonly<Record<number, string>> = {
  1: "SYS_FATAL",
  2: "SYS_TRANSIENT",
  3: "DESTINATION_INVALID",
  4: "CANISTER_REJECT",
  5: "CANISTER_ERROR",
  6: "SYS_UNKNOWN",
};

/**
 * A call that the network rejected. `message` is for people; programs look at the fields, which are the platform's.
 *
 * Source: interface spec, "Reject codes" and "Error codes".
 */
export class CanneryCallError extends CanneryError {
  override name = "CanneryCallError";
  /** 1 SYS_FATAL, 2 SYS_TRANSIENT, 3 DESTINATION_INVALID, 4 CANISTER_REJECT, 5 CANISTER_ERROR, 6 SYS_UNKNOWN. */
  readonly rejectCode: number;
  /** The reject message itself. */
  readonly rejectMessage: string;
  /** Such as `IC0503`; `null` where the network does not tell one. */
  readonly errorCode: string | null;
  /** Text of the principal that was called. */
  readonly canister: string;
  readonly method: string;
  /** Who called whom, from the user to where it failed, as far as the trace tells: `["user", "shop.buy", "ledger.transfer"]`. */
  readonly callPath: readonly string[];

  constructor(details: {
    readonly rejectCode: number;
    readonly rejectMessage: string;
    readonly errorCode: ErrorCode | null;
    readonly canister: string;
    readonly method: string;
    readonly callPath: readonly string[];
    /** The call as people know it: `shop.buy`. */
    readonly what: string;
  }) {
    const errorCode = details.errorCode === null ? null : errorCodeText(details.errorCode);
    const codes = [errorCode, `reject code ${details.rejectCode} ${REJECT_NAMES[details.rejectCode] ?? ""}`.trim()].filter(
      (code) => code !== null,
    );
    const path = details.callPath.length > 2 ? `\n  call path: ${details.callPath.join(" → ")}` : "";
    super("call-rejected", `${details.what} was rejected: ${details.rejectMessage}\n  ${codes.join(", ")}${path}`);
    this.rejectCode = details.rejectCode;
    this.rejectMessage = details.rejectMessage;
    this.errorCode = errorCode;
    this.canister = details.canister;
    this.method = details.method;
    this.callPath = details.callPath;
  }
}
