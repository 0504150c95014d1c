import fc from "fast-check";
import { expect, test } from "vitest";
import { fromBase64, fromBase64Url, toBase64 } from "./base64.ts";

test("as node does it, with and without padding, in both alphabets", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const text = Buffer.from(bytes).toString("base64");
      expect(toBase64(bytes)).toBe(text);
      expect(fromBase64(text)).toEqual(bytes);
      expect(fromBase64(text.replaceAll("=", ""))).toEqual(bytes);
      expect(fromBase64Url(Buffer.from(bytes).toString("base64url"))).toEqual(bytes);
    }),
  );
});

test("what is no base64", () => {
  for (const text of ["a", "ab*c", "ab c", "====="]) expect(fromBase64(text)).toBeNull();
});

test("in URLs without padding, and one text for the same bytes", () => {
  for (const text of ["AA==", "AA=", "AB", "A+8A", "A/8A", "a", "A A"]) expect(fromBase64Url(text)).toBeNull();
});
