/**
 * A gzip member's frame, and how the deflate stream in it is read: by zlib in Node, by ours in a tab. Whatever is wrong with a
 * deflate stream is told in one text, since a canister's installer reads it and hosts notice different things first.
 *
 * The first member alone: what follows it (padding, a second member) is left unread, as the replica's decoder does.
 *
 * Source: RFC 1952, 2.3.
 */
import type { Inflated } from "../codec/inflate.ts";

export interface Inflater {
  /** Throws on a stream that is no deflate stream, that is cut off, or that gives more than `limitBytes`. */
  inflate(body: Uint8Array, limitBytes: number): Inflated;
  crc32(bytes: Uint8Array): number;
}

const FOOTER_BYTES = 8;

/** Throws on malformed input, or when the result would exceed `limitBytes`. */
export function gunzipWith({ inflate, crc32 }: Inflater): (bytes: Uint8Array, limitBytes: number) => Uint8Array {
  return (bytes, limitBytes) => {
    if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8) throw new Error("not a gzip stream");
    const body = bytes.subarray(headerBytes(bytes));
    let inflated: Inflated;
    try {
      inflated = inflate(body, limitBytes);
    } catch (cause) {
      throw new Error("corrupt gzip stream", { cause });
    }
    const { bytes: content, streamBytes } = inflated;
    if (streamBytes + FOOTER_BYTES > body.length) throw new Error("corrupt gzip stream");
    const footer = new DataView(body.buffer, body.byteOffset + streamBytes, FOOTER_BYTES);
    const [value, expected] = [crc32(content), footer.getUint32(0, true)];
    if (value !== expected) throw new Error(`CRC32 mismatched: value=${value}, expected=${expected}`); // the replica's decoder's text
    return content;
  };
}

function headerBytes(bytes: Uint8Array): number {
  const flags = bytes[3]!;
  let at = 10;
  if (bytes.length < at) throw new Error("gzip header is cut off");
  if (flags & 0xe0) throw new Error("gzip header has unknown flags");
  if (flags & 0x04) at += 2 + bytes[at]! + 256 * bytes[at + 1]!;
  for (const flag of [0x08, 0x10]) {
    if ((flags & flag) === 0) continue;
    const zero = bytes.indexOf(0, at);
    if (zero < 0) throw new Error("gzip header is cut off");
    at = zero + 1;
  }
  if (flags & 0x02) at += 2;
  if (!(at <= bytes.length - FOOTER_BYTES)) throw new Error("gzip header is cut off");
  return at;
}
