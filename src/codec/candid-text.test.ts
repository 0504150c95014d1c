import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import { expect, test } from "vitest";
import { candidTextToValues } from "./candid-text.ts";

const { Nat, Int, Nat8, Nat64, Float64, Text, Bool, Null, Opt, Vec, Record, Variant, Tuple, Reserved } = IDL;

function read(text: string, ...types: IDL.Type[]): unknown[] {
  const values = candidTextToValues(text, types);
  IDL.encode(types, values); // what is read can be encoded
  return values;
}

test("values of every kind, directed by the types", () => {
  expect(read("(5, -7 : int, 0xff, 1_000_000 : nat64, 2.5e3)", Nat, Int, Nat8, Nat64, Float64)).toEqual([5n, -7n, 255, 1000000n, 2500]);
  expect(read('("a \\"quoted\\" \\u{e9}\\n", true, null)', Text, Bool, Null)).toEqual(['a "quoted" é\n', true, null]);
  expect(read('(opt 5, null, 6, opt opt "x")', Opt(Nat), Opt(Nat), Opt(Nat), Opt(Opt(Text)))).toEqual([[5n], [], [6n], [["x"]]]);
  expect(read('(vec { 1; 2; }, blob "\\00\\ffA", vec {})', Vec(Nat), Vec(Nat8), Vec(Text))).toEqual([
    [1n, 2n],
    Uint8Array.of(0, 255, 65),
    [],
  ]);
  expect(read('(principal "aaaaa-aa")', IDL.Principal)).toEqual([Principal.fromText("aaaaa-aa")]);
  expect(read("42", Nat)).toEqual([42n]);
  expect(read("()")).toEqual([]);
});

test("records by name or number, tuples, variants with and without a value", () => {
  const type = Record({ owner: IDL.Principal, limits: Record({ max: Nat, note: Opt(Text) }), pair: Tuple(Nat, Text) });
  expect(
    read('(record { pair = record { 1; "one" }; "owner" = principal "2vxsx-fae"; limits = record { max = 9 : nat; }; })', type),
  ).toEqual([{ owner: Principal.anonymous(), limits: { max: 9n, note: [] }, pair: [1n, "one"] }]);
  const choice = Variant({ none: Null, some: Nat });
  expect(read("(variant { none }, variant { some = 3 } : variant { none; some : nat })", choice, choice)).toEqual([
    { none: null },
    { some: 3n },
  ]);
});

test("recursive types, comments, and values that may be absent at the end", () => {
  const list = IDL.Rec();
  list.fill(Opt(Record({ head: Nat, tail: list })) as never);
  expect(
    read("(/* a list */ opt record { head = 1; tail = opt record { head = 2; tail = null } }) // done", list, Opt(Nat), Reserved),
  ).toEqual([[{ head: 1n, tail: [{ head: 2n, tail: [] }] }], [], null]);
});

test("what does not fit is refused, with its place", () => {
  expect(() => read("(1, 2)", Nat)).toThrow("2 values given where 1 are expected");
  expect(() => read("()", Nat)).toThrow("value 1, nat, is missing");
  expect(() => read('(record { a = "x" })', Record({ a: Nat }))).toThrow("value 1.a must be nat, got a text");
  expect(() => read("(1.5)", Nat)).toThrow("1.5 is not a whole number");
  expect(() => read("(variant { c })", Variant({ a: Null }))).toThrow("value 1 is none of the alternatives");
  expect(() => read("(vec { 1; true })", Vec(Nat))).toThrow("value 1[1] must be nat, got a bool");
  expect(() => read('(principal "aaaaa-ab")', IDL.Principal)).toThrow('"aaaaa-ab" is not a principal');
  expect(() => read("(1", Nat)).toThrow('expected ")" at character 3, got the end');
  expect(() => read('("open', Text)).toThrow("a quoted text does not end");
  expect(() => read("(@)", Nat)).toThrow('unexpected "@" at character 2');
  expect(() => read("(".repeat(2000), Nat)).toThrow("deeper than 500");
});
