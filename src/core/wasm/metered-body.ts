/**
 * Metering of a body: charges at the start of each block, the stack, what functions hand each other, and the blocks themselves, since a
 * loop's check puts a loop of ours around it.
 *
 * Fast variant: every function gets the bytes of stack left and the counter as two more parameters and gives the counter
 * back as one more result, so that both stay in registers over calls, direct ones and through the table. (Kept in globals, calls cost
 * up to twice as much, and V8 inlines less: measured.) The user's locals behind the parameters are two further away then. The
 * global counter is written before what may look at it, `memory.grow` and charges of bulk operations, and read back where it is
 * next needed, which is the next call, branch or block border; wrappers of imports do that themselves.
 *
 * A loop's check must not put a call into the loop: V8 would then keep its variables in memory (measured: five times slower
 * on Node 20) and neither unroll nor peel it. So in the fast variant a loop is put into another one, which alone calls:
 *
 *     loop                 ;; entered at first and when instructions have run out
 *       counter < cost ? counter := refill(counter - cost) + cost
 *       loop               ;; the user's
 *         br_if 1 (counter < cost)
 *         counter := counter - cost
 *         …
 *
 * Labels that lead out of it are one further away then.
 *
 * Source: wasm.md 4.1. Replica: `rs/embedders/src/wasm_utils/instrumentation.rs` (c7c5005).
 */
import { TrapCode } from "./abi.ts";
import { Op } from "./assembler.ts";
import { BodyWriter } from "./body-writer.ts";
import type { Helpers } from "./helpers.ts";
import { FRAME_BYTES, RESERVE_BYTES, type Layout } from "./layout.ts";
import type { FunctionType } from "./module.ts";
import { I32, SHAPE, Shape } from "./opcodes.ts";
import { Flag, type Measured } from "./measured.ts";

export class MeteredBody extends BodyWriter {
  protected readonly helpers: Helpers;
  protected readonly measured: Measured;
  private nextBlock = 0;
  /** Where the last charge of a bulk operation was put. */
  private chargedAt = -1;

  private counterLocal = 0;
  private stackLocal = 0;
  private frameBytes = 0;
  private callsOthers = false;
  /** Fast variant: the counter is in the global and the local is stale. */
  private counterInGlobal = false;

  /** Height among the blocks we write of each of the user's open blocks, the function first; and how many we have open. */
  private heights = new Int32Array(256);
  protected depth = 0;
  private height = 0;
  /** A block of ours is around the body. */
  private wrapped = false;

  constructor(layout: Layout, helpers: Helpers, measured: Measured) {
    super(layout);
    this.helpers = helpers;
    this.measured = measured;
  }

  /** The entry of function `index`: check of the stack, charge of the first block, the block around the body. */
  protected enterFunction(index: number, type: FunctionType): void {
    const { measured } = this;
    const flags = measured.flags[index]!;
    const localCount = measured.localCount[index]!;
    this.begin(type, localCount);
    this.nextBlock = measured.firstBlock[index]!;
    this.counterInGlobal = false;
    this.callsOthers = (flags & Flag.calls) !== 0;
    this.wrapped = (flags & Flag.branchesOut) !== 0;
    const slot = flags & Flag.vectors ? 16 : 8;
    this.frameBytes = FRAME_BYTES + slot * (localCount + measured.maxDepth[index]! + type.params.length + type.results.length);
    this.stackLocal = this.fast ? type.params.length : -1;
    this.counterLocal = this.stackLocal + 1;
    this.depth = this.height = this.heights[0] = 0;
    this.stackCheck();
    this.startBlock(true);
    if (this.wrapped) this.openWrapper(type);
  }

  /** The last `end`, at `start`. */
  protected endFunction(start: number): void {
    this.flushCopy(start);
    if (this.wrapped) {
      this.reloadCounter();
      this.out.op(Op.end);
    }
    this.leaveFunction();
    this.out.op(Op.end);
    this.position = this.end;
  }

  // The counter.

  /** The charge of the block that begins here. */
  protected startBlock(checked: boolean): void {
    const cost = this.measured.blockCosts[this.nextBlock++]!;
    const { out, layout } = this;
    if (cost === 0 && !checked) return;
    if (this.fast) {
      out.localGet(this.counterLocal).i64(cost).op(Op.i64Sub);
      if (checked) {
        out.localTee(this.counterLocal).i64(0).op(Op.i64LtS, Op.if, Op.void);
        out.localGet(this.counterLocal).call(this.helpers.refill).localSet(this.counterLocal).op(Op.end);
      } else out.localSet(this.counterLocal);
    } else {
      out.globalGet(layout.counter).i64(cost).op(Op.i64Sub).globalSet(layout.counter);
      if (checked) {
        out.globalGet(layout.counter).i64(0).op(Op.i64LtS, Op.if, Op.void).call(layout.outOfInstructions).op(Op.end);
      }
    }
  }

