/**
 * Base64 as bytes, in both alphabets. Source: RFC 4648, 4 and 5.
 */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES: ReadonlyMap<string, number> = new Map([...ALPHABET].map((letter, value) => [letter, value]));

/** With padding. */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const group = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const letters = Math.min(bytes.length - at, 3) + 1;
    for (let i = 0; i < 4; i++) text += i < letters ? ALPHABET[(group >> (18 - 6 * i)) & 63]! : "=";
  }
  return text;
}

/** Padding may be left out; `null` when it is no base64. */
export function fromBase64(text: string): Uint8Array | null {
  const letters = text.replace(/={1,2}$/, "");
  if (letters.length % 4 === 1) return null;
  const bytes = new Uint8Array(Math.floor((letters.length * 3) / 4));
  let bits = 0;
  let buffered = 0;
  let at = 0;
  for (const letter of letters) {
    const value = VALUES.get(letter);
    if (value === undefined) return null;
    buffered = ((buffered << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (buffered >> bits) & 0xff;
  }
  return bytes;
}

/** The alphabet of URLs. */
export function fromBase64Url(text: string): Uint8Array | null {
  return fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
}
