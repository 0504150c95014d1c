import { IDL } from "@icp-sdk/core/candid";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CandidArgs } from "./candid-args.ts";

/** Types with values of them. No value takes no bytes: of those, a broken length could announce any number. */
const typed: fc.Arbitrary<readonly [IDL.Type, unknown]> = fc.letrec<{ any: readonly [IDL.Type, unknown] }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.bigInt({ min: 0n, max: 2n ** 80n }).map((value) => [IDL.Nat, value] as const),
    fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map((value) => [IDL.Int, value] as const),
    fc.nat(255).map((value) => [IDL.Nat8, value] as const),
    fc.string().map((value) => [IDL.Text, value] as const),
    fc.uint8Array().map((value) => [IDL.Vec(IDL.Nat8), value] as const),
    tie("any").map(([type, value]) => [IDL.Opt(type), [value]] as const),
    tie("any").map(([type, value]) => [IDL.Vec(type), type === IDL.Nat8 ? Uint8Array.of(value as number) : [value]] as const),
    fc.tuple(tie("any"), tie("any")).map(([a, b]) => [IDL.Record({ a: a[0], b: b[0] }), { a: a[1], b: b[1] }] as const),
    tie("any").map(([type, value]) => [IDL.Variant({ yes: type, no: IDL.Null }), { yes: value }] as const),
  ),
})).any;
const list = fc.array(typed, { maxLength: 3 });

/** What a decoder makes of bytes, as data. */
function outcome(decode: () => unknown): unknown {
  try {
    return { values: decode() };
  } catch {
    return "refused";
  }
}

test("the bytes are those of the library", () => {
  fc.assert(
    fc.property(list, (all) => {
      const [types, values] = [all.map(([type]) => type), all.map(([, value]) => value)];
      const args = new CandidArgs(types);
      for (let i = 0; i < 2; i++) expect(args.encode(values)).toEqual(IDL.encode(types, values));
    }),
  );
});

test("whatever comes in is read, or refused, as the library does it, also when its head is known", () => {
  const message = fc.record({ expected: list, sent: list, extra: list, place: fc.nat(), byte: fc.nat(0x3f), offset: fc.nat(5) });
  fc.assert(
    fc.property(fc.boolean(), message, (isSame, { expected, sent, extra, place, byte, offset }) => {
      const types = expected.map(([type]) => type);
      const wire = [...(isSame ? expected : sent), ...extra];
      const bytes = IDL.encode(
        wire.map(([type]) => type),
        wire.map(([, value]) => value),
      );
      const broken = bytes.slice();
      broken[place % broken.length] = byte;
      const args = new CandidArgs(types);
      for (const one of [bytes, broken, bytes, broken, bytes.slice(0, -1)]) {
        const padded = new Uint8Array(one.length + 10);
        padded.set(one, offset);
        const expectedOutcome = outcome(() => IDL.decode([...types], one));
        expect(outcome(() => args.decode(padded.subarray(offset, offset + one.length)))).toEqual(expectedOutcome);
      }
    }),
    { numRuns: 300 },
  );
});

test("recursive types, and references to functions and services", () => {
  const tree = IDL.Rec();
  tree.fill(IDL.Variant({ leaf: IDL.Nat, node: IDL.Tuple(tree, tree) }) as never);
  const trees = new CandidArgs([tree]);
  const value = { node: [{ leaf: 1n }, { node: [{ leaf: 2n }, { leaf: 3n }] }] };
  for (let i = 0; i < 2; i++) expect(trees.decode(trees.encode([value]))).toEqual([value]);

  const func = IDL.Func([IDL.Nat], [], ["query"]);
  const functions = new CandidArgs([IDL.Record({ callback: func })]);
  const bytes = functions.encode([{ callback: [anonymous(), "go"] }]);
  for (let i = 0; i < 2; i++) expect(functions.decode(bytes)).toEqual(IDL.decode([IDL.Record({ callback: func })], bytes));
});

function anonymous(): unknown {
  return IDL.decode([IDL.Principal], Uint8Array.of(0x44, 0x49, 0x44, 0x4c, 0, 1, 0x68, 1, 1, 4))[0];
}
