/**
 * The functions we put into every rewritten module: wrappers of `ic0` imports, the charge of bulk operations, bulk operations
 * with their bounds check and marks, and what `abi.ts` promises to the host. Each is made when it is first needed.
 *
 * Source: wasm.md 4.1, 4.2, 6; system-api.md 2. Replica: `charge_direct_fee` in `rs/embedders/src/wasmtime_embedder/linker.rs`
 * and `export_additional_symbols` in `rs/embedders/src/wasm_utils/instrumentation.rs` (c7c5005).
 */
import { PREFIX_BYTES, PREFIX_WASM_PAGES, TrapCode } from "./abi.ts";
import { Assembler, Op } from "./assembler.ts";
import { IC0, type Ic0Function } from "./ic0.ts";
import { PASSED_PARAMS, storeOpcode, type Layout } from "./layout.ts";
import type { GlobalInfo } from "./module-info.ts";
import { I32, I64, type ValueType } from "./opcodes.ts";

const ALL_LOW_BITS = 0xffff_ffff;
/** Sizes above this are charged as this: no limit is as high, so the outcome is the same, and the product cannot overflow. */
const MAX_CHARGED_SIZE = 2 ** 50;
/** The stable memory functions charge by the helper for dynamic charges, which does not look at the counter beforehand. */
const CHARGED_LIKE_BULK = new Set(["stable_read", "stable_write", "stable64_read", "stable64_write"]);
const MINIMUM_I64 = -(2 ** 63);

export class Helpers {
  private readonly layout: Layout;
  private readonly pointer: ValueType;
  private readonly made = new Map<string, number>();

  constructor(layout: Layout) {
    this.layout = layout;
    this.pointer = layout.module.memory64 ? I64 : I32;
  }

  /** Wrappers must come first: `Layout.functionIndex` counts on it. */
  wrapImports(): void {
    const { module, injected } = this.layout;
    const imported = module.imports.filter(({ kind }) => kind === "function");
    // Their places are taken first, because writing one may inject a helper.
    const empty = new Assembler(0);
    for (const { type } of imported) injected.push({ type: this.layout.functionTypeOf(type), body: empty });
    imported.forEach(({ name }, index) => {
      injected[index] = { type: injected[index]!.type, body: this.wrapper(IC0.get(name)!, index) };
    });
  }

  private once(name: string, params: readonly ValueType[], results: readonly ValueType[], write: (code: Assembler) => void): number {
    let index = this.made.get(name);
    if (index === undefined) {
      const code = new Assembler(64);
      write(code);
      code.op(Op.end);
      index = this.layout.inject(params, results, code);
      this.made.set(name, index);
    }
    return index;
  }

  private trapIf(code: Assembler, trap: number): void {
    code.op(Op.if, Op.void).i32(trap).globalSet(this.layout.trapCode).op(Op.unreachable, Op.end);
  }

  private handleIfNegative(code: Assembler): void {
    const { counter, outOfInstructions } = this.layout;
    code.globalGet(counter).i64(0).op(Op.i64LtS, Op.if, Op.void).call(outOfInstructions).op(Op.end);
  }

  // Metering.

  /** `(i64) -> i64`: the counter is negative; tells the handler and returns the counter it left. */
  get refill(): number {
    return this.once("refill", [I64], [I64], (code) => {
      code.op(0).localGet(0).globalSet(this.layout.counter).call(this.layout.outOfInstructions).globalGet(this.layout.counter);
    });
  }

  /** `(i64) -> i64`: charges as many instructions, stopping at the smallest i64; returns its argument. */
  get charge(): number {
    return this.once("charge", [I64], [I64], (code) => {
      const { counter } = this.layout;
      code.op(1, 1, I64);
      code.globalGet(counter).localGet(0).op(Op.i64Sub).localTee(1).globalGet(counter).op(Op.i64GtS);
      code.op(Op.if, I64).i64(MINIMUM_I64).op(Op.else).localGet(1).op(Op.end).globalSet(counter);
      this.handleIfNegative(code);
      code.localGet(0);
    });
  }

  // Memory.

  /** `(pages) -> pages`: `memory.grow`. A 64-bit delta that is no 32-bit number is beyond every maximum. */
  get grow(): number {
    if (this.pointer === I32) return this.layout.memoryGrow;
    return this.once("grow", [I64], [I64], (code) => {
      code.op(0).localGet(0).i64(32).op(Op.i64ShrU, Op.wrap, Op.if, Op.void).i64(-1).op(Op.return, Op.end);
      code.localGet(0).op(Op.wrap).call(this.layout.memoryGrow).op(Op.extendS);
    });
  }

  /** Puts argument `local` on the stack as an i64. */
  private widened(code: Assembler, local: number, type = this.pointer): void {
    code.localGet(local);
    if (type === I32) code.op(Op.extendU);
  }

  /** Puts argument `local` on the stack as an i32. */
  private narrowed(code: Assembler, local: number, type = this.pointer): void {
    code.localGet(local);
    if (type === I64) code.op(Op.wrap);
  }

