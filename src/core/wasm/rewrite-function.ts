/**
 * Rewriting one function body, in one pass over its bytes. What is not touched is copied in runs. Put in between are:
 * charges at the start of each metering block, the stack check at the entry, the marks of the write map before stores,
 * the shift of addresses behind the map, the lowering of 64-bit addresses and table indices, canonical NaNs. Metering is in
 * `metered-body.ts`, NaNs are in `canonical-nans.ts`.
 *
 * Code that cannot be reached is left out. The body has passed `validate-function.ts`, so nothing is checked here.
 *
 * Source: design.md 4; wasm.md 2, 4.2.
 */
import { PREFIX_BYTES, TrapCode } from "./abi.ts";
import { Op } from "./assembler.ts";
import { CanonicalBody } from "./canonical-nans.ts";
import { checkBodyBytes } from "./engine-limits.ts";
import type { Layout } from "./layout.ts";
import type { Helpers } from "./helpers.ts";

import { CANONICAL } from "./nan-columns.ts";
import { POP1, SHAPE, Shape } from "./opcodes.ts";
import type { Measured } from "./measured.ts";
import { ByteWriter } from "./writer.ts";

const MAX_OFFSET = 0xffff_ffff - PREFIX_BYTES;
const PAGE_SHIFT = 12;

export class FunctionRewriter extends CanonicalBody {
  private readonly wideTable: boolean;

  constructor(layout: Layout, helpers: Helpers, measured: Measured) {
    super(layout, helpers, measured);
    this.wideTable = layout.module.tables[0]?.table64 ?? false;
  }

  /** Appends the rewritten body of local function `index`, its size in front, to `target`. */
  rewrite(index: number, target: ByteWriter): void {
    const { module, out } = this;
    const type = module.types[module.functions[module.importedFunctions + index]!]!;
    this.position = module.bodyStarts[index]!;
    this.end = module.bodyEnds[index]!;
    const localsStart = this.position;
    const groups = this.u32();
    const groupsStart = this.position;
    for (let i = 0; i < groups; i++) {
      this.u32();
      this.position++;
    }
    const localsEnd = this.position;
    this.enterFunction(index, type);
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
    checkBodyBytes(module.importedFunctions + index, head.length + out.length);
    target.u32(head.length + out.length);
    target.copy(head.bytes, 0, head.length);
    target.copy(out.bytes, 0, out.length);
  }

  private body(): void {
    const { bytes, end } = this;
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
    const marks = writes && !this.measured.coveredStores.has(this.position);
    const onTop = writes || lane >= 0;
    if (!marks && !(onTop && this.wide)) {
      if (this.wide) this.narrow(TrapCode.heapOutOfBounds);
    } else {
      const value = this.valueTemporary(POP1[opcode]!);
      out.localSet(value);
      if (this.wide) this.narrow(TrapCode.heapOutOfBounds);
      if (marks) {
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
