import ts from "typescript";
import { expect, test } from "vitest";
import { parseDid } from "./did.ts";
import { LEDGER, MANAGEMENT, MOTOKO, ODD_NAMES } from "../../../test/fixtures/did-samples.ts";
import { toTypescript } from "./to-typescript.ts";

const print = (did: string): string => toTypescript(parseDid(did));

test("a service of Motoko", () => {
  expect(print(MOTOKO)).toBe(`import type { ActorMethod } from "@icp-sdk/core/agent";
import type { Principal } from "@icp-sdk/core/principal";

export type Tree =
  | { empty: null }
  | { node: [Tree, Entry, Tree] };

export interface Order {
  id: bigint;
  type: string;
  items: List;
}

export type List = [] | [[Entry, List]];

export type Entry = [string, bigint];

export type Callback = ActorMethod<[Order], undefined>;

export type Result =
  | { ok: Order }
  | { err: { notFound: null } | { unknown: [number, string] } };

export interface Shop {
  import: ActorMethod<[List], Result>;
  find: ActorMethod<[bigint], Result>;
  observe: ActorMethod<[[Principal, string]], Principal>;
  tree: ActorMethod<[Tree], Tree>;
  version: ActorMethod<[], [bigint, string]>;
}

export interface _SERVICE extends Shop {}

export type _INIT_ARGS = [Principal, [] | [List]];
`);
});

test("names that have other uses get an underscore, or quotes", () => {
  expect(print(ODD_NAMES)).toBe(`import type { ActorMethod } from "@icp-sdk/core/agent";
import type { Principal } from "@icp-sdk/core/principal";

export type if__ =
  | { leaf: bigint }
  | { branch: { left: if__; val: bigint; right: if__ } };

export type if_ = bigint;

export interface string_ {
  "a b": bigint;
  "": string;
  "字段": [] | [if__];
  _3_: boolean;
  _4735723_: number;
  constructor: bigint;
}

export type Principal_ = Principal;

export type Uint8Array_ = Uint8Array | number[];

export type Fn = ActorMethod<[string_], [Principal, string]>;

export interface _SERVICE {
  if: ActorMethod<[if__, if_], string_>;
  service: Fn;
  "👀": ActorMethod<[Principal_, { "2": bigint; _2_: string }], Array<Uint8Array_>>;
  "": ActorMethod<[], undefined>;
  "\\n\\"'": ActorMethod<[], [{}, never, any, never, null]>;
  vectors: ActorMethod<[Uint16Array | number[], Uint32Array | number[], BigUint64Array | bigint[], Int8Array | number[], Int16Array | number[], Int32Array | number[], BigInt64Array | bigint[], Array<number>, Array<if_>], undefined>;
}
`);
});

test("documentation is carried over and cannot end its comment", () => {
  expect(print("// A */ b\n//\n// c\ntype t = record {\n// inner\na : record {\n// deep\nb : nat } };\nservice : {\n// m\nm : () -> ();}"))
    .toBe(`import type { ActorMethod } from "@icp-sdk/core/agent";

/**
 * A *\\/ b
 *
 * c
 */
export interface t {
  /**
   * inner
   */
  a: {
    /**
     * deep
     */
    b: bigint;
  };
}

export interface _SERVICE {
  /**
   * m
   */
  m: ActorMethod<[], undefined>;
}
`);
});

test("only what is used is imported; a record too long for a line is broken", () => {
  expect(print("type t = nat")).toBe("export type t = bigint;\n");
  const fields = Array.from({ length: 9 }, (_, i) => `long_name_${i} : nat`).join("; ");
  expect(print(`type t = opt record { ${fields} }`)).toContain("[] | [{\n  long_name_0: bigint;\n  long_name_1: bigint;");
});

test("what is printed is TypeScript, and fits the values", () => {
  const modules: Record<string, string> = {
    "management.ts": print(MANAGEMENT),
    "motoko.ts": print(MOTOKO),
    "ledger.ts": print(LEDGER),
    "odd.ts": print(ODD_NAMES),
    "use.ts": `
      import type { Principal } from "@icp-sdk/core/principal";
      import type * as ledger from "./ledger.ts";
      import type * as management from "./management.ts";
      import type * as motoko from "./motoko.ts";
      declare const alice: Principal;
      export const account: ledger.Account = { owner: alice, subaccount: [new Uint8Array(32)] };
      export const value: ledger.Value = { Map: [["k", { Array: [{ Nat: 1n }] }]] };
      export const list: motoko.List = [[["a", 1n], [[["b", 2n], []]]]];
      export const init: motoko._INIT_ARGS = [alice, []];
      export async function use(shop: motoko._SERVICE, tokens: ledger._SERVICE, ic: management._SERVICE): Promise<bigint> {
        const [version] = await shop.version();
        const { canister_id } = await ic.create_canister({ settings: [], sender_canister_version: [] });
        const result = await tokens.icrc1_transfer({
          from_subaccount: [], to: { owner: canister_id, subaccount: [] }, amount: version, fee: [], memo: [], created_at_time: [],
        });
        // @ts-expect-error amounts are bigint
        await tokens.icrc1_transfer({ ...account, amount: 1 });
        return "Ok" in result ? result.Ok : 0n;
      }`,
  };
  expect(typeErrors(modules)).toEqual([]);
});

/** Compiles the modules as if they stood beside this file; strict, unused names included. */
function typeErrors(modules: Record<string, string>): string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    noUnusedLocals: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: [],
  };
  const folder = import.meta.dirname.replaceAll("\\", "/");
  const texts = new Map(Object.entries(modules).map(([name, text]) => [`${folder}/${name}`, text]));
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  host.getSourceFile = (file, ...rest) =>
    texts.has(file) ? ts.createSourceFile(file, texts.get(file)!, ts.ScriptTarget.ES2023) : getSourceFile.call(host, file, ...rest);
  const program = ts.createProgram([...texts.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map((d) => `${d.file?.fileName}: ${ts.flattenDiagnosticMessageText(d.messageText, "\n")}`);
}
