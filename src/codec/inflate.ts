/**
 * Reads a deflate stream, where the host has no synchronous way of its own to do it: a tab. As strict as zlib, which reads the same streams in Node: a
 * module that one host takes must not be refused by the other.
 *
 * Source: RFC 1951.
 * Ours: by hand, because the well-kept libraries neither say where a stream ends nor refuse what zlib refuses (fflate does not compare a stored block's
 * two lengths). `src/host/gzip.test.ts` compares with zlib.
 */

export interface Inflated {
  readonly bytes: Uint8Array;
  /** Length of the stream: what follows it was not read. */
  readonly streamBytes: number;
}

const MAX_CODE_BITS = 15;
const END_OF_BLOCK = 256;
const FIRST_LENGTH = 257;
/** Symbols that a dynamic block may describe: those of lengths behind literals and the end, and those of distances. */
const MAX_SYMBOLS = 286;
const MAX_DISTANCES = 30;
/** The order in which a dynamic block tells the lengths of the code that its lengths are written in. */
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Smallest value of each symbol and the number of bits that are added to it. */
interface Ranges {
  readonly base: Uint16Array;
  readonly extraBits: Uint8Array;
}

/** `group` symbols share a number of extra bits, the first two groups have none. */
function ranges(first: number, group: number, symbols: number): Ranges {
  const base = new Uint16Array(symbols);
  const extraBits = new Uint8Array(symbols);
  for (let symbol = 0, value = first; symbol < symbols; symbol++) {
    extraBits[symbol] = Math.max(0, Math.floor(symbol / group) - 1);
    base[symbol] = value;
    value += 1 << extraBits[symbol]!;
  }
  return { base, extraBits };
}

const LENGTHS = ranges(3, 4, 29);
// The last symbol has the greatest length to itself, and the one before it ends a step earlier.
LENGTHS.base[28] = 258;
LENGTHS.extraBits[28] = 0;
const DISTANCES = ranges(1, 2, MAX_DISTANCES);

/** By the next bits of the stream: `symbol << 4 | bits of its code`, 0 where no symbol has such a code. */
interface Code {
  readonly table: Uint16Array;
  readonly maxBits: number;
}

/** A canonical Huffman code from the lengths of its symbols' codes; 0: the symbol does not occur. `null` for a set of lengths that is none. */
function codeOf(lengths: Uint8Array, mayBeSingle: boolean): Code | null {
  const counts = new Uint16Array(MAX_CODE_BITS + 1);
  for (const length of lengths) counts[length]!++;
  let maxBits = MAX_CODE_BITS;
  while (maxBits > 1 && counts[maxBits] === 0) maxBits--;
  const next = new Uint16Array(MAX_CODE_BITS + 1);
  let free = 1;
  for (let bits = 1, code = 0; bits <= maxBits; bits++) {
    next[bits] = code;
    free = 2 * free - counts[bits]!;
    if (free < 0) return null;
    code = (code + counts[bits]!) << 1;
  }
  // An incomplete code is zlib's only when it has one symbol of one bit, or none.
  if (free > 0 && !(mayBeSingle && maxBits === 1)) return null;
  const table = new Uint16Array(1 << maxBits);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const bits = lengths[symbol]!;
    if (bits === 0) continue;
    const code = reversed(next[bits]!++, bits);
    for (let at = code; at < table.length; at += 1 << bits) table[at] = (symbol << 4) | bits;
  }
  return { table, maxBits };
}

/** Codes stand in the stream with their first bit lowest. */
function reversed(code: number, bits: number): number {
  let result = 0;
  for (let bit = 0; bit < bits; bit++) result |= ((code >>> bit) & 1) << (bits - 1 - bit);
  return result;
}

const FIXED_SYMBOLS = codeOf(
  Uint8Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
  false,
)!;
const FIXED_DISTANCES = codeOf(new Uint8Array(32).fill(5), false)!;

/** Throws on a stream that is none, that is cut off, or that gives more than `limitBytes`. */
export function inflate(stream: Uint8Array, limitBytes: number): Inflated {
  const reader = new Reader(stream);
  const output = new Output(limitBytes);
  for (let isLast = false; !isLast;) {
    isLast = reader.bits(1) === 1;
    const type = reader.bits(2);
    if (type === 0) output.append(reader.stored());
    else if (type === 1) block(reader, output, FIXED_SYMBOLS, FIXED_DISTANCES);
    else if (type === 2) block(reader, output, ...codes(reader));
    else fail("unknown kind of block");
  }
  return { bytes: output.whole(), streamBytes: reader.position };
}

function fail(what: string): never {
  throw new Error(`deflate stream: ${what}`);
}

