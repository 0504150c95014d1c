/**
 * The platform's instrumentation, written down as naively as its description (wasm.md 4.1): list a function's instructions,
 * find the injection points, put a decrement of one global at each. An oracle for the rewriter, for modules without
 * imports, of either width but with a 32-bit table. It shares the instruction table and the decoder with the rewriter, nothing else.
 */
import { ByteReader } from "../../src/core/wasm/reader.ts";
import { decode } from "../../src/core/wasm/decode.ts";
import { WEIGHT } from "../../src/core/wasm/instruction-costs.ts";
import { NAME, SHAPE, Shape } from "../../src/core/wasm/opcodes.ts";
import { ByteWriter } from "../../src/core/wasm/writer.ts";

interface Instruction {
  readonly start: number;
  readonly end: number;
  readonly name: string;
  readonly weight: number;
}

function instructions(bytes: Uint8Array, start: number, end: number, wide: boolean): Instruction[] {
  const reader = new ByteReader(bytes, start, end);
  const found: Instruction[] = [];
  while (!reader.atEnd) {
    const at = reader.position;
    let code = reader.byte();
    if (code >= 0xfc) code = (code === 0xfc ? 0x100 : 0x200) + reader.u32();
    const shape = SHAPE[code]!;
    skipImmediates(reader, shape);
    const surcharge = wide && ACCESSES.includes(shape) ? 1 : 0;
    found.push({ start: at, end: reader.position, name: NAME[code]!, weight: WEIGHT[code]! + surcharge });
  }
  return found;
}

const ACCESSES: readonly number[] = [Shape.load, Shape.loadLane, Shape.store, Shape.storeLane];

function skipImmediates(reader: ByteReader, shape: number): void {
  const lebs = (count: number): void => {
    for (let i = 0; i < count; i++) reader.s64();
  };
  const two: number[] = [
    Shape.load,
    Shape.store,
    Shape.callIndirect,
    Shape.returnCallIndirect,
    Shape.memoryInit,
    Shape.memoryCopy,
    Shape.selectTyped,
  ];
  const one: number[] = [
    Shape.block, Shape.loop, Shape.if, Shape.br, Shape.brIf, Shape.call, Shape.returnCall, Shape.localGet, Shape.localSet, Shape.localTee,
    Shape.globalGet, Shape.globalSet, Shape.tableGet, Shape.tableSize, Shape.memorySize, Shape.memoryGrow, Shape.i32Const, Shape.i64Const,
    Shape.refNull, Shape.refFunc, Shape.dataDrop, Shape.memoryFill, Shape.elemDrop,
  ]; // prettier-ignore
  if (two.includes(shape)) lebs(2);
  else if (one.includes(shape)) lebs(1);
  else if (shape === Shape.loadLane || shape === Shape.storeLane) {
    lebs(2);
    reader.byte();
  } else if (shape === Shape.lane) reader.byte();
  else if (shape === Shape.f32Const) reader.skip(4);
  else if (shape === Shape.f64Const) reader.skip(8);
  else if (shape === Shape.v128Const || shape === Shape.shuffle) reader.skip(16);
  else if (shape === Shape.brTable) lebs(reader.u32() + 1);
}

const CUTS = new Set("if else br br_if br_table end return unreachable return_call return_call_indirect".split(" "));
const BULK = new Set("memory.fill memory.copy memory.init".split(" "));

interface Point {
  readonly position: number;
  readonly cost: number;
  readonly kind: "checked" | "unchecked" | "dynamic" | "wide dynamic";
}

/** As the platform's `injections`: points in the order of their position, a dynamic one before a static one at the same place. */
function injectionPoints(code: readonly Instruction[], wide: boolean): Point[] {
  const points: Point[] = [];
  let block = { position: 0, cost: 1, kind: "checked" as Point["kind"] };
  code.forEach(({ name, weight }, i) => {
    block.cost += weight;
    if (name === "loop") {
      points.push(block);
      block = { position: i + 1, cost: 0, kind: "checked" };
    } else if (CUTS.has(name)) {
      points.push(block);
      block = { position: i + 1, cost: 0, kind: "unchecked" };
    } else if (BULK.has(name)) {
      // The size of memory.init is 32 bits wide in both.
      points.push({ position: i, cost: 0, kind: wide && name !== "memory.init" ? "wide dynamic" : "dynamic" });
    }
  });
  return points
    .map((point, order) => ({ point, order }))
    .sort((a, b) => a.point.position - b.point.position || a.order - b.order)
    .map(({ point }) => point)
    .filter(({ kind, cost }) => kind !== "unchecked" || cost > 0);
}

/**
 * The module with the platform's metering: it exports the global `counter` and imports `host.out`, the handler.
 * Function indices shift by one for that import; the helper of dynamic charges comes last.
 */
export function meteredAsThePlatform(bytes: Uint8Array): Uint8Array {
  const module = decode(bytes);
  const counter = module.globals.length;
  const out = 0;
  const helper = module.functions.length + 1;
  const bodies = module.bodyStarts.map((start, i) => {
    const reader = new ByteReader(bytes, start, module.bodyEnds[i]!);
    for (let groups = reader.u32(); groups > 0; groups--) {
      reader.u32();
      reader.byte();
    }
    const body = new ByteWriter();
    body.copy(bytes, start, reader.position);
    const code = instructions(bytes, reader.position, module.bodyEnds[i]!, module.memory64);
    const points = injectionPoints(code, module.memory64);
    code.forEach((instruction, position) => {
      for (const point of points) if (point.position === position) inject(body, point, counter, out, helper);
      copyShifted(body, bytes, instruction);
    });
    return body;
  });
  return assemble(bytes, bodies, counter, helper);
}

