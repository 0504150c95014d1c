import { encode, encodeWithSelfDescribedTag, type CborValue } from "@dfinity/cbor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, fromHex } from "../base/bytes.ts";
import { decodeCbor, InvalidCbor } from "./cbor.ts";

const value = fc.letrec<{ item: unknown }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 4 },
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.string({ unit: "binary" }),
    fc.uint8Array(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("item")),
    fc.dictionary(fc.string(), tie("item"), { noNullPrototype: false }),
  ),
})).item;

test("reads what the library writes, with the tag and without", () => {
  fc.assert(
    fc.property(value, (given) => {
      expect(decodeCbor(encode(given as CborValue))).toEqual(given);
      expect(decodeCbor(encodeWithSelfDescribedTag(given as CborValue))).toEqual(given);
    }),
  );
});

describe("what is written in other ways [https-interface#api-cbor]", () => {
  test.each([
    ["a number in more bytes than it needs", "1b0000000000000005", 5],
    ["the largest and the smallest number", "821bffffffffffffffff3bffffffffffffffff", [2n ** 64n - 1n, -(2n ** 64n)]],
    ["bytes in pieces", "5f42010241035f".replace(/5f$/, "ff"), Uint8Array.of(1, 2, 3)],
    ["a text in pieces", "7f61616162ff", "ab"],
    ["a list and a map without a length", "bf61619f0102ffff", { a: [1, 2] }],
    ["keys that are numbers", "a2010220f6", { 1: 2, "-1": null }],
    ["tags anywhere", "c1a16161d9d9f74101", { a: Uint8Array.of(1) }],
    ["undefined is nothing", "f7", null],
  ])("%s", (_what, hex, expected) => {
    expect(decodeCbor(fromHex(hex))).toEqual(expected);
  });
});

describe("what is not one item is refused [https-interface#api-cbor]", () => {
  test.each([
    ["nothing", "", "unexpected end"],
    ["half an item", "4401", "unexpected end"],
    ["more than an item", "0000", "trailing data"],
    ["more bytes than there are", "5bffffffffffffffff00", "unexpected end"],
    ["more items than there are", "9bffffffffffffffff00", "unexpected end"],
    ["a list that does not end", "9f0102", "unexpected end"],
    ["an end of nothing", "ff", "unexpected break"],
    ["an end where a value is due", "bf6161ff", "unexpected break"],
    ["a type that there is not", "1c", "unassigned type"],
    ["bytes with a piece of text", "5f6161ff", "another type"],
    ["a piece in pieces", "5f5f4101ffff", "another type"],
    ["a text that is not UTF-8", "62c328", "invalid UTF-8"],
    ["a fraction", "f93c00", "floating point"],
    ["a value that nobody gave a meaning", "e0", "simple value"],
    ["a key twice", "a2616101616102", "duplicate field `a`"],
    ["a key that is bytes", "a1410100", "neither a text nor a small number"],
    ["a list in a list in a list", "81".repeat(600) + "00", "recursion limit exceeded"],
  ])("%s", (_what, hex, problem) => {
    expect(() => decodeCbor(fromHex(hex))).toThrow(InvalidCbor);
    expect(() => decodeCbor(fromHex(hex))).toThrow(problem);
  });
});

test("no key is more than a key", () => {
  const decoded = decodeCbor(concat(fromHex("a1"), encode("__proto__"), fromHex("a1"), encode("content"), fromHex("01"))) as object;
  expect(Object.getPrototypeOf(decoded)).toBeNull();
  expect("content" in decoded).toBe(false);
});
