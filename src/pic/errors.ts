/**
 * Errors in the words of `@dfinity/pic`, which suites match.
 */
import { OperationFailed, rejectResponse } from "../api/pocketic/failure.ts";

/** An operation that the instance does not do. */
export class ServerError extends Error {
  override name = "ServerError";
  /** As PocketIC's server says it. */
  readonly serverMessage: string;

  constructor(serverMessage: string) {
    super(`PocketIC server error: ${serverMessage}`);
    this.serverMessage = serverMessage;
  }
}

/** What fails in the server's words fails in the client's here. */
export function asClient<T>(operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    if (error instanceof OperationFailed) throw new ServerError(error.message);
    throw error;
  }
}

export function callFailed(
  reject: { readonly code: number; readonly message: string; readonly errorCode: number },
  certified: boolean,
): Error {
  const { reject_message: message, reject_code: code, error_code: errorCode } = rejectResponse(reject, certified);
  return new Error(`Canister call failed: ${message}. Reject code: ${code}. Error code: ${errorCode}. Certified: ${certified}`);
}
