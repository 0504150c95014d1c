/**
 * A checked description → TypeScript declarations: the types of an actor's methods and of the values they take and
 * give, as the actors of `@icp-sdk/core` have them. The same mapping as didc and `@icp-sdk/bindgen` use, so that the
 * declarations can replace one another.
 *
 * Ours: references to services and functions are values (`Principal`, `[Principal, string]`) everywhere but in the
 * methods of a service; names that TypeScript or this file needs itself get an underscore.
 */
import {
  propertyOfField,
  resolveName,
  tupleOf,
  type DidArg,
  type DidDefinition,
  type DidField,
  type DidFunc,
  type DidMethod,
  type DidProgram,
  type DidType,
  type Primitive,
} from "./ast.ts";

/** The text of a module that exports the definitions, `_SERVICE`, and `_INIT_ARGS` where the description has them. */
export function toTypescript(program: DidProgram): string {
  return new Printer(program).module();
}

const PRIMITIVE_TYPES: Readonly<Record<Primitive, string>> = {
  nat: "bigint",
  nat8: "number",
  nat16: "number",
  nat32: "number",
  nat64: "bigint",
  int: "bigint",
  int8: "number",
  int16: "number",
  int32: "number",
  int64: "bigint",
  float32: "number",
  float64: "number",
  bool: "boolean",
  text: "string",
  null: "null",
  reserved: "any",
  empty: "never",
  principal: "Principal",
};

/** Vectors that the SDK decodes to typed arrays; it encodes plain arrays as well. */
const VECTOR_TYPES: Readonly<Partial<Record<Primitive, string>>> = {
  nat8: "Uint8Array | number[]",
  nat16: "Uint16Array | number[]",
  nat32: "Uint32Array | number[]",
  nat64: "BigUint64Array | bigint[]",
  int8: "Int8Array | number[]",
  int16: "Int16Array | number[]",
  int32: "Int32Array | number[]",
  int64: "BigInt64Array | bigint[]",
};

/** No names for types: reserved words, TypeScript's own types, and what the declarations refer to. */
const TAKEN_NAMES: readonly string[] = (
  "abstract any Array as asserts async await bigint BigInt64Array BigUint64Array boolean break case catch class const " +
  "continue debugger declare default delete do else enum export extends false finally for function if implements import " +
  "in infer instanceof Int16Array Int32Array Int8Array interface is keyof let module namespace never new null number " +
  "object package private protected public readonly return static string super switch symbol this throw true try type " +
  "typeof Uint16Array Uint32Array Uint8Array undefined unique unknown var void while with yield " +
  "ActorMethod Principal _INIT_ARGS _SERVICE"
).split(" ");

/** A record that fits in such a line is not broken into lines. */
const LINE_WIDTH = 100;

class Printer {
  private readonly program: DidProgram;
  private readonly names = new Map<string, string>();
  private readonly imports = new Set<"ActorMethod" | "Principal">();

  constructor(program: DidProgram) {
    this.program = program;
    const taken = new Set(TAKEN_NAMES);
    // Names that can stay as they are come first, so that they do.
    const all = [...program.definitions.keys()];
    for (const name of [...all.filter((name) => !taken.has(name)), ...all.filter((name) => TAKEN_NAMES.includes(name))]) {
      let printed = name;
      while (taken.has(printed)) printed += "_";
      taken.add(printed);
      this.names.set(name, printed);
    }
  }

  module(): string {
    const { definitions, service } = this.program;
    const parts = [...definitions.values()].map((definition) => this.definition(definition));
    if (service !== null) {
      const body =
        service.type.kind === "name" ? `extends ${this.names.get(service.type.name)!} {}` : this.methods(this.methodsOf(service.type));
      parts.push(`${docComment(service.docs, "")}export interface _SERVICE ${body}\n`);
      if (service.initArgs !== null) parts.push(`export type _INIT_ARGS = ${this.tuple(service.initArgs)};\n`);
    }
    return [...this.importLines(), ...parts].join("\n");
  }

  private importLines(): string[] {
    const lines: string[] = [];
    if (this.imports.has("ActorMethod")) lines.push(`import type { ActorMethod } from "@icp-sdk/core/agent";`);
    if (this.imports.has("Principal")) lines.push(`import type { Principal } from "@icp-sdk/core/principal";`);
    return lines.length === 0 ? [] : [lines.join("\n") + "\n"];
  }

