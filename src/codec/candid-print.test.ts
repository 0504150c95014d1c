import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { candidText } from "./candid-print.ts";
import { candidTextToValues } from "./candid-text.ts";

describe("Candid values as text", () => {
  const List = IDL.Rec();
  List.fill(IDL.Opt(IDL.Record({ head: IDL.Nat, tail: List })));
  test.each<[string, IDL.Type, unknown]>([
    ["(1 : nat)", IDL.Nat, 1n],
    ["(-7 : int8)", IDL.Int8, -7],
    ["(2.0 : float64)", IDL.Float64, 2],
    ["(true)", IDL.Bool, true],
    ["(null)", IDL.Opt(IDL.Nat), []],
    ["(opt (5 : nat64))", IDL.Opt(IDL.Nat64), [5n]],
    ['("a\\"b\\\\\\n\\u{1}")', IDL.Text, 'a"b\\\n\u{1}'],
    ['(blob "DIDL\\00\\22")', IDL.Vec(IDL.Nat8), Uint8Array.of(0x44, 0x49, 0x44, 0x4c, 0, 0x22)],
    ["(vec { 1 : nat; 2 : nat })", IDL.Vec(IDL.Nat), [1n, 2n]],
    ["(vec {})", IDL.Vec(IDL.Nat), []],
    ['(principal "aaaaa-aa")', IDL.Principal, Principal.fromText("aaaaa-aa")],
    ['(record { ok = true; "my field" = "x" })', IDL.Record({ "my field": IDL.Text, ok: IDL.Bool }), { "my field": "x", ok: true }],
    ["(record { 7 = true })", IDL.Record({ _7_: IDL.Bool }), { _7_: true }],
    ['(record { "a"; true })', IDL.Tuple(IDL.Text, IDL.Bool), ["a", true]],
    ["(variant { Ok = 3 : nat })", IDL.Variant({ Ok: IDL.Nat, Err: IDL.Null }), { Ok: 3n }],
    ["(variant { Err })", IDL.Variant({ Ok: IDL.Nat, Err: IDL.Null }), { Err: null }],
    ["(opt record { head = 1 : nat; tail = null })", List, [{ head: 1n, tail: [] }]],
  ])("%s, and back", (text, type, value) => {
    expect(candidText([value], [type])).toBe(text);
    expect(candidTextToValues(text, [type])).toEqual([value]);
  });

  test("references are shown", () => {
    const canister = Principal.fromText("aaaaa-aa");
    expect(candidText([[canister, "go"], canister], [IDL.Func([], [], []), IDL.Service({})])).toBe(
      '(func "aaaaa-aa".go, service "aaaaa-aa")',
    );
  });

  test("any text and any bytes come back", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.uint8Array(), (text, bytes) => {
        const types = [IDL.Text, IDL.Vec(IDL.Nat8)];
        expect(candidTextToValues(candidText([text, bytes], types), types)).toEqual([text, bytes]);
      }),
    );
  });
});
