/**
 * The functions of a mock's module, instruction by instruction: what a method asks the network, and how the program that comes as the answer is played.
 */
import { encodeUtf8 } from "../../base/utf8.ts";
import { Assembler, Op } from "../../core/wasm/assembler.ts";
import { ByteWriter } from "../../core/wasm/writer.ts";
import { MOCK_METHOD } from "../../core/state/mock-canisters.ts";
import { ASK, CALL_HEAD_BYTES, OUTCOME_HEAD_BYTES, START_HEAD_BYTES, STEP } from "./protocol.ts";

export const IMPORTS = [
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
export const TABLE: readonly Own[] = ["play", "askFailed", "replied", "rejected"];
/** Index of the first method's function. */
export const FIRST_METHOD = IMPORTS.length + OWN.length;

const NOT_ASKED = "the mock canister cannot ask what to do: it has no cycles, or its queue is full";

/** Opcodes that only this file needs. */
const More = { loop: 0x03, br: 0x0c, i32Eq: 0x46, i32LtU: 0x49, i32GeU: 0x4f, i32Shl: 0x74 } as const;
const Load = { i32: 0x28, i64: 0x29, byte: 0x2d } as const;
const Store = { i32: 0x36, i64: 0x37, byte: 0x3a } as const;
export const I32 = 0x7f;

export interface Layout {
  readonly data: Uint8Array;
  /** Address and length of each text. */
  readonly texts: ReadonlyMap<string, readonly [at: number, length: number]>;
  /** Where executions write; sixteen bytes for small things come first. */
  readonly small: number;
  readonly scratch: number;
  readonly pages: number;
}

/** Of a mock whose methods have these names. */
export function layout(names: readonly string[]): Layout {
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

export interface Function {
  readonly type: number;
  readonly body: ByteWriter;
}

/** The module's own functions, and one for each entry. */
export function code(memory: Layout, entries: readonly { readonly name: string; readonly kind: number }[], types: Types): Function[] {
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

export function own(name: Own): number {
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
export class Types {
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
