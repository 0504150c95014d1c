/**
 * Candid values as people write them, `(record { owner = principal "aaaaa-aa"; amount = 5 : nat })`, to the values that
 * `@icp-sdk/core/candid` encodes. Directed by the types: a number without a type becomes what is expected.
 *
 * Source: Candid specification, "Textual format for values" (dfinity/candid `spec/Candid.md`, 0.1.8).
 */
import { IDL, idlLabelToId } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { decodeUtf8, decodeUtf8Lossy, encodeUtf8 } from "../base/utf8.ts";
import { concat } from "../base/bytes.ts";

/** A text that is no Candid value, or none of the expected type. */
export class CandidTextError extends Error {
  override name = "CandidTextError";
}

export type CandidValue =
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "text"; readonly bytes: Uint8Array }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "null" }
  | { readonly kind: "opt"; readonly value: CandidValue }
  | { readonly kind: "vec"; readonly values: readonly CandidValue[] }
  | { readonly kind: "blob"; readonly bytes: Uint8Array }
  | { readonly kind: "record"; readonly fields: readonly CandidField[] }
  | { readonly kind: "variant"; readonly field: CandidField }
  | { readonly kind: "principal"; readonly text: string };

export interface CandidField {
  readonly id: number;
  readonly value: CandidValue;
}

/** The values of an argument list; one value may stand without parentheses. Throws `CandidTextError`. */
function parseCandidArgs(text: string): CandidValue[] {
  return new Parser(text).args();
}

/** Values for `IDL.encode` of these types. Values that are missing at the end must be absent-able. Throws `CandidTextError`. */
export function candidTextToValues(text: string, types: readonly IDL.Type[]): unknown[] {
  const values = parseCandidArgs(text);
  if (values.length > types.length) throw new CandidTextError(`${values.length} values given where ${types.length} are expected`);
  return types.map((type, i) => {
    const value = values[i];
    if (value === undefined) return absent(type, `value ${i + 1}`);
    return convert(value, type, `value ${i + 1}`);
  });
}

const MAX_DEPTH = 500;

interface Token {
  readonly kind: "word" | "text" | "number" | "symbol" | "end";
  readonly value: string;
  readonly bytes: Uint8Array;
  readonly offset: number;
}

class Parser {
  private readonly text: string;
  private offset = 0;
  private depth = 0;
  private token: Token;

  constructor(text: string) {
    this.text = text;
    this.token = this.next();
  }

  args(): CandidValue[] {
    const values = this.accept("(") ? this.list(")", ",", () => this.annotated()) : [this.annotated()];
    if (this.token.kind !== "end") throw this.unexpected("the end");
    return values;
  }

  /** A type annotation only helps a reader without types: ours come from the description. */
  private annotated(): CandidValue {
    const value = this.value();
    if (this.accept(":")) this.skipType();
    return value;
  }

  private value(): CandidValue {
    if (++this.depth > MAX_DEPTH) throw new CandidTextError(`values are nested deeper than ${MAX_DEPTH}`);
    const value = this.valueInside();
    this.depth--;
    return value;
  }

  private valueInside(): CandidValue {
    if (this.accept("(")) {
      const value = this.annotated();
      this.expect(")");
      return value;
    }
    const token = this.token;
    this.token = this.next();
    if (token.kind === "number") return { kind: "number", text: token.value };
    if (token.kind === "text") return { kind: "text", bytes: token.bytes };
    switch (token.kind === "word" ? token.value : "") {
      case "true":
      case "false":
        return { kind: "bool", value: token.value === "true" };
      case "null":
        return { kind: "null" };
      case "opt":
        return { kind: "opt", value: this.value() };
      case "vec":
        this.expect("{");
        return { kind: "vec", values: this.list("}", ";", () => this.annotated()) };
      case "blob":
        return { kind: "blob", bytes: this.expectText().bytes };
      case "principal":
      case "service":
        return { kind: "principal", text: this.expectText().value };
      case "record":
        return this.record();
      case "variant": {
        this.expect("{");
        const field = this.field(null);
        this.accept(";");
        this.expect("}");
        return { kind: "variant", field };
      }
      default:
        this.token = token;
        throw this.unexpected("a value");
    }
  }

  private record(): CandidValue {
    this.expect("{");
    let place = 0;
    const fields = this.list("}", ";", () => {
      const field = this.field(place);
      place = field.id + 1;
      return field;
    });
    return { kind: "record", fields };
  }

