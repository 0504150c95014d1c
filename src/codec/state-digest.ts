/**
 * A canonical byte form of state, hashed while it is written. Two states have the same digest exactly when they hold the
 * same values: every value is written with a tag of its type and, where it can vary, its length.
 *
 * What nobody can observe is in no digest: fields named `epoch`, and fields that are `undefined`.
 */
import { InvariantBroken } from "../base/assert.ts";
import { OwnedQueue } from "../base/queue.ts";
import { SortedMap } from "../base/sorted-map.ts";
import { encodeUtf8 } from "../base/utf8.ts";

/** A hash that takes its input in pieces, such as `sha256.create()` of @noble/hashes or node:crypto's `createHash`. */
export interface IncrementalHash {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
}

/** What an object of a class does to be part of a digest. */
export interface Digestible {
  digestTo(writer: DigestWriter): void;
}

/** What a value begins with. */
export const Tag = {
  null: 0,
  false: 1,
  true: 2,
  number: 3,
  u64: 4,
  u128: 5,
  integer: 6,
  bytes: 7,
  text: 8,
  list: 9,
  record: 10,
  map: 11,
} as const;

/** Collected before the hash is called: it costs far more per call than per byte. */
const BUFFER_BYTES = 4096;

const NOTHING: ReadonlySet<string> = new Set();

export class DigestWriter {
  private readonly hash: IncrementalHash;
  private readonly ignored: ReadonlySet<string>;
  private readonly buffer = new Uint8Array(BUFFER_BYTES);
  private readonly view = new DataView(this.buffer.buffer);
  private used = 0;

  /** `ignored`: names of fields that are left out, besides `epoch`. */
  constructor(hash: IncrementalHash, ignored: ReadonlySet<string> = NOTHING) {
    this.hash = hash;
    this.ignored = ignored;
  }

  /** The digest of what was written; the writer is used up. */
  digest(): Uint8Array {
    this.flush();
    return this.hash.digest();
  }

  null(): this {
    return this.tag(Tag.null);
  }

  bool(value: boolean): this {
    return this.tag(value ? Tag.true : Tag.false);
  }

  /** Any number but NaN; 0 and -0 are different. */
  number(value: number): this {
    if (Number.isNaN(value)) throw new InvariantBroken("a state holds no NaN");
    this.tag(Tag.number);
    this.room(8);
    this.view.setFloat64(this.used, value);
    this.used += 8;
    return this;
  }

  bigint(value: bigint): this {
    if (value >= 0n && value < 1n << 64n) return this.tag(Tag.u64).word(value);
    if (value >= 0n && value < 1n << 128n)
      return this.tag(Tag.u128)
        .word(value >> 64n)
        .word(value);
    return this.tag(Tag.integer).text(value.toString(16));
  }

  bytes(value: Uint8Array): this {
    return this.tag(Tag.bytes).length(value.length).raw(value);
  }

  text(value: string): this {
    const bytes = encodeUtf8(value);
    return this.tag(Tag.text).length(bytes.length).raw(bytes);
  }

  /** Begins a list of so many values, written next. */
  list(length: number): this {
    return this.tag(Tag.list).length(length);
  }

  /** Begins a map of so many entries, written next: key, value, key, value, in the order of the keys. */
  map(size: number): this {
    return this.tag(Tag.map).length(size);
  }

  /**
   * Anything made of plain data: primitives, byte arrays, arrays, records (by field name), sorted maps, queues, and
   * objects with a `digestTo`. An object of another class is refused: its fields need not be what it means.
   */
  value(value: unknown): this {
    switch (typeof value) {
      case "boolean":
        return this.bool(value);
      case "number":
        return this.number(value);
      case "bigint":
        return this.bigint(value);
      case "string":
        return this.text(value);
      case "object":
        return value === null ? this.null() : this.object(value);
      default:
        throw new InvariantBroken(`a state holds no ${typeof value}`);
    }
  }

  private object(value: object): this {
    if (value instanceof Uint8Array) return this.bytes(value);
    if (Array.isArray(value)) return this.all(this.list(value.length), value);
    if (value instanceof OwnedQueue) return this.all(this.list(value.length), value);
    if (value instanceof SortedMap) {
      this.map(value.size);
      for (const [key, item] of value.entries()) this.value(key).value(item);
      return this;
    }
    if (value instanceof Map || value instanceof Set) return this.unordered(value);
    if (isDigestible(value)) {
      value.digestTo(this);
      return this;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      throw new InvariantBroken(`an object of class ${value.constructor.name} needs digestTo() to be part of a digest`);
    }
    return this.record(value);
  }

  private record(value: object): this {
    const fields = Object.entries(value).filter(([name, field]) => name !== "epoch" && field !== undefined && !this.ignored.has(name));
    fields.sort(([a], [b]) => (a < b ? -1 : 1));
    this.tag(Tag.record).length(fields.length);
    for (const [name, field] of fields) this.text(name).value(field);
    return this;
  }

  /** Built-in maps and sets with text or number keys: in the order of the keys, as their own order is that of insertion. */
  private unordered(value: Map<unknown, unknown> | Set<unknown>): this {
    const keys = [...value.keys()];
    if (!keys.every((key) => typeof key === "string") && !keys.every((key) => typeof key === "number")) {
      throw new InvariantBroken("a map in a digest has keys that are all texts or all numbers");
    }
    keys.sort((a, b) => (a < b ? -1 : 1));
    if (value instanceof Set) return this.all(this.list(keys.length), keys);
    this.map(keys.length);
    for (const key of keys) this.value(key).value(value.get(key));
    return this;
  }

  private all(writer: this, values: Iterable<unknown>): this {
    for (const value of values) writer.value(value);
    return writer;
  }

  private tag(tag: number): this {
    this.room(1);
    this.buffer[this.used++] = tag;
    return this;
  }

  private length(length: number): this {
    this.room(4);
    this.view.setUint32(this.used, length);
    this.used += 4;
    return this;
  }

  /** Modulo 2^64. */
  private word(value: bigint): this {
    this.room(8);
    this.view.setBigUint64(this.used, value);
    this.used += 8;
    return this;
  }

  private raw(bytes: Uint8Array): this {
    if (bytes.length > BUFFER_BYTES) {
      this.flush();
      this.hash.update(bytes);
      return this;
    }
    this.room(bytes.length);
    this.buffer.set(bytes, this.used);
    this.used += bytes.length;
    return this;
  }

  private room(bytes: number): void {
    if (this.used + bytes > BUFFER_BYTES) this.flush();
  }

  private flush(): void {
    if (this.used > 0) this.hash.update(this.buffer.subarray(0, this.used));
    this.used = 0;
  }
}

function isDigestible(value: object): value is Digestible {
  return "digestTo" in value && typeof value.digestTo === "function";
}
