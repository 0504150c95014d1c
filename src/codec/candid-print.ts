/**
 * Candid values, as `@icp-sdk/core/candid` decodes them, as people write them: the way back from `candid-text.ts`.
 *
 * Source: Candid specification, "Textual format for values" (dfinity/candid `spec/Candid.md`, 0.1.8). Numbers carry their types, as other tools show them.
 */
import { IDL } from "@icp-sdk/core/candid";
import type { Principal } from "@icp-sdk/core/principal";

/** `(1 : nat, record { owner = principal "aaaaa-aa" })`. */
export function candidText(values: readonly unknown[], types: readonly IDL.Type[]): string {
  return `(${types.map((type, i) => textOf(values[i], type)).join(", ")})`;
}

function textOf(value: unknown, type: IDL.Type): string {
  if (type instanceof IDL.RecClass) return textOf(value, type.getType()!);
  if (type instanceof IDL.OptClass) {
    const [inner] = value as [] | [unknown];
    return (value as unknown[]).length === 0 ? "null" : `opt ${inOpt(inner, (type as IDL.OptClass<unknown>)._type)}`;
  }
  if (type instanceof IDL.NullClass || type instanceof IDL.ReservedClass) return "null";
  if (type instanceof IDL.BoolClass) return String(value);
  if (type instanceof IDL.TextClass) return quoted(value as string);
  if (type instanceof IDL.PrincipalClass) return principal(value);
  if (type instanceof IDL.FloatClass) return `${float(value as number)} : ${type.name}`;
  if (isNumber(type)) return `${String(value)} : ${type.name}`;
  if (type instanceof IDL.VecClass) return vector(value as ArrayLike<unknown>, (type as IDL.VecClass<unknown>)._type);
  if (type instanceof IDL.TupleClass) {
    return block(
      "record",
      type._fields.map(([, field], i) => textOf((value as unknown[])[i], field)),
    );
  }
  if (type instanceof IDL.RecordClass) {
    const fields = value as Readonly<Record<string, unknown>>;
    return block(
      "record",
      type._fields.map(([name, field]) => `${label(name)} = ${textOf(fields[name], field)}`),
    );
  }
  if (type instanceof IDL.VariantClass) {
    const [name, inner] = Object.entries(value as Readonly<Record<string, unknown>>)[0]!;
    const field = type._fields.find(([one]) => one === name)![1];
    return block("variant", [field instanceof IDL.NullClass ? label(name) : `${label(name)} = ${textOf(inner, field)}`]);
  }
  if (type instanceof IDL.FuncClass) {
    const [canister, method] = value as [unknown, string];
    return `func "${(canister as Principal).toText()}".${label(method)}`;
  }
  if (type instanceof IDL.ServiceClass) return `service "${(value as Principal).toText()}"`;
  throw new TypeError(`a value of ${type.display()} cannot be shown`);
}

function isNumber(type: IDL.Type): boolean {
  return [IDL.NatClass, IDL.IntClass, IDL.FixedNatClass, IDL.FixedIntClass].some((one) => type instanceof one);
}

/** A type behind a value would belong to the whole without parentheses. */
function inOpt(value: unknown, type: IDL.Type): string {
  const text = textOf(value, type);
  return isNumber(type) || type instanceof IDL.FloatClass ? `(${text})` : text;
}

function vector(values: ArrayLike<unknown>, type: IDL.Type): string {
  if (type instanceof IDL.FixedNatClass && type._bits === 8) return `blob "${Array.from(values as ArrayLike<number>, byteText).join("")}"`;
  return block(
    "vec",
    Array.from(values, (value) => textOf(value, type)),
  );
}

function block(word: string, items: readonly string[]): string {
  return items.length === 0 ? `${word} {}` : `${word} { ${items.join("; ")} }`;
}

/** Printable ASCII as it is. */
function byteText(byte: number): string {
  const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
  return isPlain ? String.fromCharCode(byte) : `\\${byte.toString(16).padStart(2, "0")}`;
}

const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\" };

function quoted(text: string): string {
  const escaped = text.replace(/["\\\u0000-\u001f\u007f]/gu, (char) => ESCAPES[char] ?? `\\u{${char.codePointAt(0)!.toString(16)}}`);
  return `"${escaped}"`;
}

function principal(value: unknown): string {
  return `principal "${(value as Principal).toText()}"`;
}

/** With a point or an exponent, so that it is no whole number. */
function float(value: number): string {
  return Number.isInteger(value) && !String(value).includes("e") ? `${Object.is(value, -0) ? "-0" : value}.0` : String(value);
}

const WORDS = new Set("blob bool composite_query empty false float32 float64 func import int nat null oneway opt principal query record reserved service text true type variant vec".split(" ")); // prettier-ignore

/** A field's name; the library names fields of unknown names by their numbers, `_123_`. */
function label(name: string): string {
  const number = /^_(\d+)_$/u.exec(name);
  if (number !== null) return number[1]!;
  return /^[A-Za-z_][A-Za-z0-9_]*$/u.test(name) && !WORDS.has(name) ? name : quoted(name);
}