function inject(body: ByteWriter, { kind, cost }: Point, counter: number, out: number, helper: number): void {
  const get = (): void => {
    body.byte(0x23);
    body.u32(counter);
  };
  if (kind === "dynamic" || kind === "wide dynamic") {
    if (kind === "dynamic") body.byte(0xad);
    body.byte(0x10);
    body.u32(helper);
    if (kind === "dynamic") body.byte(0xa7);
    return;
  }
  get();
  body.byte(0x42);
  body.signed(cost);
  body.byte(0x7d);
  body.byte(0x24);
  body.u32(counter);
  if (kind === "unchecked") return;
  get();
  body.copy(new Uint8Array([0x42, 0, 0x53, 0x04, 0x40, 0x10, out, 0x0b]));
}

/** Copies an instruction, moving function indices behind the import. */
function copyShifted(body: ByteWriter, bytes: Uint8Array, { start, end, name }: Instruction): void {
  if (name !== "call" && name !== "return_call" && name !== "ref.func") return body.copy(bytes, start, end);
  body.byte(bytes[start]!);
  body.u32(new ByteReader(bytes, start + 1).u32() + 1);
}

/** Rewrites the sections around the bodies: types and imports for the handler and the helper, a global, shifted indices. */
function assemble(bytes: Uint8Array, bodies: readonly ByteWriter[], counter: number, helper: number): Uint8Array {
  const module = decode(bytes);
  const result = new ByteWriter();
  result.copy(bytes, 0, 8);
  const handlerType = module.types.length;
  const section = (id: number, write: (out: ByteWriter) => void): void => {
    const content = new ByteWriter();
    write(content);
    result.section(id, content);
  };
  section(1, (out) => {
    out.u32(module.types.length + 2);
    for (const { params, results } of [...module.types, { params: [], results: [] }, { params: [0x7e], results: [0x7e] }]) {
      out.byte(0x60);
      for (const types of [params, results]) {
        out.u32(types.length);
        out.copy(Uint8Array.from(types));
      }
    }
  });
  section(2, (out) => {
    out.u32(1);
    out.name("host");
    out.name("out");
    out.byte(0);
    out.u32(handlerType);
  });
  section(3, (out) => {
    out.u32(module.functions.length + 1);
    for (const type of [...module.functions, handlerType + 1]) out.u32(type);
  });
  section(4, (out) => {
    out.copy(new Uint8Array([1, 0x70, 0]));
    out.u32(module.tables[0]!.minimum);
  });
  section(5, (out) => out.copy(new Uint8Array([1, module.memory64 ? 5 : 1, module.memories[0]!.minimum, module.memories[0]!.maximum!])));
  section(6, (out) => {
    out.u32(module.globals.length + 1);
    const codes: Readonly<Record<number, [number, number]>> = { 0x7d: [0x43, 4], 0x7c: [0x44, 8] };
    for (const { type, initial } of module.globals) {
      out.byte(type);
      out.byte(1);
      if (initial.kind !== "number") throw new Error("only numbers here");
      const float = codes[type];
      if (float === undefined) {
        // Small non-negative integers only.
        out.byte(type === 0x7f ? 0x41 : 0x42);
        out.signed(initial.bits[0]!);
      } else {
        out.byte(float[0]);
        out.copy(initial.bits, 0, float[1]);
      }
      out.byte(0x0b);
    }
    out.copy(new Uint8Array([0x7e, 1, 0x42, 0, 0x0b]));
  });
  section(7, (out) => {
    out.u32(module.exports.length + 1);
    for (const { name, kind, index } of module.exports) {
      out.name(name);
      out.byte(["function", "table", "memory", "global"].indexOf(kind));
      out.u32(kind === "function" ? index + 1 : index);
    }
    out.name("counter");
    out.byte(3);
    out.u32(counter);
  });
  section(9, (out) => {
    const [element] = module.elements;
    out.copy(new Uint8Array([1, 0, 0x41, 0, 0x0b]));
    out.u32(element!.items.length);
    for (const item of element!.items) out.u32(item + 1);
  });
  section(12, (out) => out.u32(module.data.length));
  section(10, (out) => {
    out.u32(bodies.length + 1);
    for (const body of bodies) out.sized(body);
    out.sized(helperBody(counter));
  });
  section(11, (out) => {
    out.u32(module.data.length);
    for (const { offset, bytes: content } of module.data) {
      out.byte(offset === null ? 1 : 0);
      if (offset !== null) out.copy(new Uint8Array([module.memory64 ? 0x42 : 0x41, 16, 0x0b]));
      out.u32(content.length);
      out.copy(content);
    }
  });
  if (helper !== module.functions.length + 1) throw new Error("the helper comes last");
  return result.done();
}

/** wasm.md 4.1: saturating subtraction, then the check. */
function helperBody(counter: number): ByteWriter {
  const body = new ByteWriter();
  const get = [0x23, counter];
  body.copy(
    new Uint8Array([
      1, 1, 0x7e,
      ...get, 0x20, 0, 0x7d, 0x22, 1, ...get, 0x55,
      0x04, 0x7e, 0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f, 0x05, 0x20, 1, 0x0b, 0x24, counter,
      ...get, 0x42, 0, 0x53, 0x04, 0x40, 0x10, 0, 0x0b,
      0x20, 0, 0x0b,
    ]), // prettier-ignore
  );
  return body;
}
