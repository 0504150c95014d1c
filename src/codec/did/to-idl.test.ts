import { IDL } from "@icp-sdk/core/candid";
import { Principal } from "@icp-sdk/core/principal";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fieldIdOfName } from "./ast.ts";
import { parseDid, parseInitArgs } from "./did.ts";
import { LEDGER, MANAGEMENT, MOTOKO, ODD_NAMES } from "../../../test/fixtures/did-samples.ts";
import { argsToIdl, toIdl, type IdlMethod } from "./to-idl.ts";

const alice = Principal.fromText("rrkah-fqaaa-aaaaa-aaaaq-cai");

/** Encodes with one description's types and decodes with another's made afresh: nothing is shared but the bytes. */
function roundTrip(did: string, method: string, args: unknown[]): unknown[] {
  const types = (): IDL.Type[] => [...methodOf(did, method).args];
  return IDL.decode(types(), IDL.encode(types(), args));
}

function methodOf(did: string, name: string): IdlMethod {
  return toIdl(parseDid(did)).methods.get(name)!;
}

test("methods have their modes and stand in the order of the text", () => {
  const modes = (did: string): [string, string][] => [...toIdl(parseDid(did)).methods].map(([name, { mode }]) => [name, mode]);
  expect(modes(MOTOKO)).toEqual([
    ["import", "update"],
    ["find", "query"],
    ["observe", "update"],
    ["tree", "query"],
    ["version", "query"],
  ]);
  expect(modes(ODD_NAMES).slice(0, 4)).toEqual([
    ["if", "update"],
    ["service", "query"],
    ["👀", "composite_query"],
    ["", "oneway"],
  ]);
});

test("the service class holds functions with annotations, also where a method is a recursive function type", () => {
  const { service } = toIdl(parseDid(ODD_NAMES));
  const annotations = service._fields.map(([name, func]) => [name, func instanceof IDL.FuncClass, func.annotations]);
  expect(annotations).toContainEqual(["service", true, ["query"]]);
  expect(annotations).toContainEqual(["if", true, []]);
});

test("types of the management canister carry values", () => {
  const settings = {
    settings: [
      {
        controllers: [[alice]],
        compute_allocation: [],
        log_visibility: [{ allowed_viewers: [alice] }],
        environment_variables: [[{ name: "a", value: "b" }]],
      },
    ],
    sender_canister_version: [7n],
  };
  expect(roundTrip(MANAGEMENT, "create_canister", [settings])).toEqual([settings]);
  const request = {
    url: "https://example.com",
    max_response_bytes: [],
    method: { get: null },
    headers: [],
    body: [Uint8Array.of(1, 2)],
    transform: [{ function: [alice, "transform"], context: Uint8Array.of() }],
  };
  expect(roundTrip(MANAGEMENT, "http_request", [request])).toEqual([request]);
  const install = {
    mode: { upgrade: [{ skip_pre_upgrade: [true], wasm_memory_persistence: [{ keep: null }] }] },
    canister_id: alice,
    wasm_module: Uint8Array.of(0),
    arg: Uint8Array.of(),
    sender_canister_version: [],
  };
  expect(roundTrip(MANAGEMENT, "install_code", [install])).toEqual([install]);
});

test("recursive types carry values of any depth", () => {
  let list: unknown[] = [];
  for (let i = 0n; i < 50n; i++) list = [[[`item ${i}`, i], list]];
  expect(roundTrip(MOTOKO, "import", [list])).toEqual([list]);
  const leaf = { empty: null };
  const tree = { node: [{ node: [leaf, ["left", 1n], leaf] }, ["root", 2n], leaf] };
  expect(roundTrip(MOTOKO, "tree", [tree])).toEqual([tree]);
  const value = { Map: [["k", { Array: [{ Nat: 1n }, { Blob: Uint8Array.of(9) }, { Array: [] }] }]] };
  const { results } = methodOf(LEDGER, "icrc1_metadata");
  expect(IDL.decode([...results], IDL.encode([...results], [[["m", value]]]))).toEqual([[["m", value]]]);
});

test("references to functions and services carry values, recursive ones too", () => {
  expect(roundTrip(MOTOKO, "observe", [[alice, "notify"]])).toEqual([[alice, "notify"]]);
  const { results } = methodOf(MOTOKO, "observe");
  expect(IDL.decode([...results], IDL.encode([...results], [alice]))).toEqual([alice]);
  const fn = methodOf(ODD_NAMES, "service").results;
  expect(IDL.decode([...fn], IDL.encode([...fn], [[alice, "f"]]))).toEqual([[alice, "f"]]);
});

test("the bytes are those of types written by hand", () => {
  const account = IDL.Record({ owner: IDL.Principal, subaccount: IDL.Opt(IDL.Vec(IDL.Nat8)) });
  const args = [{ owner: alice, subaccount: [new Uint8Array(32)] }];
  expect(IDL.encode([...methodOf(LEDGER, "icrc1_balance_of").args], args)).toEqual(IDL.encode([account], args));
});