/** The codes that a dynamic block begins with: of literals and lengths, and of distances. */
function codes(reader: Reader): [Code, Code] {
  const symbols = reader.bits(5) + FIRST_LENGTH;
  const distances = reader.bits(5) + 1;
  const described = reader.bits(4) + 4;
  if (symbols > MAX_SYMBOLS || distances > MAX_DISTANCES) fail("too many symbols");
  const lengthLengths = new Uint8Array(LENGTH_ORDER.length);
  for (let i = 0; i < described; i++) lengthLengths[LENGTH_ORDER[i]!] = reader.bits(3);
  const lengthCode = codeOf(lengthLengths, false) ?? fail("wrong code of lengths");
  const lengths = new Uint8Array(symbols + distances);
  for (let at = 0; at < lengths.length;) {
    const symbol = reader.symbol(lengthCode);
    if (symbol < 16) {
      lengths[at++] = symbol;
      continue;
    }
    if (symbol === 16 && at === 0) fail("nothing to repeat");
    const value = symbol === 16 ? lengths[at - 1]! : 0;
    const times = symbol === 16 ? 3 + reader.bits(2) : symbol === 17 ? 3 + reader.bits(3) : 11 + reader.bits(7);
    if (at + times > lengths.length) fail("too many lengths");
    lengths.fill(value, at, (at += times));
  }
  if (lengths[END_OF_BLOCK] === 0) fail("a block without end");
  const symbolCode = codeOf(lengths.subarray(0, symbols), true);
  const distanceCode = codeOf(lengths.subarray(symbols), true);
  if (symbolCode === null || distanceCode === null) fail("wrong code");
  return [symbolCode, distanceCode];
}

function block(reader: Reader, output: Output, symbols: Code, distances: Code): void {
  for (;;) {
    const symbol = reader.symbol(symbols);
    if (symbol < END_OF_BLOCK) output.literal(symbol);
    else if (symbol === END_OF_BLOCK) return;
    else {
      const length = reader.value(LENGTHS, symbol - FIRST_LENGTH);
      output.repeat(reader.value(DISTANCES, reader.symbol(distances)), length);
    }
  }
}

class Reader {
  private readonly stream: Uint8Array;
  private at = 0;
  /** Bits read ahead, the next one lowest: fewer than 24. */
  private held = 0;
  private heldCount = 0;

  constructor(stream: Uint8Array) {
    this.stream = stream;
  }

  /** Of the byte behind the last bit that was used. */
  get position(): number {
    return this.at - (this.heldCount >>> 3);
  }

  /** Tries to hold this many bits, up to 16; at the end of the stream there are fewer. */
  private fill(count: number): void {
    while (this.heldCount < count && this.at < this.stream.length) {
      this.held |= this.stream[this.at++]! << this.heldCount;
      this.heldCount += 8;
    }
  }

  private drop(count: number): void {
    if (count > this.heldCount) fail("cut off");
    this.held >>>= count;
    this.heldCount -= count;
  }

  bits(count: number): number {
    this.fill(count);
    const value = this.held & ((1 << count) - 1);
    this.drop(count);
    return value;
  }

  symbol({ table, maxBits }: Code): number {
    this.fill(maxBits);
    const entry = table[this.held & (table.length - 1)]!;
    if (entry === 0) fail("a code without symbol");
    this.drop(entry & 15);
    return entry >>> 4;
  }

  value({ base, extraBits }: Ranges, symbol: number): number {
    if (symbol >= base.length) fail("a symbol without meaning");
    return base[symbol]! + this.bits(extraBits[symbol]!);
  }

  /** The bytes of a stored block, which begins at the next whole byte. */
  stored(): Uint8Array {
    this.drop(this.heldCount & 7);
    const length = this.bits(16);
    if ((this.bits(16) ^ length) !== 0xffff) fail("a stored block's lengths differ");
    const from = this.position;
    if (from + length > this.stream.length) fail("cut off");
    this.at = from + length;
    this.held = 0;
    this.heldCount = 0;
    return this.stream.subarray(from, this.at);
  }
}

class Output {
  private readonly limitBytes: number;
  private bytes = new Uint8Array(4096);
  private length = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  private reserve(count: number): void {
    const needed = this.length + count;
    if (needed > this.limitBytes) fail("longer than it may be");
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    larger.set(this.bytes);
    this.bytes = larger;
  }

  literal(byte: number): void {
    this.reserve(1);
    this.bytes[this.length++] = byte;
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** What is repeated may begin in what the repetition itself writes. */
  repeat(distance: number, length: number): void {
    if (distance > this.length) fail("a distance before the beginning");
    this.reserve(length);
    for (const end = this.length + length; this.length < end; this.length++) this.bytes[this.length] = this.bytes[this.length - distance]!;
  }

  whole(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}
