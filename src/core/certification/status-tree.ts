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
import { leaf, type HashTree } from "./hash-tree.ts";
import { labelMap } from "./label-map.ts";

export function statusTree({ status }: IngressEntry): HashTree {
  const kind = ["status", leaf(encodeUtf8(status.kind))] as const;
  switch (status.kind) {
    case "received":
    case "processing":
    case "done":
      return labelMap([kind]);
    case "replied":
      return labelMap([kind, ["reply", leaf(status.data)]]);
    case "rejected":
      return labelMap([
        kind,
        ["reject_code", leaf(encodeLeb128(status.code))],
        ["reject_message", leaf(encodeUtf8(status.message))],
        ["error_code", leaf(encodeUtf8(errorCodeText(status.errorCode)))],
      ]);
    default:
      return unreachable(status);
  }
}
