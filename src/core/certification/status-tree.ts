/**
 * What is certified of a user's call: `/request_status/<request id>`.
 *
 * Source: interface spec, index#state-tree-request-status; http-interface.md 3.
 */
import { unreachable } from "../../base/assert.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import { encodeLeb128 } from "../../codec/leb128.ts";
import type { IngressEntry } from "../ingress/history.ts";
import { errorCodeText } from "../state/rejects.ts";
import { leaf, type HashTree, type Leaf } from "./hash-tree.ts";
import { labelMap } from "./label-map.ts";

// What all calls have in common is there once: there may be very many.
const LABELS = {
  status: encodeUtf8("status"),
  reply: encodeUtf8("reply"),
  code: encodeUtf8("reject_code"),
  message: encodeUtf8("reject_message"),
  error: encodeUtf8("error_code"),
};
const KINDS: Readonly<Record<IngressEntry["status"]["kind"], Leaf>> = {
  received: leaf(encodeUtf8("received")),
  processing: leaf(encodeUtf8("processing")),
  replied: leaf(encodeUtf8("replied")),
  rejected: leaf(encodeUtf8("rejected")),
  done: leaf(encodeUtf8("done")),
};

export function statusTree({ status }: IngressEntry): HashTree {
  const kind = [LABELS.status, KINDS[status.kind]] as const;
  switch (status.kind) {
    case "received":
    case "processing":
    case "done":
      return labelMap([kind]);
    case "replied":
      return labelMap([kind, [LABELS.reply, leaf(status.data)]]);
    case "rejected":
      return labelMap([
        kind,
        [LABELS.code, leaf(encodeLeb128(status.code))],
        [LABELS.message, leaf(encodeUtf8(status.message))],
        [LABELS.error, leaf(encodeUtf8(errorCodeText(status.errorCode)))],
      ]);
    default:
      return unreachable(status);
  }
}
