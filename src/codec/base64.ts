/**
 * Base64 as bytes, in both alphabets. Source: RFC 4648, 4 and 5.
 */
import { encodeUtf8 } from "../base/utf8.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const LETTERS = Uint8Array.from(ALPHABET, (letter) => letter.charCodeAt(0));
const NO_LETTER = 0x80;
const VALUES = new Uint8Array(256).fill(NO_LETTER);
for (const [value, letter] of LETTERS.entries()) VALUES[letter] = value;
const PADDING = 0x3d;
/** Most arguments of one call. */
const CHUNK = 8192;

/** With padding. */
export function toBase64(bytes: Uint8Array): string {
  const codes = new Uint8Array(Math.ceil(bytes.length / 3) * 4).fill(PADDING);
  for (let at = 0, to = 0; at < bytes.length; at += 3, to += 4) {
    const group = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const letters = Math.min(bytes.length - at, 3) + 1;
    for (let i = 0; i < letters; i++) codes[to + i] = LETTERS[(group >> (18 - 6 * i)) & 63]!;
  }
  let text = "";
  for (let at = 0; at < codes.length; at += CHUNK) text += String.fromCharCode(...codes.subarray(at, at + CHUNK));
  return text;
}

/** Padding may be left out; `null` when it is no base64. */
export function fromBase64(text: string): Uint8Array | null {
  const letters = encodeUtf8(text);
  let { length } = letters;
  for (let padding = 0; padding < 2 && letters[length - 1] === PADDING; padding++) length--;
  if (length % 4 === 1) return null;
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let wrong = 0;
  let at = 0;
  let to = 0;
  // Modules come this way: four letters at a time take half as long as one by one.
  for (const end = length - (length % 4); at < end; at += 4, to += 3) {
    const a = VALUES[letters[at]!]!;
    const b = VALUES[letters[at + 1]!]!;
    const c = VALUES[letters[at + 2]!]!;
    const d = VALUES[letters[at + 3]!]!;
    wrong |= a | b | c | d;
    const group = (a << 18) | (b << 12) | (c << 6) | d;
    bytes[to] = group >> 16;
    bytes[to + 1] = group >> 8;
    bytes[to + 2] = group;
  }
  for (let buffered = 0, bits = 0; at < length; at++) {
    const value = VALUES[letters[at]!]!;
    wrong |= value;
    buffered = (buffered << 6) | value;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[to++] = buffered >> bits;
  }
  return (wrong & NO_LETTER) === 0 ? bytes : null;
}

/** In the alphabet of URLs, without padding, and one text for the same bytes: what it is none of is `null`. */
export function fromBase64Url(text: string): Uint8Array | null {
  const bytes = fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
  return bytes !== null && toBase64Url(bytes) === text ? bytes : null;
}

function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
