/**
 * Byte strings: hex, comparison, and the little-endian integers that Wasm memories and Candid hold.
 */

const HEX_OF_BYTE: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Value of the hex digit with this character code; 255 where it is none. Upper case is read too. */
const DIGIT_OF_CODE = new Uint8Array(128).fill(255);
for (const [i, digit] of [..."0123456789abcdef"].entries()) {
  DIGIT_OF_CODE[digit.charCodeAt(0)] = i;
  DIGIT_OF_CODE[digit.toUpperCase().charCodeAt(0)] = i;
}

export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += HEX_OF_BYTE[bytes[i]!]!;
  return text;
}

/** The bytes of a hex text of either case. Throws a `RangeError` that says what is wrong with the text. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0) throw new RangeError(`hex text has an odd number of digits (${text.length})`);
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (hexDigit(text, 2 * i) << 4) | hexDigit(text, 2 * i + 1);
  return bytes;
}

function hexDigit(text: string, index: number): number {
  const digit = DIGIT_OF_CODE[text.charCodeAt(index)] ?? 255;
  if (digit === 255) throw new RangeError(`not a hex digit at position ${index}: ${JSON.stringify(text[index])}`);
  return digit;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lexicographic order by unsigned bytes, a prefix first: negative, 0 or positive. The order of the bytes' hex texts. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** A u64 from its two words, in whatever sign an i32 of Wasm brings them. */
export function u64OfWords(lo: number, hi: number): bigint {
  return hi === 0 ? BigInt(lo >>> 0) : (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

/** Big-endian, 8 bytes: how canister ids and block heights are written. */
export function u64BigEndian(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

/** Big-endian number of any length; 0 for no bytes. */
export function bigintOfBytes(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
}
