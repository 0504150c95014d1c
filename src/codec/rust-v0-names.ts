/**
 * The newer mangling of Rust names: a grammar of paths, types and constants, with references back into the name.
 *
 * Source: "v0 symbol format" in the book of the compiler. Hashes of crates and types of constants are left out, as the platform does it.
 * Ours: a name that is wrong behind a back reference stays as it is, as any that is wrong.
 */
import { decodeUtf8 } from "../base/utf8.ts";
import { fromPunycode, isScalar } from "./punycode.ts";

/** `suffix` is what follows the mangled part: words of LLVM, or a sign that the name is of another language. */
export interface Demangled {
  readonly text: string;
  readonly suffix: string;
}

/** Nesting beyond which a name is taken for no name, as the Rust library does it. */
const MAX_DEPTH = 500;
/** Characters beyond which a name is not worth showing: references make names that are exponentially long. */
const MAX_LENGTH = 1_000_000;

const BASIC_TYPES: Readonly<Record<string, string>> = {
  a: "i8", b: "bool", c: "char", d: "f64", e: "str", f: "f32", h: "u8", i: "isize", j: "usize", l: "i32", m: "u32", n: "i128", o: "u128",
  p: "_", s: "i16", t: "u16", u: "()", v: "...", x: "i64", y: "u64", z: "!",
}; // prettier-ignore

/** Thrown where a name does not follow the grammar. */
class NotV0 extends Error {}

/** `null` for what is no such name. */
export function demangledV0Name(name: string): Demangled | null {
  const prefix = /^(?:_R|R|__R)(?=[A-Z])/.exec(name)?.[0];
  if (prefix === undefined || !isAscii(name)) return null;
  const reader = new V0Reader(name.slice(prefix.length));
  try {
    const text = reader.path(true);
    reader.skipCrate();
    return { text, suffix: reader.rest() };
  } catch (error) {
    if (error instanceof NotV0) return null;
    throw error;
  }
}

class V0Reader {
  private readonly name: string;
  private at = 0;
  private depth = 0;
  private written = 0;
  /** Lifetimes bound by `for<…>` around this place. */
  private bound = 0;
  /** What is read now is not shown: references are not followed. */
  private silent = false;

  constructor(name: string) {
    this.name = name;
  }

  rest(): string {
    return this.name.slice(this.at);
  }

  /** The crate that a generic function was made for may follow. */
  skipCrate(): void {
    if (/^[A-Z]/.test(this.rest().slice(0, 1))) this.skipped(() => this.path(false));
  }

  // Letters and numbers.

  private next(): string {
    if (this.at >= this.name.length) throw new NotV0();
    return this.name[this.at++];
  }

