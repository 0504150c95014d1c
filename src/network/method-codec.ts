/**
 * One method's Candid, both ways, as fast as the library allows: what does not depend on the values is done once.
 *
 * A Candid message is a head (type table and argument types) and the values. The head of our arguments is the same in every
 * call, and most replies have the head we would have written ourselves; only another head goes through the full decoder.
 */
import { IDL, PipeArrayBuffer } from "@icp-sdk/core/candid";
import { CanneryError } from "../base/cannery-error.ts";
import { concat } from "../base/bytes.ts";
import { shown } from "./shown.ts";
import type { IdlMethod } from "../codec/did/to-idl.ts";
import type { MethodMode } from "../codec/did/ast.ts";

export class MethodCodec {
  readonly name: string;
  readonly mode: MethodMode;
  private readonly args: ArgsCodec;
  private readonly results: ArgsCodec;

  constructor(name: string, method: IdlMethod) {
    this.name = name;
    this.mode = method.mode;
    this.args = new ArgsCodec(method.args);
    this.results = new ArgsCodec(method.results);
  }

  /** Runs as a query, without a round. */
  get isQuery(): boolean {
    return this.mode === "query" || this.mode === "composite_query";
  }

  /** Refuses values of the wrong type, naming `callee`, what is expected and what was given. */
  encode(values: readonly unknown[], callee: string): Uint8Array {
    return this.args.encode(values, () => `${callee}.${this.name}`);
  }

  /** `undefined` for no result, the value for one, an array for several. */
  decode(bytes: Uint8Array, callee: string): unknown {
    const values = this.results.decode(bytes, () => `${callee}.${this.name}`);
    return values.length > 1 ? values : values[0];
  }

  /** The values of an argument, for showing it. */
  decodeArgs(bytes: Uint8Array): unknown[] {
    return this.args.decode(bytes, () => this.name);
  }

  /** `(to : principal, amount : nat)` without names: `(principal, nat)`. */
  get argsText(): string {
    return this.args.text;
  }
}

/** Longest type or value quoted in a refusal. */
const MAX_QUOTED = 200;

export class ArgsCodec {
  readonly types: readonly IDL.Type[];
  /** Known after the first encoding. */
  private head: Uint8Array | null = null;
  /** Head of messages without a type table that have exactly our types; `null` when ours need a table. */
  private readonly plainHead: Uint8Array | null;

  constructor(types: readonly IDL.Type[]) {
    this.types = types;
    this.plainHead = plainHeadOf(types);
  }

  /** Whether `()` is a value of these types: Candid fills in what may be absent. */
  get takesNothing(): boolean {
    return this.types.every((type) => type instanceof IDL.OptClass || type instanceof IDL.NullClass || type instanceof IDL.ReservedClass);
  }

  get text(): string {
    return `(${this.types.map((type) => type.display()).join(", ")})`;
  }

  encode(values: readonly unknown[], what: () => string): Uint8Array {
    if (values.length !== this.types.length) throw this.wrongCount(values, what());
    const encoded: Uint8Array[] = [];
    for (const [i, type] of this.types.entries()) encoded.push(encodeOne(type, values[i], i, this, what));
    this.head ??= headOf(this.types, values, encoded);
    if (encoded.length === 1) return concat(this.head, encoded[0]!);
    return encoded.length === 0 ? this.head : concat(this.head, ...encoded);
  }

  decode(bytes: Uint8Array, what: () => string): unknown[] {
    // The library's reader takes the whole underlying buffer, whatever part of it the array is.
    const whole = bytes.byteOffset === 0 && bytes.buffer.byteLength === bytes.length ? bytes : bytes.slice();
    try {
      return (
        (this.plainHead !== null && startsWith(whole, this.plainHead) ? this.decodePlain(whole, this.plainHead.length) : null) ??
        IDL.decode([...this.types], whole)
      );
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new CanneryError("candid-result", `${what()} answered with bytes that are not ${this.text}: ${message}`, { cause });
    }
  }

  /** `null` when something is left over: then the full decoder judges. */
  private decodePlain(bytes: Uint8Array, offset: number): unknown[] | null {
    const pipe = new PipeArrayBuffer(bytes);
    pipe.read(offset);
    const values: unknown[] = [];
    for (const type of this.types) values.push(type.decodeValue(pipe, type));
    return pipe.end ? values : null;
  }

  private wrongCount(values: readonly unknown[], what: string): CanneryError {
    return new CanneryError(
      "candid-argument",
      `${what} takes ${this.types.length} argument(s), ${quoted(this.text)}; got ${values.length}`,
    );
  }
}

function encodeOne(type: IDL.Type, value: unknown, index: number, codec: ArgsCodec, what: () => string): Uint8Array {
  try {
    type.covariant(value);
    return type.encodeValue(value);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.trim() : String(cause);
    throw new CanneryError(
      "candid-argument",
      `${what()} takes ${quoted(codec.text)}: argument ${index + 1} must be ${quoted(type.display())}, got ${quoted(shown(value))} (${quoted(message)})`,
      { cause },
    );
  }
}

/** Everything before the values, cut off a complete encoding. */
function headOf(types: readonly IDL.Type[], values: readonly unknown[], encoded: readonly Uint8Array[]): Uint8Array {
  const whole = IDL.encode([...types], [...values]);
  const valueBytes = encoded.reduce((sum, bytes) => sum + bytes.length, 0);
  return whole.slice(0, whole.length - valueBytes);
}

/** Types of one byte that need no table. Source: Candid specification, "Types" (type opcodes). */
function plainHeadOf(types: readonly IDL.Type[]): Uint8Array | null {
  if (types.length > 0x7f) return null;
  const head = [0x44, 0x49, 0x44, 0x4c, 0, types.length];
  for (const type of types) {
    if (!(type instanceof IDL.PrimitiveType) && !(type instanceof IDL.PrincipalClass)) return null;
    // A primitive needs no table, so its code does not look at one.
    const code = type.encodeType(undefined as never);
    if (code.length !== 1) return null;
    head.push(code[0]!);
  }
  return Uint8Array.from(head);
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false;
  return true;
}

function quoted(text: string): string {
  return text.length <= MAX_QUOTED ? text : `${text.slice(0, MAX_QUOTED)}…`;
}
