/**
 * Where things are in a rewritten module: indices of functions, globals and types, and the cost of a stack frame.
 *
 * Functions: the user's imports (lowered, same indices), three imports of ours, the user's functions, then what we inject:
 * a wrapper for each import and the helpers. Globals: the user's under their own indices, then ours. Types: the user's under
 * their own indices, then what we need besides.
 */
import { ByteWriter } from "./writer.ts";
import { F32, F64, I32, I64, V128, type ValueType } from "./opcodes.ts";
import type { DecodedModule, FunctionType } from "./module.ts";
import type { Variant } from "./abi.ts";

/** Parameters that functions of the fast variant have besides the user's: the stack left, the counter. */
export const PASSED_PARAMS = 2;

/** Imports of module `cannery`, in order, after the user's. */
export const HOST_IMPORTS = 3;

/**
 * Bytes of stack a frame costs besides its locals and operands, and besides its parameters and results, which count once more because
 * they may lie in the caller's frame as well. Ours: generous enough that our count runs out before the engine's
 * stack does, in every tier, for frames of any shape (`stack.test.ts`).
 */
export const FRAME_BYTES = 80;
/**
 * Every caller leaves this much, so that small functions that call nothing need no check of their own; it also covers
 * the injected wrappers and the host functions they call.
 */
export const RESERVE_BYTES = 1024;

/** A function of ours, written after the user's. */
export interface InjectedFunction {
  readonly type: number;
  /** Groups of locals, then the code, without the size in front. */
  readonly body: ByteWriter;
}

export class Layout {
  readonly module: DecodedModule;
  readonly variant: Variant;
  /** The fast variant: functions hand each other the stack left and the counter (`rewrite-function.ts`). */
  readonly passing: boolean;
  /** i64: instructions left. */
  readonly counter: number;
  /** i32: `TrapCode`. */
  readonly trapCode: number;
  /** i32: bytes of stack left; in the fast variant what the host gave, for entry points. */
  readonly stackLeft: number;
  /** Mutable i32 globals: 1 once a data segment was dropped in this run. By segment. */
  readonly dropped = new Map<number, number>();

  readonly outOfInstructions: number;
  readonly memoryGrow: number;
  readonly hi: number;
  readonly injected: InjectedFunction[] = [];
  private readonly firstInjected: number;
  private readonly typeIndices = new Map<string, number>();
  private readonly functionTypes: number[] = [];
  readonly addedTypes: FunctionType[] = [];

  constructor(module: DecodedModule, variant: Variant) {
    this.module = module;
    this.variant = variant;
    this.passing = variant === "fast";
    this.counter = module.globals.length;
    this.trapCode = this.counter + 1;
    this.stackLeft = this.counter + 2;
    this.outOfInstructions = module.importedFunctions;
    this.memoryGrow = module.importedFunctions + 1;
    this.hi = module.importedFunctions + 2;
    this.firstInjected = module.functions.length + HOST_IMPORTS;
    module.types.forEach((type, index) => {
      const key = typeKey(type.params, type.results);
      if (!this.typeIndices.has(key)) this.typeIndices.set(key, index);
    });
  }

  /** The wrapper of import `i` is injected function `i`. */
  functionIndex(user: number): number {
    return user < this.module.importedFunctions ? this.firstInjected + user : user + HOST_IMPORTS;
  }

  /**
   * Type of a function of the user's as the module has it: in the fast variant with the stack left and the counter as further
   * parameters and the counter as a further result.
   */
  functionType({ params, results }: FunctionType): number {
    return this.passing ? this.type([...params, I32, I64], [...results, I64]) : this.type(params, results);
  }

  /** The same by the user's type index. */
  functionTypeOf(type: number): number {
    return (this.functionTypes[type] ??= this.functionType(this.module.types[type]!));
  }

  type(params: readonly ValueType[], results: readonly ValueType[]): number {
    const key = typeKey(params, results);
    let index = this.typeIndices.get(key);
    if (index === undefined) {
      index = this.module.types.length + this.addedTypes.length;
      this.addedTypes.push({ params, results });
      this.typeIndices.set(key, index);
    }
    return index;
  }

  /** Adds a function of ours and returns its index. */
  inject(params: readonly ValueType[], results: readonly ValueType[], body: ByteWriter): number {
    this.injected.push({ type: this.type(params, results), body });
    return this.firstInjected + this.injected.length - 1;
  }

  droppedGlobal(segment: number): number {
    let index = this.dropped.get(segment);
    if (index === undefined) {
      index = this.stackLeft + 1 + this.dropped.size;
      this.dropped.set(segment, index);
    }
    return index;
  }
}

function typeKey(params: readonly ValueType[], results: readonly ValueType[]): string {
  return String.fromCharCode(...params, 0, ...results);
}

/** Bytes of a value in the image of globals. */
export function valueBytes(type: ValueType): number {
  return type === V128 ? 16 : 8;
}

/** Opcode of the full-width store of a type, `null` for v128. */
export function storeOpcode(type: ValueType): number {
  return { [I32]: 0x36, [I64]: 0x37, [F32]: 0x38, [F64]: 0x39 }[type] ?? 0;
}