  /** Starts the block after a cut at the present position; a bulk operation that opens it is charged before the block. */
  protected afterCut(checked: boolean): void {
    if (this.bytes[this.position] === 0xfc) this.chargeBulk();
    this.startBlock(checked);
  }

  /** Fast variant: the counter into the global, before something that may look at it. */
  protected flushCounter(): void {
    if (!this.fast || this.counterInGlobal) return;
    this.out.localGet(this.counterLocal).globalSet(this.layout.counter);
    this.counterInGlobal = true;
  }

  /** Fast variant: the counter back into the local, before a border where all paths must agree. */
  protected reloadCounter(): void {
    if (!this.counterInGlobal) return;
    this.out.globalGet(this.layout.counter).localSet(this.counterLocal);
    this.counterInGlobal = false;
  }

  /** If a bulk operation stands at the present position, charges for its size operand, which is on the stack. */
  protected chargeBulk(): void {
    const { out, position } = this;
    this.position = position + 1;
    const second = this.u32();
    this.position = position;
    if (second !== 8 && second !== 10 && second !== 11) return;
    if (this.chargedAt === position) return;
    this.chargedAt = position;
    const extend = second === 8 || !this.wide;
    this.flushCounter();
    if (extend) out.op(Op.extendU);
    out.call(this.helpers.charge);
    if (extend) out.op(Op.wrap);
    this.reloadCounter();
  }

  /** At the entry. Afterwards the callees' share is in the parameter (fast) or in the global (exact). */
  protected stackCheck(): void {
    const { out, layout, frameBytes } = this;
    const needed = this.callsOthers ? frameBytes + RESERVE_BYTES : frameBytes;
    if (needed <= RESERVE_BYTES) return;
    if (this.fast) {
      out.localGet(this.stackLocal).i32(needed).op(Op.i32LtS);
      this.trapIf(TrapCode.stackOverflow);
      if (this.callsOthers) out.localGet(this.stackLocal).i32(frameBytes).op(Op.i32Sub).localSet(this.stackLocal);
      return;
    }
    out.globalGet(layout.stackLeft);
    if (this.callsOthers) out.localTee((this.stackLocal = this.temporary(I32)));
    out.i32(needed).op(Op.i32LtS);
    this.trapIf(TrapCode.stackOverflow);
    if (this.callsOthers) out.localGet(this.stackLocal).i32(frameBytes).op(Op.i32Sub).globalSet(layout.stackLeft);
  }

  /** What every way out of the function does: the counter as last result (fast), or the stack given back (exact). */
  protected leaveFunction(): void {
    if (this.fast) {
      this.reloadCounter();
      this.out.localGet(this.counterLocal);
    } else if (this.callsOthers) this.out.localGet(this.stackLocal).globalSet(this.layout.stackLeft);
  }

  /** Before a tail call: what the callee gets besides its arguments (fast), or the stack given back (exact). */
  protected leaveByCall(): void {
    if (!this.fast) return this.leaveFunction();
    this.reloadCounter();
    this.out.localGet(this.stackLocal);
    if (this.callsOthers) this.out.i32(this.frameBytes).op(Op.i32Add);
    this.out.localGet(this.counterLocal);
  }

  /** Fast variant, before an ordinary call. */
  protected passOn(): void {
    if (!this.fast) return;
    this.reloadCounter();
    this.out.localGet(this.stackLocal).localGet(this.counterLocal);
  }

  /** Fast variant, after a call: the counter comes back as last result. */
  protected takeBack(): void {
    if (this.fast) this.out.localSet(this.counterLocal);
  }

  /** The blocks that a tail call leaves out, charged before it. */
  protected chargeWayOut(cost: number): void {
    if (cost === 0) return;
    const { out, layout } = this;
    this.reloadCounter();
    if (this.fast) out.localGet(this.counterLocal).i64(cost).op(Op.i64Sub).localSet(this.counterLocal);
    else out.globalGet(layout.counter).i64(cost).op(Op.i64Sub).globalSet(layout.counter);
  }

  // Blocks.

