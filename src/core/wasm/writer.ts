/** A growing byte buffer with the encodings a Wasm binary is made of. */

export class ByteWriter {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `more` bytes; the raw writes below need it to have been called. */
  ensure(more: number): void {
    if (this.length + more > this.bytes.length) this.enlarge(this.length + more);
  }

  private enlarge(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2, 16));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.enlarge(this.length + 1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.ensure(5);
    value >>>= 0;
    while (value >= 0x80) {
      this.bytes[this.length++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    this.bytes[this.length++] = value;
  }

  /** A signed LEB128 of a number that is exact in 53 bits. */
  signed(value: number): void {
    this.ensure(10);
    for (;;) {
      const low = ((value % 128) + 128) % 128;
      value = (value - low) / 128;
      if ((value === 0 && low < 0x40) || (value === -1 && low >= 0x40)) {
        this.bytes[this.length++] = low;
        return;
      }
      this.bytes[this.length++] = low | 0x80;
    }
  }

  copy(source: Uint8Array, from = 0, to = source.length): void {
    const count = to - from;
    this.ensure(count);
    // A short copy is faster by hand than through a subarray.
    if (count < 48) {
      const { bytes } = this;
      let at = this.length;
      for (let i = from; i < to; i++) bytes[at++] = source[i]!;
    } else {
      this.bytes.set(source.subarray(from, to), this.length);
    }
    this.length += count;
  }

  /** A length-prefixed ASCII or UTF-8 string. */
  name(text: string): void {
    const encoded = new ByteWriter(text.length + 8);
    for (const character of text) {
      const point = character.codePointAt(0)!;
      if (point < 0x80) encoded.byte(point);
      else if (point < 0x800) encoded.copy(new Uint8Array([0xc0 | (point >> 6), 0x80 | (point & 0x3f)]));
      else if (point < 0x10000) {
        encoded.copy(new Uint8Array([0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f)]));
      } else {
        const low = [0x80 | ((point >> 12) & 0x3f), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f)];
        encoded.copy(new Uint8Array([0xf0 | (point >> 18), ...low]));
      }
    }
    this.sized(encoded);
  }

  /** Another writer's bytes with their length in front. */
  sized(content: ByteWriter): void {
    this.u32(content.length);
    this.copy(content.bytes, 0, content.length);
  }

  /** A section; nothing when it is empty. */
  section(id: number, content: ByteWriter): void {
    if (content.length === 0) return;
    this.byte(id);
    this.sized(content);
  }

  done(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}
