/**
 * What instructions name: locals, globals, functions, tables, segments, memory arguments. Each is read from the body and looked up in the module;
 * what is not there is an error.
 */
import type { DecodedModule, FunctionType } from "./module.ts";
import { Flag } from "./measured.ts";
import { EXTERNREF, F32, F64, FUNCREF, I32, I64, LANES, MAX_ALIGN, V128, type ValueType } from "./opcodes.ts";
import { TypeStack } from "./type-stack.ts";

const MAX_LOCALS = 50_000;
export const NO_TYPES: readonly ValueType[] = [];
const ONE_TYPE = new Map<number, readonly ValueType[]>([I32, I64, F32, F64, V128, FUNCREF, EXTERNREF].map((type) => [type, [type]]));

export class Immediates extends TypeStack {
  protected readonly module: DecodedModule;
  /** Type of heap addresses. */
  protected readonly address: ValueType;
  /** `Flag`s of the body. */
  flags = 0;

  private locals = new Uint8Array(256);
  private localCount = 0;

  constructor(module: DecodedModule) {
    super(module.bytes);
    this.module = module;
    this.address = module.memory64 ? I64 : I32;
  }

  /** Parameters and locals of the last body. */
  get declared(): number {
    return this.localCount;
  }

  protected readBlockType(): FunctionType {
    const byte = this.bytes[this.position]!;
    if (this.position < this.end && (byte & 0xc0) === 0x40) {
      this.position++;
      if (byte === 0x40) return { params: NO_TYPES, results: NO_TYPES };
      const results = ONE_TYPE.get(byte);
      if (results === undefined) this.fail("invalid block type");
      if (byte === V128) this.flags |= Flag.vectors;
      return { params: NO_TYPES, results };
    }
    // A type index: a non-negative s33.
    let index = 0;
    for (let shift = 0; ; shift += 7) {
      const next = this.u8();
      if (shift === 28 && next > 0x0f) this.fail("invalid block type: type index out of bounds");
      index += (next & 0x7f) * 2 ** shift;
      if (next < 0x80) {
        if (next & 0x40) this.fail("invalid block type");
        break;
      }
    }
    const type = this.module.types[index];
    if (type === undefined) this.fail(`unknown type ${index}: type index out of bounds`);
    return type;
  }

  protected callee(index: number): FunctionType {
    const type = this.module.functions[index];
    if (type === undefined) this.fail(`unknown function ${index}: function index out of bounds`);
    if (index >= this.module.importedFunctions) this.flags |= Flag.calls;
    return this.module.types[type]!;
  }

  protected indirectCallee(): FunctionType {
    const index = this.u32();
    const tableIndex = this.u32();
    const type = this.module.types[index];
    if (type === undefined) this.fail(`unknown type ${index}: type index out of bounds`);
    const table = this.module.tables[tableIndex];
    if (table === undefined) this.fail(`unknown table ${tableIndex}: table index out of bounds`);
    if (table.element !== FUNCREF) this.fail("indirect calls must go through a table with type <= funcref");
    this.pop(table.table64 ? I64 : I32);
    this.flags |= Flag.calls;
    return type;
  }

  protected localIndex(): number {
    const index = this.u32();
    if (index >= this.localCount) this.fail(`unknown local ${index}: local index out of bounds`);
    return index;
  }

  protected localType(index: number): ValueType {
    return this.locals[index]!;
  }

  /** Returns the offset. */
  protected memoryArgument(opcode: number): number {
    const align = this.u32();
    if (this.module.memories.length === 0) this.fail("unknown memory 0");
    if (align > MAX_ALIGN[opcode]!)
      this.fail(align >= 32 ? "malformed memop alignment: alignment too large" : "alignment must not be larger than natural");
    return this.address === I64 ? this.u64() : this.u32();
  }

  protected memoryIndex(): void {
    if (this.u8() !== 0) this.fail("zero byte expected: multi-memory is not enabled");
    if (this.module.memories.length === 0) this.fail("unknown memory 0");
  }

  protected table(): { element: ValueType; address: ValueType } {
    const index = this.u32();
    const table = this.module.tables[index];
    if (table === undefined) this.fail(`unknown table ${index}: table index out of bounds`);
    return { element: table.element, address: table.table64 ? I64 : I32 };
  }

  protected dataIndex(): void {
    const index = this.u32();
    if (this.module.dataCount < 0) this.fail("data count section required");
    if (index >= this.module.dataCount) this.fail(`unknown data segment ${index}`);
  }

  protected elementIndex(): ValueType {
    const index = this.u32();
    const segment = this.module.elements[index];
    if (segment === undefined) this.fail(`unknown elem segment ${index}: segment index out of bounds`);
    return segment.type;
  }

  protected lane(opcode: number): void {
    if (this.u8() >= LANES[opcode]!) this.fail("SIMD index out of bounds");
  }

  protected referenceType(): ValueType {
    const type = this.u8();
    if (type !== FUNCREF && type !== EXTERNREF) this.fail("malformed reference type");
    return type;
  }

  protected declareLocals(params: readonly ValueType[]): void {
    this.localCount = 0;
    for (let i = 0; i < params.length; i++) this.addLocals(1, params[i]!);
    for (let groups = this.u32(); groups > 0; groups--) {
      const count = this.u32();
      this.addLocals(count, this.valueType());
    }
  }

  private addLocals(count: number, type: ValueType): void {
    const needed = this.localCount + count;
    if (needed > MAX_LOCALS) this.fail("too many locals: locals exceed maximum");
    if (needed > this.locals.length) {
      const larger = new Uint8Array(Math.max(needed, this.locals.length * 2));
      larger.set(this.locals);
      this.locals = larger;
    }
    this.locals.fill(type, this.localCount, needed);
    this.localCount = needed;
    if (type === V128 && count > 0) this.flags |= Flag.vectors;
  }

  protected global(): { type: ValueType; mutable: boolean } {
    const index = this.u32();
    const global = this.module.globals[index];
    if (global === undefined) this.fail(`unknown global ${index}: global index out of bounds`);
    return global;
  }

  protected valueType(): ValueType {
    const type = this.u8();
    if (!ONE_TYPE.has(type)) this.fail("invalid value type");
    return type;
  }
}
