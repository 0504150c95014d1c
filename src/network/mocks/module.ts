/**
 * The module of a mock canister: it asks the network what to do (`cannery_mock`), and does it. All mocks have the same code but for their exports,
 * one for each method of the Candid description, so it is put together here (its functions: `module-code.ts`), and works where there are no files.
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
import { MOCK_MARK, mockQueryExport } from "../../core/state/mock-canisters.ts";
import type { MethodMode } from "../../codec/did/ast.ts";
import { code, FIRST_METHOD, I32, IMPORTS, layout, own, TABLE, Types } from "./module-code.ts";
import { ASK } from "./protocol.ts";

export interface MockMethod {
  readonly name: string;
  readonly mode: MethodMode;
}

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
    writer.u32(FIRST_METHOD + i);
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

const I64 = 0x7e;

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
