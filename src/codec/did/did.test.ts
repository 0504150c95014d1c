import { expect, test } from "vitest";
import { DidError, fieldIdOfName, type DidField, type DidType } from "./ast.ts";
import { parseDid, parseInitArgs, type DidOptions } from "./did.ts";

/** A type in the grammar's core form, without places: what a type is, whichever shorthand wrote it. */
function core(type: DidType): string {
  const fields = (list: readonly DidField[]): string => list.map((f) => `${f.id}:${core(f.type)}`).join(";");
  switch (type.kind) {
    case "primitive":
    case "name":
      return type.name;
    case "opt":
    case "vec":
      return `${type.kind} ${core(type.inner)}`;
    case "record":
    case "variant":
      return `${type.kind}{${fields(type.fields)}}`;
    case "func": {
      const tuple = (args: readonly { type: DidType }[]): string => `(${args.map((arg) => core(arg.type)).join(",")})`;
      return `func${tuple(type.func.args)}->${tuple(type.func.results)} ${type.func.mode}`;
    }
    case "service":
      return `service{${type.methods.map((m) => `${m.name}:${core(m.type)}`).join(";")}}`;
  }
}

const typeOf = (text: string): string =>
  core(parseDid(`type t = ${text}; type x = nat; type f = func () -> ();`).definitions.get("t")!.type);
const failure = (text: string, options?: DidOptions): string => {
  try {
    parseDid(text, options);
  } catch (error) {
    if (error instanceof DidError) return error.message;
    throw error;
  }
  return "parsed";
};

test.each([
  ["blob", "vec nat8"],
  ["opt vec principal", "opt vec principal"],
  ["record {}", "record{}"],
  ["record { nat; text; }", "record{0:nat;1:text}"],
  ["record { 7 : nat; text; x; 0x2A : int; bool }", "record{7:nat;8:text;9:x;42:int;43:bool}"],
  ["record { 1_000 : null; 2_: reserved }", "record{1000:null;2:reserved}"],
  ["record { a : nat; \"a b\" : text }", "record{97:nat;4830947:text}"], // prettier-ignore
  ["record { text : text; nat : nat }", `record{${fieldIdOfName("text")}:text;${fieldIdOfName("nat")}:nat}`],
  ["variant { a; \"b\"; 3; c : record { nat } }", "variant{97:null;98:null;3:null;99:record{0:nat}}"], // prettier-ignore
  ["variant {}", "variant{}"],
  ["func (nat, n : x, \"odd name\" : text) -> (r : opt nat) query", "func(nat,x,text)->(opt nat) query"], // prettier-ignore
  ["func () -> () oneway", "func()->() oneway"],
  ["func () -> (empty,) composite_query", "func()->(empty) composite_query"],
  ["service { g : f; \"type\" : () -> (); }", "service{g:f;type:func()->() update}"], // prettier-ignore
])("%s is %s", (text, expected) => {
  expect(typeOf(text)).toBe(expected);
});

test("the hash of names is the specification's", () => {
  // (97 * 223 + 98) * 223 + 99
  expect(fieldIdOfName("abc")).toBe(4845666);
  expect([fieldIdOfName(""), fieldIdOfName("字段名"), fieldIdOfName("📦🍦")]).toEqual([0, 2119362116, 1832283146]);
});

test("texts have escapes, of characters and of bytes", () => {
  const { service } = parseDid(String.raw`service : { "\n\r\t\\\"\'" : () -> (); "\u{1F_980}\e5\AD\97" : () -> () }`);
  expect(service!.type.kind === "service" && service!.type.methods.map((m) => m.name)).toEqual(["\n\r\t\\\"'", "🦀字"]);
});

test("comments nest, and stand anywhere between tokens", () => {
  expect(typeOf("/* a /* b */ \" // */ opt // c /* \n /**/ nat")).toBe("opt nat"); // prettier-ignore
});

test("comment lines right above a thing are its documentation", () => {
  const program = parseDid(`
    // About something else.

    // A list
    //   of numbers.
    type list = record {
      head : nat; // not about what follows
      // The rest.
      tail : opt list;
    };
    // All of it.
    service : {
      /// Gives it.
      get : () -> (list) query;
    }`);
  const { docs, type } = program.definitions.get("list")!;
  expect(docs).toEqual(["A list", "of numbers."]);
  expect(type.kind === "record" && type.fields.map((field) => field.docs)).toEqual([[], ["The rest."]]);
  expect(program.service!.docs).toEqual(["All of it."]);
  expect(program.service!.type.kind === "service" && program.service!.type.methods[0]!.docs).toEqual(["Gives it."]);
});

test("a service may have a name, initialisation arguments, and be given by the name of a type", () => {
  expect(parseDid("service : {}").service).toMatchObject({ name: null, initArgs: null });
  const { service } = parseDid("type s = service { next : () -> (s) }; service Shop : (s, owner : principal) -> s;");
  expect(service).toMatchObject({ name: "Shop", type: { kind: "name", name: "s" } });
  expect(service!.initArgs!.map(({ name, type }) => [name, core(type)])).toEqual([
    [null, "s"],
    ["owner", "principal"],
  ]);
  expect(parseDid("").service).toBeNull();
  expect(parseDid("type a = nat").service).toBeNull();
});

