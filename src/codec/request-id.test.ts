import { requestIdOf, type CallRequest, type ReadRequest } from "@icp-sdk/core/agent";
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { concat, fromHex, toHex } from "../base/bytes.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import { representationIndependentHash, type HashableMap } from "./request-id.ts";

const hash = (map: HashableMap): string => toHex(representationIndependentHash(map, sha256));

test("the example of the interface specification [https-interface#request-id]", () => {
  const call = {
    request_type: "call",
    canister_id: fromHex("00000000000004d2"),
    method_name: "hello",
    arg: fromHex("4449444c00fd2a"),
    sender: fromHex("04"),
    ingress_expiry: 1685570400000000000n,
  };
  expect(hash(call)).toBe("1d1091364d6bb8a6c16b203ee75467d59ead468f523eb058880ae8ec80e2b101");
});

test("agrees with the SDK, in whatever order the fields come [https-interface#hash-of-map]", () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.uint8Array({ maxLength: 80 }),
      fc.string({ unit: "binary" }),
      fc.bigInt({ min: 0n, max: 1n << 70n }),
      fc.maxSafeNat(),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie("value"), { maxKeys: 4 }),
    ),
  })).value;
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value, { maxKeys: 6 }), (fields) => {
      const map = fields as HashableMap;
      expect(hash(map)).toBe(toHex(requestIdOf(map as unknown as CallRequest | ReadRequest)));
      expect(hash(Object.fromEntries(Object.entries(map).reverse()))).toBe(hash(map));
    }),
  );
});

test("an absent field is a field left out; a negative number is signed [https-interface#hash-of-map]", () => {
  expect(hash({ a: "x", nonce: undefined })).toBe(hash({ a: "x" }));
  expect(hash({ a: -1 })).toBe(hash({ a: Uint8Array.of(0x7f) }));
  expect(() => hash({ a: 0.5 })).toThrow(RangeError);
});

test("a text's hash is its own, whatever texts came before it", () => {
  const texts = Array.from({ length: 600 }, (_, i) => `${i}`.repeat((i % 40) + 1));
  for (const text of [...texts, ...texts]) {
    const field = concat(sha256(encodeUtf8("name")), sha256(encodeUtf8(text)));
    expect(hash({ name: text })).toBe(toHex(sha256(field)));
  }
});
