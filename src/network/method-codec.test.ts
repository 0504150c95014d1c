import { IDL } from "@icp-sdk/core/candid";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CanneryError } from "../base/cannery-error.ts";
import { ArgsCodec, MethodCodec } from "./method-codec.ts";

/** Types with values of them. */
const typed: fc.Arbitrary<readonly [IDL.Type, unknown]> = fc.letrec<{ any: readonly [IDL.Type, unknown] }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.bigInt({ min: 0n, max: 2n ** 80n }).map((value) => [IDL.Nat, value] as const),
    fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map((value) => [IDL.Int, value] as const),
    fc.nat(255).map((value) => [IDL.Nat8, value] as const),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => [IDL.Nat64, value] as const),
    fc.string().map((value) => [IDL.Text, value] as const),
    fc.boolean().map((value) => [IDL.Bool, value] as const),
    fc.constant([IDL.Null, null] as const),
    fc.uint8Array().map((value) => [IDL.Vec(IDL.Nat8), value] as const),
    tie("any").map(([type, value]) => [IDL.Opt(type), [value]] as const),
    tie("any").map(([type, value]) => [IDL.Vec(type), type === IDL.Nat8 ? Uint8Array.of(value as number) : [value]] as const),
    fc.tuple(tie("any"), tie("any")).map(([a, b]) => [IDL.Record({ a: a[0], b: b[0] }), { a: a[1], b: b[1] }] as const),
    tie("any").map(([type, value]) => [IDL.Variant({ yes: type, no: IDL.Null }), { yes: value }] as const),
  ),
})).any;

test("the bytes are the library's, the first time and later, and are read back", () => {
  fc.assert(
    fc.property(fc.array(typed, { maxLength: 4 }), (all) => {
      const types = all.map(([type]) => type);
      const values = all.map(([, value]) => value);
      const codec = new ArgsCodec(types);
      const expected = IDL.encode(types, values);
      for (let i = 0; i < 2; i++) expect(codec.encode(values, () => "m")).toEqual(expected);
      expect(codec.decode(expected, () => "m")).toEqual(IDL.decode(types, expected));
    }),
  );
});

test("an answer of a subtype, with more values, or inside a larger buffer is read", () => {
  const method = new MethodCodec("m", { args: [], results: [IDL.Opt(IDL.Nat)], mode: "query" });
  expect(method.decode(IDL.encode([IDL.Opt(IDL.Nat), IDL.Text], [[5n], "more"]), "a")).toEqual([5n]);
  const nat = new MethodCodec("m", { args: [], results: [IDL.Nat], mode: "update" });
  const bytes = IDL.encode([IDL.Nat], [300n]);
  const padded = new Uint8Array([1, 2, ...bytes, 3]);
  expect(nat.decode(padded.subarray(2, 2 + bytes.length), "a")).toBe(300n);
  expect(nat.decode(IDL.encode([IDL.Nat, IDL.Nat], [1n, 2n]), "a")).toBe(1n);
  expect(nat.isQuery).toBe(false);
});

test("no result is undefined, several are an array", () => {
  const none = new MethodCodec("m", { args: [], results: [], mode: "update" });
  expect(none.decode(IDL.encode([], []), "a")).toBeUndefined();
  const two = new MethodCodec("m", { args: [], results: [IDL.Nat, IDL.Text], mode: "update" });
  expect(two.decode(IDL.encode([IDL.Nat, IDL.Text], [1n, "x"]), "a")).toEqual([1n, "x"]);
});

test("wrong values are refused with the place, long ones cut", () => {
  const method = new MethodCodec("pay", { args: [IDL.Record({ to: IDL.Principal, amount: IDL.Nat })], results: [], mode: "update" });
  expect(() => method.encode([{ to: "x", amount: 1n }], "shop")).toThrow(
    'shop.pay takes (record {to:principal; amount:nat}): argument 1 must be record {to:principal; amount:nat}, got {to: "x", amount: 1n}',
  );
  const text = new MethodCodec("say", { args: [IDL.Nat], results: [], mode: "update" });
  let message = "";
  try {
    text.encode(["long ".repeat(1000)], "a");
  } catch (error) {
    expect(error).toBeInstanceOf(CanneryError);
    message = (error as Error).message;
  }
  expect(message.length).toBeLessThan(700);
  expect(() => text.encode([-1n], "a")).toThrow("argument 1 must be nat, got -1n");
});
