/**
 * What checking types needs besides the instructions: the bytes of a body, the stack of operand types, the open blocks.
 *
 * Typed arrays and methods, no closures: V8 compiles them early, and a module has thousands of bodies.
 */
import { checkMovedValues, outgrown } from "./engine-limits.ts";
import { ANY, type ValueType } from "./opcodes.ts";
import { typeName } from "./module.ts";
import { malformed } from "./reader.ts";

/** Unreachable calls with many results could otherwise make the stack larger than any memory. */
const MAX_DEPTH = 1 << 22;

/** Fewer values than this are as much work as the instruction's bytes let expect. */
const MANY = 16;

export const Control = { block: 0, loop: 1, if: 2, else: 3 } as const;

export class TypeStack {
  protected readonly bytes: Uint8Array;
  protected position = 0;
  protected end = 0;

  private stack = new Uint8Array(1024);
  /**
   * Beside each operand where it comes from: the number of a local's value (`covered-stores.ts`), a negative number for floats (`unseen-nans.ts`),
   * 0 for anything else.
   */
  private origins = new Float64Array(1024);
  protected height = 0;
  private maxHeight = 0;
  /** Values pushed and popped by instructions of many, in all bodies. */
  private moved = 0;
  /** Height below which the innermost block may not pop, and whether the code since is unreachable. */
  protected floor = 0;
  protected dead = false;

  protected readonly controlKind: number[] = [];
  protected readonly controlFloor: number[] = [];
  protected readonly controlDead: boolean[] = [];
  protected readonly controlParams: (readonly ValueType[])[] = [];
  protected readonly controlResults: (readonly ValueType[])[] = [];

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Most operands at once in the last body. */
  get depth(): number {
    return this.maxHeight;
  }

  protected begin(start: number, end: number): void {
    this.position = start;
    this.end = end;
    this.height = this.maxHeight = this.floor = 0;
    this.dead = false;
    this.controlKind.length = this.controlFloor.length = this.controlDead.length = 0;
    this.controlParams.length = this.controlResults.length = 0;
  }

  // Reading.

  protected fail(reason: string): never {
    malformed(reason, this.position);
  }

  protected mismatch(expected: ValueType, found: ValueType): never {
    this.fail(`type mismatch: expected ${typeName(expected)}, found ${typeName(found)}`);
  }

  protected u8(): number {
    if (this.position >= this.end) this.fail("unexpected end-of-file");
    return this.bytes[this.position++]!;
  }

  protected u32(): number {
    if (this.position >= this.end) this.fail("unexpected end-of-file");
    const first = this.bytes[this.position++]!;
    return first < 0x80 ? first : this.longU32(first & 0x7f);
  }

  private longU32(result: number): number {
    for (let shift = 7; ; shift += 7) {
      const byte = this.u8();
      if (shift === 28 && byte > 0x0f)
        this.fail(byte & 0x80 ? "invalid var_u32: integer representation too long" : "invalid var_u32: integer too large");
      result |= (byte & 0x7f) << shift;
      if (byte < 0x80) return result >>> 0;
    }
  }

  /** Checks and skips a signed LEB128 of `bits` bits. */
  protected skipSigned(bits: 32 | 64): void {
    const last = bits === 32 ? 4 : 9;
    for (let i = 0; ; i++) {
      const byte = this.u8();
      if (i === last) {
        if (byte & 0x80) this.fail(`invalid var_i${bits}: integer representation too long`);
        const top = bits === 32 ? byte & 0x78 : byte;
        if (bits === 32 ? top !== 0 && top !== 0x78 : top !== 0 && top !== 0x7f) this.fail(`invalid var_i${bits}: integer too large`);
      }
      if (byte < 0x80) return;
    }
  }

  /** Exact where it matters, below 2^53. */
  protected u64(): number {
    let result = 0;
    for (let i = 0, scale = 1; ; i++, scale *= 128) {
      const byte = this.u8();
      if (i === 9 && byte > 1)
        this.fail(byte & 0x80 ? "invalid var_u64: integer representation too long" : "invalid var_u64: integer too large");
      result += (byte & 0x7f) * scale;
      if (byte < 0x80) return result;
    }
  }

  protected skip(count: number): void {
    if (count > this.end - this.position) this.fail("unexpected end-of-file");
    this.position += count;
  }

  // The operand stack.

  protected push(type: ValueType): void {
    if (this.height === this.stack.length) {
      if (this.height >= MAX_DEPTH) outgrown(`a function has more than ${MAX_DEPTH} operands at once`);
      const larger = new Uint8Array(this.stack.length * 2);
      larger.set(this.stack);
      this.stack = larger;
      const origins = new Float64Array(larger.length);
      origins.set(this.origins);
      this.origins = origins;
    }
    this.origins[this.height] = 0;
    this.stack[this.height++] = type;
    if (this.height > this.maxHeight) this.maxHeight = this.height;
  }

  /** Says where the operand on top comes from. */
  protected noteOrigin(origin: number): void {
    this.origins[this.height - 1] = origin;
  }

  /** Where the operand came from that was popped last, or `place` pops before; only in code that can be reached. */
  protected poppedOrigin(place = 0): number {
    return this.origins[this.height + place]!;
  }

  protected pop(expected: ValueType): void {
    if (this.height === this.floor) {
      if (this.dead) return;
      this.fail(`type mismatch: expected ${typeName(expected)} but nothing on stack`);
    }
    const found = this.stack[--this.height]!;
    if (found !== expected && found !== ANY) this.mismatch(expected, found);
  }

  protected popAny(): ValueType {
    if (this.height === this.floor) {
      if (this.dead) return ANY;
      this.fail("type mismatch: expected a type but nothing on stack");
    }
    return this.stack[--this.height]!;
  }

  protected popAll(types: readonly ValueType[]): void {
    if (types.length > MANY) this.move(types.length);
    for (let i = types.length - 1; i >= 0; i--) this.pop(types[i]!);
  }

  protected pushAll(types: readonly ValueType[]): void {
    if (types.length > MANY) this.move(types.length);
    for (let i = 0; i < types.length; i++) this.push(types[i]!);
  }

  private move(count: number): void {
    this.moved += count;
    checkMovedValues(this.moved);
  }

  protected unreachable(): void {
    this.height = this.floor;
    this.dead = true;
  }

  // Blocks.

  protected enter(kind: number, params: readonly ValueType[], results: readonly ValueType[]): void {
    this.controlKind.push(kind);
    this.controlFloor.push(this.floor);
    this.controlDead.push(this.dead);
    this.controlParams.push(params);
    this.controlResults.push(results);
    this.floor = this.height;
    this.dead = false;
    this.pushAll(params);
  }

  /** Checks the end of the innermost block and leaves it; its results are not pushed yet. */
  protected leave(): void {
    const results = this.controlResults[this.controlResults.length - 1]!;
    this.popAll(results);
    if (this.height !== this.floor) this.fail("type mismatch: values remaining on stack at end of block");
  }

  /** What a branch to label `depth` carries. */
  protected label(depth: number): readonly ValueType[] {
    const at = this.controlKind.length - 1 - depth;
    if (at < 0) this.fail("unknown label: branch depth too large");
    return this.controlKind[at] === Control.loop ? this.controlParams[at]! : this.controlResults[at]!;
  }
}
