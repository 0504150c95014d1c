/** Writes single instructions: for the injected functions and for what the rewriter puts between the user's instructions. */
import { ByteWriter } from "./writer.ts";

export class Assembler extends ByteWriter {
  op(...bytes: number[]): this {
    this.ensure(bytes.length);
    for (let i = 0; i < bytes.length; i++) this.bytes[this.length++] = bytes[i]!;
    return this;
  }

  private indexed(opcode: number, index: number): this {
    this.ensure(6);
    this.bytes[this.length++] = opcode;
    if (index < 0x80) this.bytes[this.length++] = index;
    else this.u32(index);
    return this;
  }

  localGet(index: number): this {
    return this.indexed(0x20, index);
  }
  localSet(index: number): this {
    return this.indexed(0x21, index);
  }
  localTee(index: number): this {
    return this.indexed(0x22, index);
  }
  globalGet(index: number): this {
    return this.indexed(0x23, index);
  }
  globalSet(index: number): this {
    return this.indexed(0x24, index);
  }
  call(index: number): this {
    return this.indexed(0x10, index);
  }
  /** Takes a signed or an unsigned 32-bit value. */
  i32(value: number): this {
    this.byte(0x41);
    this.signed(value | 0);
    return this;
  }
  /** A number that is exact in 53 bits. */
  i64(value: number): this {
    this.byte(0x42);
    this.signed(value);
    return this;
  }
  memory(opcode: number, align: number, offset: number): this {
    this.ensure(12);
    this.bytes[this.length++] = opcode;
    this.bytes[this.length++] = align;
    this.u32(offset);
    return this;
  }
}

/** Instructions without immediates that injected code uses. */
export const Op = {
  unreachable: 0x00,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  return: 0x0f,
  drop: 0x1a,
  select: 0x1b,
  i32Eqz: 0x45,
  i32LtS: 0x48,
  i64Ne: 0x52,
  i64LtS: 0x53,
  i64LtU: 0x54,
  i64GtS: 0x55,
  i64GtU: 0x56,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32ShrU: 0x76,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64Or: 0x84,
  i64Shl: 0x86,
  i64ShrU: 0x88,
  wrap: 0xa7,
  extendS: 0xac,
  extendU: 0xad,
  void: 0x40,
} as const;