test.each([
  ["service : {", 'line 1, column 12: expected a method name, found the end of the text'], // prettier-ignore
  ["type t = nat\nservice { }", 'line 2, column 9: expected ":", found "{"'],
  ["type t = nat;\n\n  type u = vec;", 'line 3, column 15: expected a type, found ";"'],
  ["type t = nat type u = nat", 'expected "type", "import", "service" or the end, found "type"'],
  ["service : {} service : {}", 'expected the end, found "service"'],
  ["type t = record { a : nat, b : nat }", 'expected ";" or "}", found ","'],
  ["type t = record { query : nat }", 'query is a keyword; as a name it is written in quotes, as "query"'],
  ["type nat8 = text", "nat8 is a built-in type"],
  ["type t = %", 'unexpected character "%"'],
  ["type t = variant { nat : ; }", 'expected a type, found ";"'],
  ["type t = record { a : nat; a : nat }", 'column 28: two fields have the label "a"'],
  ["type t = record { a : nat; 97 : nat }", 'the fields "a" and 97 have the same number, 97'],
  ["type t = record { 4294967296 : nat }", "the field number 4294967296 is larger than"],
  ["type t = record { 4294967295 : nat; nat }", "would be larger than 4294967295"],
  ["type t = func (a : nat, a : nat) -> ()", 'two arguments have the name "a"'],
  ["type t = func () -> () query oneway", "a function is either query or oneway"],
  ["type t = func () -> (nat) oneway", "a oneway function has no results"],
  ["service : { a : () -> (); a : () -> () }", 'two methods have the name "a"'],
  ["type t = nat; type t = text", "column 15: the type t is defined twice"],
  ["type t = opt u", "column 14: the type u is not defined"],
  ["type a = b; type b = c; type c = b", "line 1, column 1: the type a is defined by nothing but itself"],
  ["type t = nat; service : { m : t }", 'column 27: the method "m" is not a function, its type is primitive'],
  ["type t = func () -> (); service : t", "column 25: the main service is not a service, its type is func"],
  ["service : s", "the type s is not defined"],
  ["type t = /* /* */ nat", "column 10: this comment has no end"],
  ['type t = record { "a : nat }', "column 19: this text has no closing quote"],
  [String.raw`type t = record { "\q" : nat }`, 'unknown escape "\\q"'],
  [String.raw`type t = record { "\u{D800}" : nat }`, "\\u{D800} is no Unicode character"],
  [String.raw`type t = record { "\ff" : nat }`, "this text is not Unicode"],
  ["type t = " + "opt ".repeat(600) + "nat", "nested deeper than 500 levels"],
  ['import "b.did"; service : {}', 'line 1, column 1: "b.did" cannot be imported here'],
])("refuses %s", (text, why) => {
  expect(failure(text)).toContain(why);
});

const files: Record<string, string> = {
  "dir/b.did": 'import "c.did"; type b = c; service : { fromB : (b) -> () }',
  "dir/c.did": "type c = record { nat }; service : { fromC : () -> (c) query }",
  "args.did": "service : (nat) -> { x : () -> () }",
  "none.did": "type n = nat",
  "wrong.did": "\ntype n = ?",
};
const resolving: DidOptions = {
  file: "main.did",
  resolveImport(path, from) {
    const file = from === "main.did" ? path : `dir/${path}`;
    return file in files ? { file, text: files[file]! } : file === "main.did" ? { file, text: "" } : null;
  },
};

test("imports bring definitions, once; service imports bring methods too", () => {
  const types = parseDid('import "dir/b.did"; import "dir/c.did"; service : (c) -> { own : (b) -> () }', resolving);
  expect([...types.definitions.keys()].sort()).toEqual(["b", "c"]);
  expect(core(types.service!.type)).toBe("service{own:func(b)->() update}");
  const all = parseDid('import "dir/b.did"; import service "dir/c.did"; service : (c) -> { own : () -> () }', resolving);
  expect(core(all.service!.type)).toBe("service{own:func()->() update;fromC:func()->(c) query}");
  expect(all.service!.initArgs).toHaveLength(1);
  expect(core(parseDid('import service "dir/b.did"', resolving).service!.type)).toBe("service{fromB:func(b)->() update}");
});

test.each([
  ['import "x.did"', 'main.did, line 1, column 1: "x.did" was not found'],
  ['import service "args.did"', 'the service of "args.did" has initialisation arguments'],
  ['import service "none.did"', '"none.did" has no main service to import'],
  [
    'import service "dir/c.did"; service : { fromC : () -> () }',
    'dir/c.did, line 1, column 38: the imported method "fromC" is there already',
  ],
  ['import "wrong.did"', "wrong.did, line 2, column 10: unexpected character"],
  ['import "main.did"', '"main.did" imports itself'],
])("an import that fails says where: %s", (text, why) => {
  expect(failure(text, resolving)).toContain(why);
});

test("initialisation arguments stand alone, with definitions of their own or of the service", () => {
  const program = parseDid("type account = record { owner : principal }; service : {}");
  const { args } = parseInitArgs("type n = nat; (n, fee : opt account)", program);
  expect(args.map(({ name, type }) => [name, core(type)])).toEqual([
    [null, "n"],
    ["fee", "opt account"],
  ]);
  expect(parseInitArgs("()").args).toEqual([]);
  expect(() => parseInitArgs("(account)")).toThrow("the type account is not defined");
  expect(() => parseInitArgs('import "a.did"; (nat)')).toThrow("cannot be imported here");
  expect(() => parseInitArgs("(nat) (nat)")).toThrow("expected the end");
});
