/**
 * One method's Candid, both ways: `codec/candid-args.ts` with refusals that people understand.
 */
import { IDL } from "@icp-sdk/core/candid";
import { CanneryError } from "../base/cannery-error.ts";
import { candidText } from "../codec/candid-print.ts";
import { CandidArgs } from "../codec/candid-args.ts";
import { kindOf } from "./given.ts";
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

  /** What a method answers with: nothing, one value, or an array of several. Refuses values of the wrong type. */
  encodeResult(value: unknown, callee: string): Uint8Array {
    const count = this.results.types.length;
    const values = count === 0 ? [] : count === 1 ? [value] : Array.isArray(value) ? (value as unknown[]) : [value];
    return this.results.encode(values, () => `the result of ${callee}.${this.name}`);
  }

  /** The values of an argument, for showing it. */
  decodeArgs(bytes: Uint8Array): unknown[] {
    return this.args.decode(bytes, () => this.name);
  }

  /** An argument, or an answer, as Candid text. */
  candidOf(what: "argument" | "answer", bytes: Uint8Array): string {
    const codec = what === "argument" ? this.args : this.results;
    return candidText(
      codec.decode(bytes, () => this.name),
      codec.types,
    );
  }

  /** `(to : principal, amount : nat)` without names: `(principal, nat)`. */
  get argsText(): string {
    return this.args.text;
  }
}

/** Longest type or value quoted in a refusal. */
const MAX_QUOTED = 200;

export class ArgsCodec {
  private readonly args: CandidArgs;

  constructor(types: readonly IDL.Type[]) {
    this.args = new CandidArgs(types);
  }

  get types(): readonly IDL.Type[] {
    return this.args.types;
  }

  /** Whether `()` is a value of these types: Candid fills in what may be absent. */
  get takesNothing(): boolean {
    return this.types.every((type) => type instanceof IDL.OptClass || type instanceof IDL.NullClass || type instanceof IDL.ReservedClass);
  }

  get text(): string {
    return `(${this.types.map((type) => type.display()).join(", ")})`;
  }

  encode(values: readonly unknown[], what: () => string): Uint8Array {
    if (!Array.isArray(values))
      throw new CanneryError("candid-argument", `${what()} takes its arguments as an array; got ${kindOf(values)}`);
    if (values.length !== this.types.length) {
      throw new CanneryError(
        "candid-argument",
        `${what()} takes ${this.types.length} argument(s), ${quoted(this.text)}; got ${values.length}`,
      );
    }
    if (values.length === 0) return this.args.head;
    try {
      return this.args.encode(values);
    } catch (cause) {
      throw this.misfit(values, what(), cause);
    }
  }

  decode(bytes: Uint8Array, what: () => string): unknown[] {
    try {
      return this.args.decode(bytes);
    } catch (cause) {
      throw new CanneryError("candid-result", `${what()} answered with bytes that are not ${this.text}: ${messageOf(cause)}`, { cause });
    }
  }

  /** Says which value does not fit. */
  private misfit(values: readonly unknown[], what: string, cause: unknown): CanneryError {
    const index = this.types.findIndex((type, i) => !fits(type, values[i]));
    const place =
      index < 0 ? "" : `argument ${index + 1} must be ${quoted(this.types[index]!.display())}, got ${quoted(kindOf(values[index]))} `;
    return new CanneryError("candid-argument", `${what} takes ${quoted(this.text)}: ${place}(${quoted(messageOf(cause))})`, { cause });
  }
}

function fits(type: IDL.Type, value: unknown): boolean {
  try {
    type.covariant(value);
    type.encodeValue(value);
    return true;
  } catch {
    return false; // which is the question
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.trim() : String(cause);
}

function quoted(text: string): string {
  return text.length <= MAX_QUOTED ? text : `${text.slice(0, MAX_QUOTED)}…`;
}
