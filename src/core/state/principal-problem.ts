/**
 * What is wrong with a text that is no principal, in the words of the platform's library: what its endpoints answer.
 *
 * Source: the crate `ic_principal`, `Principal::from_text` and `PrincipalError`.
 */
import { base32Decode, getCrc32 } from "@icp-sdk/core/principal";
import { toHex } from "../../base/bytes.ts";
import type { PrincipalId } from "./ids.ts";
import { principalText } from "./principal.ts";

const CHECKSUM_BYTES = 4;
const MAX_BYTES = 29;
/** Digits of five bits that are left over behind groups of eight, where whole bytes end. */
const WHOLE = new Set([0, 2, 4, 5, 7]);

export function principalProblem(text: string): string {
  const digits = text.toLowerCase().replaceAll("-", "");
  if (!/^[a-z2-7]*$/.test(digits) || !WHOLE.has(digits.length % 8)) return "Text must be in valid Base32 encoding.";
  const bytes = base32Decode(digits);
  if (bytes.length < CHECKSUM_BYTES) return "Text is too short.";
  const own = bytes.subarray(CHECKSUM_BYTES);
  if (own.length > MAX_BYTES) return "Text is too long.";
  if (new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) !== getCrc32(own)) {
    return "CRC32 check sequence doesn't match with calculated from Principal bytes.";
  }
  return `Text should be separated by - (dash) every 5 characters: expected "${principalText(toHex(own) as PrincipalId)}"`;
}
