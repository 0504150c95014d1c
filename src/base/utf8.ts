/**
 * UTF-8. The encoder and decoder of the host are part of the Encoding standard, the same in every engine.
 */
interface Encoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
interface Decoder {
  decode(bytes: Uint8Array): string;
}
// Known in every host; declared here because the core has no host's types.
declare const TextEncoder: new () => Encoder;
declare const TextDecoder: new (label: "utf-8", options: { fatal: boolean; ignoreBOM: boolean }) => Decoder;

const encoder = new TextEncoder();
// "ignoreBOM" means: leave the byte-order mark in the text, it is a character like others.
const lossyDecoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Up to this length a loop over ASCII is faster than a call of the host. */
const SHORT = 24;

/** A lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** What is no UTF-8 becomes U+FFFD, one for each maximal wrong part, as Rust's `from_utf8_lossy` does it. */
export function decodeUtf8Lossy(bytes: Uint8Array): string {
  return shortAscii(bytes) ?? lossyDecoder.decode(bytes);
}

/** `null` when the bytes are no UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  const ascii = shortAscii(bytes);
  if (ascii !== null) return ascii;
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return null; // the only thing a fatal decoder throws for
  }
}

function shortAscii(bytes: Uint8Array): string | null {
  if (bytes.length > SHORT) return null;
  let text = "";
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte >= 0x80) return null;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Length of the encoding, in bytes. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length;) {
    const size = bytesAt(text, i);
    bytes += size;
    i += size === 4 ? 2 : 1;
  }
  return bytes;
}

/** The longest beginning of the text, in whole characters, whose encoding has at most this many bytes. */
export function cutUtf8(text: string, maxBytes: number): string {
  let bytes = 0;
  let end = 0;
  while (end < text.length) {
    const size = bytesAt(text, end);
    bytes += size;
    if (bytes > maxBytes) break;
    end += size === 4 ? 2 : 1;
  }
  return text.slice(0, end);
}

/** Bytes of the character that starts here: 4 for a surrogate pair, 3 for a lone surrogate (U+FFFD). */
function bytesAt(text: string, index: number): number {
  const code = text.charCodeAt(index);
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  const isPair = (code & 0xfc00) === 0xd800 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00;
  return isPair ? 4 : 3;
}
