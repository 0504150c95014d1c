/**
 * Random well-typed modules as text, for comparing the rewriter's variants with each other and with the engine's own run.
 * One seed gives one program; asked for in 64 bits it is the same program with wide addresses and table indices.
 *
 * Loops count down and direct calls go to earlier functions, so most programs end; the others meet a limit or a trap.
 */

export interface RandomModuleOptions {
  /** 64-bit memory and table. */
  readonly wide?: boolean;
  /** The table alone; by default as the memory. */
  readonly wideTable?: boolean;
  /** Leave out everything by which a program could see or store the bits of a NaN: what a comparison with the raw engine needs. */
  readonly hideNaN?: boolean;
}

type Type = "i32" | "i64" | "f32" | "f64" | "v128";
/** A place among the locals that belongs to a loop. */
const COUNTER = "counter" as Type;
const SCALARS: readonly Type[] = ["i32", "i64", "f32", "f64"];

class Source {
  private state: number;
  constructor(seed: number) {
    this.state = seed | 0;
  }
  /** 0 to n - 1. */
  below(n: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

interface Signature {
  readonly params: readonly Type[];
  readonly results: readonly Type[];
}

const INT_BINARY = "add sub mul and or xor shl shr_s shr_u rotl rotr".split(" ");
const INT_DIVISION = "div_s div_u rem_s rem_u".split(" ");
const INT_COMPARE = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u".split(" ");
const FLOAT_BINARY = "add sub mul div min max".split(" ");
const FLOAT_UNARY = "abs neg ceil floor trunc nearest sqrt".split(" ");
const FLOAT_COMPARE = "eq ne lt gt le ge".split(" ");
const VECTOR_BINARY = [
  "i8x16.add",
  "i16x8.mul",
  "i32x4.sub",
  "i64x2.add",
  "v128.xor",
  "i8x16.max_u",
  "i16x8.lt_u",
  "i32x4.mul",
  "i8x16.swizzle",
];
const VECTOR_FLOAT = ["f32x4.add", "f32x4.div", "f64x2.mul", "f64x2.min", "f32x4.max"];

class Generator {
  private readonly random: Source;
  private readonly wide: boolean;
  private readonly wideTable: boolean;
  private readonly hideNaN: boolean;
  private readonly signatures: Signature[] = [];
  private locals: Type[] = [];
  private results: readonly Type[] = [];
  private self = 0;
  /** What each enclosing label carries. */
  private labels: (readonly Type[])[] = [];
  private budget = 0;

  constructor(seed: number, options: RandomModuleOptions) {
    this.random = new Source(seed);
    this.wide = options.wide ?? false;
    this.wideTable = options.wideTable ?? this.wide;
    this.hideNaN = options.hideNaN ?? false;
  }

  private types(limit: number): Type[] {
    return Array.from({ length: this.random.below(limit + 1) }, () =>
      this.random.pick(this.random.chance(8) ? ["v128" as const] : SCALARS),
    );
  }

  private constant(type: Type): string {
    const { random } = this;
    const small = random.below(200) - 60;
    switch (type) {
      case "i32":
        return `i32.const ${random.chance(80) ? small : random.pick([-2147483648, 2147483647, -1, 65536, 123456789])}`;
      case "i64":
        return `i64.const ${random.chance(80) ? small : random.pick(["-9223372036854775808", "9223372036854775807", "-1", "4294967296"])}`;
      case "f32":
      case "f64":
        return `${type}.const ${random.pick(["0", "-0", "1.5", "-3.25", "1e30", "inf", "-inf", "0.1", String(small)])}`;
      default:
        return `v128.const i32x4 ${small} ${random.below(99)} -7 ${random.below(9999)}`;
    }
  }

  /** An address as an i32 expression, in bounds more often than not; widened where addresses are wide. */
  private address(): string {
    const { random } = this;
    const base = random.chance(85) ? `${this.expression("i32", 1)} i32.const 0xffff i32.and` : this.expression("i32", 1);
    return this.wide ? `${base} i64.extend_i32_u` : base;
  }

  private offset(): string {
    const { random } = this;
    return random.chance(50) ? "" : ` offset=${random.chance(93) ? random.below(5000) : random.pick([65000, 4294967295, 4294000000])}`;
  }

  private get pointer(): Type {
    return this.wide ? "i64" : "i32";
  }

  private narrow(text: string): string {
    return this.wide ? `${text} i32.wrap_i64` : text;
  }

  /** A table's index, wide where the table is. */
  private entry(text: string): string {
    return this.wideTable ? `${text} i64.extend_i32_u` : text;
  }

  private widen(text: string): string {
    return this.wide ? `${text} i64.extend_i32_u` : text;
  }

  /** Code that pushes one value. */
  expression(type: Type, depth: number): string {
    const { random } = this;
    if (--this.budget < 0) return this.leaf(type);
    if (depth > 4 || random.chance(25)) return this.leaf(type);
    const next = depth + 1;
    switch (random.below(12)) {
      case 0: {
        const callee = this.callee((s) => s.results.length === 1 && s.results[0] === type);
        if (callee >= 0) return this.call(callee, next);
        return this.arithmetic(type, next);
      }
      case 1:
        return `${this.expression(type, next)} ${this.expression(type, next)} ${this.expression("i32", next)} ${random.chance(70) ? "select" : `select (result ${type})`}`;
      case 2:
        return `${this.expression("i32", next)} if (result ${type}) ${this.inside([type], () => this.expression(type, next))} else ${this.inside([type], () => this.expression(type, next))} end`;
      case 3: {
        const body = this.inside([type], () => {
          const early = `${this.expression(type, next)} ${this.expression("i32", next)} br_if 0`;
          return `${early} drop ${this.expression(type, next)}`;
        });
        return `block (result ${type}) ${body} end`;
      }
      case 4: {
        const target = this.locals.indexOf(type);
        return target < 0 ? this.leaf(type) : `${this.expression(type, next)} local.tee ${target}`;
      }
      case 5:
      case 6:
        return this.load(type);
      default:
        return this.arithmetic(type, next);
    }
  }

  private leaf(type: Type): string {
    const { random } = this;
    const locals = this.locals.flatMap((local, i) => (local === type ? [i] : []));
    if (locals.length > 0 && random.chance(60)) return `local.get ${random.pick(locals)}`;
    if (random.chance(30) && type !== "v128") return `global.get $${type}`;
    return this.constant(type);
  }

  private load(type: Type): string {
    const { random } = this;
    const memory = `${this.address()}`;
    switch (type) {
      case "i32":
        return `${memory} i32.load${random.pick(["", "8_s", "8_u", "16_s", "16_u"])}${this.offset()}`;
      case "i64":
        return `${memory} i64.load${random.pick(["", "8_s", "16_u", "32_s", "32_u"])}${this.offset()}`;
      case "v128":
        if (random.chance(30)) return `${memory} ${this.constant("v128")} v128.load16_lane${this.offset()} ${random.below(8)}`;
        return `${memory} v128.${random.pick(["load", "load8x8_s", "load32_splat", "load64_zero"])}${this.offset()}`;
      default:
        return `${memory} ${type}.load${this.offset()}`;
    }
  }

  private arithmetic(type: Type, depth: number): string {
    const { random } = this;
    const of = (t: Type): string => this.expression(t, depth);
    switch (type) {
      case "i32":
        switch (random.below(9)) {
          case 0:
            return `${of("i64")} ${of("i64")} i64.${random.pick(INT_COMPARE)}`;
          case 1:
            return `${of("f64")} ${of("f64")} f64.${random.pick(FLOAT_COMPARE)}`;
          case 2:
            return `${of("f32")} i32.trunc_sat_f32_${random.pick(["s", "u"])}`;
          case 3:
            return random.chance(20) ? `${of("f64")} i32.trunc_f64_s` : `${of("i64")} i32.wrap_i64`;
          case 4:
            return `${of("i32")} i32.${random.pick(["clz", "ctz", "popcnt", "eqz", "extend8_s", "extend16_s"])}`;
          case 5:
            return random.chance(50) ? this.narrow("memory.size") : this.wideTable ? "table.size i32.wrap_i64" : "table.size";
          case 6:
            return `${this.entry(`${of("i32")} i32.const 7 i32.and`)} table.get 0 ref.is_null`;
          case 7:
            return this.hideNaN ? of("i32") : `${of("f32")} i32.reinterpret_f32`;
          default:
            return `${of("i32")} ${of("i32")} i32.${random.pick(random.chance(85) ? INT_BINARY : INT_DIVISION)}`;
        }
      case "i64":
        switch (random.below(6)) {
          case 0:
            return `${of("i32")} i64.extend_i32_${random.pick(["s", "u"])}`;
          case 1:
            return `${of("f64")} i64.trunc_sat_f64_s`;
          case 2:
            return this.hideNaN ? of("i64") : `${of("f64")} i64.reinterpret_f64`;
          case 3:
            return `${of("v128")} i64x2.extract_lane ${random.below(2)}`;
          default:
            return `${of("i64")} ${of("i64")} i64.${random.pick(random.chance(85) ? INT_BINARY : INT_DIVISION)}`;
        }
      case "f32":
      case "f64":
        switch (random.below(6)) {
          case 0:
            return `${of(type)} ${type}.${random.pick(FLOAT_UNARY)}`;
          case 1:
            return `${of("i64")} ${type}.convert_i64_${random.pick(["s", "u"])}`;
          case 2:
            return type === "f32" ? `${of("f64")} f32.demote_f64` : `${of("f32")} f64.promote_f32`;
          case 3:
            return this.hideNaN ? of(type) : `${of(type)} ${of(type)} ${type}.copysign`;
          default:
            return `${of(type)} ${of(type)} ${type}.${random.pick(FLOAT_BINARY)}`;
        }
      default:
        switch (random.below(6)) {
          case 0:
            return `${of("i32")} i${random.pick(["8x16", "16x8", "32x4"])}.splat`;
          case 1:
            return `${of("v128")} ${of("i32")} i16x8.${random.pick(["shl", "shr_s", "shr_u"])}`;
          case 2:
            return this.hideNaN ? of("v128") : `${of("v128")} ${of("v128")} ${random.pick(VECTOR_FLOAT)}`;
          case 3:
            return `${of("v128")} ${of("i64")} i64x2.replace_lane ${random.below(2)}`;
          default:
            return `${of("v128")} ${of("v128")} ${random.pick(VECTOR_BINARY)}`;
        }
    }
  }

  private callee(accepts: (signature: Signature) => boolean): number {
    const candidates = this.signatures.flatMap((s, i) => (i < this.self && accepts(s) ? [i] : []));
    return candidates.length === 0 ? -1 : this.random.pick(candidates);
  }

  private call(callee: number, depth: number): string {
    const { random } = this;
    const { params } = this.signatures[callee]!;
    const args = params.map((param) => this.expression(param, depth)).join(" ");
    if (random.chance(70)) return `${args} call $f${callee}`;
    // Through the table: mostly the right entry, sometimes another signature, an empty or no entry.
    const index = random.chance(80) ? `i32.const ${callee}` : `${this.expression("i32", depth)} i32.const 15 i32.and`;
    return `${args} ${this.entry(index)} call_indirect (type $t${callee})`;
  }

  private inside<T>(label: readonly Type[], body: () => T): T {
    this.labels.push(label);
    const result = body();
    this.labels.pop();
    return result;
  }

  private block(depth: number): string {
    return Array.from({ length: 1 + this.random.below(3) }, () => this.statement(depth)).join("\n");
  }

  /** Code that leaves the stack as it found it. */
  private statement(depth: number): string {
    const { random } = this;
    if (--this.budget < 0 || depth > 4) return "nop";
    const next = depth + 1;
    switch (random.below(17)) {
      case 0:
      case 1: {
        const local = random.below(Math.max(1, this.locals.length));
        return (this.locals[local] ?? COUNTER) === COUNTER ? "nop" : `${this.expression(this.locals[local]!, 1)} local.set ${local}`;
      }
      case 2: {
        const type = random.pick(SCALARS);
        return `${this.expression(type, 1)} global.set $${type}`;
      }
      case 3:
      case 4:
      case 5:
        return this.store();
      case 6:
        return `${this.expression("i32", 1)} if ${this.inside([], () => this.block(next))} ${random.chance(60) ? `else ${this.inside([], () => this.block(next))}` : ""} end`;
      case 7:
      case 8:
        return this.loop(next);
      case 9:
        return `block ${this.inside([], () => `${this.block(next)} ${this.expression("i32", 1)} br_if ${random.below(1)} ${this.block(next)}`)} end`;
      case 10: {
        const callee = this.callee(() => true);
        if (callee < 0) return "nop";
        return `${this.call(callee, 1)} ${this.signatures[callee]!.results.map(() => "drop").join(" ")}`;
      }
      case 11:
        return this.bulk();
      case 12: {
        const cases = `block ${this.inside([], () => this.block(next))} end`;
        return `block block block ${this.expression("i32", 1)} br_table 0 1 2 end ${cases} br 1 end ${this.block(4)} end`;
      }
      case 13:
        if (random.chance(60)) return "nop";
        return `${this.expression("i32", 1)} if ${this.results.map((type) => this.expression(type, 2)).join(" ")} ${this.leave()} end`;
      case 14: {
        // A branch out of a few labels, behind which some dead code stands.
        const depthOut = random.below(this.labels.length + 1);
        const carried = depthOut === this.labels.length ? this.results : this.labels[this.labels.length - 1 - depthOut]!;
        const values = carried.map((type) => this.expression(type, 2)).join(" ");
        if (random.chance(50)) return `${values} ${this.expression("i32", 1)} br_if ${depthOut} ${carried.map(() => "drop").join(" ")}`;
        return `${this.expression("i32", 1)} if ${values} br ${depthOut + 1} ${this.dead()} end`;
      }
      case 15:
        if (random.chance(70)) return this.store();
        return `${this.widen(`${this.expression("i32", 1)} i32.const 3 i32.and`)} memory.grow ${this.narrow("")} global.set $i32`;
      default:
        return random.chance(6) ? `${this.expression("i32", 1)} i32.const 77 i32.eq if unreachable ${this.dead()} end` : this.store();
    }
  }

  /** A way out of the function with its results on the stack. */
  private leave(): string {
    const { random } = this;
    const same = this.callee((s) => s.results.length === this.results.length && s.results.every((type, i) => type === this.results[i]));
    if (same < 0 || random.chance(50)) return "return";
    const drops = this.results.map(() => "drop").join(" ");
    const args = this.signatures[same]!.params.map((param) => this.expression(param, 3)).join(" ");
    if (random.chance(50)) return `${drops} ${args} return_call $f${same}`;
    return `${drops} ${args} ${this.entry(`i32.const ${same}`)} return_call_indirect (type $t${same})`;
  }

  private dead(): string {
    return this.random.pick(["", "nop", "drop drop", "i32.add drop", "block loop br 0 end end", "if nop else nop end", "call $nothing"]);
  }

  private loop(depth: number): string {
    // The counter is a local of its own, which nothing else writes.
    const counter = this.locals.length;
    this.locals.push(COUNTER);
    this.extra.push("i32");
    const times = 1 + this.random.below(6);
    const body = this.inside([], () => this.block(depth));
    return `i32.const ${times} local.set $c${counter} loop ${body} local.get $c${counter} i32.const 1 i32.sub local.tee $c${counter} br_if 0 end`;
  }

  private extra: Type[] = [];

  private store(): string {
    const { random } = this;
    const type = random.pick(this.hideNaN ? (["i32", "i64", "v128"] as const) : ([...SCALARS, "v128"] as const));
    const address = this.address();
    const value = this.expression(type, 1);
    const suffix = type === "i32" ? random.pick(["", "8", "16"]) : type === "i64" ? random.pick(["", "8", "16", "32"]) : "";
    if (type === "v128" && random.chance(40)) return `${address} ${value} v128.store16_lane${this.offset()} ${random.below(8)}`;
    return `${address} ${value} ${type}.store${suffix}${this.offset()}`;
  }

  private bulk(): string {
    const { random } = this;
    const size = (): string => `${this.expression("i32", 2)} i32.const ${random.chance(80) ? 8191 : 131071} i32.and`;
    switch (random.below(5)) {
      case 0:
        return `${this.address()} ${this.expression("i32", 2)} ${this.widen(size())} memory.fill`;
      case 1:
        return `${this.address()} ${this.address()} ${this.widen(size())} memory.copy`;
      case 2:
        return `${this.address()} ${this.expression("i32", 2)} i32.const 31 i32.and ${this.expression("i32", 2)} i32.const 31 i32.and memory.init ${random.chance(90) ? "$passive" : "$active"}`;
      case 3:
        return random.chance(40) ? "data.drop $passive" : "elem.drop 0";
      default:
        // A bulk operation at the start of a block.
        return `${this.address()} ${this.expression("i32", 2)} ${this.widen(size())} block (param ${this.pointer} i32 ${this.pointer}) memory.fill end`;
    }
  }

  private function(index: number): string {
    const { params, results } = this.signatures[index]!;
    this.self = index;
    this.results = results;
    const own = this.types(4);
    // Declared locals are numbered; loop counters have names and come behind, so their places here are never picked by type.
    this.locals = [...params, ...own];
    this.extra = [];
    this.labels = [];
    this.budget = 90;
    const before = this.locals.length;
    const body = `${this.block(0)}\n${results.map((type) => this.expression(type, 1)).join(" ")}`;
    const counters = this.extra.map((type, i) => `(local $c${before + i} ${type})`).join(" ");
    const shape = `${params.map((type) => `(param ${type})`).join(" ")} ${results.map((type) => `(result ${type})`).join(" ")}`;
    return `(func $f${index} (type $t${index}) ${shape} ${own.map((type) => `(local ${type})`).join(" ")} ${counters}\n${body})`;
  }

  module(): string {
    const { random } = this;
    const count = 2 + random.below(5);
    for (let i = 0; i < count; i++) this.signatures.push({ params: this.types(3), results: this.types(random.chance(20) ? 3 : 1) });
    this.signatures.push({ params: [], results: [] });
    const functions = this.signatures.map((_, i) => this.function(i));
    const types = this.signatures.map(
      ({ params, results }, i) =>
        `(type $t${i} (func ${params.map((t) => `(param ${t})`).join(" ")} ${results.map((t) => `(result ${t})`).join(" ")}))`,
    );
    const width = this.wide ? "i64 " : "";
    const entries = this.wideTable ? "i64" : "i32";
    return `(module
      ${types.join("\n      ")}
      (memory (export "memory") ${width}1 5)
      (table ${this.wideTable ? "i64 " : ""}10 funcref)
      (elem (${entries}.const 0) func ${this.signatures.map((_, i) => `$f${i}`).join(" ")})
      (data $active (${this.pointer}.const 16) "\\01\\02\\03active\\ff")
      (data $passive "passive bytes, about thirty of them")
      ${SCALARS.map((type) => `(global $${type} (export "${type}") (mut ${type}) (${type}.const ${random.below(50)}))`).join("\n      ")}
      (func $nothing)
      ${functions.join("\n")}
      (export "canister_update run" (func $f${count})))`;
  }
}

export function randomModule(seed: number, options: RandomModuleOptions = {}): string {
  return new Generator(seed, options).module();
}
