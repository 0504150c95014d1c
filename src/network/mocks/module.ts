/**
 * The module of a mock canister: it asks the network what to do (`cannery_mock`), and does it. All mocks have the same code but for their exports,
 * one for each method of the Candid description, so it is put together here, instruction by instruction, and works where there are no files.
 *
 * A method hands on who calls, with what, and how much is attached. The answer is a program (`protocol.ts`) that the reply callback plays: accept,
 * reply, reject, trap, print, call. What a call comes back with is asked about in the same way. Nothing is kept on the heap between executions: all
 * that a callback needs is its environment, the number that the program gave to the call.
 */
import { encodeUtf8 } from "../../base/utf8.ts";
import { IC0 } from "../../core/wasm/ic0.ts";
import { Assembler, Op } from "../../core/wasm/assembler.ts";
import { SectionId } from "../../core/wasm/sections.ts";
import { ByteWriter } from "../../core/wasm/writer.ts";
import { MOCK_MARK, MOCK_METHOD, mockQueryExport } from "../../core/state/mock-canisters.ts";
import type { MethodMode } from "../../codec/did/ast.ts";
import { ASK, CALL_HEAD_BYTES, OUTCOME_HEAD_BYTES, START_HEAD_BYTES, STEP } from "./protocol.ts";

export interface MockMethod {
  readonly name: string;
  readonly mode: MethodMode;
}

const IMPORTS = [
  "msg_arg_data_size",
  "msg_arg_data_copy",
  "msg_caller_size",
  "msg_caller_copy",
  "msg_deadline",
  "msg_cycles_available128",
  "msg_cycles_accept128",
  "msg_reject_code",
  "msg_reject_msg_size",
  "msg_reject_msg_copy",
  "msg_reply_data_append",
  "msg_reply",
  "msg_reject",
  "call_new",
  "call_data_append",
  "call_cycles_add128",
  "call_with_best_effort_response",
  "call_perform",
  "trap",
  "debug_print",
] as const;
type Import = (typeof IMPORTS)[number];

/** Functions of the module behind its imports; the methods' own follow. The last four are in the table, in this order from 0. */
const OWN = ["room", "ask", "start", "notSent", "play", "askFailed", "replied", "rejected"] as const;
type Own = (typeof OWN)[number];
const TABLE: readonly Own[] = ["play", "askFailed", "replied", "rejected"];

const NOT_ASKED = "the mock canister cannot ask what to do: it has no cycles, or its queue is full";

/** Opcodes that only this file needs. */
const More = { loop: 0x03, br: 0x0c, i32Eq: 0x46, i32LtU: 0x49, i32GeU: 0x4f, i32Shl: 0x74 } as const;
const Load = { i32: 0x28, i64: 0x29, byte: 0x2d } as const;
const Store = { i32: 0x36, i64: 0x37, byte: 0x3a } as const;
const I32 = 0x7f;
const I64 = 0x7e;