  /** A block around the body that branches out of the function then end at, so that they pass the common way out. */
  protected openWrapper(type: FunctionType): void {
    const { out } = this;
    out.op(0x02);
    if (type.results.length === 0) out.op(Op.void);
    else if (type.results.length === 1) out.op(type.results[0]!);
    else out.signed(this.layout.type([], type.results));
  }

  protected enter(): void {
    this.depth++;
    this.height++;
    if (this.depth === this.heights.length) {
      const larger = new Int32Array(this.depth * 2);
      larger.set(this.heights);
      this.heights = larger;
    }
    this.heights[this.depth] = this.height;
  }

  /** After an `end`: closes also the loop of ours around a loop. */
  protected leave(): void {
    this.height--;
    this.depth--;
    if (this.height === this.heights[this.depth]) return;
    this.flushCopy(this.position);
    this.copyFrom = this.position;
    this.out.op(Op.end);
    this.height--;
  }

  /** A label of the user's as it is among our blocks. */
  protected mapped(label: number): number {
    return this.height - this.heights[this.depth - label]!;
  }

  /** A branch's label: copied where it is the same. */
  protected label(): void {
    const at = this.position;
    const label = this.u32();
    const mapped = this.mapped(label);
    if (mapped === label) return;
    this.flushCopy(at);
    this.copyFrom = this.position;
    this.out.u32(mapped);
  }

  protected brTable(start: number): void {
    if (this.height === this.depth) return this.skipBrTable();
    this.flushCopy(start);
    this.out.byte(0x0e);
    const count = this.u32();
    this.out.u32(count);
    for (let i = 0; i <= count; i++) this.out.u32(this.mapped(this.u32()));
    this.copyFrom = this.position;
  }

  protected loop(start: number): void {
    const typeByte = this.bytes[this.position]!;
    this.skipLeb();
    // A block type that is an index may have parameters; those loops keep the check inside.
    if (!this.fast || (typeByte & 0xc0) !== 0x40) {
      this.cut(true);
      this.enter();
      return;
    }
    const { out } = this;
    const cost = this.measured.blockCosts[this.nextBlock++]!;
    this.flushCopy(start);
    this.copyFrom = this.position;
    out.op(0x03, typeByte).localGet(this.counterLocal).i64(cost).op(Op.i64LtS, Op.if, Op.void);
    out.localGet(this.counterLocal).i64(cost).op(Op.i64Sub).call(this.helpers.refill).i64(cost).op(Op.i64Add);
    out.localSet(this.counterLocal).op(Op.end);
    out.op(0x03, typeByte).localGet(this.counterLocal).i64(cost).op(Op.i64LtS, 0x0d, 1);
    out.localGet(this.counterLocal).i64(cost).op(Op.i64Sub).localSet(this.counterLocal);
    this.height++;
    this.enter();
  }

  /** Before a branch or a block border: the counter must be in the local. */
  protected border(start: number): void {
    if (!this.counterInGlobal) return;
    this.flushCopy(start);
    this.copyFrom = start;
    this.reloadCounter();
  }

  /** After a cut: copies up to here and starts the next block. */
  protected cut(checked: boolean): void {
    this.flushCopy(this.position);
    this.copyFrom = this.position;
    this.afterCut(checked);
  }

  /**
   * After an unconditional branch: leaves out what cannot be reached, up to the `end` or `else` that can be. The skipped
   * blocks' costs are passed over.
   */
  protected dead(): void {
    const { bytes } = this;
    this.flushCopy(this.position);
    this.counterInGlobal = false;
    this.nextBlock++;
    for (let nested = 0; ;) {
      const start = this.position;
      let opcode = bytes[this.position++]!;
      if (opcode >= 0xfc) opcode = (opcode === 0xfc ? 0x100 : 0x200) + this.u32();
      const shape = SHAPE[opcode]!;
      if (nested === 0 && (shape === Shape.end || shape === Shape.else)) {
        this.position = start;
        this.copyFrom = start;
        return;
      }
      this.skipImmediates(shape);
      if (shape === Shape.block) nested++;
      else if (shape === Shape.end) {
        nested--;
        this.nextBlock++;
      } else if (shape === Shape.loop || shape === Shape.if) {
        nested++;
        this.nextBlock++;
      } else if (isCut(shape)) this.nextBlock++;
    }
  }
}

function isCut(shape: number): boolean {
  switch (shape) {
    case Shape.else:
    case Shape.br:
    case Shape.brIf:
    case Shape.brTable:
    case Shape.return:
    case Shape.unreachable:
    case Shape.returnCall:
    case Shape.returnCallIndirect:
      return true;
    default:
      return false;
  }
}
