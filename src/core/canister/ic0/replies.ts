/**
 * Answering: a reply gathered piece by piece, or a reject. Once per call context.
 *
 * Source: interface spec, "Responding". Limits: messaging.md 1.1.
 */
import { decodeUtf8 } from "../../../base/utf8.ts";
import { toolchainViolation, userViolation } from "../errors.ts";
import type { RunContext } from "../run-context.ts";
import { api, type Imports } from "./api.ts";

const APPEND = api("msg_reply_data_append");
const REPLY = api("msg_reply");
const REJECT = api("msg_reject");

export function replyImports(run: RunContext): Imports {
  return {
    msg_reply_data_append: (src, size) => {
      src >>>= 0;
      size >>>= 0;
      run.checkHeap(APPEND);
      if (run.answered) run.fail(toolchainViolation("ic0.msg_reply_data_append: the call is already replied."));
      const total = run.reply.length + size;
      if (total > run.limits.replyBytes) {
        run.fail(
          userViolation(
            `ic0.msg_reply_data_append: application payload size (${total}) cannot be larger than ${run.limits.replyBytes}.`,
            "Consider checking the response size and returning an error if it is too long.",
            "msg_reply_data_append-payload-too-large",
          ),
        );
      }
      run.checkRange("msg.reply", src, size);
      run.reply.append(run.heapView(src, size));
    },

    msg_reply: () => {
      run.check(REPLY);
      if (run.answered) run.fail(toolchainViolation("ic0.msg_reply: the call is already replied"));
      run.answered = true;
      run.result = { kind: "reply", data: run.reply.take() };
    },

    msg_reject: (src, size) => {
      src >>>= 0;
      size >>>= 0;
      run.checkHeap(REJECT);
      if (run.answered) run.fail(toolchainViolation("ic0.msg_reject: the call is already replied"));
      if (size > run.limits.replyBytes) {
        run.fail(
          userViolation(
            `ic0.msg_reject: application payload size (${size}) cannot be larger than ${run.limits.replyBytes}.`,
            "Try truncating the error messages that are too long.",
            "msg_reject-payload-too-large",
          ),
        );
      }
      run.checkRange("ic0.msg_reject", src, size);
      const message = decodeUtf8(run.heapView(src, size));
      if (message === null) run.fail(toolchainViolation("ic0.msg_reject: invalid UTF-8 string provided"));
      run.answered = true;
      run.result = { kind: "reject", message };
    },
  };
}