test("initialisation arguments are the constructor's, or stand alone", () => {
  const { initArgs } = toIdl(parseDid(LEDGER));
  const init = { Init: { fee: 10n, initial_balances: [[{ owner: alice, subaccount: [] }, 5n]] } };
  expect(IDL.decode([...initArgs], IDL.encode([...initArgs], [init]))).toEqual([init]);
  const alone = parseInitArgs("type t = opt record { nat; t }; (t)");
  const types = argsToIdl(alone.args, alone.definitions);
  expect(IDL.decode(types, IDL.encode(types, [[[1n, [[2n, []]]]]]))).toEqual([[[1n, [[2n, []]]]]]);
});

test("a field whose name looks like a number keeps its own hash", () => {
  const fields = methodOf(ODD_NAMES, "if").results[0] as IDL.RecordClass;
  const named = `_${fieldIdOfName("_3_")}_`;
  expect(fields._fields.map(([name]) => name).sort()).toEqual(["", "_3_", named, "a b", "constructor", "字段"].sort());
  const value = { "a b": 1n, "": "x", 字段: [], _3_: true, [named]: 9, constructor: 2n };
  expect(IDL.decode([fields], IDL.encode([fields], [value]))).toEqual([value]);
  const other = IDL.Record({ [named]: IDL.Nat8, _3_: IDL.Bool });
  expect(IDL.decode([other], IDL.encode([fields], [value]))).toEqual([{ _3_: true, [named]: 9 }]);
});

test("an alias of a recursive type, whichever is met first, is that type", () => {
  for (const order of ["(A, B)", "(B, A)"]) {
    const did = `type A = B; type B = opt C; type C = A; service : { m : ${order} -> () }`;
    expect(roundTrip(did, "m", [[[]], [[[]]]])).toEqual([[[]], [[[]]]]);
  }
});

test("a description without a service makes no service", () => {
  expect(() => toIdl(parseDid("type t = nat"))).toThrow("no main service");
});

interface Sample {
  readonly did: string;
  readonly value: fc.Arbitrary<unknown>;
}

const primitive = fc.constantFrom<Sample>(
  { did: "nat", value: fc.bigInt({ min: 0n, max: 1n << 80n }) },
  { did: "int", value: fc.bigInt({ min: -(1n << 80n), max: 1n << 80n }) },
  { did: "nat32", value: fc.nat() },
  { did: "int64", value: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }) },
  { did: "float64", value: fc.double() },
  { did: "text", value: fc.string({ unit: "binary" }) },
  { did: "bool", value: fc.boolean() },
  { did: "null", value: fc.constant(null) },
  { did: "principal", value: fc.constant(alice) },
  { did: "blob", value: fc.uint8Array() },
);

/**
 * Names written in quotes; the SDK itself cannot take those of `Object.prototype`, and the empty name has the number 0,
 * so that a record with it alone is a tuple.
 */
const names = fc.uniqueArray(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }).filter((name) => !(name in {})),
  { minLength: 1, maxLength: 4, selector: fieldIdOfName },
);
const quoted = (name: string): string => `"${[...name].map((c) => `\\u{${c.codePointAt(0)!.toString(16)}}`).join("")}"`;

const sample = fc.letrec<{ type: Sample }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    primitive,
    tie("type").map(({ did, value }) => ({ did: `opt ${did}`, value: fc.option(value).map((v) => (v === null ? [] : [v])) })),
    tie("type").map(({ did, value }) => ({ did: `vec record { ${did} }`, value: fc.array(fc.tuple(value), { maxLength: 3 }) })),
    fc.array(tie("type"), { minLength: 1, maxLength: 3 }).map((types) => ({
      did: `record { ${types.map(({ did }) => did).join("; ")} }`,
      value: fc.tuple(...types.map(({ value }) => value)),
    })),
    fc.tuple(names, fc.array(tie("type"), { minLength: 4, maxLength: 4 })).map(([labels, types]) => ({
      did: `record { ${labels.map((label, i) => `${quoted(label)} : ${types[i]!.did}`).join("; ")}; }`,
      value: fc.record(Object.fromEntries(labels.map((label, i) => [label, types[i]!.value])), { noNullPrototype: true }),
    })),
    fc.tuple(names, fc.array(tie("type"), { minLength: 4, maxLength: 4 })).map(([labels, types]) => ({
      did: `variant { ${labels.map((label, i) => `${quoted(label)} : ${types[i]!.did}`).join("; ")} }`,
      value: fc.oneof(...labels.map((label, i) => types[i]!.value.map((value) => ({ [label]: value })))),
    })),
  ),
})).type;

test("values of any type come back from the bytes", () => {
  const typed = sample.chain(({ did, value }) => fc.tuple(fc.constant(did), value));
  fc.assert(
    fc.property(typed, ([did, value]) => {
      expect(roundTrip(`service : { m : (${did}) -> () }`, "m", [value])).toEqual([value]);
    }),
    { numRuns: 200 },
  );
});