  /** `name = value`, `5 = value`, or in records a value alone, which gets the next number. A variant's value may be left out. */
  private field(place: number | null): CandidField {
    const label = this.token;
    const after = this.peek();
    const isLabelled = after === "=" && (label.kind === "word" || label.kind === "text" || label.kind === "number");
    if (!isLabelled && place !== null) return { id: place, value: this.annotated() };
    if (label.kind === "end" || label.kind === "symbol") throw this.unexpected("a field");
    this.token = this.next();
    const id = label.kind === "number" ? Number(integer(label.value)) : idlLabelToId(label.value);
    const value: CandidValue = this.accept("=") ? this.annotated() : { kind: "null" };
    return { id, value };
  }

  private list<T>(end: string, separator: string, item: () => T): T[] {
    const items: T[] = [];
    while (!this.accept(end)) {
      items.push(item());
      if (this.accept(separator)) continue;
      this.expect(end);
      break;
    }
    return items;
  }

  private skipType(): void {
    const token = this.token;
    if (token.kind !== "word") throw this.unexpected("a type");
    this.token = this.next();
    if (token.value === "opt" || token.value === "vec") return this.skipType();
    if (token.value !== "record" && token.value !== "variant" && token.value !== "service") return;
    this.expect("{");
    for (let open = 1; open > 0; this.token = this.next()) {
      if (this.token.kind === "end") throw this.unexpected('"}"');
      if (this.token.value === "{" && this.token.kind === "symbol") open++;
      if (this.token.value === "}" && this.token.kind === "symbol") open--;
    }
  }

  private accept(symbol: string): boolean {
    if (this.token.kind !== "symbol" || this.token.value !== symbol) return false;
    this.token = this.next();
    return true;
  }

  private expect(symbol: string): void {
    if (!this.accept(symbol)) throw this.unexpected(JSON.stringify(symbol));
  }

  private expectText(): Token {
    const token = this.token;
    if (token.kind !== "text") throw this.unexpected("a quoted text");
    this.token = this.next();
    return token;
  }

  private peek(): string {
    const before = this.offset;
    const token = this.next();
    this.offset = before;
    return token.kind === "symbol" ? token.value : "";
  }

