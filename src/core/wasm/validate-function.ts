/**
 * Type-checks a function body and measures it in the same walk: the cost of each metering block, the depth of the operand
 * stack, complexity and size. Rewriting relies on a body that passed here.
 *
 * Our own check, so that no result depends on an engine's validator, and because the depth is needed anyway.
 */
import { CoveredStores } from "./covered-stores.ts";
import { NO_TYPES } from "./immediates.ts";
import { COMPLEXITY, CUTS, WEIGHT } from "./instruction-costs.ts";
import type { DecodedModule, FunctionType } from "./module.ts";
import { Flag } from "./measured.ts";
import {
  ANY,
  EXTERNREF,
  F32,
  F64,
  FUNCREF,
  I32,
  I64,
  MAX_ALIGN,
  POP1,
  POP2,
  POP3,
  POPS,
  PUSH,
  SHAPE,
  Shape,
  V128,
  type ValueType,
} from "./opcodes.ts";
import { CANONICAL, NAN_BLIND } from "./nan-columns.ts";
import { TailPositions } from "./tail-positions.ts";
import { Control } from "./type-stack.ts";
import { UnseenNaNs } from "./unseen-nans.ts";
import { BulkValidator } from "./validate-bulk.ts";

const MAX_BR_TABLE = 65_520;
export class FunctionValidator extends BulkValidator {
  readonly tails: TailPositions;
  readonly stores: CoveredStores;
  readonly nans: UnseenNaNs;

  blockCosts = new Uint32Array(4096);
  blocks = 0;
  complexity = 0;
  instructions = 0;

  constructor(module: DecodedModule) {
    super(module);
    this.tails = new TailPositions(module.bytes);
    this.stores = new CoveredStores(module.bytes.length);
    this.nans = new UnseenNaNs(module.bytes.length);
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

  private tailCall(type: FunctionType): void {
    this.popAll(type.params);
    const results = this.controlResults[0]!;
    if (results.length !== type.results.length || results.some((result, i) => result !== type.results[i])) {
      this.fail("type mismatch: current function requires result type that the tail-called function does not return");
    }
    this.unreachable();
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
    this.stores.begin(this.declared);
    this.nans.begin(this.declared);
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
        case Shape.localGet: {
          const local = this.localIndex();
          this.readLocal(local);
          break;
        }
        case Shape.localSet:
          this.writeLocal(this.localIndex());
          break;
        case Shape.localTee: {
          const local = this.localIndex();
          this.writeLocal(local);
          this.readLocal(local);
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
          this.store(opcode, this.memoryArgument(opcode), POP1[opcode]!);
          break;
        case Shape.call: {
          const callee = this.callee(this.u32());
          this.popAll(callee.params);
          this.pushAll(callee.results);
          break;
        }
        case Shape.loadLane:
          cost += wide;
          this.memoryArgument(opcode);
          this.lane(opcode);
          this.pop(V128);
          this.pop(this.address);
          this.push(V128);
          this.flags |= Flag.vectors;
          break;
        case Shape.storeLane: {
          cost += wide;
          const offset = this.memoryArgument(opcode);
          this.lane(opcode);
          this.store(opcode, offset, V128);
          this.flags |= Flag.vectors;
          break;
        }
        default:
          this.instruction(opcode, shape);
      }
      if (shape === Shape.end || shape === Shape.else || shape === Shape.loop) this.stores.forget();
      if (CUTS[opcode] === 1) {
        this.block(cost, checked);
        cost = 0;
        checked = shape === Shape.loop;
      }
    }
    this.tails.finish();
    this.nans.finish();
    if (this.position !== end) this.fail("operators remaining after end of function body");
  }

  /** A store of a value of this type, read to its end. */
  private store(opcode: number, offset: number, type: ValueType): void {
    this.pop(type);
    this.pop(this.address);
    if (!this.dead) this.stores.store(this.position, this.poppedOrigin(), offset, 1 << MAX_ALIGN[opcode]!);
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
    if (NAN_BLIND[opcode] === 1 && !this.dead) this.overlookNaNs(count);
    const result = PUSH[opcode]!;
    if (result !== 0) this.push(result);
    if (CANONICAL[opcode] !== 0) this.noteOrigin(UnseenNaNs.operation(this.position));
    if (opcode >= 0x200) this.flags |= Flag.vectors;
  }

  private readLocal(local: number): void {
    const type = this.localType(local);
    this.push(type);
    this.noteOrigin(type === F32 || type === F64 ? this.nans.read(local) : this.stores.valueOf(local));
  }

  private writeLocal(local: number): void {
    this.pop(this.localType(local));
    if (!this.dead) this.nans.write(this.poppedOrigin(), local);
    this.stores.write(local);
  }

  /** The operands just popped met an operation that tells no NaN from another. */
  private overlookNaNs(count: number): void {
    for (let place = 0; place < count; place++) this.nans.overlook(this.poppedOrigin(place));
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
        const type = this.valueType();
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
}