/** A module for these methods. `candid` becomes its public description. */
export function mockModule(candid: string, methods: readonly MockMethod[]): Uint8Array {
  const memory = layout(methods.map(({ name }) => name));
  const entries = methods.flatMap(({ name, mode }) => {
    const update = { exported: `canister_update ${name}`, name, kind: ASK.start };
    const query = { exported: `canister_composite_query ${mockQueryExport(name)}`, name, kind: ASK.query };
    if (mode === "query") return [update, query];
    return [mode === "composite_query" ? query : update];
  });
  const types = new Types();
  const codes = code(memory, entries, types);
  const out = new ByteWriter(4096);
  out.copy(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  const imports = vector(IMPORTS, (writer, name) => {
    const { params, result } = IC0.get(name)!;
    writer.name("ic0");
    writer.name(name);
    writer.byte(0);
    writer.u32(types.index([...params].map(valueType), [...result].map(valueType)));
  });
  const functions = vector(codes, (writer, { type }) => writer.u32(type));
  const exports = vector(entries, (writer, { exported }, i) => {
    writer.name(exported);
    writer.byte(0);
    writer.u32(IMPORTS.length + OWN.length + i);
  });
  out.section(SectionId.type, types.section());
  out.section(SectionId.import, imports);
  out.section(SectionId.function, functions);
  out.section(SectionId.table, bytes(1, 0x70, 0, TABLE.length));
  out.section(SectionId.memory, withU32(bytes(1, 0), memory.pages));
  out.section(SectionId.export, exports);
  const elements = new Assembler(32);
  elements.op(1, 0).i32(0).op(Op.end);
  elements.u32(TABLE.length);
  for (const name of TABLE) elements.u32(own(name));
  out.section(SectionId.element, elements);
  out.section(
    SectionId.code,
    vector(codes, (writer, { body }) => writer.sized(body)),
  );
  const data = new Assembler(memory.data.length + 16);
  data.op(1, 0).i32(0).op(Op.end);
  data.u32(memory.data.length);
  data.copy(memory.data);
  out.section(SectionId.data, data);
  custom(out, "icp:public candid:service", encodeUtf8(candid));
  custom(out, `icp:private ${MOCK_MARK}`, new Uint8Array(1));
  return out.done();
}

// Memory.

interface Layout {
  readonly data: Uint8Array;
  /** Address and length of each text. */
  readonly texts: ReadonlyMap<string, readonly [at: number, length: number]>;
  /** Where executions write; sixteen bytes for small things come first. */
  readonly small: number;
  readonly scratch: number;
  readonly pages: number;
}

function layout(names: readonly string[]): Layout {
  const data = new ByteWriter();
  const texts = new Map<string, readonly [number, number]>();
  for (const text of [MOCK_METHOD, NOT_ASKED, ...names]) {
    const encoded = encodeUtf8(text);
    texts.set(text, [data.length, encoded.length]);
    data.copy(encoded);
  }
  const small = (data.length + 15) & ~15;
  return { data: data.done(), texts, small, scratch: small + 16, pages: (small >> 16) + 1 };
}

// Code.

interface Function {
  readonly type: number;
  readonly body: ByteWriter;
}

function code(memory: Layout, entries: readonly { readonly name: string; readonly kind: number }[], types: Types): Function[] {
  const bodies: Record<Own, Function> = {
    room: room(types),
    ask: ask(memory, types),
    start: start(memory, types),
    notSent: notSent(memory, types),
    play: play(memory, types),
    askFailed: askFailed(memory, types),
    replied: outcome(memory, types, ASK.replied),
    rejected: outcome(memory, types, ASK.rejected),
  };
  const methods = entries.map(({ name, kind }) =>
    func(types, [], 0, (code) => {
      text(code.i32(kind), memory, name);
      code.call(own("start"));
    }),
  );
  return [...OWN.map((name) => bodies[name]), ...methods];
}

/** (end): makes the memory as large as that. */
function room(types: Types): Function {
  return func(types, [I32], 0, (code) => {
    const size = (): Assembler => code.op(0x3f, 0).i32(16).op(More.i32Shl);
    size();
    code.localGet(0).op(More.i32LtU);
    code.op(Op.if, Op.void);
    code.localGet(0);
    size().op(Op.i32Sub).i32(65535).op(Op.i32Add).i32(16).op(Op.i32ShrU).op(0x40, 0).i32(-1).op(More.i32Eq);
    code.op(Op.if, Op.void, Op.unreachable, Op.end, Op.end);
  });
}

/** (address, size): asks the network. */
function ask(memory: Layout, types: Types): Function {
  return func(types, [I32, I32], 0, (code) => {
    code.i32(0).i32(0);
    text(code, memory, MOCK_METHOD);
    code.i32(TABLE.indexOf("play")).i32(0).i32(TABLE.indexOf("askFailed")).i32(0);
    ic0(code, "call_new");
    ic0(code.localGet(0).localGet(1), "call_data_append");
    ic0(code, "call_perform").op(Op.if, Op.void);
    ic0(text(code, memory, NOT_ASKED), "trap").op(Op.end);
  });
}

/** (kind, address of the method's name, its size): what every method does. */
function start({ scratch }: Layout, types: Types): Function {
  const [kind, name, nameSize, argSize, argAt] = [0, 1, 2, 3, 4];
  return func(types, [I32, I32, I32], 2, (code) => {
    const at = (offset: number): Assembler => code.i32(scratch + offset);
    ic0(code, "msg_arg_data_size").localSet(argSize);
    at(START_HEAD_BYTES).localGet(nameSize).op(Op.i32Add).localTee(argAt).localGet(argSize).op(Op.i32Add).call(own("room"));
    at(0).localGet(kind).memory(Store.byte, 0, 0);
    ic0(at(1), "msg_deadline").memory(Store.i64, 0, 0);
    // A query has none attached, and may not ask.
    code.localGet(kind).i32(ASK.start).op(More.i32Eq, Op.if, Op.void);
    ic0(at(9), "msg_cycles_available128").op(Op.end);
    ic0(at(25), "msg_caller_size").memory(Store.byte, 0, 0);
    at(26).localGet(nameSize).memory(Store.i32, 0, 0);
    at(30).i32(0);
    ic0(ic0(code, "msg_caller_size"), "msg_caller_copy");
    at(START_HEAD_BYTES).localGet(name).localGet(nameSize).op(0xfc, 10, 0, 0);
    ic0(code.localGet(argAt).i32(0).localGet(argSize), "msg_arg_data_copy");
    at(0).localGet(argAt).localGet(argSize).op(Op.i32Add);
    at(0).op(Op.i32Sub).call(own("ask"));
  });
}

/** (number of the call): a callback; asks what to do with the reply, or with the reject. */
function outcome({ scratch }: Layout, types: Types, kind: number): Function {
  const isReply = kind === ASK.replied;
  return func(types, [I32], 1, (code) => {
    ic0(code, isReply ? "msg_arg_data_size" : "msg_reject_msg_size").localSet(1);
    code
      .i32(scratch + OUTCOME_HEAD_BYTES)
      .localGet(1)
      .op(Op.i32Add)
      .call(own("room"));
    code.i32(scratch).i32(kind).memory(Store.byte, 0, 0);
    code.i32(scratch).localGet(0).memory(Store.i32, 0, 1);
    code.i32(scratch);
    ic0(code, "msg_reject_code").memory(Store.i32, 0, 5);
    code
      .i32(scratch + OUTCOME_HEAD_BYTES)
      .i32(0)
      .localGet(1);
    ic0(code, isReply ? "msg_arg_data_copy" : "msg_reject_msg_copy");
    code.i32(scratch).localGet(1).i32(OUTCOME_HEAD_BYTES).op(Op.i32Add).call(own("ask"));
  });
}

/** (number of the call, what call_perform said): the call never left. */
function notSent({ small }: Layout, types: Types): Function {
  return func(types, [I32, I32], 0, (code) => {
    code.i32(small).i32(ASK.notSent).memory(Store.byte, 0, 0);
    code.i32(small).localGet(0).memory(Store.i32, 0, 1);
    code.i32(small).localGet(1).memory(Store.i32, 0, 5);
    code.i32(small).i32(OUTCOME_HEAD_BYTES).call(own("ask"));
  });
}

/** (0): a callback; the network did not answer. */
function askFailed({ scratch }: Layout, types: Types): Function {
  return func(types, [I32], 1, (code) => {
    ic0(code, "msg_reject_msg_size").localSet(1);
    code.i32(scratch).localGet(1).op(Op.i32Add).call(own("room"));
    ic0(code.i32(scratch).i32(0).localGet(1), "msg_reject_msg_copy");
    ic0(code.i32(scratch).localGet(1), "trap");
  });
}

/** (0): a callback; plays the program that came. */
function play({ small, scratch }: Layout, types: Types): Function {
  const [p, end, op, callee, method, arg] = [0, 1, 2, 3, 4, 5];
  return func(types, [I32], 5, (code) => {
    const load = (opcode: number, offset: number): Assembler => code.localGet(p).memory(opcode, 0, offset);
    /** The bytes behind a length. */
    const blob = (): Assembler => load(Load.i32, 0).localSet(callee).localGet(p).i32(4).op(Op.i32Add).localGet(callee);
    const skip = (fixed: number, ...locals: number[]): void => {
      code.localGet(p).i32(fixed).op(Op.i32Add);
      for (const local of locals) code.localGet(local).op(Op.i32Add);
      code.localSet(p).op(More.br, 1, Op.end);
    };
    const when = (step: number): Assembler => code.localGet(op).i32(step).op(More.i32Eq, Op.if, Op.void);
    ic0(code, "msg_arg_data_size").localSet(end);
    code.i32(scratch).localGet(end).op(Op.i32Add).localTee(end).call(own("room"));
    code.i32(scratch).localSet(p);
    ic0(code.localGet(p).i32(0).localGet(end).localGet(p).op(Op.i32Sub), "msg_arg_data_copy");
    code.op(More.loop, Op.void);
    code.localGet(p).localGet(end).op(More.i32GeU, Op.if, Op.void, Op.return, Op.end);
    load(Load.byte, 0).localSet(op).localGet(p).i32(1).op(Op.i32Add).localSet(p);

    when(STEP.accept);
    load(Load.i64, 0);
    ic0(load(Load.i64, 8).i32(small), "msg_cycles_accept128");
    skip(16);

    when(STEP.reply);
    ic0(ic0(blob(), "msg_reply_data_append"), "msg_reply");
    skip(4, callee);

    for (const [step, name] of [
      [STEP.reject, "msg_reject"],
      [STEP.trap, "trap"],
      [STEP.print, "debug_print"],
    ] as const) {
      when(step);
      ic0(blob(), name);
      skip(4, callee);
    }

    when(STEP.call);
    load(Load.i32, 24).localSet(callee);
    load(Load.i32, 28).localSet(method);
    load(Load.i32, 32).localSet(arg);
    const part = (...before: number[]): Assembler => {
      code.localGet(p).i32(CALL_HEAD_BYTES).op(Op.i32Add);
      for (const local of before) code.localGet(local).op(Op.i32Add);
      return code;
    };
    part().localGet(callee);
    part(callee).localGet(method);
    code.i32(TABLE.indexOf("replied"));
    load(Load.i32, 0).i32(TABLE.indexOf("rejected"));
    ic0(load(Load.i32, 0), "call_new");
    ic0(part(callee, method).localGet(arg), "call_data_append");
    load(Load.i64, 8);
    ic0(load(Load.i64, 16), "call_cycles_add128");
    load(Load.i32, 4).op(Op.if, Op.void);
    ic0(load(Load.i32, 4), "call_with_best_effort_response").op(Op.end);
    ic0(code, "call_perform").localTee(op).op(Op.if, Op.void);
    load(Load.i32, 0).localGet(op).call(own("notSent")).op(Op.end);
    skip(CALL_HEAD_BYTES, callee, method, arg);

    code.op(Op.unreachable, Op.end);
  });
}

// Pieces.

function own(name: Own): number {
  return IMPORTS.length + OWN.indexOf(name);
}

function ic0(code: Assembler, name: Import): Assembler {
  return code.call(IMPORTS.indexOf(name));
}

/** Address and length of a text. */
function text(code: Assembler, { texts }: Layout, which: string): Assembler {
  const [at, length] = texts.get(which)!;
  return code.i32(at).i32(length);
}

/** A function without results; `locals` of i32 follow its parameters. */
function func(types: Types, params: readonly number[], locals: number, write: (code: Assembler) => void): Function {
  const body = new Assembler(512);
  if (locals === 0) body.op(0);
  else body.op(1, locals, I32);
  write(body);
  body.op(Op.end);
  return { type: types.index(params, []), body };
}

/** Function types, each once. */
class Types {
  private readonly known = new Map<string, number>();
  private readonly content = new ByteWriter();

  index(params: readonly number[], results: readonly number[]): number {
    const key = `${params.join()} ${results.join()}`;
    const found = this.known.get(key);
    if (found !== undefined) return found;
    const index = this.known.size;
    this.known.set(key, index);
    this.content.copy(Uint8Array.of(0x60, params.length, ...params, results.length, ...results));
    return index;
  }

  section(): ByteWriter {
    const out = new ByteWriter(this.content.length + 8);
    out.u32(this.known.size);
    out.copy(this.content.bytes, 0, this.content.length);
    return out;
  }
}

/** Letters of `ic0.ts`, for 32 bit. */
function valueType(letter: string): number {
  return letter === "l" ? I64 : I32;
}

function vector<T>(items: readonly T[], write: (writer: ByteWriter, item: T, index: number) => void): ByteWriter {
  const writer = new ByteWriter();
  writer.u32(items.length);
  items.forEach((item, index) => write(writer, item, index));
  return writer;
}

function bytes(...values: number[]): ByteWriter {
  const writer = new ByteWriter(16);
  writer.copy(Uint8Array.from(values));
  return writer;
}

function withU32(writer: ByteWriter, value: number): ByteWriter {
  writer.u32(value);
  return writer;
}

function custom(out: ByteWriter, name: string, content: Uint8Array): void {
  const section = new ByteWriter(content.length + name.length + 8);
  section.name(name);
  section.copy(content);
  out.section(SectionId.custom, section);
}