  private definition({ name, type, docs }: DidDefinition): string {
    const comment = docComment(docs, "");
    const printed = this.names.get(name)!;
    if (type.kind === "service") return `${comment}export interface ${printed} ${this.methods(type.methods)}\n`;
    if (type.kind === "record" && tupleOf(type.fields) === null) {
      return `${comment}export interface ${printed} ${this.block(this.fieldLines(type.fields, "  "), "")}\n`;
    }
    return `${comment}export type ${printed} =${this.definedType(type)};\n`;
  }

  /** What stands behind the equals sign: on its line, or an alternative a line. */
  private definedType(type: DidType): string {
    if (type.kind === "name") return ` ${this.names.get(type.name)!}`;
    if (type.kind === "func") return ` ${this.method(type.func)}`;
    if (type.kind !== "variant" || type.fields.length < 2) return ` ${this.value(type, "")}`;
    return type.fields.map((field) => `\n${docComment(field.docs, "  ")}  | ${this.alternative(field, "    ")}`).join("");
  }

  private methodsOf(type: DidType): readonly DidMethod[] {
    const resolved = resolveName(this.program.definitions, type);
    return resolved.kind === "service" ? resolved.methods : [];
  }

  private methods(methods: readonly DidMethod[]): string {
    const lines = methods.map(({ name, type, docs }) => {
      const printed = type.kind === "func" ? this.method(type.func) : type.kind === "name" ? this.names.get(type.name)! : "never";
      return `${docComment(docs, "  ")}  ${property(name)}: ${printed};`;
    });
    return this.block(lines, "");
  }

  private method({ args, results }: DidFunc): string {
    this.imports.add("ActorMethod");
    const result = results.length === 0 ? "undefined" : results.length === 1 ? this.value(results[0]!.type, "  ") : this.tuple(results);
    return `ActorMethod<${this.tuple(args)}, ${result}>`;
  }

  private tuple(args: readonly DidArg[]): string {
    return `[${args.map(({ type }) => this.value(type, "  ")).join(", ")}]`;
  }

  /** The type of values. `indent` is that of the line in which it begins. */
  private value(type: DidType, indent: string): string {
    switch (type.kind) {
      case "primitive":
        if (type.name === "principal") this.imports.add("Principal");
        return PRIMITIVE_TYPES[type.name];
      case "name": {
        const resolved = resolveName(this.program.definitions, type);
        return resolved.kind === "func" || resolved.kind === "service" ? this.value(resolved, indent) : this.names.get(type.name)!;
      }
      case "opt":
        return `[] | [${this.value(type.inner, indent)}]`;
      case "vec": {
        const inner = resolveName(this.program.definitions, type.inner);
        const typed = inner.kind === "primitive" ? VECTOR_TYPES[inner.name] : undefined;
        return typed ?? `Array<${this.value(type.inner, indent)}>`;
      }
      case "record": {
        const tuple = tupleOf(type.fields);
        if (tuple !== null) return `[${tuple.map((component) => this.value(component, indent)).join(", ")}]`;
        return this.fieldsInBraces(type.fields, indent);
      }
      case "variant":
        if (type.fields.length === 0) return "never";
        return type.fields.map((field) => this.alternative(field, indent)).join(" | ");
      case "func":
        this.imports.add("Principal");
        return "[Principal, string]";
      case "service":
        this.imports.add("Principal");
        return "Principal";
    }
  }

  private alternative(field: DidField, indent: string): string {
    return `{ ${property(propertyOfField(field))}: ${this.value(field.type, indent)} }`;
  }

  private fieldsInBraces(fields: readonly DidField[], indent: string): string {
    const lines = this.fieldLines(fields, indent + "  ");
    const inline = `{ ${lines.map((line) => line.trim().replace(/;$/, "")).join("; ")} }`;
    const fits = inline.length <= LINE_WIDTH && !inline.includes("\n") && fields.every((field) => field.docs.length === 0);
    return fields.length === 0 ? "{}" : fits ? inline : this.block(lines, indent);
  }

  private fieldLines(fields: readonly DidField[], indent: string): string[] {
    return fields.map((field) => {
      const { type, docs } = field;
      return `${docComment(docs, indent)}${indent}${property(propertyOfField(field))}: ${this.value(type, indent)};`;
    });
  }

  private block(lines: readonly string[], indent: string): string {
    return lines.length === 0 ? "{}" : `{\n${lines.join("\n")}\n${indent}}`;
  }
}

function property(name: string): string {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? name : JSON.stringify(name);
}

/** A comment cannot be ended from within by what it quotes. */
function docComment(docs: readonly string[], indent: string): string {
  if (docs.length === 0) return "";
  const lines = docs.map((line) => `${indent} * ${line.replaceAll("*/", "*\\/")}`.trimEnd());
  return [`${indent}/**`, ...lines, `${indent} */\n`].join("\n");
}
