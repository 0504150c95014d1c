import fc from "fast-check";
import { expect, test } from "vitest";
import { cutUtf8, decodeUtf8, decodeUtf8Lossy, encodeUtf8, utf8Length } from "./utf8.ts";

/** Any sequence of code units, lone surrogates among them. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.integer({ min: 0xd700, max: 0xe010 })).map((u) => String.fromCharCode(...u)),
);

test("encoding and decoding undo each other on well-formed texts", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (value) => {
      expect(decodeUtf8(encodeUtf8(value))).toBe(value);
      expect(decodeUtf8Lossy(encodeUtf8(value))).toBe(value);
    }),
  );
});

test("the byte-order mark is a character like others", () => {
  expect(decodeUtf8(encodeUtf8("\ufeffa"))).toBe("\ufeffa");
  expect(decodeUtf8Lossy(encodeUtf8("\ufeffa"))).toBe("\ufeffa");
});

test("what is no UTF-8 is null, or replaced part by part", () => {
  const cases: [number[], string][] = [
    [[0x61, 0xff, 0x62], "a\ufffdb"],
    [[0xe2, 0x82], "\ufffd"],
    [[0xf0, 0x80, 0x80], "\ufffd\ufffd\ufffd"],
    [[0xed, 0xa0, 0x80], "\ufffd\ufffd\ufffd"],
  ];
  for (const [bytes, lossy] of cases) {
    expect(decodeUtf8(Uint8Array.from(bytes))).toBeNull();
    expect(decodeUtf8Lossy(Uint8Array.from(bytes))).toBe(lossy);
  }
});

test("the length is the encoding's", () => {
  fc.assert(
    fc.property(text, (value) => {
      expect(utf8Length(value)).toBe(encodeUtf8(value).length);
    }),
  );
});

test("a cut text is the longest beginning that fits, in whole characters", () => {
  fc.assert(
    fc.property(text, fc.nat(60), (value, max) => {
      const cut = cutUtf8(value, max);
      expect(value.startsWith(cut)).toBe(true);
      expect(encodeUtf8(cut).length).toBeLessThanOrEqual(max);
      const next = [...value.slice(cut.length)][0];
      if (next !== undefined) expect(encodeUtf8(cut + next).length).toBeGreaterThan(max);
    }),
  );
});