  /** Traps unless `[address, address + length)` is in the heap; `length` and `size` are i64 locals. */
  private checkRange(code: Assembler, address: number, length: number, size: number): void {
    code.localGet(length).localGet(size).op(Op.i64GtU);
    this.trapIf(code, TrapCode.heapOutOfBounds);
    this.widened(code, address);
    code.localGet(size).localGet(length).op(Op.i64Sub, Op.i64GtU);
    this.trapIf(code, TrapCode.heapOutOfBounds);
  }

  private heapSize(code: Assembler, into: number): void {
    code.op(0x3f, 0).i32(PREFIX_WASM_PAGES).op(Op.i32Sub, Op.extendU).i64(16).op(Op.i64Shl).localSet(into);
  }

  /** Returns when `length` is 0, else marks the pages of the range; `first` is an i32 local. */
  private mark(code: Assembler, address: number, length: number, first: number): void {
    const pages = (): void => {
      this.widened(code, address);
      code.localGet(length).op(Op.i64Add).i64(1).op(Op.i64Sub).i64(12).op(Op.i64ShrU, Op.wrap).localGet(first).op(Op.i32Sub);
    };
    code.localGet(length).op(0x50, Op.if, Op.void, Op.return, Op.end);
    this.narrowed(code, address);
    code.i32(12).op(Op.i32ShrU).localTee(first).i32(1).memory(0x3a, 0, 0);
    // Most ranges lie in one page, and filling is a call out of the engine's code.
    pages();
    code.op(Op.if, Op.void).localGet(first).i32(1);
    pages();
    code.i32(1).op(Op.i32Add, 0xfc, 0x0b, 0, Op.end);
  }

  private shifted(code: Assembler, address: number): void {
    this.narrowed(code, address);
    code.i32(PREFIX_BYTES).op(Op.i32Add);
  }

  /** `memory.fill` in the heap. */
  get fill(): number {
    return this.once("fill", [this.pointer, I32, this.pointer], [], (code) => {
      code.op(2, 2, I64, 1, I32);
      this.heapSize(code, 3);
      this.widened(code, 2);
      code.localSet(4);
      this.checkRange(code, 0, 4, 3);
      this.mark(code, 0, 4, 5);
      this.shifted(code, 0);
      code.localGet(1);
      this.narrowed(code, 2);
      code.op(0xfc, 0x0b, 0);
    });
  }

  /** `memory.copy` in the heap. */
  get copy(): number {
    return this.once("copy", [this.pointer, this.pointer, this.pointer], [], (code) => {
      code.op(2, 2, I64, 1, I32);
      this.heapSize(code, 3);
      this.widened(code, 2);
      code.localSet(4);
      this.checkRange(code, 0, 4, 3);
      this.checkRange(code, 1, 4, 3);
      this.mark(code, 0, 4, 5);
      this.shifted(code, 0);
      this.shifted(code, 1);
      this.narrowed(code, 2);
      code.op(0xfc, 0x0a, 0, 0);
    });
  }

  /** `memory.init` of one segment. A segment that was active or is dropped has length 0. */
  init(segment: number): number {
    return this.once(`init ${segment}`, [this.pointer, I32, I32], [], (code) => {
      const data = this.layout.module.data[segment]!;
      const length = data.offset === null ? data.bytes.length : 0;
      code.op(2, 2, I64, 1, I32);
      this.heapSize(code, 3);
      this.widened(code, 2, I32);
      code.localSet(4);
      this.widened(code, 1, I32);
      code.localGet(4).op(Op.i64Add);
      if (this.layout.dropped.has(segment)) code.i64(0).i64(length).globalGet(this.layout.droppedGlobal(segment)).op(Op.select);
      else code.i64(length);
      code.op(Op.i64GtU);
      this.trapIf(code, TrapCode.heapOutOfBounds);
      this.checkRange(code, 0, 4, 3);
      this.mark(code, 0, 4, 5);
      this.shifted(code, 0);
      code.localGet(1).localGet(2).op(0xfc, 0x08);
      code.u32(segment);
      code.op(0);
    });
  }

  // System API.

  private pointerType(letter: string): ValueType {
    return letter === "I" || letter === "E" ? this.pointer : letter === "l" ? I64 : I32;
  }

  /** Lowered parameter types of an import (`abi.ts`). */
  loweredParams(api: Ic0Function): ValueType[] {
    return [...api.params].flatMap((letter) => (letter === "E" || letter === "l" ? [I32, I32] : [I32]));
  }

