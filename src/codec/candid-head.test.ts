import { IDL } from "@icp-sdk/core/candid";
import { expect, test } from "vitest";
import { fromHex, toHex } from "../base/bytes.ts";
import { CandidArgs } from "./candid-args.ts";
import { inOrderOfUse } from "./candid-head.ts";

const Header = IDL.Record({ name: IDL.Text, value: IDL.Text });
const Response = IDL.Record({ status: IDL.Nat, headers: IDL.Vec(Header), body: IDL.Vec(IDL.Nat8) });

test("a type comes before those that it is made of, each once", () => {
  const [response, blob, headers, header] = ["6c03b2ceef2f7da2f5ed880401c6a4a1980602", "6d7b", "6d03", "6c02f1fee18d0371cbe4fdc70471"];
  const head = new CandidArgs([Response], inOrderOfUse).head;
  expect(toHex(head)).toBe(`4449444c04${response}${blob}${headers}${header}0100`);
  expect(toHex(inOrderOfUse(head))).toBe(toHex(head));
});

test("the message means the same", () => {
  const value = { status: 200n, headers: [{ name: "a", value: "b" }], body: Uint8Array.of(1, 2) };
  const types = [Response, IDL.Variant({ no: IDL.Null, some: IDL.Opt(Response) }), IDL.Nat8];
  const values = [value, { some: [value] }, 7];
  expect(IDL.decode(types, new CandidArgs(types, inOrderOfUse).encode(values))).toEqual(values);
});

test("types without parts need no table", () => {
  expect(inOrderOfUse(fromHex("4449444c00027178"))).toEqual(fromHex("4449444c00027178"));
});
