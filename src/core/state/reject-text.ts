/**
 * Long reject texts as callers get them: the first and the last bytes, cut at character boundaries.
 *
 * Source: messaging.md 1.1. Replica: `rs/types/types/src/messages/inter_canister.rs`, `RejectContext::new` (c7c5005).
 */
import { cutUtf8, encodeUtf8 } from "../../base/utf8.ts";

/** Bytes that a calling canister gets at most. Replica: `MAX_REJECT_MESSAGE_LEN_BYTES`. */
const MAX_REJECT_BYTES = 8192;
const REJECT_HEAD_BYTES = 6144;
const REJECT_TAIL_BYTES = 2045;

/** The text of a reject as a calling canister gets it. */
export function ellipsizeReject(text: string): string {
  return ellipsize(text, { maxBytes: MAX_REJECT_BYTES, headBytes: REJECT_HEAD_BYTES, tailBytes: REJECT_TAIL_BYTES });
}

/** Texts longer than `maxBytes` keep their head and tail, with `...` between. */
export function ellipsize(
  text: string,
  keep: { readonly maxBytes: number; readonly headBytes: number; readonly tailBytes: number },
): string {
  if (text.length * 3 <= keep.maxBytes || encodeUtf8(text).length <= keep.maxBytes) return text;
  return `${cutUtf8(text, keep.headBytes)}...${lastBytes(text, keep.tailBytes)}`;
}

/** The longest end of the text, in whole characters, of at most this many bytes. */
function lastBytes(text: string, maxBytes: number): string {
  let start = text.length;
  let bytes = 0;
  while (start > 0) {
    const unit = text.charCodeAt(start - 1);
    const pair = unit >= 0xdc00 && unit <= 0xdfff && start > 1;
    bytes += pair ? 4 : unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
    if (bytes > maxBytes) break;
    start -= pair ? 2 : 1;
  }
  return text.slice(start);
}
