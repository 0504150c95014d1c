/**
 * Type-checks function bodies and measures them in the same walk: the cost of each metering block, the depth of the operand
 * stack, complexity and size. Rewriting relies on a body that passed here.
 *
 * Our own check, so that no result depends on an engine's validator, and because the depth is needed anyway.
 */
import type { DecodedModule, FunctionType } from "./module.ts";
import { Flag, type Measured } from "./measured.ts";
import { TailPositions } from "./tail-positions.ts";
import { Control, TypeStack } from "./type-stack.ts";
import {
  ANY, COMPLEXITY, CUTS, EXTERNREF, F32, F64, FUNCREF, I32, I64, LANES, MAX_ALIGN, NAME, POP1, POP2, POP3, POPS, PUSH, SHAPE, Shape, V128, WEIGHT,
  type ValueType,
} from "./opcodes.ts"; // prettier-ignore

const MAX_LOCALS = 50_000;
const MAX_BR_TABLE = 65_520;
const NO_TYPES: readonly ValueType[] = [];
const ONE_TYPE = new Map<number, readonly ValueType[]>([I32, I64, F32, F64, V128, FUNCREF, EXTERNREF].map((type) => [type, [type]]));

class FunctionValidator extends TypeStack {
  private readonly module: DecodedModule;
  private readonly address: ValueType;

  private locals = new Uint8Array(256);
  private localCount = 0;

  readonly tails: TailPositions;

  blockCosts = new Uint32Array(4096);
  blocks = 0;
  added = 0;
  flags = 0;
  complexity = 0;
  instructions = 0;
  unsupported = "";

  constructor(module: DecodedModule) {
    super(module.bytes);
    this.module = module;
    this.address = module.memory64 ? I64 : I32;
    this.tails = new TailPositions(module.bytes);
  }

  get declared(): number {
    return this.localCount;
  }

