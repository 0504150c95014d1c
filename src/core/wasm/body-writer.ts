/**
 * A body on its way from input to output: reading immediates, copying unchanged code in runs, giving out locals of ours,
 * traps. What is written in between is up to the classes that extend this one (`metered-body.ts`, `rewrite-function.ts`).
 */
import { Assembler, Op } from "./assembler.ts";
import { PASSED_PARAMS, type Layout } from "./layout.ts";
import type { DecodedModule, FunctionType } from "./module.ts";
import { I32, I64, Shape, type ValueType } from "./opcodes.ts";

export class BodyWriter {
  protected readonly layout: Layout;
  protected readonly module: DecodedModule;
  protected readonly bytes: Uint8Array;
  protected readonly fast: boolean;
  /** 64-bit memory. */
  protected readonly wide: boolean;

  protected readonly out = new Assembler(1 << 16);
  protected position = 0;
  protected end = 0;
  /** Start of the run of input that is to be copied unchanged. */
  protected copyFrom = 0;
  /** Places in that run of one-byte indices of locals that move. */
  private readonly shiftAt = new Int32Array(256);
  private shiftCount = 0;
  /** First of the user's locals that moves: the first that is no parameter. Beyond all of them in the exact variant. */
  private firstShifted = 0;

  /** Locals of ours, given out on demand behind the user's. */
  private firstTemporary = 0;
  private readonly temporaries: ValueType[] = [];
  private addressLocal = -1;
  private wideAddressLocal = -1;
  private readonly valueLocals = new Map<ValueType, number>();

  constructor(layout: Layout) {
    this.layout = layout;
    this.module = layout.module;
    this.bytes = layout.module.bytes;
    this.fast = layout.passing;
    this.wide = layout.module.memory64;
  }

  /** A new body of this type, with so many parameters and locals of the user's. */
  protected begin(type: FunctionType, localCount: number): void {
    this.firstTemporary = this.fast ? localCount + PASSED_PARAMS : localCount;
    this.firstShifted = this.fast ? type.params.length : localCount;
    this.shiftCount = 0;
    this.temporaries.length = 0;
    this.addressLocal = this.wideAddressLocal = -1;
    this.valueLocals.clear();
    this.out.length = 0;
  }

  // Locals of ours.

  protected groupedTemporaries(): [number, ValueType][] {
    const groups: [number, ValueType][] = [];
    for (const type of this.temporaries) {
      const last = groups[groups.length - 1];
      if (last !== undefined && last[1] === type) last[0]++;
      else groups.push([1, type]);
    }
    return groups;
  }

  protected temporary(type: ValueType): number {
    this.temporaries.push(type);
    return this.firstTemporary + this.temporaries.length - 1;
  }

  protected valueTemporary(type: ValueType): number {
    let local = this.valueLocals.get(type);
    if (local === undefined) {
      local = this.temporary(type);
      this.valueLocals.set(type, local);
    }
    return local;
  }

  protected get address(): number {
    return this.addressLocal >= 0 ? this.addressLocal : (this.addressLocal = this.temporary(I32));
  }

  protected get wideAddress(): number {
    return this.wideAddressLocal >= 0 ? this.wideAddressLocal : (this.wideAddressLocal = this.temporary(I64));
  }

  // Reading.

  protected u32(): number {
    const first = this.bytes[this.position++]!;
    if (first < 0x80) return first;
    let result = first & 0x7f;
    for (let shift = 7; ; shift += 7) {
      const byte = this.bytes[this.position++]!;
      result |= (byte & 0x7f) << shift;
      if (byte < 0x80) return result >>> 0;
    }
  }

  protected skipLeb(): void {
    while (this.bytes[this.position++]! >= 0x80);
  }

  /** An offset of up to 64 bits; exact where it matters, below 2^53. */
  protected offset(): number {
    let result = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes[this.position++]!;
      result += (byte & 0x7f) * scale;
      if (byte < 0x80) return result;
    }
  }

  protected skipBrTable(): void {
    for (let n = this.u32() + 1; n > 0; n--) this.skipLeb();
  }

  protected skipImmediates(shape: number): void {
    switch (shape) {
      case Shape.load:
      case Shape.store:
      case Shape.callIndirect:
      case Shape.returnCallIndirect:
      case Shape.memoryInit:
      case Shape.memoryCopy:
      case Shape.tableInit:
      case Shape.tableCopy:
        this.skipLeb();
        return this.skipLeb();
      case Shape.loadLane:
      case Shape.storeLane:
        this.skipLeb();
        this.skipLeb();
        this.position++;
        return;
      case Shape.lane:
        this.position++;
        return;
      case Shape.f32Const:
        this.position += 4;
        return;
      case Shape.f64Const:
        this.position += 8;
        return;
      case Shape.v128Const:
      case Shape.shuffle:
        this.position += 16;
        return;
      case Shape.brTable:
        return this.skipBrTable();
      case Shape.selectTyped:
        this.skipLeb();
        this.position++;
        return;
      case Shape.plain:
      case Shape.unreachable:
      case Shape.nop:
      case Shape.else:
      case Shape.end:
      case Shape.return:
      case Shape.drop:
      case Shape.select:
      case Shape.refIsNull:
        return;
      default:
        // One LEB128: labels, indices, constants, block types, memory bytes.
        return this.skipLeb();
    }
  }

  // Copying.

  /** Copies the run that ends before `until`; what follows is written by the caller. */
  protected flushCopy(until: number): void {
    if (until <= this.copyFrom) return;
    const { out } = this;
    const shift = out.length - this.copyFrom;
    out.copy(this.bytes, this.copyFrom, until);
    for (let i = 0; i < this.shiftCount; i++) out.bytes[this.shiftAt[i]! + shift]! += PASSED_PARAMS;
    this.shiftCount = 0;
  }

  /** A local's index: moved behind the parameters of ours. In one byte this is done after the run was copied. */
  protected local(): void {
    const at = this.position;
    const index = this.u32();
    if (index < this.firstShifted) return;
    if (this.position === at + 1 && index + PASSED_PARAMS < 0x80) {
      if (this.shiftCount === this.shiftAt.length) this.flushAndGoOn(at - 1);
      this.shiftAt[this.shiftCount++] = at;
      return;
    }
    this.flushCopy(at);
    this.out.u32(index + PASSED_PARAMS);
    this.copyFrom = this.position;
  }

  /** Ends the run before `until` and begins the next there. */
  private flushAndGoOn(until: number): void {
    this.flushCopy(until);
    this.copyFrom = until;
  }

  // Traps.

  /** Traps with `code` when the i32 on the stack is not 0. */
  protected trapIf(code: number): void {
    this.out.op(Op.if, Op.void);
    this.trap(code);
    this.out.op(Op.end);
  }

  protected trap(code: number): void {
    this.out.i32(code).globalSet(this.layout.trapCode).op(Op.unreachable);
  }

  /** An i64 on the stack becomes an i32; `code` is the trap when it does not fit. */
  protected narrow(code: number): void {
    const { out } = this;
    const wide = this.wideAddress;
    out.localTee(wide).i64(32).op(Op.i64ShrU, Op.wrap);
    this.trapIf(code);
    out.localGet(wide).op(Op.wrap);
  }
}