  /** Charges, then calls import `index` with lowered arguments. Order: system-api.md 2. */
  private wrapper(api: Ic0Function, index: number): Assembler {
    const code = new Assembler(64);
    const params = [...api.params];
    const { passing, counter } = this.layout;
    const sum = params.length + (passing ? PASSED_PARAMS : 0);
    code.op(1, 1, I64);
    if (passing) code.localGet(params.length + 1).globalSet(counter);
    if (api.metered) {
      if (CHARGED_LIKE_BULK.has(api.name)) {
        this.widened(code, api.perByteOf[0]!, this.pointerType(params[api.perByteOf[0]!]!));
        code.i64(api.fixed).op(Op.i64Add).call(this.charge).op(Op.drop);
      } else {
        this.handleIfNegative(code);
        this.chargeWrapper(code, api, sum);
        this.handleIfNegative(code);
      }
    }
    params.forEach((letter, local) => this.lowerArgument(code, letter, local));
    code.call(index);
    if (api.result === "l") {
      code.op(Op.extendU).call(this.layout.hi).op(Op.extendU).i64(32).op(Op.i64Shl, Op.i64Or);
    } else if (api.result === "I" && this.pointer === I64) code.op(Op.extendU);
    if (passing) code.globalGet(counter);
    code.op(Op.end);
    return code;
  }

  /** counter := counter - (fixed + perByte * size), stopping at the smallest i64. `sum` is an i64 local. */
  private chargeWrapper(code: Assembler, api: Ic0Function, sum: number): void {
    const { counter } = this.layout;
    if (api.perByteOf.length === 0) {
      code.globalGet(counter).i64(api.fixed).op(Op.i64Sub).globalSet(counter);
      return;
    }
    api.perByteOf.forEach((param, i) => {
      this.chargedSize(code, param, this.pointerType(api.params[param]!));
      if (i > 0) code.op(Op.i64Add);
    });
    code.i64(api.perByte).op(Op.i64Mul).i64(api.fixed).op(Op.i64Add).localSet(sum);
    code.globalGet(counter).localGet(sum).op(Op.i64Sub).globalSet(counter);
  }

  private chargedSize(code: Assembler, local: number, type: ValueType): void {
    this.widened(code, local, type);
    if (type === I64) code.i64(MAX_CHARGED_SIZE).localGet(local).i64(MAX_CHARGED_SIZE).op(Op.i64LtU, Op.select);
  }

  private lowerArgument(code: Assembler, letter: string, local: number): void {
    const type = this.pointerType(letter);
    code.localGet(local);
    if (letter === "l" || letter === "E") {
      if (type === I32) {
        code.i32(0);
        return;
      }
      code.op(Op.wrap).localGet(local).i64(32).op(Op.i64ShrU, Op.wrap);
    } else if (type === I64) {
      code.i64(ALL_LOW_BITS).localGet(local).i64(ALL_LOW_BITS).op(Op.i64LtU, Op.select, Op.wrap);
    }
  }

  // What the host calls.

  /** `EXPORT.prepare`. Made last: it must know every segment that is dropped somewhere. */
  prepare(): number {
    return this.once("prepare", [I32, I32, I32], [], (code) => {
      const { counter, stackLeft, trapCode, dropped } = this.layout;
      code.op(0).localGet(0).op(Op.extendU).localGet(1).op(Op.extendU).i64(32).op(Op.i64Shl, Op.i64Or).globalSet(counter);
      code.localGet(2).globalSet(stackLeft).i32(TrapCode.none).globalSet(trapCode);
      for (const global of dropped.values()) code.i32(0).globalSet(global);
    });
  }

  /** `EXPORT.saveGlobals` and `EXPORT.loadGlobals`; `indices[i]` is the global that `globals[i]` describes. */
  globalsImage(direction: "save" | "load", globals: readonly GlobalInfo[], indices: readonly number[]): number {
    return this.once(direction, [], [], (code) => {
      code.op(0);
      globals.forEach(({ offset }, i) => {
        const index = indices[i]!;
        const opcode = storeOpcode(this.layout.module.globals[index]!.type);
        code.i32(0);
        if (direction === "save") code.globalGet(index);
        if (opcode === 0) code.op(0xfd).memory(direction === "save" ? 11 : 0, 0, offset);
        else code.memory(direction === "save" ? opcode : opcode - 0x36 + 0x28, 0, offset);
        if (direction === "load") code.globalSet(index);
      });
    });
  }

  /** A function of the user's without parameters and results, as the host calls it. */
  entry(user: number): number {
    const { layout } = this;
    const index = layout.functionIndex(user);
    if (!layout.passing) return index;
    return this.once(`entry ${user}`, [], [], (code) => {
      code.op(0).globalGet(layout.stackLeft).globalGet(layout.counter).call(index).globalSet(layout.counter);
    });
  }

  /** `EXPORT.invoke`: a callback by table index, with its environment. */
  get invoke(): number {
    return this.once("invoke", [I32, I32, I32], [], (code) => {
      code.op(0).localGet(1);
      if (this.pointer === I64) code.op(Op.extendU).localGet(2).op(Op.extendU).i64(32).op(Op.i64Shl, Op.i64Or);
      const { layout } = this;
      if (layout.passing) code.globalGet(layout.stackLeft).globalGet(layout.counter);
      code.localGet(0).op(0x11);
      code.u32(layout.functionType({ params: [this.pointer], results: [] }));
      code.op(0);
      if (layout.passing) code.globalSet(layout.counter);
    });
  }
}
