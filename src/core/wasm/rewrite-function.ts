/**
 * Rewriting one function body, in one pass over its bytes. What is not touched is copied in runs. Put in between are:
 * charges at the start of each metering block, the stack check at the entry, the marks of the write map before stores,
 * the shift of addresses behind the map, the lowering of 64-bit addresses and table indices, canonical NaNs.
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
 * Code that cannot be reached is left out. The body has passed `validate-function.ts`, so nothing is checked here.
 *
 * Source: wasm.md 4.1. Replica: `rs/embedders/src/wasm_utils/instrumentation.rs` (c7c5005).
 */
import { PREFIX_BYTES, TrapCode } from "./abi.ts";
import { Assembler, Op } from "./assembler.ts";
import { FRAME_BYTES, PASSED_PARAMS, RESERVE_BYTES, type Layout } from "./layout.ts";
import type { Helpers } from "./helpers.ts";
import type { DecodedModule, FunctionType } from "./module.ts";
import { CANONICAL, F32, F32X4, F64, F64X2, I32, I64, NAN_BLIND, POP1, POPS, SHAPE, Shape, V128, type ValueType } from "./opcodes.ts";
import { Flag, type Measured } from "./validate-function.ts";
import { ByteWriter } from "./writer.ts";

const CANONICAL_F32 = [0x43, 0x00, 0x00, 0xc0, 0x7f];
const CANONICAL_F64 = [0x44, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0x7f];
const MAX_OFFSET = 0xffff_ffff - PREFIX_BYTES;
const PAGE_SHIFT = 12;

export class FunctionRewriter {
  private readonly layout: Layout;
  private readonly helpers: Helpers;
  private readonly module: DecodedModule;
  private readonly measured: Measured;
  private readonly bytes: Uint8Array;
  private readonly fast: boolean;
  private readonly wide: boolean;
  private readonly wideTable: boolean;

  private readonly out = new Assembler(1 << 16);
  private position = 0;
  private end = 0;
  /** Start of the run of input that is to be copied unchanged. */
  private copyFrom = 0;
  /** Places in that run of one-byte indices of locals that move. */
  private readonly shiftAt = new Int32Array(256);
  private shiftCount = 0;
  /** First of the user's locals that moves: the first that is no parameter. Beyond all of them in the exact variant. */
  private firstShifted = 0;
  private nextBlock = 0;

  /** Locals of ours, given out on demand behind the user's. */
  private firstTemporary = 0;
  private readonly temporaries: ValueType[] = [];
  private counterLocal = 0;
  private stackLocal = 0;
  private frameBytes = 0;
  private addressLocal = -1;
  private wideAddressLocal = -1;
  private readonly valueLocals = new Map<ValueType, number>();

  /** Height among the blocks we write of each of the user's open blocks, the function first; and how many we have open. */
  private heights = new Int32Array(256);
  private depth = 0;
  private height = 0;

  /** Fast variant: the counter is in the global and the local is stale. */
  private counterInGlobal = false;
  private callsOthers = false;
  private wrapped = false;

  constructor(layout: Layout, helpers: Helpers, measured: Measured) {
    this.layout = layout;
    this.helpers = helpers;
    this.measured = measured;
    this.module = layout.module;
    this.bytes = layout.module.bytes;
    this.fast = layout.variant === "fast";
    this.wide = layout.module.memory64;
    this.wideTable = layout.module.tables[0]?.table64 ?? false;
  }

