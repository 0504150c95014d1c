/**
 * Tokens → one file's description, not yet checked. One method per production of the grammar.
 *
 * Source: Candid specification, "Core Grammar" and its shorthands. Where the specification leaves a detail open
 * (separators at the end, one mode at most), we follow didc's grammar (dfinity/candid `rust/candid_parser`).
 */
import {
  DidError,
  fieldIdOfName,
  PRIMITIVES,
  type DidArg,
  type DidDefinition,
  type DidField,
  type DidFunc,
  type DidMethod,
  type DidService,
  type DidType,
  type MethodMode,
  type Position,
  type Primitive,
} from "./ast.ts";
import { tokenize, type Token } from "./lexer.ts";

export interface DidImport {
  readonly path: string;
  /** `import service`: the methods of its main service are ours too. */
  readonly withService: boolean;
  readonly at: Position;
}

export interface ParsedFile {
  readonly imports: readonly DidImport[];
  readonly definitions: readonly DidDefinition[];
  readonly service: DidService | null;
}

/** A file with argument types instead of a service: what `candid:args` holds. */
export interface ParsedArgs {
  readonly imports: readonly DidImport[];
  readonly definitions: readonly DidDefinition[];
  readonly args: readonly DidArg[];
}

/** Ours: types nested deeper than this are refused, before the parser's own stack ends. */
const MAX_DEPTH = 500;
const MAX_FIELD_ID = 2 ** 32 - 1;
const PRIMITIVE_NAMES: ReadonlySet<string> = new Set(PRIMITIVES);
const MODES: readonly string[] = ["query", "composite_query", "oneway"];

/** Throws `DidError`. */
export function parseFile(text: string, file: string | null): ParsedFile {
  return new Parser(tokenize(text, file)).file();
}

/** Throws `DidError`. */
export function parseArgsFile(text: string, file: string | null): ParsedArgs {
  return new Parser(tokenize(text, file)).argsFile();
}

class Parser {
  private readonly tokens: readonly Token[];
  private index = 0;
  private depth = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  /** `<def>;* <actor>?` */
  file(): ParsedFile {
    const { imports, definitions } = this.defs();
    const service = this.isNext("service") ? this.mainService() : null;
    this.end(service === null ? '"type", "import", "service" or the end' : "the end");
    return { imports, definitions, service };
  }

  /** `<def>;* <tuptype>` */
  argsFile(): ParsedArgs {
    const { imports, definitions } = this.defs();
    const args = this.tupleType();
    this.end("the end");
    return { imports, definitions, args };
  }

  private end(expected: string): void {
    if (this.next.kind !== "end") this.fail(expected);
  }

  private defs(): { imports: DidImport[]; definitions: DidDefinition[] } {
    const imports: DidImport[] = [];
    const definitions: DidDefinition[] = [];
    while (this.isNext("type") || this.isNext("import")) {
      const { value, docs, at } = this.take();
      if (value === "import") {
        const withService = this.accept("service");
        imports.push({ path: this.text("the path of a .did file in quotes"), withService, at });
      } else {
        definitions.push(this.definition(docs, at));
      }
      if (!this.accept(";")) break;
    }
    return { imports, definitions };
  }

  /** `type <id> = <datatype>`, after `type`. */
  private definition(docs: readonly string[], at: Position): DidDefinition {
    const name = this.id("a type name");
    if (PRIMITIVE_NAMES.has(name)) throw new DidError(`${name} is a built-in type and cannot be defined`, at);
    this.expect("=");
    return { name, type: this.type(), docs, at };
  }

  /** `service <id>? : (<tuptype> ->)? (<actortype> | <id>) ;?` */
  private mainService(): DidService {
    const { docs, at } = this.take();
    const name = this.next.kind === "id" ? this.take().value : null;
    this.expect(":");
    let initArgs: DidArg[] | null = null;
    if (this.isNext("(")) {
      initArgs = this.tupleType();
      this.expect("->");
    }
    const type = this.next.kind === "id" ? this.typeName() : this.serviceType();
    this.accept(";");
    return { name, initArgs, type, docs, at };
  }

  private type(): DidType {
    if (++this.depth > MAX_DEPTH) throw new DidError(`types are nested deeper than ${MAX_DEPTH} levels`, this.next.at);
    try {
      return this.typeAtDepth();
    } finally {
      this.depth--;
    }
  }

  private typeAtDepth(): DidType {
    if (this.next.kind === "id") return this.typeName();
    if (this.next.kind !== "keyword") this.fail("a type");
    switch (this.next.value) {
      case "null":
      case "principal":
        return { kind: "primitive", name: this.take().value as Primitive };
      case "blob":
        this.take();
        return { kind: "vec", inner: { kind: "primitive", name: "nat8" } };
      case "opt":
      case "vec":
        return { kind: this.take().value as "opt" | "vec", inner: this.type() };
      case "record":
        this.take();
        return { kind: "record", fields: this.fields((previous) => this.recordField(previous)) };
      case "variant":
        this.take();
        return { kind: "variant", fields: this.fields(() => this.variantField()) };
      case "func":
        this.take();
        return { kind: "func", func: this.functionType() };
      case "service":
        this.take();
        return this.serviceType();
      default:
        return this.fail("a type");
    }
  }

  private typeName(): DidType {
    const { value, at } = this.take();
    if (PRIMITIVE_NAMES.has(value)) return { kind: "primitive", name: value as Primitive };
    return { kind: "name", name: value, at };
  }