  private readBlockType(): FunctionType {
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

  /** What a branch to label `depth` carries; notes the branches that leave the function. */
  private target(depth: number): readonly ValueType[] {
    const types = this.label(depth);
    if (depth === this.controlKind.length - 1) this.flags |= Flag.branchesOut;
    return types;
  }

  private brTable(): void {
    this.pop(I32);
    const count = this.u32();
    if (count > MAX_BR_TABLE || count > this.end - this.position) this.fail("br_table targets exceed limit");
    let previous: readonly ValueType[] | null = null;
    for (let i = 0; i <= count; i++) {
      const types = this.target(this.u32());
      if (types === previous) continue;
      if (previous !== null && types.length !== previous.length) {
        this.fail("type mismatch: br_table target labels have different number of types");
      }
      previous = types;
      // Each target must accept the operands; popping leaves them in place, so they are there again for the next.
      const height = this.height;
      this.popAll(types);
      this.height = height;
    }
    this.unreachable();
  }

  private callee(index: number): FunctionType {
    const type = this.module.functions[index];
    if (type === undefined) this.fail(`unknown function ${index}: function index out of bounds`);
    if (index >= this.module.importedFunctions) this.flags |= Flag.calls;
    return this.module.types[type]!;
  }

  private indirectCallee(): FunctionType {
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

  private tailCall(type: FunctionType): void {
    this.popAll(type.params);
    const results = this.controlResults[0]!;
    if (results.length !== type.results.length || results.some((result, i) => result !== type.results[i])) {
      this.fail("type mismatch: current function requires result type that the tail-called function does not return");
    }
    this.unreachable();
  }

  private local(): ValueType {
    const index = this.u32();
    if (index >= this.localCount) this.fail(`unknown local ${index}: local index out of bounds`);
    return this.locals[index]!;
  }

  private memoryArgument(opcode: number): void {
    const align = this.u32();
    if (this.module.memories.length === 0) this.fail("unknown memory 0");
    if (align > MAX_ALIGN[opcode]!)
      this.fail(align >= 32 ? "malformed memop alignment: alignment too large" : "alignment must not be larger than natural");
    if (this.address === I64) this.skipU64();
    else this.u32();
  }

  private memoryIndex(): void {
    if (this.u8() !== 0) this.fail("zero byte expected: multi-memory is not enabled");
    if (this.module.memories.length === 0) this.fail("unknown memory 0");
  }

  private table(): { element: ValueType; address: ValueType } {
    const index = this.u32();
    const table = this.module.tables[index];
    if (table === undefined) this.fail(`unknown table ${index}: table index out of bounds`);
    return { element: table.element, address: table.table64 ? I64 : I32 };
  }

  private dataIndex(): void {
    const index = this.u32();
    if (this.module.dataCount < 0) this.fail("data count section required");
    if (index >= this.module.dataCount) this.fail(`unknown data segment ${index}`);
  }

  private elementIndex(): ValueType {
    const index = this.u32();
    const segment = this.module.elements[index];
    if (segment === undefined) this.fail(`unknown elem segment ${index}: segment index out of bounds`);
    return segment.type;
  }

  private lane(opcode: number): void {
    if (this.u8() >= LANES[opcode]!) this.fail("SIMD index out of bounds");
  }

  private referenceType(): ValueType {
    const type = this.u8();
    if (type !== FUNCREF && type !== EXTERNREF) this.fail("malformed reference type");
    return type;
  }

  private declareLocals(params: readonly ValueType[]): void {
    this.localCount = 0;
    for (let i = 0; i < params.length; i++) this.addLocals(1, params[i]!);
    for (let groups = this.u32(); groups > 0; groups--) {
      const count = this.u32();
      const type = this.u8();
      if (!ONE_TYPE.has(type)) this.fail("invalid value type");
      this.addLocals(count, type);
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

  private block(cost: number, checked: boolean): void {
    if (this.blocks === this.blockCosts.length) {
      const larger = new Uint32Array(this.blocks * 2);
      larger.set(this.blockCosts);
      this.blockCosts = larger;
    }
    this.blockCosts[this.blocks++] = cost;
    // get, const, sub, set; and at a check get, const, lt, if, call, end.
    if (checked) this.added += 10;
    else if (cost > 0) this.added += 4;
  }

  /** Checks one body; `blockCosts`, `depth` and the other public fields then tell about it. */
  validate(type: FunctionType, start: number, end: number): void {
    this.begin(start, end);
    this.flags = this.complexity = this.instructions = 0;
    this.unsupported = "";
    this.declareLocals(type.params);
    this.tails.begin(type.results.length === 0);
    this.enter(Control.block, NO_TYPES, type.results);
    this.tails.enter(false);

    const wide = this.module.memory64 ? 1 : 0;
    const { bytes } = this;
    // The first block costs one more, and is checked.
    let cost = 1;
    let checked = true;
    while (this.controlKind.length > 0) {
      if (this.position >= end) this.fail("unexpected end of function body: control frames remain at end of function");
      let opcode = bytes[this.position++]!;
      if (opcode >= 0xfc) opcode = this.prefixed(opcode);
      const shape = SHAPE[opcode]!;
      cost += WEIGHT[opcode]!;
      this.complexity += COMPLEXITY[opcode]!;
      this.instructions++;
      switch (shape) {
        case Shape.plain:
          this.fixed(opcode);
          break;
        case Shape.localGet:
          this.push(this.local());
          break;
        case Shape.localSet:
          this.pop(this.local());
          break;
        case Shape.localTee: {
          const local = this.local();
          this.pop(local);
          this.push(local);
          break;
        }
        case Shape.i32Const:
          this.skipSigned(32);
          this.push(I32);
          break;
        case Shape.i64Const:
          this.skipSigned(64);
          this.push(I64);
          break;
        case Shape.load:
          cost += wide;
          this.memoryArgument(opcode);
          this.pop(this.address);
          this.push(PUSH[opcode]!);
          break;
        case Shape.store:
          cost += wide;
          this.memoryArgument(opcode);
          this.pop(POP1[opcode]!);
          this.pop(this.address);
          break;
        case Shape.call: {
          const callee = this.callee(this.u32());
          this.popAll(callee.params);
          this.pushAll(callee.results);
          break;
        }
        case Shape.loadLane:
        case Shape.storeLane:
          cost += wide;
          this.memoryArgument(opcode);
          this.instruction(opcode, shape);
          break;
        default:
          this.instruction(opcode, shape);
      }
      if (CUTS[opcode] === 1) {
        this.block(cost, checked);
        cost = 0;
        checked = shape === Shape.loop;
      }
    }
    this.tails.finish();
    if (this.position !== end) this.fail("operators remaining after end of function body");
  }

  private prefixed(first: number): number {
    const code = this.u32();
    if (first === 0xfc && code < 18) return 0x100 + code;
    if (first === 0xfd && code < 0x100) return 0x200 + code;
    this.fail(`illegal opcode: 0x${first.toString(16)} 0x${code.toString(16)}`);
  }

  private fixed(opcode: number): void {
    const count = POPS[opcode]!;
    this.pop(POP1[opcode]!);
    if (count > 1) this.pop(POP2[opcode]!);
    if (count > 2) this.pop(POP3[opcode]!);
    const result = PUSH[opcode]!;
    if (result !== 0) this.push(result);
    if (opcode >= 0x200) this.flags |= Flag.vectors;
  }

  /** Everything but the most frequent instructions. */
  private instruction(opcode: number, shape: number): void {
    if (opcode >= 0x200) this.flags |= Flag.vectors;
    switch (shape) {
      case Shape.unknown:
        this.fail(`illegal opcode: 0x${(opcode & 0xff).toString(16)}`);
      // falls through
      case Shape.unreachable:
        return this.unreachable();
      case Shape.nop:
        return;
      case Shape.block:
      case Shape.loop:
      case Shape.if: {
        const type = this.readBlockType();
        if (shape === Shape.if) this.pop(I32);
        this.popAll(type.params);
        this.tails.enter(shape === Shape.loop);
        this.enter(shape === Shape.block ? Control.block : shape === Shape.loop ? Control.loop : Control.if, type.params, type.results);
        return;
      }
      case Shape.else: {
        const at = this.controlKind.length - 1;
        if (this.controlKind[at] !== Control.if) this.fail("else found outside of an `if` block");
        this.leave();
        this.controlKind[at] = Control.else;
        this.dead = false;
        this.pushAll(this.controlParams[at]!);
        return;
      }
      case Shape.end: {
        this.leave();
        const kind = this.controlKind.pop()!;
        const params = this.controlParams.pop()!;
        const results = this.controlResults.pop()!;
        this.tails.leave(this.position);
        if (kind === Control.if && (params.length !== results.length || params.some((param, i) => param !== results[i]))) {
          this.fail("type mismatch: else branch missing and the if has different parameters and results");
        }
        this.floor = this.controlFloor.pop()!;
        this.dead = this.controlDead.pop()!;
        this.pushAll(results);
        return;
      }
      case Shape.br:
        this.popAll(this.target(this.u32()));
        return this.unreachable();
      case Shape.brIf: {
        this.pop(I32);
        const types = this.target(this.u32());
        this.popAll(types);
        return this.pushAll(types);
      }
      case Shape.brTable:
        return this.brTable();
      case Shape.return:
        this.popAll(this.controlResults[0]!);
        return this.unreachable();
      case Shape.callIndirect: {
        const type = this.indirectCallee();
        this.popAll(type.params);
        if (type.results.length === 0 && !this.dead) this.tails.call(this.position);
        return this.pushAll(type.results);
      }
      case Shape.returnCall:
        return this.tailCall(this.callee(this.u32()));
      case Shape.returnCallIndirect:
        return this.tailCall(this.indirectCallee());
      case Shape.drop:
        this.popAny();
        return;
      case Shape.select:
        return this.select();
      case Shape.selectTyped: {
        if (this.u32() !== 1) this.fail("invalid result arity");
        const type = this.u8();
        if (!ONE_TYPE.has(type)) this.fail("invalid value type");
        this.pop(I32);
        this.pop(type);
        this.pop(type);
        return this.push(type);
      }
      case Shape.globalGet:
        return this.push(this.global().type);
      case Shape.globalSet: {
        const global = this.global();
        if (!global.mutable) this.fail("global is immutable: cannot modify it with `global.set`");
        return this.pop(global.type);
      }
      case Shape.memorySize:
        this.memoryIndex();
        return this.push(this.address);
      case Shape.memoryGrow:
        this.memoryIndex();
        this.pop(this.address);
        this.added += 3;
        return this.push(this.address);
      case Shape.f32Const:
        this.skip(4);
        return this.push(F32);
      case Shape.f64Const:
        this.skip(8);
        return this.push(F64);
      case Shape.v128Const:
        this.skip(16);
        return this.push(V128);
      case Shape.shuffle:
        for (let i = 0; i < 16; i++) if (this.u8() >= 32) this.fail("SIMD index out of bounds");
        return this.fixed(opcode);
      case Shape.lane:
        this.lane(opcode);
        return this.fixed(opcode);
      case Shape.loadLane:
        this.lane(opcode);
        this.pop(V128);
        this.pop(this.address);
        return this.push(V128);
      case Shape.storeLane:
        this.lane(opcode);
        this.pop(V128);
        return this.pop(this.address);
      case Shape.refNull:
        return this.push(this.referenceType());
      case Shape.refIsNull: {
        const type = this.popAny();
        if (type !== ANY && type !== FUNCREF && type !== EXTERNREF) this.fail("type mismatch: invalid reference type in ref.is_null");
        return this.push(I32);
      }
      case Shape.refFunc: {
        const index = this.u32();
        if (index >= this.module.functions.length) this.fail(`unknown function ${index}: function index out of bounds`);
        if (this.module.referenced[index] !== 1) this.fail("undeclared function reference");
        return this.push(FUNCREF);
      }
      default:
        return this.bulk(opcode, shape);
    }
  }

  private select(): void {
    this.pop(I32);
    const first = this.popAny();
    const second = this.popAny();
    const reference = first === FUNCREF || first === EXTERNREF || second === FUNCREF || second === EXTERNREF;
    if (reference) this.fail("type mismatch: select only takes integral types");
    if (first !== second && first !== ANY && second !== ANY) this.mismatch(first, second);
    this.push(first === ANY ? second : first);
  }

  private global(): { type: ValueType; mutable: boolean } {
    const index = this.u32();
    const global = this.module.globals[index];
    if (global === undefined) this.fail(`unknown global ${index}: global index out of bounds`);
    return global;
  }

  /** Bulk and table instructions. The table ones that write are well-typed here and refused by the platform's own check. */
  private bulk(opcode: number, shape: number): void {
    switch (shape) {
      case Shape.memoryInit:
        this.dataIndex();
        this.memoryIndex();
        // The charge: extend, call, wrap.
        this.added += 3;
        this.pop(I32);
        this.pop(I32);
        return this.pop(this.address);
      case Shape.dataDrop:
        return this.dataIndex();
      case Shape.memoryCopy:
      case Shape.memoryFill:
        this.memoryIndex();
        if (shape === Shape.memoryCopy) this.memoryIndex();
        this.added += this.address === I32 ? 3 : 1;
        this.pop(this.address);
        this.pop(shape === Shape.memoryCopy ? this.address : I32);
        return this.pop(this.address);
      case Shape.elemDrop:
        this.elementIndex();
        return;
      case Shape.tableGet: {
        const { element, address } = this.table();
        this.pop(address);
        return this.push(element);
      }
      case Shape.tableSize:
        return this.push(this.table().address);
      default:
        if (this.unsupported === "") this.unsupported = NAME[opcode]!;
        return this.tableWrite(shape);
    }
  }

  private tableWrite(shape: number): void {
    switch (shape) {
      case Shape.tableSet: {
        const { element, address } = this.table();
        this.pop(element);
        return this.pop(address);
      }
      case Shape.tableInit: {
        const type = this.elementIndex();
        const { element, address } = this.table();
        if (type !== element) this.mismatch(element, type);
        this.pop(I32);
        this.pop(I32);
        return this.pop(address);
      }
      case Shape.tableCopy: {
        const target = this.table();
        const source = this.table();
        if (target.element !== source.element) this.mismatch(target.element, source.element);
        this.pop(target.address === I64 && source.address === I64 ? I64 : I32);
        this.pop(source.address);
        return this.pop(target.address);
      }
      case Shape.tableGrow: {
        const { element, address } = this.table();
        this.pop(address);
        this.pop(element);
        return this.push(address);
      }
      default: {
        const { element, address } = this.table();
        this.pop(address);
        this.pop(element);
        return this.pop(address);
      }
    }
  }
}

/** Checks all bodies in order; throws `Malformed` at the first that is wrong. */
export function validateFunctions(module: DecodedModule): Measured {
  const count = module.bodyStarts.length;
  const firstBlock = new Uint32Array(count + 1);
  const maxDepth = new Uint32Array(count);
  const localCount = new Uint32Array(count);
  const flags = new Uint8Array(count);
  const complexity = new Float64Array(count);
  const instructions = new Uint32Array(count);
  const unsupported = new Map<number, string>();
  const validator = new FunctionValidator(module);
  for (let i = 0; i < count; i++) {
    firstBlock[i] = validator.blocks;
    validator.validate(module.types[module.functions[module.importedFunctions + i]!]!, module.bodyStarts[i]!, module.bodyEnds[i]!);
    maxDepth[i] = validator.depth;
    localCount[i] = validator.declared;
    flags[i] = validator.flags;
    complexity[i] = validator.complexity;
    instructions[i] = validator.instructions;
    if (validator.unsupported !== "") unsupported.set(i, validator.unsupported);
  }
  firstBlock[count] = validator.blocks;
  const blockCosts = validator.blockCosts.slice(0, validator.blocks);
  return {
    blockCosts,
    firstBlock,
    maxDepth,
    localCount,
    flags,
    complexity,
    instructions,
    unsupported,
    added: validator.added,
    tailCalls: validator.tails.found,
  };
}
