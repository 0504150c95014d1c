import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeUtf8 } from "../base/utf8.ts";
import {
  blobOf,
  boolOf,
  candidHash,
  CandidWireError,
  caseOf,
  fieldsOf,
  itemsOf,
  messageOf,
  methodOf,
  nat16Of,
  optionOf,
  readCandid,
  textOf,
} from "./candid-wire.ts";

const encoded = (type: IDL.Type, value: unknown): Uint8Array => IDL.encode([type], [value]);

/** A type and a value of it. */
const typed: fc.Arbitrary<{ readonly type: IDL.Type; readonly value: unknown }> = fc.letrec<{ any: { type: IDL.Type; value: unknown } }>(
  (tie) => ({
    any: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.bigInt({ min: 0n, max: 1n << 200n }).map((value) => ({ type: IDL.Nat, value })),
      fc.bigInt({ min: -(1n << 90n), max: 1n << 90n }).map((value) => ({ type: IDL.Int, value })),
      fc.nat(65535).map((value) => ({ type: IDL.Nat16, value })),
      fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((value) => ({ type: IDL.Nat64, value })),
      fc.double({ noNaN: true }).map((value) => ({ type: IDL.Float64, value })),
      fc.boolean().map((value) => ({ type: IDL.Bool, value })),
      fc.string({ unit: "grapheme" }).map((value) => ({ type: IDL.Text, value })),
      fc.uint8Array({ maxLength: 29 }).map((bytes) => ({ type: IDL.Principal, value: Principal.fromUint8Array(bytes) })),
      fc.uint8Array().map((value) => ({ type: IDL.Vec(IDL.Nat8), value })),
      fc.constant({ type: IDL.Null, value: null }),
      fc.string().map((name) => ({ type: IDL.Func([IDL.Text], [IDL.Nat], ["query"]), value: [Principal.anonymous(), name] })),
      fc.constant({ type: IDL.Service({ go: IDL.Func([], [], []) }), value: Principal.managementCanister() }),
      fc.tuple(tie("any"), fc.boolean()).map(([{ type, value }, isFull]) => ({ type: IDL.Opt(type), value: isFull ? [value] : [] })),
      fc
        .tuple(tie("any"), fc.nat(4))
        .map(([{ type, value }, count]) => ({ type: IDL.Vec(type), value: Array.from({ length: count }, () => value) })),
      fc.array(tie("any"), { maxLength: 4 }).map((fields) => ({
        type: IDL.Record(Object.fromEntries(fields.map(({ type }, i) => [`field${i}`, type]))),
        value: Object.fromEntries(fields.map(({ value }, i) => [`field${i}`, value])),
      })),
      fc.array(tie("any"), { minLength: 1, maxLength: 4 }).chain((cases) =>
        fc.nat(cases.length - 1).map((which) => ({
          type: IDL.Variant(Object.fromEntries(cases.map(({ type }, i) => [`case${i}`, type]))),
          value: { [`case${which}`]: cases[which]!.value },
        })),
      ),
    ),
  }),
).any;

test("a field taken out of a message is the same value as a message of its own", () => {
  fc.assert(
    fc.property(typed, typed, typed, (before, { type, value }, behind) => {
      const record = IDL.Record({ before: before.type, token: type, z: behind.type });
      const bytes = encoded(record, { before: before.value, token: value, z: behind.value });
      const alone = messageOf(fieldsOf(readCandid(bytes)).get(candidHash("token"))!);
      expect(encoded(type, IDL.decode([type], alone)[0])).toEqual(encoded(type, value));
    }),
    { numRuns: 300 },
  );
});

test("a value of a recursive type", () => {
  const List = IDL.Rec();
  List.fill(IDL.Opt(IDL.Record({ head: IDL.Nat, tail: List })));
  const value = [{ head: 1n, tail: [{ head: 300n, tail: [] }] }];
  const alone = messageOf(
    fieldsOf(readCandid(encoded(IDL.Record({ list: List, a: IDL.Text }), { list: value, a: "a" }))).get(candidHash("list"))!,
  );
  expect(IDL.decode([List], alone)).toEqual([value]);
});