  /** Appends the rewritten body of local function `index`, its size in front, to `target`. */
  rewrite(index: number, target: ByteWriter): void {
    const { module, measured, out } = this;
    const type = module.types[module.functions[module.importedFunctions + index]!]!;
    const flags = measured.flags[index]!;
    this.position = module.bodyStarts[index]!;
    this.end = module.bodyEnds[index]!;
    this.nextBlock = measured.firstBlock[index]!;
    const localCount = measured.localCount[index]!;
    this.firstTemporary = this.fast ? localCount + PASSED_PARAMS : localCount;
    this.firstShifted = this.fast ? type.params.length : localCount;
    this.shiftCount = 0;
    this.temporaries.length = 0;
    this.addressLocal = this.wideAddressLocal = -1;
    this.valueLocals.clear();
    this.counterInGlobal = false;
    this.callsOthers = (flags & Flag.calls) !== 0;
    this.wrapped = (flags & Flag.branchesOut) !== 0;
    out.length = 0;

    const localsStart = this.position;
    const groups = this.u32();
    const groupsStart = this.position;
    for (let i = 0; i < groups; i++) {
      this.u32();
      this.position++;
    }
    const localsEnd = this.position;

    const slot = flags & Flag.vectors ? 16 : 8;
    this.frameBytes = FRAME_BYTES + slot * (localCount + measured.maxDepth[index]! + type.params.length + type.results.length);
    this.stackLocal = this.fast ? type.params.length : -1;
    this.counterLocal = this.stackLocal + 1;
    this.stackCheck();
    this.startBlock(true);
    if (this.wrapped) this.openWrapper(type);
    this.body();

    // Sizes are known now: group count, the user's groups, ours, the code.
    const head = new ByteWriter(16 + localsEnd - localsStart);
    const own = this.groupedTemporaries();
    head.u32(groups + own.length);
    head.copy(this.bytes, groupsStart, localsEnd);
    for (const [count, local] of own) {
      head.u32(count);
      head.byte(local);
    }
    target.u32(head.length + out.length);
    target.copy(head.bytes, 0, head.length);
    target.copy(out.bytes, 0, out.length);
  }

  private groupedTemporaries(): [number, ValueType][] {
    const groups: [number, ValueType][] = [];
    for (const type of this.temporaries) {
      const last = groups[groups.length - 1];
      if (last !== undefined && last[1] === type) last[0]++;
      else groups.push([1, type]);
    }
    return groups;
  }

  private temporary(type: ValueType): number {
    this.temporaries.push(type);
    return this.firstTemporary + this.temporaries.length - 1;
  }

  private valueTemporary(type: ValueType): number {
    let local = this.valueLocals.get(type);
    if (local === undefined) {
      local = this.temporary(type);
      this.valueLocals.set(type, local);
    }
    return local;
  }

  private get address(): number {
    return this.addressLocal >= 0 ? this.addressLocal : (this.addressLocal = this.temporary(I32));
  }

  private get wideAddress(): number {
    return this.wideAddressLocal >= 0 ? this.wideAddressLocal : (this.wideAddressLocal = this.temporary(I64));
  }

  // Reading immediates.

  private u32(): number {
    const first = this.bytes[this.position++]!;
    if (first < 0x80) return first;
    let result = first & 0x7f;
    for (let shift = 7; ; shift += 7) {
      const byte = this.bytes[this.position++]!;
      result |= (byte & 0x7f) << shift;
      if (byte < 0x80) return result >>> 0;
    }
  }

  private skipLeb(): void {
    while (this.bytes[this.position++]! >= 0x80);
  }

