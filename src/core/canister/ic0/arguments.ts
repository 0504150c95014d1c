/**
 * What a message brings: argument, caller, method name, deadline, and the reject that a callback was called for.
 *
 * Source: interface spec, "Entry points" and "Canister interface" (System API); system-api.md 3 and 4.
 */
import { NO_BYTES } from "../../../base/bytes.ts";
import { encodeUtf8 } from "../../../base/utf8.ts";
import type { PrincipalId } from "../../state/ids.ts";
import { principalBytes } from "../../state/principal.ts";
import { toolchainViolation } from "../errors.ts";
import type { RunContext } from "../run-context.ts";
import { api, type Imports } from "./api.ts";

const ARG_SIZE = api("msg_arg_data_size");
const ARG_COPY = api("msg_arg_data_copy", "payload");
const CALLER_SIZE = api("msg_caller_size");
const CALLER_COPY = api("msg_caller_copy", "id");
const INFO_SIZE = api("msg_caller_info_data_size");
const INFO_COPY = api("msg_caller_info_data_copy", "info");
const SIGNER_SIZE = api("msg_caller_info_signer_size");
const SIGNER_COPY = api("msg_caller_info_signer_copy", "signer");
const NAME_SIZE = api("msg_method_name_size");
const NAME_COPY = api("msg_method_name_copy", "payload");
const ACCEPT = api("accept_message");
const REJECT_CODE = api("msg_reject_code");
const REJECT_SIZE = api("msg_reject_msg_size");
const REJECT_COPY = api("msg_reject_msg_copy", "msg");
const DEADLINE = api("msg_deadline");

export function argumentImports(run: RunContext): Imports {
  const caller = cachedPrincipalBytes();
  return {
    msg_arg_data_size: () => {
      run.check(ARG_SIZE);
      return run.arg.length;
    },
    msg_arg_data_copy: (dst, offset, size) => {
      run.checkHeap(ARG_COPY);
      run.copyToHeap(ARG_COPY, run.arg, dst, offset, size);
    },

    msg_caller_size: () => {
      run.check(CALLER_SIZE);
      return run.view.caller.length / 2;
    },
    msg_caller_copy: (dst, offset, size) => {
      run.checkHeap(CALLER_COPY);
      run.copyToHeap(CALLER_COPY, caller(run.view.caller), dst, offset, size);
    },
    msg_caller_info_data_size: () => {
      run.check(INFO_SIZE);
      return run.view.callerInfoData.length;
    },
    msg_caller_info_data_copy: (dst, offset, size) => {
      run.checkHeap(INFO_COPY);
      run.copyToHeap(INFO_COPY, run.view.callerInfoData, dst, offset, size);
    },
    msg_caller_info_signer_size: () => {
      run.check(SIGNER_SIZE);
      return run.view.callerInfoSigner.length;
    },
    msg_caller_info_signer_copy: (dst, offset, size) => {
      run.checkHeap(SIGNER_COPY);
      run.copyToHeap(SIGNER_COPY, run.view.callerInfoSigner, dst, offset, size);
    },

    msg_method_name_size: () => {
      run.check(NAME_SIZE);
      return textOf(run).length;
    },
    msg_method_name_copy: (dst, offset, size) => {
      run.checkHeap(NAME_COPY);
      run.copyToHeap(NAME_COPY, textOf(run), dst, offset, size);
    },
    accept_message: () => {
      run.check(ACCEPT);
      if (run.accepted) run.fail(toolchainViolation("ic0.accept_message: the function was already called."));
      run.accepted = true;
    },

    msg_reject_code: () => {
      run.check(REJECT_CODE);
      return "code" in run.entry ? run.entry.code : 0;
    },
    msg_reject_msg_size: () => {
      run.check(REJECT_SIZE);
      return textOf(run).length;
    },
    msg_reject_msg_copy: (dst, offset, size) => {
      run.checkHeap(REJECT_COPY);
      run.copyToHeap(REJECT_COPY, textOf(run), dst, offset, size);
    },

    msg_deadline: () => {
      run.check(DEADLINE);
      return run.returnU64(run.view.deadlineNanos);
    },
  };
}

/** Bytes of a principal, made once for callers that ask for the size first and for the bytes then. */
export function cachedPrincipalBytes(): (id: PrincipalId) => Uint8Array {
  let id: PrincipalId | null = null;
  let bytes = NO_BYTES;
  return (wanted) => {
    if (wanted !== id) {
      bytes = principalBytes(wanted);
      id = wanted;
    }
    return bytes;
  };
}

/** The text an entry point brings, encoded: the reject message of a callback, the method name for `inspect_message`. */
function textOf(run: RunContext): Uint8Array {
  const { entry } = run;
  return (run.encodedText ??=
    entry.kind === "rejectCallback" ? encodeUtf8(entry.message) : entry.kind === "inspectMessage" ? encodeUtf8(entry.method) : NO_BYTES);
}
