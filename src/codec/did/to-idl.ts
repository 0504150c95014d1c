/**
 * A checked description → the types of `@icp-sdk/core/candid`, which encode and decode values and make actors: what a
 * generated `idlFactory` would build, without generating anything.
 */
import { IDL } from "@icp-sdk/core/candid";
import {
  DidError,
  propertyOfField,
  resolveName,
  tupleOf,
  type DidArg,
  type DidField,
  type DidFunc,
  type DidProgram,
  type DidType,
  type MethodMode,
  type Primitive,
} from "./ast.ts";

export interface IdlMethod {
  readonly args: readonly IDL.Type[];
  readonly results: readonly IDL.Type[];
  readonly mode: MethodMode;
}

export interface IdlService {
  /** Its methods are functions, never references to recursive types: actors can be made from it. */
  readonly service: IDL.ServiceClass;
  readonly initArgs: readonly IDL.Type[];
  /** By name, in the order of the text. */
  readonly methods: ReadonlyMap<string, IdlMethod>;
}

/** Throws `DidError` when the description has no main service. */
export function toIdl(program: DidProgram): IdlService {
  if (program.service === null) throw new DidError("the description has no main service", { file: null, line: 1, column: 1 });
  const builder = new Builder(program.definitions);
  const type = resolveName(program.definitions, program.service.type);
  const methods = new Map<string, IdlMethod>();
  const functions: [string, IDL.FuncClass][] = [];
  for (const method of type.kind === "service" ? type.methods : []) {
    const func = resolveName(program.definitions, method.type);
    if (func.kind !== "func") continue; // checked by the parser
    const built = builder.func(func.func);
    functions.push([method.name, built]);
    methods.set(method.name, { args: built.argTypes, results: built.retTypes, mode: func.func.mode });
  }
  return {
    service: IDL.Service(Object.fromEntries(functions)),
    initArgs: builder.args(program.service.initArgs ?? []),
    methods,
  };
}

/** Types of arguments that stand alone, such as those of `parseInitArgs`. */
export function argsToIdl(args: readonly DidArg[], definitions: DidProgram["definitions"]): IDL.Type[] {
  return new Builder(definitions).args(args);
}

/** Each definition is built once, so that types stay as small as they were written. */
class Builder {
  private readonly definitions: DidProgram["definitions"];
  private readonly built = new Map<string, IDL.Type>();
  /** Being built, with the type that stands for them meanwhile once it was needed: they are recursive. */
  private readonly open = new Map<string, IDL.RecClass | null>();

  constructor(definitions: DidProgram["definitions"]) {
    this.definitions = definitions;
  }

  args(args: readonly DidArg[]): IDL.Type[] {
    return args.map(({ type }) => this.type(type));
  }

  func({ args, results, mode }: DidFunc): IDL.FuncClass {
    const annotations = mode === "update" ? [] : [mode];
    return IDL.Func(this.args(args) as IDL.GenericIdlFuncArgs, this.args(results) as IDL.GenericIdlFuncRets, annotations);
  }

  private type(type: DidType): IDL.Type {
    switch (type.kind) {
      case "primitive":
        return PRIMITIVE_TYPES[type.name];
      case "name":
        return this.named(type.name);
      case "opt":
        return IDL.Opt(this.type(type.inner));
      case "vec":
        return IDL.Vec(this.type(type.inner));
      case "record": {
        const tuple = tupleOf(type.fields);
        return tuple === null ? IDL.Record(this.fields(type.fields)) : IDL.Tuple(...tuple.map((component) => this.type(component)));
      }
      case "variant":
        return IDL.Variant(this.fields(type.fields));
      case "func":
        return this.func(type.func);
      case "service":
        // A method may be a recursive function type here: as a reference a service is only encoded.
        return IDL.Service(Object.fromEntries(type.methods.map(({ name, type: method }) => [name, this.type(method) as IDL.FuncClass])));
    }
  }

  private fields(fields: readonly DidField[]): Record<string, IDL.Type> {
    return Object.fromEntries(fields.map((field) => [propertyOfField(field), this.type(field.type)]));
  }

  private named(alias: string): IDL.Type {
    // Another name of a name is no type of its own: a recursive type must be filled with a constructed one.
    let name = alias;
    let body = this.definitions.get(name)!.type;
    while (body.kind === "name") {
      name = body.name;
      body = this.definitions.get(name)!.type;
    }
    const built = this.built.get(name);
    if (built !== undefined) return built;
    if (this.open.has(name)) {
      const knot = this.open.get(name) ?? IDL.Rec();
      this.open.set(name, knot);
      return knot;
    }
    this.open.set(name, null);
    const type = this.type(body);
    const knot = this.open.get(name) ?? null;
    this.open.delete(name);
    knot?.fill(type as IDL.ConstructType);
    const result = knot ?? type;
    this.built.set(name, result);
    return result;
  }
}

const PRIMITIVE_TYPES: Readonly<Record<Primitive, IDL.Type>> = {
  nat: IDL.Nat,
  nat8: IDL.Nat8,
  nat16: IDL.Nat16,
  nat32: IDL.Nat32,
  nat64: IDL.Nat64,
  int: IDL.Int,
  int8: IDL.Int8,
  int16: IDL.Int16,
  int32: IDL.Int32,
  int64: IDL.Int64,
  float32: IDL.Float32,
  float64: IDL.Float64,
  bool: IDL.Bool,
  text: IDL.Text,
  null: IDL.Null,
  reserved: IDL.Reserved,
  empty: IDL.Empty,
  principal: IDL.Principal,
};
