/**
 * Reading a Wasm binary. Nothing here trusts a length: every read is checked against the end it was given, and a count is
 * checked against the bytes that remain before anything is made of it.
 */

/** The module is malformed or ill-typed. Caught in `prepare.ts`, where it becomes a refusal; never seen outside `core/wasm`. */
export class Malformed extends Error {
  override name = "Malformed";
}

/** Throws `Malformed` with the offset, as the platform's validator words it. */
export function malformed(reason: string, offset: number): never {
  throw new Malformed(`${reason} (at offset 0x${offset.toString(16)})`);
}

export class ByteReader {
  readonly bytes: Uint8Array;
  position: number;
  readonly end: number;

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  get atEnd(): boolean {
    return this.position >= this.end;
  }

  fail(reason: string): never {
    malformed(reason, this.position);
  }

  byte(): number {
    if (this.position >= this.end) this.fail("unexpected end-of-file");
    return this.bytes[this.position++]!;
  }

  /** An unsigned LEB128 of at most 32 bits. */
  u32(): number {
    let result = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      if (shift === 28 && byte > 0x0f) {
        this.position--;
        this.fail(byte & 0x80 ? "invalid var_u32: integer representation too long" : "invalid var_u32: integer too large");
      }
      result |= (byte & 0x7f) << shift;
      if (byte < 0x80) return result >>> 0;
    }
  }

  /** An unsigned LEB128 of at most 64 bits. */
  u64(): bigint {
    let result = 0n;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      if (shift === 63 && byte > 1) {
        this.position--;
        this.fail(byte & 0x80 ? "invalid var_u64: integer representation too long" : "invalid var_u64: integer too large");
      }
      result |= BigInt(byte & 0x7f) << BigInt(shift);
      if (byte < 0x80) return result;
    }
  }

  /** A signed LEB128 of at most 32 bits. */
  s32(): number {
    let result = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      if (shift === 28) {
        // Four payload bits are left; the three above them must repeat the sign, and no byte may follow.
        if (byte & 0x80) this.fail("invalid var_i32: integer representation too long");
        const top = byte & 0x78;
        if (top !== 0 && top !== 0x78) this.fail("invalid var_i32: integer too large");
      }
      result |= (byte & 0x7f) << shift;
      if (byte < 0x80) return shift < 28 && byte & 0x40 ? result | (-1 << (shift + 7)) : result;
    }
  }

  /** A signed LEB128 of at most 64 bits. */
  s64(): bigint {
    let result = 0n;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      if (shift === 63 && byte !== 0 && byte !== 0x7f) {
        this.position--;
        this.fail(byte & 0x80 ? "invalid var_i64: integer representation too long" : "invalid var_i64: integer too large");
      }
      result |= BigInt(byte & 0x7f) << BigInt(shift);
      if (byte < 0x80) return BigInt.asIntN(64, byte & 0x40 ? result | (-1n << BigInt(shift + 7)) : result);
    }
  }

  /** A view of the next `length` bytes, not a copy. */
  take(length: number): Uint8Array {
    if (length > this.end - this.position) this.fail("unexpected end-of-file");
    this.position += length;
    return this.bytes.subarray(this.position - length, this.position);
  }

  skip(length: number): void {
    if (length > this.end - this.position) this.fail("unexpected end-of-file");
    this.position += length;
  }

  /** The number of items in a vector; each takes at least one byte, so a larger count is refused at once. */
  count(limit: number, what: string): number {
    const count = this.u32();
    if (count > limit) this.fail(`${what} count exceeds limit of ${limit}`);
    if (count > this.end - this.position) this.fail("unexpected end-of-file");
    return count;
  }

  /** A length-prefixed UTF-8 string. */
  name(): string {
    const length = this.u32();
    if (length > 100_000) this.fail("string size out of bounds");
    const start = this.position;
    const text = utf8(this.take(length));
    if (text === null) malformed("malformed UTF-8 encoding", start);
    return text;
  }
}

/** Strict UTF-8, or `null`. The core has no TextDecoder. */
export function utf8(bytes: Uint8Array): string | null {
  let text = "";
  for (let i = 0; i < bytes.length;) {
    const first = bytes[i++]!;
    if (first < 0x80) {
      text += String.fromCharCode(first);
      continue;
    }
    const length = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4 || i + length > bytes.length) return null;
    let point = first & (0x3f >> length);
    for (let k = 0; k < length; k++) {
      const next = bytes[i++]!;
      if ((next & 0xc0) !== 0x80) return null;
      point = (point << 6) | (next & 0x3f);
    }
    const shortest = length === 3 ? 0x10000 : length === 2 ? 0x800 : 0x80;
    if (point < shortest || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return null;
    text += String.fromCodePoint(point);
  }
  return text;
}
