import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, fromHex, toHex } from "../base/bytes.ts";
import { inflate } from "./inflate.ts";

const MAX = 1 << 20;

function byZlib(stream: Uint8Array): string {
  try {
    const { buffer, engine } = inflateRawSync(stream, { maxOutputLength: MAX, info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return `${engine.bytesWritten} ${toHex(buffer)}`;
  } catch {
    return "refused";
  }
}

function byOurs(stream: Uint8Array): string {
  try {
    const { bytes, streamBytes } = inflate(stream, MAX);
    return `${streamBytes} ${toHex(bytes)}`;
  } catch (error) {
    expect((error as Error).message).toMatch(/^deflate stream: /);
    return "refused";
  }
}

const content = fc.oneof(
  fc.uint8Array({ maxLength: 5000 }),
  fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 5000 }).map((few) => Uint8Array.from(few)),
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 300 })).map(([unit, times]) => {
    return concat(...Array.from({ length: times }, () => unit));
  }),
);
const { Z_FIXED, Z_HUFFMAN_ONLY, Z_DEFAULT_STRATEGY } = constants;
const stream = fc
  .record({ content, level: fc.constantFrom(0, 1, 9), strategy: fc.constantFrom(Z_FIXED, Z_HUFFMAN_ONLY, Z_DEFAULT_STRATEGY) })
  .map(({ content, ...options }) => deflateRawSync(content, options));

describe("a deflate stream is read as zlib reads it", () => {
  test("with anything behind it", () => {
    const property = fc.property(stream, fc.uint8Array({ maxLength: 9 }), (stream, after) => {
      expect(byOurs(concat(stream, after))).toBe(byZlib(stream));
    });
    fc.assert(property, { numRuns: 200 });
  });

  test("with some of its bits changed", () => {
    const property = fc.property(stream, fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), fc.boolean(), (stream, at, early) => {
      for (const bit of at) {
        const changed = bit % (8 * (early ? Math.min(stream.length, 60) : stream.length));
        stream[changed >>> 3]! ^= 1 << (changed & 7);
      }
      expect(byOurs(stream)).toBe(byZlib(stream));
    });
    fc.assert(property, { numRuns: 500 });
  });

  test("when it is any bytes at all", () => {
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void expect(byOurs(bytes)).toBe(byZlib(bytes)));
    fc.assert(property, { numRuns: 500 });
  });

  for (const [what, hex] of Object.entries({
    "a stored block whose second length is wrong": "010000feff",
    "a block of the fourth kind": "07",
    "nothing at all": "",
    "the fixed code's unused length symbol": "1b03",
    "a distance before the beginning": "034200",
  })) {
    test(`refused: ${what}`, () => {
      expect(byOurs(fromHex(hex))).toBe("refused");
      expect(byZlib(fromHex(hex))).toBe("refused");
    });
  }
});