  private fields(one: (previous: DidField | null) => DidField): DidField[] {
    const seen = new Map<number, DidField>();
    let previous: DidField | null = null;
    return this.list("{", ";", "}", () => {
      const { at } = this.next;
      const field = one(previous);
      const other = seen.get(field.id);
      if (other !== undefined) throw new DidError(sameIdMessage(other, field), at);
      seen.set(field.id, field);
      previous = field;
      return field;
    });
  }

  /** A label and a type, or a type alone: its number is the previous field's plus 1. */
  private recordField(previous: DidField | null): DidField {
    const { docs, at } = this.next;
    if (this.isLabel()) {
      const label = this.label();
      this.expect(":");
      return { ...label, type: this.type(), docs };
    }
    const id = previous === null ? 0 : previous.id + 1;
    if (id > MAX_FIELD_ID) throw new DidError("the number of this field would be larger than 4294967295", at);
    return { id, name: null, type: this.type(), docs };
  }

  /** A label, and a type unless it is `null`. */
  private variantField(): DidField {
    const { docs } = this.next;
    const label = this.label();
    return { ...label, type: this.accept(":") ? this.type() : { kind: "primitive", name: "null" }, docs };
  }

  /** A word is a label only before a colon; else it is a type. */
  private isLabel(): boolean {
    const { kind } = this.next;
    const following = this.tokens[this.index + 1];
    return kind === "number" || kind === "text" || (following?.kind === "symbol" && following.value === ":");
  }

  private label(): { id: number; name: string | null } {
    if (this.next.kind !== "number") {
      const name = this.name("a field name or number");
      return { id: fieldIdOfName(name), name };
    }
    const { value, at } = this.take();
    const id = Number(value);
    if (id > MAX_FIELD_ID) throw new DidError(`the field number ${value} is larger than 4294967295`, at);
    return { id, name: null };
  }

  /** `( <argtype>,* )` */
  private tupleType(): DidArg[] {
    const names = new Set<string>();
    return this.list("(", ",", ")", () => {
      const { at } = this.next;
      if (!this.isLabel()) return { name: null, type: this.type() };
      const name = this.name("an argument name or a type");
      if (names.has(name)) throw new DidError(`two arguments have the name ${JSON.stringify(name)}`, at);
      names.add(name);
      this.expect(":");
      return { name, type: this.type() };
    });
  }

  /** `<tuptype> -> <tuptype> <funcann>*` */
  private functionType(): DidFunc {
    const args = this.tupleType();
    this.expect("->");
    const results = this.tupleType();
    let mode: MethodMode = "update";
    while (this.next.kind === "keyword" && MODES.includes(this.next.value)) {
      const { value, at } = this.take();
      if (mode !== "update") throw new DidError(`a function is either ${mode} or ${value}`, at);
      if (value === "oneway" && results.length > 0) throw new DidError("a oneway function has no results", at);
      mode = value as MethodMode;
    }
    return { args, results, mode };
  }

  /** `{ <methtype>;* }` */
  private serviceType(): DidType {
    const names = new Set<string>();
    const methods = this.list("{", ";", "}", (): DidMethod => {
      const { docs, at } = this.next;
      const name = this.name("a method name");
      if (names.has(name)) throw new DidError(`two methods have the name ${JSON.stringify(name)}`, at);
      names.add(name);
      this.expect(":");
      const type: DidType = this.next.kind === "id" ? this.typeName() : { kind: "func", func: this.functionType() };
      return { name, type, docs, at };
    });
    return { kind: "service", methods };
  }

  /** A separator may stand after the last one too. */
  private list<T>(open: string, separator: string, close: string, one: () => T): T[] {
    const items: T[] = [];
    this.expect(open);
    while (!this.isNext(close)) {
      items.push(one());
      if (!this.accept(separator) && !this.isNext(close)) this.fail(`${JSON.stringify(separator)} or ${JSON.stringify(close)}`);
    }
    this.take();
    return items;
  }

  private name(expected: string): string {
    return this.next.kind === "text" ? this.take().value : this.id(expected);
  }

  private id(expected: string): string {
    if (this.next.kind === "keyword") {
      throw new DidError(`${this.next.value} is a keyword; as a name it is written in quotes, as "${this.next.value}"`, this.next.at);
    }
    return this.next.kind === "id" ? this.take().value : this.fail(expected);
  }

  private text(expected: string): string {
    return this.next.kind === "text" ? this.take().value : this.fail(expected);
  }

  private get next(): Token {
    return this.tokens[this.index]!;
  }

  /** The token before `end` is never passed by: `take` is called for tokens that were looked at. */
  private take(): Token {
    return this.tokens[this.index++]!;
  }

  private isNext(value: string): boolean {
    return (this.next.kind === "symbol" || this.next.kind === "keyword") && this.next.value === value;
  }

  private accept(value: string): boolean {
    if (!this.isNext(value)) return false;
    this.index++;
    return true;
  }

  private expect(value: string): void {
    if (!this.accept(value)) this.fail(JSON.stringify(value));
  }

  private fail(expected: string): never {
    const { kind, value, at } = this.next;
    throw new DidError(`expected ${expected}, found ${kind === "end" ? value : JSON.stringify(value)}`, at);
  }
}

function sameIdMessage(a: DidField, b: DidField): string {
  const [first, second] = [a, b].map((field) => (field.name === null ? String(field.id) : JSON.stringify(field.name)));
  return first === second ? `two fields have the label ${first}` : `the fields ${first} and ${second} have the same number, ${b.id}`;
}