  /** An offset of up to 64 bits; exact where it matters, below 2^53. */
  private offset(): number {
    let result = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes[this.position++]!;
      result += (byte & 0x7f) * scale;
      if (byte < 0x80) return result;
    }
  }

  /** Copies the run that ends before `until`; what follows is written by the caller. */
  private flushCopy(until: number): void {
    if (until <= this.copyFrom) return;
    const { out } = this;
    const shift = out.length - this.copyFrom;
    out.copy(this.bytes, this.copyFrom, until);
    for (let i = 0; i < this.shiftCount; i++) out.bytes[this.shiftAt[i]! + shift]! += PASSED_PARAMS;
    this.shiftCount = 0;
  }

  /** A local's index: moved behind the parameters of ours. In one byte this is done after the run was copied. */
  private local(): void {
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

  // Metering.

  /** The charge of the block that begins here. */
  private startBlock(checked: boolean): void {
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
  private afterCut(checked: boolean): void {
    if (this.bytes[this.position] === 0xfc) this.chargeBulk();
    this.startBlock(checked);
  }

  /** Fast variant: the counter into the global, before something that may look at it. */
  private flushCounter(): void {
    if (!this.fast || this.counterInGlobal) return;
    this.out.localGet(this.counterLocal).globalSet(this.layout.counter);
    this.counterInGlobal = true;
  }

  /** Fast variant: the counter back into the local, before a border where all paths must agree. */
  private reloadCounter(): void {
    if (!this.counterInGlobal) return;
    this.out.globalGet(this.layout.counter).localSet(this.counterLocal);
    this.counterInGlobal = false;
  }

  private chargedAt = -1;

  /** If a bulk operation stands at the present position, charges for its size operand, which is on the stack. */
  private chargeBulk(): void {
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

  // The stack.

  /** At the entry. Afterwards the callees' share is in the parameter (fast) or in the global (exact). */
  private stackCheck(): void {
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

  /** Traps with `code` when the i32 on the stack is not 0. */
  private trapIf(code: number): void {
    this.out.op(Op.if, Op.void);
    this.trap(code);
    this.out.op(Op.end);
  }

  private trap(code: number): void {
    this.out.i32(code).globalSet(this.layout.trapCode).op(Op.unreachable);
  }

  /** What every way out of the function does: the counter as last result (fast), or the stack given back (exact). */
  private leaveFunction(): void {
    if (this.fast) {
      this.reloadCounter();
      this.out.localGet(this.counterLocal);
    } else if (this.callsOthers) this.out.localGet(this.stackLocal).globalSet(this.layout.stackLeft);
  }

  /** Before a tail call: what the callee gets besides its arguments (fast), or the stack given back (exact). */
  private leaveByCall(): void {
    if (!this.fast) return this.leaveFunction();
    this.reloadCounter();
    this.out.localGet(this.stackLocal);
    if (this.callsOthers) this.out.i32(this.frameBytes).op(Op.i32Add);
    this.out.localGet(this.counterLocal);
  }

  /** Fast variant, before an ordinary call. */
  private passOn(): void {
    if (!this.fast) return;
    this.reloadCounter();
    this.out.localGet(this.stackLocal).localGet(this.counterLocal);
  }

  /** Fast variant, after a call: the counter comes back as last result. */
  private takeBack(): void {
    if (this.fast) this.out.localSet(this.counterLocal);
  }

  /** A block around the body that branches out of the function then end at, so that they pass the common way out. */
  private openWrapper(type: FunctionType): void {
    const { out } = this;
    out.op(0x02);
    if (type.results.length === 0) out.op(Op.void);
    else if (type.results.length === 1) out.op(type.results[0]!);
    else out.signed(this.layout.type([], type.results));
  }

  // The walk.

  private body(): void {
    const { bytes, end } = this;
    this.depth = this.height = this.heights[0] = 0;
    this.copyFrom = this.position;
    while (this.position < end) {
      const start = this.position;
      let opcode = bytes[this.position++]!;
      if (opcode >= 0xfc) opcode = (opcode === 0xfc ? 0x100 : 0x200) + this.u32();
      const shape = SHAPE[opcode]!;
      switch (shape) {
        case Shape.plain:
        case Shape.lane:
          if (shape === Shape.lane) this.position++;
          if (CANONICAL[opcode] !== 0) this.canonical(CANONICAL[opcode]!);
          break;
        case Shape.nop:
        case Shape.drop:
        case Shape.select:
        case Shape.refIsNull:
          break;
        case Shape.localGet:
        case Shape.localSet:
        case Shape.localTee:
          this.local();
          break;
        case Shape.globalGet:
        case Shape.globalSet:
        case Shape.i32Const:
        case Shape.i64Const:
          this.skipLeb();
          break;
        case Shape.load:
        case Shape.loadLane:
        case Shape.store:
        case Shape.storeLane:
          this.access(start, opcode, shape);
          break;
        case Shape.call:
          this.call(start);
          break;
        case Shape.block:
          this.skipLeb();
          this.enter();
          break;
        case Shape.loop:
          this.border(start);
          this.loop(start);
          break;
        case Shape.if:
          this.border(start);
          this.skipLeb();
          this.cut(false);
          this.enter();
          break;
        case Shape.brIf:
          this.border(start);
          this.label();
          this.cut(false);
          break;
        case Shape.else:
          this.border(start);
          this.cut(false);
          break;
        case Shape.end:
          if (this.depth === 0) return this.endFunction(start);
          this.border(start);
          this.leave();
          this.cut(false);
          break;
        case Shape.br:
          this.border(start);
          this.label();
          this.dead();
          break;
        case Shape.brTable:
          this.border(start);
          this.brTable(start);
          this.dead();
          break;
        case Shape.unreachable:
          this.dead();
          break;
        case Shape.return:
          this.flushCopy(start);
          this.copyFrom = start;
          this.leaveFunction();
          this.dead();
          break;
        case Shape.returnCall:
        case Shape.returnCallIndirect:
          this.tailCall(start, opcode, shape);
          this.dead();
          break;
        default:
          this.instruction(start, shape);
      }
    }
  }

  // Blocks.

  private enter(): void {
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
  private leave(): void {
    this.height--;
    this.depth--;
    if (this.height === this.heights[this.depth]) return;
    this.flushCopy(this.position);
    this.copyFrom = this.position;
    this.out.op(Op.end);
    this.height--;
  }

  /** A label of the user's as it is among our blocks. */
  private mapped(label: number): number {
    return this.height - this.heights[this.depth - label]!;
  }

  /** A branch's label: copied where it is the same. */
  private label(): void {
    const at = this.position;
    const label = this.u32();
    const mapped = this.mapped(label);
    if (mapped === label) return;
    this.flushCopy(at);
    this.copyFrom = this.position;
    this.out.u32(mapped);
  }

  private brTable(start: number): void {
    if (this.height === this.depth) return this.skipBrTable();
    this.flushCopy(start);
    this.out.byte(0x0e);
    const count = this.u32();
    this.out.u32(count);
    for (let i = 0; i <= count; i++) this.out.u32(this.mapped(this.u32()));
    this.copyFrom = this.position;
  }

  private loop(start: number): void {
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
  private border(start: number): void {
    if (!this.counterInGlobal) return;
    this.flushCopy(start);
    this.copyFrom = start;
    this.reloadCounter();
  }

  /** After a cut: copies up to here and starts the next block. */
  private cut(checked: boolean): void {
    this.flushCopy(this.position);
    this.copyFrom = this.position;
    this.afterCut(checked);
  }

  private endFunction(start: number): void {
    this.flushCopy(start);
    if (this.wrapped) {
      this.reloadCounter();
      this.out.op(Op.end);
    }
    this.leaveFunction();
    this.out.op(Op.end);
    this.position = this.end;
  }

  /**
   * After an unconditional branch: leaves out what cannot be reached, up to the `end` or `else` that can be. The skipped
   * blocks' costs are passed over.
   */
  private dead(): void {
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

  private skipBrTable(): void {
    for (let n = this.u32() + 1; n > 0; n--) this.skipLeb();
  }

  private skipImmediates(shape: number): void {
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

  // Calls.

  private call(start: number): void {
    this.flushCopy(start);
    const callee = this.layout.functionIndex(this.u32());
    this.passOn();
    this.out.call(callee);
    this.takeBack();
    this.copyFrom = this.position;
  }

  private tailCall(start: number, opcode: number, shape: number): void {
    this.flushCopy(start);
    const index = this.u32();
    if (shape === Shape.returnCall) {
      this.leaveByCall();
      this.out.op(opcode);
      this.out.u32(this.layout.functionIndex(index));
    } else {
      this.skipLeb();
      this.tailCallIndirect(index);
    }
    this.copyFrom = this.position;
  }

  private tailCallIndirect(type: number): void {
    this.tableIndex();
    this.leaveByCall();
    this.indirect(0x13, type);
  }

  /** Ends a call through the table: its index, the instruction. */
  private indirect(opcode: number, type: number): void {
    this.out.localGet(this.address).op(opcode);
    this.out.u32(this.layout.functionTypeOf(type));
    this.out.op(0);
  }

  /** The blocks that a tail call leaves out, charged before it. */
  private chargeWayOut(cost: number): void {
    if (cost === 0) return;
    const { out, layout } = this;
    this.reloadCounter();
    if (this.fast) out.localGet(this.counterLocal).i64(cost).op(Op.i64Sub).localSet(this.counterLocal);
    else out.globalGet(layout.counter).i64(cost).op(Op.i64Sub).globalSet(layout.counter);
  }

  private callIndirect(start: number): void {
    this.flushCopy(start);
    const type = this.u32();
    this.skipLeb();
    const wayOut = this.measured.tailCalls.get(this.position);
    this.copyFrom = this.position;
    if (wayOut === undefined) {
      this.tableIndex();
      this.passOn();
      this.indirect(0x11, type);
      this.takeBack();
    } else {
      this.chargeWayOut(wayOut);
      this.tailCallIndirect(type);
    }
  }

  /** Takes the table index off the stack into the address local, 32 bits wide; in the exact variant tells a null entry from a wrong signature. */
  private tableIndex(): void {
    const { out } = this;
    if (this.wideTable) this.narrow(TrapCode.tableOutOfBounds);
    if (this.fast) out.localSet(this.address);
    else {
      out.localTee(this.address).op(0x25, 0x00, 0xd1);
      this.trapIf(TrapCode.nullTableEntry);
    }
  }

  /** An i64 on the stack becomes an i32; `code` is the trap when it does not fit. */
  private narrow(code: number): void {
    const { out } = this;
    const wide = this.wideAddress;
    out.localTee(wide).i64(32).op(Op.i64ShrU, Op.wrap);
    this.trapIf(code);
    out.localGet(wide).op(Op.wrap);
  }

  // Memory.

  private access(start: number, opcode: number, shape: number): void {
    const { out } = this;
    this.flushCopy(start);
    const align = this.u32();
    const offset = this.offset();
    const writes = shape === Shape.store || shape === Shape.storeLane;
    const lane = shape === Shape.loadLane || shape === Shape.storeLane ? this.bytes[this.position++]! : -1;
    this.copyFrom = this.position;
    if (offset > MAX_OFFSET) {
      // Even at address 0 this is behind the largest memory.
      this.trap(TrapCode.heapOutOfBounds);
      return;
    }
    if (!writes && (lane < 0 || !this.wide)) {
      if (this.wide) this.narrow(TrapCode.heapOutOfBounds);
    } else {
      const value = this.valueTemporary(POP1[opcode]!);
      out.localSet(value);
      if (this.wide) this.narrow(TrapCode.heapOutOfBounds);
      if (writes) {
        out.localTee(this.address);
        if (offset > 0) out.i32(offset).op(Op.i32Add);
        out.i32(PAGE_SHIFT).op(Op.i32ShrU).i32(1).memory(0x3a, 0, 0).localGet(this.address);
      }
      out.localGet(value);
    }
    if (opcode >= 0x200) {
      out.byte(0xfd);
      out.u32(opcode - 0x200);
      out.op(align);
      out.u32(offset + PREFIX_BYTES);
      if (lane >= 0) out.op(lane);
    } else out.memory(opcode, align, offset + PREFIX_BYTES);
  }

  // NaN.

  /** After a float operation: replaces any NaN by the canonical one, unless its consumer cannot see the difference. */
  private canonical(kind: number): void {
    const scalar = kind === F32 || kind === F64;
    // The lanes of a vector may be looked at as another type, so vectors are always made canonical.
    if (scalar && this.nanIsUnseen()) return;
    const { out } = this;
    this.flushCopy(this.position);
    this.copyFrom = this.position;
    const value = this.valueTemporary(scalar ? kind : V128);
    switch (kind) {
      case F32:
        out
          .localTee(value)
          .op(...CANONICAL_F32)
          .localGet(value)
          .localGet(value)
          .op(0x5b, Op.select);
        return;
      case F64:
        out
          .localTee(value)
          .op(...CANONICAL_F64)
          .localGet(value)
          .localGet(value)
          .op(0x61, Op.select);
        return;
      case F32X4:
        out
          .localTee(value)
          .op(...CANONICAL_F32, 0xfd, 19)
          .localGet(value)
          .localGet(value)
          .op(0xfd, 65, 0xfd, 82);
        return;
      case F64X2:
        out
          .localTee(value)
          .op(...CANONICAL_F64, 0xfd, 20)
          .localGet(value)
          .localGet(value)
          .op(0xfd, 71, 0xfd, 82);
        return;
    }
  }

  /**
   * Looks ahead: whether the next instruction consumes the value and gives the same result for every NaN, with at most one
   * `local.get` or constant in between as the other operand.
   */
  private nanIsUnseen(): boolean {
    const { bytes } = this;
    let at = this.position;
    let between = 0;
    const first = bytes[at]!;
    if (first === 0x20) {
      at++;
      while (bytes[at++]! >= 0x80);
      between = 1;
    } else if (first === 0x43 || first === 0x44) {
      at += first === 0x43 ? 5 : 9;
      between = 1;
    }
    const opcode = this.peek(at);
    return NAN_BLIND[opcode] === 1 && POPS[opcode]! > between;
  }

  /** The instruction at `at`; 0 where it has a longer encoding than usual. */
  private peek(at: number): number {
    const first = this.bytes[at]!;
    if (first < 0xfc) return first;
    const second = this.bytes[at + 1]!;
    if (second < 0x80) return (first === 0xfc ? 0x100 : 0x200) + second;
    return this.bytes[at + 2] === 1 ? (first === 0xfc ? 0 : 0x200 + second) : 0;
  }

  // The rest.

  private instruction(start: number, shape: number): void {
    const { out, layout } = this;
    switch (shape) {
      case Shape.callIndirect:
        return this.callIndirect(start);
      case Shape.refFunc: {
        this.flushCopy(start);
        out.op(0xd2);
        out.u32(layout.functionIndex(this.u32()));
        this.copyFrom = this.position;
        return;
      }
      case Shape.tableGet:
        this.flushCopy(start);
        this.skipLeb();
        if (this.wideTable) this.narrow(TrapCode.tableOutOfBounds);
        out.op(0x25, 0);
        this.copyFrom = this.position;
        return;
      case Shape.tableSize:
        this.skipLeb();
        this.flushCopy(this.position);
        if (this.wideTable) out.op(Op.extendU);
        this.copyFrom = this.position;
        return;
      case Shape.memorySize:
        this.position++;
        this.flushCopy(this.position);
        out.i32(PREFIX_BYTES >> 16).op(Op.i32Sub);
        if (this.wide) out.op(Op.extendU);
        this.copyFrom = this.position;
        return;
      case Shape.memoryGrow:
        this.flushCopy(start);
        this.position++;
        this.flushCounter();
        out.call(this.helpers.grow);
        this.copyFrom = this.position;
        return;
      case Shape.memoryInit:
      case Shape.memoryCopy:
      case Shape.memoryFill:
        return this.bulk(start, shape);
      case Shape.dataDrop:
        this.flushCopy(start);
        out.i32(1).globalSet(layout.droppedGlobal(this.u32()));
        this.copyFrom = this.position;
        return;
      case Shape.elemDrop:
        // Nothing can read a segment afterwards: `table.init` is refused.
        this.flushCopy(start);
        this.skipLeb();
        this.copyFrom = this.position;
        return;
      default:
        this.skipImmediates(shape);
    }
  }

  private bulk(start: number, shape: number): void {
    const { out } = this;
    const after = this.position;
    this.flushCopy(start);
    this.position = start;
    this.chargeBulk();
    this.position = after;
    const segment = shape === Shape.memoryInit ? this.u32() : 0;
    this.position += shape === Shape.memoryCopy ? 2 : 1;
    out.call(shape === Shape.memoryInit ? this.helpers.init(segment) : shape === Shape.memoryCopy ? this.helpers.copy : this.helpers.fill);
    this.copyFrom = this.position;
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