  private eat(letter: string): boolean {
    if (this.name[this.at] !== letter) return false;
    this.at++;
    return true;
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.name);
    if (found === null) throw new NotV0();
    this.at += found[0].length;
    return found[0];
  }

  /** In base 62, one less than it means, `_` for 0; a u64. */
  private integer62(): bigint {
    const digits = this.match(/[0-9a-zA-Z]*_/y).slice(0, -1);
    if (digits === "") return 0n;
    let value = 0n;
    for (const digit of digits) value = value * 62n + BigInt(digit62(digit));
    return u64(value + 1n);
  }

  private tagged62(tag: string): bigint {
    return this.eat(tag) ? u64(this.integer62() + 1n) : 0n;
  }

  private hexDigits(): string {
    return this.match(/[0-9a-f]*_/y).slice(0, -1);
  }

  private identifier(): string {
    const encoded = this.eat("u");
    const length = Number(this.match(/0|[1-9][0-9]{0,8}/y));
    this.eat("_");
    if (this.at + length > this.name.length) throw new NotV0();
    const text = this.name.slice(this.at, this.at + length);
    this.at += length;
    if (!encoded) return text;
    const split = text.lastIndexOf("_");
    const [ascii, deltas] = split === -1 ? ["", text] : [text.slice(0, split), text.slice(split + 1)];
    if (deltas === "") throw new NotV0();
    return fromPunycode(ascii, deltas) ?? `punycode{${ascii === "" ? "" : `${ascii}-`}${deltas}}`;
  }

  // What holds other things.

  private deeper<T>(read: () => T): T {
    if (++this.depth > MAX_DEPTH) throw new NotV0();
    const value = read();
    this.depth--;
    return value;
  }

  private skipped(read: () => string): void {
    const before = this.silent;
    this.silent = true;
    read();
    this.silent = before;
  }

  /** What stood at an earlier place. */
  private reference(read: () => string): string {
    const here = this.at - 1;
    const target = this.integer62();
    if (target >= BigInt(here)) throw new NotV0();
    if (this.silent) return "";
    const after = this.at;
    this.at = Number(target);
    const text = this.deeper(read);
    this.written += text.length + 1;
    if (this.written > MAX_LENGTH) throw new NotV0();
    this.at = after;
    return text;
  }

  private list(read: () => string): string[] {
    const items: string[] = [];
    while (!this.eat("E")) items.push(read());
    return items;
  }

  private tuple(read: () => string): string {
    const items = this.list(read);
    return `(${items.join(", ")}${items.length === 1 ? "," : ""})`;
  }

  private lifetime(index: bigint): string {
    if (this.silent) return "";
    if (index === 0n) return "'_";
    const depth = this.bound - Number(index);
    if (depth < 0) throw new NotV0();
    return depth < 26 ? `'${String.fromCharCode(97 + depth)}` : `'_${depth}`;
  }

  /** `for<'a>` where lifetimes are bound here. */
  private binder(read: () => string): string {
    const count = Number(this.tagged62("G"));
    if (this.silent) return read();
    if (count > MAX_LENGTH) throw new NotV0();
    const names: string[] = [];
    for (let i = 0; i < count; i++) {
      this.bound++;
      names.push(this.lifetime(1n));
    }
    const text = read();
    this.bound -= count;
    return count === 0 ? text : `for<${names.join(", ")}> ${text}`;
  }

  // The grammar.

  /** `inValue`: where generic arguments are written `::<…>`. */
  path(inValue: boolean): string {
    return this.deeper(() => {
      const tag = this.next();
      switch (tag) {
        case "C":
          this.tagged62("s");
          return this.identifier();
        case "N":
          return this.nested(inValue);
        case "M":
        case "X":
        case "Y": {
          if (tag !== "Y") {
            this.tagged62("s");
            this.skipped(() => this.path(false));
          }
          const self = this.type();
          return tag === "M" ? `<${self}>` : `<${self} as ${this.path(false)}>`;
        }
        case "I": {
          const generic = this.path(inValue);
          return `${generic}${inValue ? "::" : ""}<${this.list(() => this.genericArgument()).join(", ")}>`;
        }
        case "B":
          return this.reference(() => this.path(inValue));
        default:
          throw new NotV0();
      }
    });
  }

  /** An item in a path; what has no name of its own is told by its kind and number. */
  private nested(inValue: boolean): string {
    const namespace = this.match(/[a-zA-Z]/y);
    const outer = this.path(inValue);
    const number = this.tagged62("s");
    const name = this.identifier();
    if (/[a-z]/.test(namespace)) return name === "" ? outer : `${outer}::${name}`;
    const kind = namespace === "C" ? "closure" : namespace === "S" ? "shim" : namespace;
    return `${outer}::{${kind}${name === "" ? "" : `:${name}`}#${number}}`;
  }

  private genericArgument(): string {
    if (this.eat("L")) return this.lifetime(this.integer62());
    return this.eat("K") ? this.constant(false) : this.type();
  }

  private type(): string {
    const tag = this.next();
    const basic = BASIC_TYPES[tag];
    if (basic !== undefined) return basic;
    return this.deeper(() => {
      switch (tag) {
        case "R":
        case "Q": {
          const index = this.eat("L") ? this.integer62() : 0n;
          const lifetime = index === 0n ? "" : `${this.lifetime(index)} `;
          return `&${lifetime}${tag === "Q" ? "mut " : ""}${this.type()}`;
        }
        case "P":
          return `*const ${this.type()}`;
        case "O":
          return `*mut ${this.type()}`;
        case "A": {
          const item = this.type();
          return `[${item}; ${this.constant(true)}]`;
        }
        case "S":
          return `[${this.type()}]`;
        case "T":
          return this.tuple(() => this.type());
        case "F":
          return this.binder(() => this.functionType());
        case "D": {
          const traits = this.binder(() => this.list(() => this.dynTrait()).join(" + "));
          if (!this.eat("L")) throw new NotV0();
          const index = this.integer62();
          return `dyn ${traits}${index === 0n ? "" : ` + ${this.lifetime(index)}`}`;
        }
        case "B":
          return this.reference(() => this.type());
        case "W": {
          const base = this.type();
          return `${base} is ${this.pattern()}`;
        }
        default:
          this.at--;
          return this.path(false);
      }
    });
  }

  private functionType(): string {
    const unsafe = this.eat("U") ? "unsafe " : "";
    const abi = this.eat("K") ? `extern "${this.abi()}" ` : "";
    const parameters = this.list(() => this.type()).join(", ");
    const result = this.eat("u") ? "" : ` -> ${this.type()}`;
    return `${unsafe}${abi}fn(${parameters})${result}`;
  }

  private abi(): string {
    if (this.eat("C")) return "C";
    if (this.name[this.at] === "u") throw new NotV0();
    const name = this.identifier();
    if (name === "") throw new NotV0();
    return name.replaceAll("_", "-");
  }

  private dynTrait(): string {
    const trait = this.traitPath();
    const bindings: string[] = [];
    while (this.eat("p")) {
      const name = this.identifier();
      bindings.push(`${name} = ${this.eat("K") ? this.constant(false) : this.type()}`);
    }
    const args = trait.args === null ? bindings : [...trait.args, ...bindings];
    return trait.args === null && bindings.length === 0 ? trait.path : `${trait.path}<${args.join(", ")}>`;
  }

  /** The generic arguments apart: associated types are written among them. */
  private traitPath(): { readonly path: string; readonly args: readonly string[] | null } {
    if (this.eat("B")) {
      let found: ReturnType<V0Reader["traitPath"]> = { path: "", args: null };
      this.reference(() => {
        found = this.traitPath();
        return found.path + (found.args?.join() ?? "");
      });
      return found;
    }
    if (!this.eat("I")) return { path: this.path(false), args: null };
    const path = this.path(false);
    return { path, args: this.list(() => this.genericArgument()) };
  }

  private pattern(): string {
    switch (this.next()) {
      case "R": {
        const first = this.constant(false);
        return `${first}..=${this.constant(false)}`;
      }
      case "O":
        return this.deeper(() => {
          const first = this.pattern();
          return [first, ...this.list(() => this.pattern())].join(" | ");
        });
      case "N":
        return "!null";
      default:
        throw new NotV0();
    }
  }

  /** `inValue`: within another constant, where nothing needs braces. */
  private constant(inValue: boolean): string {
    const braced = (text: string): string => (inValue ? text : `{${text}}`);
    return this.deeper(() => {
      const tag = this.next();
      switch (tag) {
        case "p":
          return "_";
        case "h":
        case "t":
        case "m":
        case "y":
        case "o":
        case "j":
          return this.unsigned();
        case "a":
        case "s":
        case "l":
        case "x":
        case "n":
        case "i":
          return this.eat("n") ? `-${this.unsigned()}` : this.unsigned();
        case "b": {
          const value = ["false", "true"][numberOf(this.hexDigits())];
          if (value === undefined) throw new NotV0();
          return value;
        }
        case "c": {
          const point = numberOf(this.hexDigits());
          if (!isScalar(point)) throw new NotV0();
          return `'${escaped(String.fromCodePoint(point), "'")}'`;
        }
        case "e":
          return braced(`*${this.stringLiteral()}`);
        case "R":
        case "Q":
          if (tag === "R" && this.eat("e")) return this.stringLiteral();
          return braced(`&${tag === "Q" ? "mut " : ""}${this.constant(true)}`);
        case "A":
          return braced(`[${this.list(() => this.constant(true)).join(", ")}]`);
        case "T":
          return braced(this.tuple(() => this.constant(true)));
        case "V":
          return braced(this.structConstant());
        case "B":
          return this.reference(() => this.constant(inValue));
        default:
          throw new NotV0();
      }
    });
  }

  private structConstant(): string {
    const path = this.path(true);
    switch (this.next()) {
      case "U":
        return path;
      case "T":
        return `${path}(${this.list(() => this.constant(true)).join(", ")})`;
      case "S": {
        const fields = this.list(() => {
          this.tagged62("s");
          const name = this.identifier();
          return `${name}: ${this.constant(true)}`;
        });
        return `${path} { ${fields.join(", ")} }`;
      }
      default:
        throw new NotV0();
    }
  }

  /** What is larger than a u64 is shown as it stands. */
  private unsigned(): string {
    const digits = this.hexDigits();
    const short = digits.replace(/^0+/, "");
    return short.length > 16 ? `0x${digits}` : BigInt(`0x0${short}`).toString();
  }

  private stringLiteral(): string {
    const digits = this.hexDigits();
    if (digits.length % 2 !== 0) throw new NotV0();
    const bytes = Uint8Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16));
    const text = decodeUtf8(bytes);
    if (text === null) throw new NotV0();
    return `"${escaped(text, '"')}"`;
  }
}

export function isAscii(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) >= 0x80) return false;
  return true;
}

function digit62(digit: string): number {
  const code = digit.charCodeAt(0);
  return code < 58 ? code - 48 : code < 91 ? code - 65 + 36 : code - 97 + 10;
}

function u64(value: bigint): bigint {
  if (value >= 1n << 64n) throw new NotV0();
  return value;
}

/** Infinity for what is certainly too large. */
function numberOf(digits: string): number {
  const short = digits.replace(/^0+/, "");
  return short.length > 12 ? Infinity : parseInt(`0${short}`, 16);
}

const ESCAPED: Readonly<Record<string, string>> = { "\0": "\\0", "\t": "\\t", "\r": "\\r", "\n": "\\n", "\\": "\\\\" };

/** Ours: of what cannot be printed, ASCII alone is escaped; more would depend on the tables of the host. */
function escaped(text: string, quote: string): string {
  return text.replace(/[\0-\x1f\x7f\\'"]/g, (c) => {
    if (c === "'" || c === '"') return c === quote ? `\\${c}` : c;
    return ESCAPED[c] ?? `\\u{${c.charCodeAt(0).toString(16)}}`;
  });
}
