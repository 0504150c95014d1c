/**
 * LEB128, shortest form: seven bits a byte, the lowest first, the top bit set on all bytes but the last.
 *
 * Source: interface spec, "Representation-independent hash" and "Time" (certified state), which use the shortest form.
 */

/** Of a natural number. Throws a `RangeError` for others. */
export function encodeLeb128(value: number | bigint): Uint8Array {
  if (value < 0 || (typeof value === "number" && !Number.isSafeInteger(value))) throw new RangeError(`${value} is not a natural number`);
  const bytes: number[] = [];
  let rest = value;
  // Number arithmetic as soon as it is exact: a timestamp needs two steps on bigint, a size none.
  for (; typeof rest === "bigint"; rest >>= 7n) {
    if (rest <= Number.MAX_SAFE_INTEGER) {
      rest = Number(rest);
      break;
    }
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
  let small = Number(rest);
  for (; small >= 0x80; small = Math.floor(small / 0x80)) bytes.push((small % 0x80) | 0x80);
  bytes.push(small);
  return Uint8Array.from(bytes);
}

/** Of an integer, as two's complement. Throws a `RangeError` for others. */
export function encodeSignedLeb128(value: number | bigint): Uint8Array {
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw new RangeError(`${value} is not an integer`);
  const bytes: number[] = [];
  let rest = BigInt(value);
  // The last byte's second highest bit is the sign.
  for (; rest < -0x40n || rest > 0x3fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest & 0x7fn));
  return Uint8Array.from(bytes);
}

export interface Decoded {
  readonly value: bigint;
  /** Index of the byte after the number. */
  readonly end: number;
}

/** Longer forms than the shortest are read too. Throws a `RangeError` where the bytes end before the number does. */
export function decodeLeb128(bytes: Uint8Array, start = 0): Decoded {
  let value = 0n;
  for (let i = start; i < bytes.length; i++) {
    value |= BigInt(bytes[i]! & 0x7f) << BigInt(7 * (i - start));
    if (bytes[i]! < 0x80) return { value, end: i + 1 };
  }
  throw new RangeError("a LEB128 number goes on behind the end of the bytes");
}

/** Longer forms than the shortest are read too. Throws a `RangeError` where the bytes end before the number does. */
export function decodeSignedLeb128(bytes: Uint8Array, start = 0): Decoded {
  const { value, end } = decodeLeb128(bytes, start);
  return { value: BigInt.asIntN(7 * (end - start), value), end };
}
