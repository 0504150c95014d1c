/**
 * Candid text → a checked description: the way into this folder. Imports are followed with the help of the caller, as
 * nothing here reads files; `candid:service` in a module has none.
 *
 * Source: Candid specification, "Type Definitions" and "Imports"; merging of services as didc does it (dfinity/candid
 * `rust/candid_parser/src/syntax/mod.rs`).
 */
import {
  DidError,
  resolveName,
  type DidArg,
  type DidDefinition,
  type DidProgram,
  type DidService,
  type DidType,
  type Position,
} from "./ast.ts";
import { parseArgsFile, parseFile, type DidImport, type ParsedFile } from "./parser.ts";

export interface DidSource {
  /** The same for the same file, whichever way it was named. */
  readonly file: string;
  readonly text: string;
}

export interface DidOptions {
  /** Name of the text, for messages and as the base of its imports. */
  readonly file?: string;
  /** Gives the text of an imported file, `path` being as written in `from`; `null` when there is none. */
  readonly resolveImport?: (path: string, from: string | null) => DidSource | null;
}

/** A service description. Throws `DidError`. */
export function parseDid(text: string, options: DidOptions = {}): DidProgram {
  const main = parseFile(text, options.file ?? null);
  const imported = new Imports(options);
  imported.follow(main.imports, options.file ?? null);
  const definitions = definitionsOf([...imported.files(), main]);
  checkDefinitions(definitions);
  if (main.service !== null) checkService(definitions, main.service);
  const service = imported.addMethods(definitions, main.service);
  return { definitions, service };
}

/**
 * Initialisation arguments alone, as modules carry them in `candid:args`. Their types may use the definitions of the
 * module's service. Throws `DidError`.
 */
export function parseInitArgs(text: string, program?: DidProgram): { definitions: DidProgram["definitions"]; args: readonly DidArg[] } {
  const parsed = parseArgsFile(text, null);
  for (const { path, at } of parsed.imports) throw new DidError(`${JSON.stringify(path)} cannot be imported here`, at);
  // The service often repeats the definitions of the arguments: the arguments' own win.
  const definitions = new Map([...(program?.definitions ?? []), ...definitionsOf([parsed])]);
  checkDefinitions(definitions);
  for (const { type } of parsed.args) checkType(definitions, type);
  return { definitions, args: parsed.args };
}

/** Imported files, each once, in the order in which they are complete. */
class Imports {
  private readonly options: DidOptions;
  private readonly found = new Map<string, { parsed: ParsedFile; withService: DidImport | null }>();

  constructor(options: DidOptions) {
    this.options = options;
  }

  follow(imports: readonly DidImport[], from: string | null): void {
    for (const wanted of imports) {
      const { path, withService, at } = wanted;
      if (this.options.resolveImport === undefined) {
        throw new DidError(`${JSON.stringify(path)} cannot be imported here: give the description as one text, without imports`, at);
      }
      const source = this.options.resolveImport(path, from);
      if (source === null) throw new DidError(`${JSON.stringify(path)} was not found`, at);
      if (source.file === this.options.file) throw new DidError(`${JSON.stringify(path)} imports itself`, at);
      const known = this.found.get(source.file);
      if (known !== undefined) {
        if (withService) known.withService ??= wanted;
        continue;
      }
      const parsed = parseFile(source.text, source.file);
      this.found.set(source.file, { parsed, withService: withService ? wanted : null });
      this.follow(parsed.imports, source.file);
    }
  }

  files(): ParsedFile[] {
    return [...this.found.values()].map(({ parsed }) => parsed);
  }

  /** The main service together with the methods of the services that were imported. */
  addMethods(definitions: DidProgram["definitions"], main: DidService | null): DidService | null {
    const imported = [...this.found.values()].filter(({ withService }) => withService !== null);
    if (imported.length === 0) return main;
    const methods = main === null ? [] : [...methodsOf(definitions, main.type)];
    for (const { parsed, withService } of imported) {
      const { path, at } = withService!;
      const { service } = parsed;
      if (service === null) throw new DidError(`${JSON.stringify(path)} has no main service to import`, at);
      if (service.initArgs !== null) throw new DidError(`the service of ${JSON.stringify(path)} has initialisation arguments`, at);
      checkService(definitions, service);
      for (const method of methodsOf(definitions, service.type)) {
        const twice = methods.some(({ name }) => name === method.name);
        if (twice) throw new DidError(`the imported method ${JSON.stringify(method.name)} is there already`, method.at);
        methods.push(method);
      }
    }
    const type: DidType = { kind: "service", methods };
    return main === null ? { name: null, initArgs: null, type, docs: [], at: imported[0]!.withService!.at } : { ...main, type };
  }
}

function methodsOf(definitions: DidProgram["definitions"], type: DidType): Extract<DidType, { kind: "service" }>["methods"] {
  const resolved = resolveName(definitions, type);
  return resolved.kind === "service" ? resolved.methods : [];
}

function definitionsOf(files: readonly { definitions: readonly DidDefinition[] }[]): Map<string, DidDefinition> {
  const definitions = new Map<string, DidDefinition>();
  for (const definition of files.flatMap((file) => file.definitions)) {
    if (definitions.has(definition.name)) throw new DidError(`the type ${definition.name} is defined twice`, definition.at);
    definitions.set(definition.name, definition);
  }
  return definitions;
}

/** No name may stand for itself, all names are defined, methods are functions. */
function checkDefinitions(definitions: DidProgram["definitions"]): void {
  for (const { name, type, at } of definitions.values()) {
    const passed = new Set([name]);
    let target: DidType | undefined = type;
    while (target?.kind === "name") {
      if (passed.has(target.name)) throw new DidError(`the type ${name} is defined by nothing but itself`, at);
      passed.add(target.name);
      target = definitions.get(target.name)?.type;
    }
  }
  // In a second pass, as methods are looked up through names.
  for (const { type } of definitions.values()) checkType(definitions, type);
}

function checkType(definitions: DidProgram["definitions"], type: DidType): void {
  switch (type.kind) {
    case "primitive":
      return;
    case "name":
      if (!definitions.has(type.name)) throw new DidError(`the type ${type.name} is not defined`, type.at);
      return;
    case "opt":
    case "vec":
      return checkType(definitions, type.inner);
    case "record":
    case "variant":
      for (const field of type.fields) checkType(definitions, field.type);
      return;
    case "func":
      for (const arg of [...type.func.args, ...type.func.results]) checkType(definitions, arg.type);
      return;
    case "service":
      for (const { name, type: method, at } of type.methods) {
        checkType(definitions, method);
        requireKind(definitions, method, "func", `the method ${JSON.stringify(name)} is not a function`, at);
      }
  }
}

function checkService(definitions: DidProgram["definitions"], { type, initArgs, at }: DidService): void {
  checkType(definitions, type);
  for (const arg of initArgs ?? []) checkType(definitions, arg.type);
  requireKind(definitions, type, "service", "the main service is not a service", at);
}

function requireKind(definitions: DidProgram["definitions"], type: DidType, kind: DidType["kind"], message: string, at: Position): void {
  // A chain of names that leads nowhere is reported where its last name stands.
  for (let target = type; target.kind === "name";) {
    checkType(definitions, target);
    target = definitions.get(target.name)!.type;
  }
  const found = resolveName(definitions, type).kind;
  if (found !== kind) throw new DidError(`${message}, its type is ${found}`, at);
}
