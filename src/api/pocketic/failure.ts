/**
 * How operations on an instance fail: errors in the form in which the real server prints them, and rejects by their names.
 *
 * Source: pocketic-server.md 2.2, 2.4. Replica: `PocketIcError` in `rs/pocket_ic_server/src/state_api/state.rs`, `RejectResponse` in
 * `packages/pocket-ic/src/lib.rs` (c7c5005).
 */
import type { CanisterId, PrincipalId } from "../../core/state/ids.ts";
import { principalText } from "../../core/state/principal.ts";
import { ErrorCode, RejectCode, rejectCodeOf, type UserError } from "../../core/state/rejects.ts";

/** An operation that the instance does not do: status 400, or 403, and `{"message"}`. */
export class OperationFailed extends Error {
  override name = "OperationFailed";
  readonly status: 400 | 403;

  constructor(message: string, status: 400 | 403 = 400) {
    super(message);
    this.status = status;
  }
}

/** A Rust enum's variant with one value, printed for debugging. */
export function failed(variant: string, printed: string): OperationFailed {
  return new OperationFailed(`${variant}(${printed})`);
}

export function badIngress(why: string): OperationFailed {
  return failed("BadIngressMessage", JSON.stringify(why));
}

export function conversionError(why: string): OperationFailed {
  return new OperationFailed(`ConversionError { message: ${JSON.stringify(why)} }`);
}

export function canisterNotFound(id: CanisterId): OperationFailed {
  return failed("CanisterNotFound", `CanisterId(${principalText(id)})`);
}

export function canisterIsEmpty(id: CanisterId): OperationFailed {
  return failed("CanisterIsEmpty", `CanisterId(${principalText(id)})`);
}

export function subnetNotFound(id: PrincipalId): OperationFailed {
  return failed("SubnetNotFound", principalText(id));
}

export interface RejectResponse {
  readonly reject_code: string;
  readonly reject_message: string;
  readonly error_code: string;
  /** Whether it is an outcome of the replicated state, and not of one replica. */
  readonly certified: boolean;
}

const REJECT_NAMES: ReadonlyMap<number, string> = new Map([
  [RejectCode.SYS_FATAL, "SysFatal"],
  [RejectCode.SYS_TRANSIENT, "SysTransient"],
  [RejectCode.DESTINATION_INVALID, "DestinationInvalid"],
  [RejectCode.CANISTER_REJECT, "CanisterReject"],
  [RejectCode.CANISTER_ERROR, "CanisterError"],
  [RejectCode.SYS_UNKNOWN, "SysUnknown"],
]);
/** Error codes have the names of the client's enum. */
const ERROR_NAMES: ReadonlyMap<number, string> = new Map(Object.entries(ErrorCode).map(([name, code]) => [code, name]));

export function isRejectCode(code: bigint): boolean {
  return REJECT_NAMES.has(Number(code));
}

export function rejectResponse(reject: { code: number; message: string; errorCode: number }, certified: boolean): RejectResponse {
  return {
    reject_code: REJECT_NAMES.get(reject.code)!,
    reject_message: reject.message,
    error_code: ERROR_NAMES.get(reject.errorCode)!,
    certified,
  };
}

export function errorResponse({ code, description }: UserError, certified: boolean): RejectResponse {
  return rejectResponse({ code: rejectCodeOf(code), message: description, errorCode: code }, certified);
}