test("what is in a message", () => {
  const type = IDL.Record({
    n: IDL.Nat16,
    t: IDL.Text,
    b: IDL.Vec(IDL.Nat8),
    o: IDL.Opt(IDL.Bool),
    none: IDL.Opt(IDL.Bool),
    plain: IDL.Bool,
    v: IDL.Variant({ x: IDL.Text, y: IDL.Null }),
    f: IDL.Func([], [], ["query"]),
    list: IDL.Vec(IDL.Text),
  });
  const value = {
    n: 513,
    t: "ü",
    b: [1, 2],
    o: [true],
    none: [],
    plain: false,
    v: { x: "case" },
    f: [Principal.fromText("aaaaa-aa"), "go"],
    list: ["a", "b"],
  };
  const fields = fieldsOf(readCandid(encoded(type, value)));
  const field = (name: string) => fields.get(candidHash(name))!;
  expect(nat16Of(field("n"))).toBe(513);
  expect(textOf(field("t"))).toBe("ü");
  expect([...blobOf(field("b"))]).toEqual([1, 2]);
  expect(boolOf(optionOf(field("o"))!)).toBe(true);
  expect(optionOf(field("none"))).toBe(null);
  expect(optionOf(undefined)).toBe(null);
  expect(boolOf(optionOf(field("plain"))!)).toBe(false);
  expect(caseOf(field("v")).hash).toBe(candidHash("x"));
  expect(textOf(caseOf(field("v")).value)).toBe("case");
  expect(methodOf(field("f"))).toEqual({ canister: new Uint8Array(0), name: "go" });
  expect(itemsOf(field("list")).map(textOf)).toEqual(["a", "b"]);
  expect(() => textOf(field("n"))).toThrow(new CandidWireError("a text is expected"));
  expect(() => caseOf(field("list"))).toThrow(CandidWireError);
});

describe("bytes that are no message", () => {
  const all = (bytes: Uint8Array): void => {
    const value = readCandid(bytes);
    messageOf(value);
    for (const read of [fieldsOf, caseOf, itemsOf, blobOf, textOf, boolOf, nat16Of, methodOf]) {
      try {
        read(value);
      } catch (error) {
        if (!(error instanceof CandidWireError)) throw error;
      }
    }
  };
  const refused = (bytes: Uint8Array): void => expect(() => all(bytes)).toThrow(CandidWireError);

  test("are refused, whatever was damaged in them", () => {
    fc.assert(
      fc.property(typed, fc.nat(), fc.nat(255), ({ type, value }, at, byte) => {
        const bytes = encoded(type, value);
        try {
          all(bytes.with(at % bytes.length, byte));
        } catch (error) {
          if (!(error instanceof CandidWireError)) throw error;
        }
        refused(bytes.subarray(0, at % 5));
      }),
      { numRuns: 500 },
    );
  });

  const message = (...bytes: readonly number[]): Uint8Array => Uint8Array.of(...encodeUtf8("DIDL"), ...bytes);
  test.each([
    ["no value", message(0, 0)],
    ["a type that is not there", message(0, 1, 5)],
    ["a record in itself, which there can be no value of", message(1, 0x6c, 1, 0, 0, 1, 0)],
    ["four billion values without bytes", message(2, 0x6d, 1, 0x6c, 0, 1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f)],
    ["a table longer than the message", message(0xff, 0xff, 0xff, 0xff, 0x0f)],
    ["a number without an end", message(0, 1, 0x7d, ...Array.from({ length: 9 }, () => 0x80))],
    ["a type of the future", message(1, 0x67, 0, 1, 0)],
    ["empty", message(0, 1, 0x6f)],
  ])("%s", (_, bytes) => refused(bytes));
});