  private next(): Token {
    const skipped = /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/uy;
    skipped.lastIndex = this.offset;
    this.offset += skipped.exec(this.text)![0].length;
    const offset = this.offset;
    const none = new Uint8Array();
    if (offset >= this.text.length) return { kind: "end", value: "", bytes: none, offset };
    const take = (pattern: RegExp): string | null => {
      pattern.lastIndex = offset;
      const found = pattern.exec(this.text)?.[0] ?? null;
      if (found !== null) this.offset += found.length;
      return found;
    };
    const word = take(/[A-Za-z_][A-Za-z0-9_]*/uy);
    if (word !== null) return { kind: "word", value: word, bytes: none, offset };
    const number = take(/[+-]?(?:0[xX][0-9a-fA-F_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]+)?)/uy);
    if (number !== null) return { kind: "number", value: number.replaceAll("_", ""), bytes: none, offset };
    if (this.text[offset] === '"') {
      const bytes = this.quoted();
      return { kind: "text", value: decodeUtf8Lossy(bytes), bytes, offset };
    }
    const symbol = take(/[(){};:,=]/uy);
    if (symbol !== null) return { kind: "symbol", value: symbol, bytes: none, offset };
    throw new CandidTextError(`unexpected ${JSON.stringify(this.text[offset])} at character ${offset + 1}`);
  }

  /** Escapes of a byte, `\de`, make it possible to write any bytes. */
  private quoted(): Uint8Array {
    const parts: Uint8Array[] = [];
    this.offset++;
    for (;;) {
      const plain = /[^"\\]+/uy;
      plain.lastIndex = this.offset;
      const text = plain.exec(this.text)?.[0];
      if (text !== undefined) {
        parts.push(encodeUtf8(text));
        this.offset += text.length;
        continue;
      }
      if (this.text[this.offset] === '"') {
        this.offset++;
        return concat(...parts);
      }
      const escape = /\\(?:u\{([0-9a-fA-F_]+)\}|([0-9a-fA-F]{2})|([nrt\\"']))/uy;
      escape.lastIndex = this.offset;
      const found = escape.exec(this.text);
      if (found === null) throw new CandidTextError(`a quoted text does not end, or has a wrong escape, at character ${this.offset + 1}`);
      this.offset += found[0].length;
      const [, codepoint, byte, letter] = found;
      if (byte !== undefined) parts.push(Uint8Array.of(Number.parseInt(byte, 16)));
      else if (codepoint !== undefined) parts.push(encodeUtf8(String.fromCodePoint(Number.parseInt(codepoint.replaceAll("_", ""), 16))));
      else parts.push(encodeUtf8({ n: "\n", r: "\r", t: "\t" }[letter!] ?? letter!));
    }
  }

  private unexpected(expected: string): CandidTextError {
    const seen = this.token.kind === "end" ? "the end" : JSON.stringify(this.token.value);
    return new CandidTextError(`expected ${expected} at character ${this.token.offset + 1}, got ${seen}`);
  }
}

function integer(text: string): bigint {
  const negative = text.startsWith("-");
  const digits = text.replace(/^[+-]/u, "");
  if (!/^(0[xX][0-9a-fA-F]+|[0-9]+)$/u.test(digits)) throw new CandidTextError(`${text} is not a whole number`);
  return negative ? -BigInt(digits) : BigInt(digits);
}

/** What stands for a value that is not given; refuses types that need one. */
function absent(type: IDL.Type, where: string): unknown {
  const inner = unfolded(type);
  if (inner instanceof IDL.OptClass) return [];
  if (inner instanceof IDL.NullClass || inner instanceof IDL.ReservedClass) return null;
  throw new CandidTextError(`${where}, ${type.display()}, is missing`);
}

function unfolded(type: IDL.Type): IDL.Type {
  let inner = type;
  while (inner instanceof IDL.RecClass) inner = inner.getType()!;
  return inner;
}

/** The library checks ranges and the like when it encodes; here only the form must fit. */
function convert(value: CandidValue, expected: IDL.Type, where: string): unknown {
  const type = unfolded(expected);
  const mismatch = (): never => {
    throw new CandidTextError(`${where} must be ${expected.display()}, got a ${value.kind}`);
  };
  if (type instanceof IDL.ReservedClass) return null;
  if (type instanceof IDL.OptClass) return optional(value, (type as IDL.OptClass<unknown>)._type, where);
  if (type instanceof IDL.NullClass) return value.kind === "null" ? null : mismatch();
  if (type instanceof IDL.BoolClass) return value.kind === "bool" ? value.value : mismatch();
  if (type instanceof IDL.TextClass) return value.kind === "text" ? (decodeUtf8(value.bytes) ?? mismatch()) : mismatch();
  if (type instanceof IDL.PrincipalClass) return value.kind === "principal" ? principal(value.text) : mismatch();
  if (type instanceof IDL.NatClass || type instanceof IDL.IntClass) return value.kind === "number" ? integer(value.text) : mismatch();
  if (type instanceof IDL.FixedNatClass || type instanceof IDL.FixedIntClass) {
    if (value.kind !== "number") return mismatch();
    return type._bits > 32 ? integer(value.text) : Number(integer(value.text));
  }
  if (type instanceof IDL.FloatClass) return value.kind === "number" ? Number(value.text) : mismatch();
  if (type instanceof IDL.VecClass) return vector(value, (type as IDL.VecClass<unknown>)._type, where, mismatch);
  if (type instanceof IDL.TupleClass) {
    if (value.kind !== "record") return mismatch();
    const { fields } = value;
    return type._fields.map(([name, field]) => fieldValue(fields, name, field, where));
  }
  if (type instanceof IDL.RecordClass) {
    if (value.kind !== "record") return mismatch();
    const { fields } = value;
    return Object.fromEntries(type._fields.map(([name, field]) => [name, fieldValue(fields, name, field, where)]));
  }
  if (type instanceof IDL.VariantClass) {
    if (value.kind !== "variant") return mismatch();
    const { id, value: inner } = value.field;
    const found = type._fields.find(([name]) => idlLabelToId(name) === id);
    if (found === undefined) throw new CandidTextError(`${where} is none of the alternatives of ${expected.display()}`);
    return { [found[0]]: convert(inner, found[1], `${where}.${found[0]}`) };
  }
  throw new CandidTextError(`${where}: values of type ${expected.display()} cannot be written as text here`);
}

function optional(value: CandidValue, inner: IDL.Type, where: string): unknown {
  if (value.kind === "null") return [];
  return [convert(value.kind === "opt" ? value.value : value, inner, where)];
}

function vector(value: CandidValue, inner: IDL.Type, where: string, mismatch: () => never): unknown {
  if (value.kind === "vec") return value.values.map((element, i) => convert(element, inner, `${where}[${i}]`));
  const isBytes = inner instanceof IDL.FixedNatClass && inner._bits === 8;
  if (isBytes && (value.kind === "blob" || value.kind === "text")) return value.bytes;
  return mismatch();
}

function fieldValue(fields: readonly CandidField[], name: string, type: IDL.Type, where: string): unknown {
  const id = idlLabelToId(name);
  const field = fields.find((one) => one.id === id);
  return field === undefined ? absent(type, `${where}.${name}`) : convert(field.value, type, `${where}.${name}`);
}

function principal(text: string): Principal {
  try {
    return Principal.fromText(text);
  } catch (cause) {
    throw new CandidTextError(`${JSON.stringify(text)} is not a principal: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
